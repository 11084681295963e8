"""Requests as pages see them, without a server."""

from fastapi import Request


def request(*, language: str = "", scheme: str = "https", root_path: str = "", query: str = "") -> Request:
    """A GET of a page by a browser that prefers `language` (the value of Accept-Language)."""
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": scheme,
            "server": ("awizo.test", 443),
            "path": "/",
            "root_path": root_path,
            "query_string": query.encode(),
            "headers": [(b"accept-language", language.encode("latin-1"))],
        }
    )
