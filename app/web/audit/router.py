"""Every route below `/audit`."""

from fastapi import APIRouter

from app.web.audit import files, find, nowhere, sign_in, story

router = APIRouter(include_in_schema=False)
for module in (sign_in, find, story, files, nowhere):  # in this order: the last one takes what no other has
    router.include_router(module.router)
