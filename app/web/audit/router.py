"""Every route below `/audit`."""

from fastapi import APIRouter

from app.web.audit import files, find, sign_in, story

router = APIRouter(include_in_schema=False)
for module in (sign_in, find, story, files):
    router.include_router(module.router)
