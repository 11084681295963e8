"""The bodies of forms on pages, read no further than a form of ours can be long."""

from fastapi import Request
from starlette.requests import ClientDisconnect

BODY_BYTES_MAX = 4096


async def read_body(request: Request) -> bytes | None:
    """The whole body; None when it is longer than we read, or when the sender went away before its end."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                return None
    except ClientDisconnect:
        return None
    return body
