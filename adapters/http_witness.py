"""Asks somebody else's witness over HTTP (c2sp.org/tlog-witness)."""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from app.ports import Behind, Cosigned, Unanswered, WitnessAnswer

_ANSWER_SECONDS = 10.0
_ANSWER_BYTES_MAX = 128 * 1024
_SIZE_TYPE = "text/x.tlog.size"
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n?")
_SIZE_MAX = 2**63 - 1
_SIGNATURE_LINES = re.compile(rb"(?:\xe2\x80\x94 [^\n]+\n)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    media_type: str
    body: bytes


class _NoAnswer(Exception):  # noqa: N818 - what a witness did, not a fault of the program
    """Nothing usable came back; the text is a clause without addresses."""


class HttpWitness:
    """`app.ports.Witness` at a submission prefix, which is its monitoring prefix too unless another is given.

    Raises ValueError when a prefix is not an http or https address. Redirects are not followed, answers of more than
    128 KiB not read to their end, and an exchange takes `seconds` at most, connecting included.
    """

    def __init__(
        self, *, name: str, url: str, monitoring_url: str | None = None, seconds: float = _ANSWER_SECONDS
    ) -> None:
        self.name = name
        self._submission = _prefix(url)
        self._monitoring = _prefix(monitoring_url or url)
        self._seconds = seconds
        # Compressed answers are refused: how long they are would be known only after they have been unpacked.
        self._client = httpx.AsyncClient(
            timeout=seconds, follow_redirects=False, headers={"Accept-Encoding": "identity", "User-Agent": "awizo"}
        )

    def __repr__(self) -> str:
        return f"HttpWitness(name={self.name!r})"

    async def add_checkpoint(self, body: bytes) -> WitnessAnswer:
        """Answer to an add-checkpoint request; see `app.ports.Witness`."""
        try:
            answer = await self._exchange("POST", f"{self._submission}/add-checkpoint", body)
        except _NoAnswer as reason:
            return Unanswered(reason=str(reason))
        match answer.status:
            case 200 if _SIGNATURE_LINES.fullmatch(answer.body):
                return Cosigned(lines=answer.body)
            case 200:
                return Unanswered(reason="it answered 200 with something else than signature lines")
            case 409 if (size := _size(answer)) is not None:
                return Behind(size=size)
            case status:
                return Unanswered(reason=f"it answered {status}")

    async def latest(self, origin: str) -> bytes | None:
        """The checkpoint of `origin` that it cosigned last, nothing of it verified; None when it has none to show."""
        origin_hash = hashlib.sha256(origin.encode()).hexdigest()
        try:
            answer = await self._exchange("GET", f"{self._monitoring}/{origin_hash}/checkpoint")
        except _NoAnswer:
            return None
        return answer.body if answer.status == 200 and answer.body.startswith(f"{origin}\n".encode()) else None

    async def close(self) -> None:
        """Closes all connections; a second call does nothing."""
        await self._client.aclose()

    async def _exchange(self, method: str, url: str, body: bytes | None = None) -> _Answer:
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream(method, url, content=body) as response,
            ):
                return await _read(response)
        except (TimeoutError, httpx.TimeoutException):
            raise _NoAnswer("it did not answer in time") from None
        except _NoAnswer:
            raise
        except Exception as error:  # noqa: BLE001 - the port promises answers, whatever the network or a proxy does
            raise _NoAnswer(f"it could not be asked ({type(error).__name__})") from None


async def _read(response: httpx.Response) -> _Answer:
    if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise _NoAnswer("it answered with a content coding that was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _ANSWER_BYTES_MAX:
            raise _NoAnswer("its answer is too long")
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return _Answer(status=response.status_code, media_type=media_type, body=bytes(body))


def _size(answer: _Answer) -> int | None:
    """The tree size in a 409, with or without the newline that earlier texts of the specification lacked."""
    matched = _SIZE.fullmatch(answer.body)
    if answer.media_type != _SIZE_TYPE or matched is None or int(matched[1]) > _SIZE_MAX:
        return None
    return int(matched[1])


def _prefix(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("the address of a witness must be http(s)://host[:port][/path]")
    return url.rstrip("/")
