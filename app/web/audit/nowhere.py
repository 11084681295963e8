"""Addresses below `/audit` that are none: people mistype them, copy half of them, or load a form's address anew."""

from fastapi import APIRouter, Request, Response

from app.web.audit.visits import not_found

router = APIRouter(include_in_schema=False)


@router.api_route("/audit/{rest:path}", methods=["GET", "HEAD", "POST"])
async def nothing_here(request: Request, rest: str) -> Response:  # noqa: ARG001 – whatever it is
    """A page that says so, where a machine would get a problem document."""
    return not_found(request)
