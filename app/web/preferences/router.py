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
    nowhere,
    overview,
    sent,
    sign_in,
    when,
    wording,
)

router = APIRouter(include_in_schema=False)
_PAGES = (overview, sign_in, join, link, messages, agree, when, contacts, confirm, wording, sent, bind_code, data)
for module in (*_PAGES, nowhere):  # in this order: the last one takes what no other has
    router.include_router(module.router)
