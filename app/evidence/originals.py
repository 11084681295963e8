"""Which sealed fields are shown as originals, apart from their facts, because they are whole documents themselves."""

import json
from collections.abc import Mapping
from typing import Any

_ALWAYS = frozenset({"event", "provider_reply", "receipt"})
_FIXED = {"content": "message/rfc822", "event": "application/cloudevents+json"}


def is_original(name: str, encoding: object) -> bool:
    """Whether field `name` is opened among the originals; of `content` only an e-mail (`encoding` mime) is."""
    return name in _ALWAYS or (name == "content" and encoding == "mime")


def fixed_media_type(name: str) -> str | None:
    """The media type that an original of field `name` must have; None when whoever sent it decides."""
    return _FIXED.get(name)


def media_type_of(name: str, value: bytes, data: Mapping[str, Any]) -> str:
    """The media type to show an original under; `data` is that of its fact.

    A provider's report is what its way of reporting says: a callback is a form (in the body or the query), a delivery
    status notification a message. A reply is looked at.
    """
    fixed = fixed_media_type(name)
    if fixed is not None:
        return fixed
    if name == "receipt":
        return "message/rfc822" if data.get("via") == "dsn" else "application/x-www-form-urlencoded"
    return _media_type_of_reply(value)


def _media_type_of_reply(value: bytes) -> str:
    try:
        json.loads(value)
    except UnicodeDecodeError:
        return "application/octet-stream"
    except (ValueError, RecursionError):  # no JSON, or nested deeper than anybody reads
        return "text/plain"
    return "application/json"
