"""Addresses below `/preferences` that are none: people mistype them, and mail programs break them in two."""

from fastapi import APIRouter, Request, Response

from app.web.preferences.visits import not_found

router = APIRouter(include_in_schema=False)


@router.api_route("/preferences/{rest:path}", methods=["GET", "HEAD", "POST"])
async def nothing_here(request: Request, rest: str) -> Response:  # noqa: ARG001 – whatever it is
    """A page that says so, where a machine would get a problem document."""
    return not_found(request)
