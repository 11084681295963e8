"""The witness over HTTP, submission and monitoring under one prefix (c2sp.org/tlog-witness, “HTTP Interface”)."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar, assert_never

import structlog
from fastapi import FastAPI, Request, Response

from app.api import problems
from app.api.body import read_body
from app.api.observer import Observer
from app.api.problems import Problem
from app.witness.cosigner import CosignedLine, Cosigner, OtherSize, Refused

# 63 hashes, and a note with sixteen signatures of the longest kind that is known (c2sp.org/signed-note, “Format”).
BODY_BYTES_MAX = 128 * 1024

_TEXT = {"Content-Type": "text/plain; charset=utf-8"}
_SIZE = {"Content-Type": "text/x.tlog.size"}
T = TypeVar("T")

_log = structlog.get_logger(__name__)


def create_witness_app(cosigner: Cosigner) -> FastAPI:
    """The application. It uses the cosigner on one thread of its own, a request at a time, and closes it at the end."""
    desk = _Desk(cosigner)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        desk.close()

    app = FastAPI(lifespan=lifespan, redirect_slashes=False, openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/add-checkpoint", desk.add_checkpoint, methods=["POST"])
    app.add_api_route("/{origin_hash}/checkpoint", desk.latest_checkpoint)
    app.add_api_route("/vkey", desk.vkey)
    app.add_api_route("/healthz", _healthz)
    app.add_middleware(Observer)
    problems.install(app)
    return app


class _Desk:
    """Hands requests to the cosigner's thread."""

    def __init__(self, cosigner: Cosigner) -> None:
        self._cosigner = cosigner
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cosigner")

    def close(self) -> None:
        """Finish what is under way, then close the state."""
        self._thread.shutdown()
        self._cosigner.close()

    async def add_checkpoint(self, request: Request) -> Response:
        body = await read_body(request, maximum=BODY_BYTES_MAX)
        match await self._ask(lambda: self._cosigner.add_checkpoint(body)):
            case CosignedLine(line=line):
                return Response(line, headers=_TEXT)
            case OtherSize(size=size):
                return Response(f"{size}\n", status_code=409, headers=_SIZE)
            case Refused(status=status, reason=reason):
                raise Problem(status, reason)
            case unknown:
                assert_never(unknown)

    async def latest_checkpoint(self, origin_hash: str) -> Response:
        note = await self._ask(lambda: self._cosigner.latest(origin_hash))
        if note is None:
            raise Problem(404, "No checkpoint of such a log was cosigned here")
        return Response(note, headers=_TEXT)

    async def vkey(self) -> Response:
        return Response(f"{self._cosigner.key}\n", headers=_TEXT)

    async def _ask(self, question: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, question)
        except sqlite3.Error as error:
            _log.error("state_failed", error=type(error).__name__)  # its message may quote a path
            raise Problem(503, "The witness cannot use its state; nothing was cosigned") from None


async def _healthz() -> Response:
    return Response("ok\n", headers=_TEXT)
