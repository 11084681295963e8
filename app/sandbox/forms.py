"""Forms and addresses as both providers read them."""

from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

_BODY_MAX = 64 * 1024


async def read_form(request: Request) -> dict[str, str] | None:
    """The form's fields, or None for a body that is too long, no form, or has a name twice."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_MAX:
            return None
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        return None
    return dict(pairs) if len(dict(pairs)) == len(pairs) else None


def is_http_url(text: str) -> bool:
    """Whether a provider would call that address."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and len(text) <= 4000
