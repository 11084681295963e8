"""What every answer to people says of the way it came."""

from fastapi import Request

YEAR_SECONDS = 365 * 24 * 60 * 60
_HSTS = f"max-age={YEAR_SECONDS}; includeSubDomains"


def transport_headers(request: Request) -> dict[str, str]:
    """HSTS where it counts: a browser ignores it on plain HTTP (RFC 6797 §8.1), and localhost has no TLS."""
    return {"Strict-Transport-Security": _HSTS} if request.url.scheme == "https" else {}
