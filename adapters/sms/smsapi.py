"""SMSAPI (smsapi.pl, smsapi.com): sends SMS through `sms.do`.

Sources: https://www.smsapi.pl/docs and https://www.smsapi.com/docs (sections on a single SMS, callbacks, delivery
statuses and error codes), https://www.smsapi.pl/statusy-wiadomosci, and the parameters that SMSAPI's own client names
(github.com/smsapi/smsapi-python-client, smsapi/sms/api.py). A status can be asked for by SMSAPI's own id only, which
nobody knows of a message whose answer was lost; but `idx` with `check_idx=1` makes sending again harmless.
"""

import ssl
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from adapters.sms.codes import kept_code
from adapters.sms.exchange import Answer, Exchange, HttpClient, base_url_of, json_object
from adapters.sms.verdict import Verdict, outcome_of, verdict_of
from app.domain.channel import Channel
from app.domain.look_up import LookUp, Sought, Unclear
from app.domain.message import Outgoing, OutgoingSms
from app.domain.outcome import Accepted, NotSent, Outcome, Unknown
from app.ports import Clock

# SMSAPI takes no shorter life than an hour (smsapi.com; 15 minutes at smsapi.pl) and no longer one than 12 hours
# (smsapi.pl; 72 at smsapi.com): error 56. The minute more is for the way there and for clocks that differ.
_SHORTEST_LIFE = timedelta(minutes=61)
_LONGEST_LIFE = timedelta(hours=11)
# SMSAPI fills in what stands between `[%` and `%]`: names, short links, discount codes.
_PLACEHOLDER = "[%"
_NOT_UNIQUE = 53

# Errors, with HTTP status 200 or 4xx. All others, listed or not, are temporary.
_VERDICTS: Mapping[int, Verdict] = {
    7: Verdict.TEMPORARY,  # short links are off
    8: Verdict.TEMPORARY,  # an error in the request, to be reported to SMSAPI
    11: Verdict.PERMANENT,  # no message, or too long
    12: Verdict.PERMANENT,  # more parts than max_parts
    13: Verdict.HARD,  # no valid number: wrong, a landline, or on the account's black list
    14: Verdict.TEMPORARY,  # wrong sender name
    18: Verdict.TEMPORARY,  # wrong number of parameters
    20: Verdict.TEMPORARY,  # wrong number of idx
    27: Verdict.TEMPORARY,  # idx longer than 255 characters
    33: Verdict.HARD,  # no valid number
    52: Verdict.BUSY,  # more than 10 messages to this number within 60 s
    54: Verdict.TEMPORARY,  # wrong date
    56: Verdict.TEMPORARY,  # expiration_date too near or too far
    57: Verdict.PERMANENT,  # on the account's black list: the number itself is good
    59: Verdict.PERMANENT,  # on the list of those who have opted out
    70: Verdict.TEMPORARY,  # wrong notify_url
    74: Verdict.TEMPORARY,  # the account may not send at this time of day
    76: Verdict.TEMPORARY,  # characters that parameters may not have
    94: Verdict.TEMPORARY,  # the account may not send links
    98: Verdict.TEMPORARY,  # a trial account sends to its owner only
    101: Verdict.PAUSE,  # wrong or no credentials
    102: Verdict.PAUSE,  # wrong name or password
    103: Verdict.PAUSE,  # no credit left
    105: Verdict.PAUSE,  # this address may not use the account
    110: Verdict.PAUSE,  # the account may not send SMS
    112: Verdict.TEMPORARY,  # the account may not send to that country
    200: Verdict.TEMPORARY,  # not sent, try again
    201: Verdict.UNKNOWN,  # internal error
    202: Verdict.BUSY,  # too many requests at once, not sent
    203: Verdict.BUSY,  # too many requests
    401: Verdict.PAUSE,  # the token may not do that
    997: Verdict.PAUSE,  # the account is reached over HTTPS only
    999: Verdict.UNKNOWN,  # internal error
}


class SmsApi:
    """`app.ports.Transport` for SMSAPI.

    `token` is an OAuth token with the right to send SMS. The text leaves as it was sealed: `normalize`, which would
    replace Polish letters, is left out, and a text that SMSAPI would fill in is not sent. `max_parts` is left out too:
    how long a text may be was decided when it was rendered. The timeouts are those of `adapters.sms.twilio`.
    """

    channel = Channel.SMS
    looks_up = False
    reports = True
    has_keys = True

    def __init__(
        self,
        *,
        token: str,
        sender: str,
        clock: Clock,
        base_url: str = "https://api.smsapi.pl",
        capacity: int = 32,
        name: str = "smsapi",
        connect_timeout: float = 5.0,
        total_timeout: float = 30.0,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self.name = name
        self.capacity = capacity
        self._token = token
        self._sender = sender
        self._clock = clock
        self._url = base_url_of(base_url, "SMSAPI") + "/sms.do"
        self._http = HttpClient(
            capacity=capacity, connect_timeout=connect_timeout, total_timeout=total_timeout, tls_context=tls_context
        )

    def __repr__(self) -> str:
        return f"SmsApi(name={self.name!r}, capacity={self.capacity})"

    async def send(self, message: Outgoing) -> Outcome:
        """Tries once to hand `message` to SMSAPI; see `app.ports.Transport`."""
        if not isinstance(message, OutgoingSms):
            return NotSent(stage="process", code="wrong-channel")
        if _PLACEHOLDER in message.body:
            return NotSent(stage="process", code="placeholder")
        return await self._http.hand_over(lambda exchange: self._post(exchange, message), outcome_of_answer)

    async def look_up(self, sought: Sought) -> LookUp:  # noqa: ARG002 – the port's signature
        """Always unclear; see `app.ports.Transport`."""
        return Unclear(reason="this provider cannot be asked")

    async def close(self) -> None:
        """Closes all connections; a second call does nothing."""
        await self._http.close()

    async def _post(self, exchange: Exchange, message: OutgoingSms) -> None:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        await exchange.request("POST", self._url, headers=headers, body=urlencode(self._form(message)).encode("ascii"))

    def _form(self, message: OutgoingSms) -> dict[str, str]:
        life = min(max(timedelta(seconds=message.validity_seconds), _SHORTEST_LIFE), _LONGEST_LIFE)
        form = {
            "format": "json",
            "encoding": "utf-8",
            "to": message.to.removeprefix("+"),
            "from": self._sender,
            "message": message.body,
            # Letters and digits alone: of others it is not known whether SMSAPI takes them here.
            "idx": message.notification.hex,
            "check_idx": "1",
            "expiration_date": str(int((self._clock() + life).timestamp())),
        }
        return form | ({"notify_url": message.callback_url} if message.callback_url else {})


def outcome_of_answer(answer: Answer) -> Outcome:
    """What an answer of `sms.do` means: SMSAPI refuses with 200 as well, so its own error code decides."""
    payload = json_object(answer.raw)
    entry = _only_entry(payload)
    number = _error_number(payload) or _error_number(entry)
    if number == _NOT_UNIQUE and answer.status < 500:
        # They hold a message of ours with this key already. Which id it has they do not say.
        return Accepted(provider_id=None, reply=answer.raw, code=str(number), peer=answer.peer)
    coded = None if number is None else _VERDICTS.get(number, Verdict.TEMPORARY)
    if 200 <= answer.status < 300:
        return _taken(answer, entry) if coded is None else outcome_of(coded, str(number), answer)
    code = str(answer.status if number is None else number)
    return outcome_of(verdict_of(answer.status, coded), code, answer)


def _taken(answer: Answer, entry: Mapping[str, Any]) -> Accepted | Unknown:
    message_id, status = entry.get("id"), entry.get("status")
    if isinstance(message_id, str) and message_id and isinstance(status, str) and status:
        return Accepted(provider_id=message_id, reply=answer.raw, code=kept_code(status), peer=answer.peer)
    return Unknown(stage="response", code=f"{answer.status}-unreadable", reply=answer.raw)


def _only_entry(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """What it says of our one message; nothing when it speaks of none or of several."""
    listed = payload.get("list")
    return listed[0] if isinstance(listed, list) and len(listed) == 1 and isinstance(listed[0], dict) else {}


def _error_number(said: Mapping[str, Any]) -> int | None:
    """The error, which is a number or the same as text."""
    error = said.get("error")
    if isinstance(error, str) and error.isascii() and error.isdigit():
        return int(error[:9])
    return error if isinstance(error, int) and not isinstance(error, bool) else None
