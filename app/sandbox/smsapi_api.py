"""`POST /sms.do` as SMSAPI answers it, and its status callbacks."""

import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.rendering.sms_segments import count_parts, encoding_of, units
from app.sandbox.forms import is_http_url, read_form
from app.sandbox.inbox import Inbox, SandboxSms
from app.sandbox.magic import MagicNumber, magic_number
from app.sandbox.reports import Callback, Reporter

_NUMBER = re.compile(r"\+?[1-9][0-9]{6,14}\Z")
_SENDER = re.compile(r"[A-Za-z0-9 .-]{1,11}\Z")
_IDX_MAX = 255
_KEYS_MAX = 10_000
# From an hour (smsapi.com) to 12 hours (smsapi.pl): what both sites take.
_LIFE_SECONDS = (3600, 43_200)
_USUAL_LIFE_SECONDS = 43_200

# Twilio's words, which the inbox shows, as SMSAPI reports them.
_STATUSES: Mapping[str, tuple[str, str]] = {
    "sent": ("403", "SENT"),
    "delivered": ("404", "DELIVERED"),
    "undelivered": ("405", "UNDELIVERED"),
    "failed": ("406", "FAILED"),
}


class SmsApi:
    """Takes messages into the inbox, each `idx` once, and has them reported on."""

    def __init__(self, inbox: Inbox, token: str, reporter: Reporter, clock: Callable[[], datetime]) -> None:
        self._inbox = inbox
        self._token = token
        self._reporter = reporter
        self._clock = clock
        self._keys: OrderedDict[str, None] = OrderedDict()

    async def send(self, request: Request) -> Response:
        """200 with the message in a list, or with SMSAPI's error for what is wrong with the request."""
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            return _error(101, "Authorization failed", status=401)
        form = await read_form(request)
        if form is None:
            return _error(8, "The body is not a form with each name once")
        code = self._fault(form)
        if code:
            return _error(code, "The message cannot be taken")
        magic = magic_number(form["to"])
        if magic is None or magic.http_status == 201:
            return self._take(form)
        if magic.kept:
            self._take(form)
        return _misbehave(magic)

    def _take(self, form: Mapping[str, str]) -> Response:
        body, idx, now = form["message"], form.get("idx", ""), self._clock()
        expires = form.get("expiration_date")
        sms = SandboxSms(
            sid=str(secrets.randbelow(9 * 10**17) + 10**17),
            to="+" + form["to"].removeprefix("+"),
            sender=form["from"],
            body=body,
            encoding=encoding_of(body),
            units=units(body),
            parts=count_parts(body),
            validity_seconds=int(expires) - int(now.timestamp()) if expires else _USUAL_LIFE_SECONDS,
            status_callback=form.get("notify_url"),
            received_at=now,
            provider="smsapi",
            idx=idx,
        )
        if idx:
            self._keys[idx] = None
        if len(self._keys) > _KEYS_MAX:
            self._keys.popitem(last=False)
        self._inbox.add_sms(sms)
        self._reporter.schedule(sms)
        return JSONResponse({"count": 1, "list": [_entry(sms)], "message": body, "parts": sms.parts})

    def _fault(self, form: Mapping[str, str]) -> int:
        """SMSAPI's error code, or 0 when the message can be taken."""
        idx, callback = form.get("idx", ""), form.get("notify_url")
        checks = (
            (not _NUMBER.match(form.get("to", "")), 13),
            (not form.get("message"), 11),
            (not _SENDER.match(form.get("from", "")), 14),
            (len(idx) > _IDX_MAX, 27),
            (callback is not None and not is_http_url(callback), 70),
            *self._faults_of_life(form.get("expiration_date")),
            (form.get("check_idx") == "1" and idx in self._keys, 53),
        )
        return next((code for wrong, code in checks if wrong), 0)

    def _faults_of_life(self, expires: str | None) -> tuple[tuple[bool, int], ...]:
        if expires is None:
            return ()
        is_time = expires.isascii() and expires.isdigit() and len(expires) <= 11
        left = int(expires) - self._clock().timestamp() if is_time else 0
        return (not is_time, 54), (not _LIFE_SECONDS[0] <= left <= _LIFE_SECONDS[1], 56)


def status_callback(clock: Callable[[], datetime]) -> Callback:
    """SMSAPI's status callback: a GET whose parameters join those of the address. It has no error codes."""

    def build(sms: SandboxSms, status: str, _error_code: int | None) -> httpx.Request:
        number, name = _STATUSES[status]
        report = {
            "MsgId": sms.sid,
            "status": number,
            "status_name": name,
            "idx": sms.idx,
            "donedate": str(int(clock().timestamp())),
            "username": "sandbox",
            "points": "0.16",
            "from": sms.sender,
            "to": sms.to.removeprefix("+"),
        }
        return httpx.Request("GET", httpx.URL(sms.status_callback or "").copy_merge_params(report))

    return build


def _entry(sms: SandboxSms) -> dict[str, object]:
    number = sms.to.removeprefix("+")
    return {
        "id": sms.sid,
        "points": 0.16,
        "number": number,
        "date_sent": int(sms.received_at.timestamp()),
        "submitted_number": number,
        "status": "QUEUE",
        "error": None,
        "idx": sms.idx or None,
        "parts": sms.parts,
    }


def _misbehave(magic: MagicNumber) -> Response:
    """What SMSAPI's error says goes with 200, but for too many requests and its own faults."""
    wait = magic.retry_after_seconds
    status = 200 if magic.http_status == 400 else magic.http_status
    return _error(magic.smsapi_code, magic.says, status=status, headers={"Retry-After": str(wait)} if wait else None)


def _error(code: int, message: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    payload = {"invalid_numbers": None, "error": code, "message": message}
    return JSONResponse(payload, status_code=status, headers=headers)
