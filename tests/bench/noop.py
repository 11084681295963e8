"""The floor of a single POST: a handler that takes the same body as JSON and answers, on awizo's uvicorn settings."""

import sys
from typing import Annotated, Any

import uvicorn
from fastapi import Body, FastAPI, Response

from app.serving import KEEP_ALIVE_SECONDS, SHUTDOWN_SECONDS
from tests.bench.load import HOST
from tests.bench.traffic import SAMPLE_ANSWER

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


@app.post("/v1/events")
async def take(_event: Annotated[dict[str, Any], Body()]) -> Response:
    return Response(SAMPLE_ANSWER, 202, media_type="application/json")


def main(port: int) -> None:
    """Serve until SIGTERM."""
    uvicorn.Server(
        uvicorn.Config(
            app,
            host=HOST,
            port=port,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            ws="none",
            lifespan="on",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    ).run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
