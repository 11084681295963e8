"""Whether Twilio's list of messages holds one of ours (https://www.twilio.com/docs/messaging/api/message-resource)."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from adapters.sms.codes import kept_code
from adapters.sms.exchange import HttpClient, json_object
from app.domain.look_up import Found, LookUp, NotFound, Sought, Unclear

PAGE_SIZE = 200
PAGES_MAX = 10
_PAGE_MAX = 2 * 1024 * 1024
# Twilio's clock and ours may differ; its times have whole seconds.
_SKEW = timedelta(seconds=60)
_VISIBLE = re.compile(r"[!-~]+")
_GAVE_UP = frozenset({"failed", "undelivered", "canceled"})


class MessageList:
    """The messages of one account, narrowed by Twilio to a sender and a recipient, and by us to text and time.

    Twilio can narrow by `DateSent` as well, but a message that it still holds back has no such date, and no page says
    whether the filter shows it. So the filter is left out: what it hid would look like a message never taken.
    """

    def __init__(self, http: HttpClient, *, base_url: str, account_sid: str, authorization: str) -> None:
        self._http = http
        self._base_url = base_url
        self._path = f"/2010-04-01/Accounts/{account_sid}/Messages.json"
        self._headers = {"Authorization": authorization, "Accept": "application/json"}

    async def find(self, sought: Sought, *, sender: str) -> LookUp:
        """Found when exactly one entry has our sender, recipient and text and was made within the attempt's time."""
        try:
            query = urlencode({"To": sought.to, "From": sender, "PageSize": PAGE_SIZE})
        except UnicodeError:
            return Unclear(reason="the message cannot be named in an address")
        alike: list[Mapping[str, Any]] = []
        page: str | None = f"{self._path}?{query}"
        for _ in range(PAGES_MAX):
            listed = await self._page(page)
            if isinstance(listed, Unclear):
                return listed
            alike += [entry for entry in listed["messages"] if _is_alike(entry, sought, sender)]
            page = listed.get("next_page_uri")
            if page is None:
                return _look_up(alike, sought)
        return Unclear(reason="the list has more pages than are read")

    async def _page(self, page: object) -> Mapping[str, Any] | Unclear:
        # Our credentials go with it, so it can only be more of the very list that we asked for.
        if not isinstance(page, str) or not page.startswith(f"{self._path}?") or not _VISIBLE.fullmatch(page):
            return Unclear(reason="the next page is somewhere else")
        answer = await self._http.ask(self._base_url + page, headers=self._headers, reply_max=_PAGE_MAX)
        if isinstance(answer, str):
            return Unclear(reason=f"no answer: {answer}")
        payload = json_object(answer.raw)
        if answer.status != 200:
            number = payload.get("code")
            return Unclear(reason=f"refused with {number if isinstance(number, int) else answer.status}")
        messages = payload.get("messages")
        if not isinstance(messages, list) or not all(isinstance(entry, dict) for entry in messages):
            return Unclear(reason="the list cannot be read")
        return payload


def _is_alike(entry: Mapping[str, Any], sought: Sought, sender: str) -> bool:
    return (entry.get("to"), entry.get("from"), entry.get("body")) == (sought.to, sender, sought.message)


def _look_up(alike: list[Mapping[str, Any]], sought: Sought) -> LookUp:
    made = [_made_at(entry) for entry in alike]
    if None in made:
        return Unclear(reason="a message alike has no time")
    within = [
        entry
        for entry, at in zip(alike, made, strict=True)
        if at is not None and sought.started_at - _SKEW <= at <= sought.ended_at + _SKEW
    ]
    if not within:
        return NotFound()
    if len(within) > 1:
        return Unclear(reason="more than one message alike")
    sid, status = within[0].get("sid"), within[0].get("status")
    if not (isinstance(sid, str) and sid and isinstance(status, str) and status):
        return Unclear(reason="the message found has no name or no status")
    reply = json.dumps(within[0], separators=(",", ":")).encode()
    return Found(provider_id=sid, code=kept_code(status), reply=reply, failed=status in _GAVE_UP)


def _made_at(entry: Mapping[str, Any]) -> datetime | None:
    """`date_created`, an RFC 2822 date in GMT."""
    try:
        made = parsedate_to_datetime(entry["date_created"])
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, AttributeError):
        return None
    return made.replace(tzinfo=UTC) if made.tzinfo is None else made
