"""Every route below `/preferences`."""

from fastapi import APIRouter

from app.web.preferences import (
    agree,
    confirm,
    contacts,
    data,
    link,
    messages,
    overview,
    sent,
    sign_in,
    when,
    wording,
)

router = APIRouter(include_in_schema=False)
for module in (overview, sign_in, link, messages, agree, when, contacts, confirm, wording, sent, data):
    router.include_router(module.router)
