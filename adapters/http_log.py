"""Somebody's published log, read over HTTP file by file."""

import httpx

TIMEOUT_SECONDS = 20.0
FILE_BYTES_MAX = 2 * 2**20


class LogUnreachableError(ConnectionError):
    """The log does not answer as one; one clause, free of addresses."""


class HttpLog:
    """Files of the log below `url`, by paths such as `2026h2/tile/0/000`. Follows no redirects."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        headers = {"Accept-Encoding": "identity", "User-Agent": "awizo"}
        self._client = httpx.Client(timeout=TIMEOUT_SECONDS, headers=headers)

    def read(self, path: str) -> bytes | None:
        """The file, or None when the server says that there is none; LogUnreachableError for any other answer."""
        try:
            with self._client.stream("GET", f"{self._url}/{path}") as answer:
                if answer.status_code in {404, 410}:
                    return None
                if answer.status_code != 200:
                    raise LogUnreachableError(f"the log answered {answer.status_code}")
                return _bounded(answer)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise LogUnreachableError(f"the log cannot be reached ({type(error).__name__})") from None

    def close(self) -> None:
        """Close its connections."""
        self._client.close()


def _bounded(answer: httpx.Response) -> bytes:
    data = b""
    for chunk in answer.iter_bytes():
        data += chunk
        if len(data) > FILE_BYTES_MAX:
            raise LogUnreachableError("the log answered with more than any file of a log holds")
    return data
