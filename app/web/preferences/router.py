"""Every route below `/preferences`."""

from fastapi import APIRouter

from app.web.preferences import (
    agree,
    bind_code,
    confirm,
    contacts,
    data,
    join,
    link,
    messages,
    overview,
    sent,
    sign_in,
    when,
    wording,
)

router = APIRouter(include_in_schema=False)
_PAGES = (overview, sign_in, join, link, messages, agree, when, contacts, confirm, wording, sent, bind_code, data)
for module in _PAGES:
    router.include_router(module.router)
