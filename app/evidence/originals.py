"""Which sealed fields are shown as originals, apart from their facts, because they are whole documents themselves."""

UNKNOWN_MEDIA_TYPE = "application/octet-stream"

_ALWAYS = frozenset({"event", "provider_reply", "receipt"})
_FIXED = {"content": "message/rfc822", "event": "application/cloudevents+json"}


def is_original(name: str, encoding: object) -> bool:
    """Whether field `name` is opened among the originals; of `content` only an e-mail (`encoding` mime) is."""
    return name in _ALWAYS or (name == "content" and encoding == "mime")


def fixed_media_type(name: str) -> str | None:
    """The media type that an original of field `name` must have; None when whoever sent it decides."""
    return _FIXED.get(name)
