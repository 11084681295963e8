"""`/2010-04-01/Accounts/{sid}/Messages.json` as Twilio answers it, and its status callbacks."""

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlencode

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from twilio.request_validator import RequestValidator

from app.rendering.sms_segments import count_parts, encoding_of, units
from app.sandbox.forms import is_http_url, read_form
from app.sandbox.inbox import Inbox, SandboxSms
from app.sandbox.magic import MagicNumber, magic_number
from app.sandbox.reports import Account, Callback, Reporter

_E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_PAGE_SIZE, _PAGE_SIZE_MAX = 50, 1000
_SENDER_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}\Z")


class TwilioApi:
    """Takes messages into the inbox and has them reported on."""

    def __init__(self, inbox: Inbox, account: Account, reporter: Reporter, clock: Callable[[], datetime]) -> None:
        self._inbox = inbox
        self._account = account
        self._reporter = reporter
        self._clock = clock

    async def create_message(self, request: Request) -> Response:
        """201 with the message, or Twilio's error for what is wrong with the request."""
        barred = self._bar(request)
        if barred is not None:
            return barred
        form = await read_form(request)
        if form is None:
            return _error(400, 20001, "The body is not a form with each name once")
        fault = _fault(form)
        if fault is not None:
            return _error(400, *fault)
        magic = magic_number(form["To"])
        if magic is None or magic.http_status == 201:
            return self._take(form)
        if magic.kept:
            self._take(form)
        return _misbehave(magic)

    async def list_messages(self, request: Request) -> Response:
        """200 with a page of what Twilio's account holds for `To` and `From`, the newest first."""
        barred = self._bar(request)
        if barred is not None:
            return barred
        asked = request.query_params
        held = [
            sms
            for sms in reversed(self._inbox.sms)
            if sms.provider == "twilio"
            and asked.get("To") in {None, sms.to}
            and asked.get("From") in {None, sms.sender}
        ]
        size = _whole(asked.get("PageSize", ""), otherwise=_PAGE_SIZE, maximum=_PAGE_SIZE_MAX)
        page = _whole(asked.get("Page", ""), otherwise=0, maximum=len(held))
        later = f"{request.url.path}?{urlencode({**asked, 'Page': page + 1})}"
        listed = held[page * size : (page + 1) * size]
        return JSONResponse(
            {
                "messages": [_resource(sms, self._account.sid) for sms in listed],
                "next_page_uri": later if len(held) > (page + 1) * size else None,
                "page": page,
                "page_size": size,
            }
        )

    def _bar(self, request: Request) -> Response | None:
        """Twilio's answer to somebody who may not use this account, None for everybody else."""
        if not self._authenticated(request.headers.get("authorization", "")):
            return _error(401, 20003, "Authenticate", {"WWW-Authenticate": 'Basic realm="Twilio API"'})
        if request.path_params["account_sid"] != self._account.sid:
            return _error(404, 20404, "The requested account was not found")
        return None

    def _take(self, form: Mapping[str, str]) -> Response:
        body = form["Body"]
        sms = SandboxSms(
            sid=f"SM{secrets.token_hex(16)}",
            to=form["To"],
            sender=form["From"],
            body=body,
            encoding=encoding_of(body),
            units=units(body),
            parts=count_parts(body),
            validity_seconds=int(form.get("ValidityPeriod", "36000")),
            status_callback=form.get("StatusCallback"),
            received_at=self._clock(),
        )
        self._inbox.add_sms(sms)
        self._reporter.schedule(sms)
        return JSONResponse(_resource(sms, self._account.sid), status_code=201)

    def _authenticated(self, header: str) -> bool:
        scheme, _, encoded = header.partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return False
        expected = f"{self._account.sid}:{self._account.token}".encode()
        return scheme.lower() == "basic" and hmac.compare_digest(given, expected)


def _fault(form: Mapping[str, str]) -> tuple[int, str] | None:
    """Twilio's error code and a sentence, or None when the message can be taken."""
    to, sender, body = form.get("To", ""), form.get("From", ""), form.get("Body", "")
    callback, validity = form.get("StatusCallback"), form.get("ValidityPeriod", "36000")
    checks = (
        (not to, 21604, "A 'To' phone number is required"),
        (not _E164.match(to), 21211, "Invalid 'To' phone number"),
        (not sender, 21603, "A 'From' phone number is required"),
        (not (_E164.match(sender) or _SENDER_NAME.match(sender)), 21212, "Invalid 'From' number"),
        (not body, 21602, "A message body is required"),
        (len(body) > 1600, 21617, "The message body exceeds 1,600 characters"),
        (callback is not None and not is_http_url(callback), 21609, "Invalid 'StatusCallback'"),
        (
            not (validity.isascii() and validity.isdigit() and 1 <= int(validity[:6]) <= 36_000),
            21624,
            "Invalid validity",
        ),
    )
    return next(((code, text) for wrong, code, text in checks if wrong), None)


def status_callback(account: Account) -> Callback:
    """Twilio's status callback, signed."""
    validator = RequestValidator(account.token)

    def build(sms: SandboxSms, status: str, error_code: int | None) -> httpx.Request:
        url = sms.status_callback or ""
        form = {
            "AccountSid": account.sid,
            "ApiVersion": "2010-04-01",
            "From": sms.sender,
            "To": sms.to,
            "MessageSid": sms.sid,
            "MessageStatus": status,
            "SmsSid": sms.sid,
            "SmsStatus": status,
        }
        if error_code is not None:
            form["ErrorCode"] = str(error_code)
        signature = validator.compute_signature(url, form)
        return httpx.Request("POST", url, data=form, headers={"X-Twilio-Signature": signature})

    return build


def _whole(text: str, *, otherwise: int, maximum: int) -> int:
    return min(int(text[:9]), maximum) if text.isascii() and text.isdigit() else otherwise


def _misbehave(magic: MagicNumber) -> Response:
    wait = magic.retry_after_seconds
    return _error(magic.http_status, magic.code or 0, magic.says, {"Retry-After": str(wait)} if wait else None)


def _error(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    payload = {"code": code, "message": message, "more_info": more, "status": status}
    return JSONResponse(payload, status_code=status, headers=headers)


def _resource(sms: SandboxSms, account_sid: str) -> dict[str, object]:
    """Twilio's Message resource, as it stands."""
    created = format_datetime(sms.received_at)
    return {
        "account_sid": account_sid,
        "api_version": "2010-04-01",
        "body": sms.body,
        "date_created": created,
        "date_sent": None,
        "date_updated": created,
        "direction": "outbound-api",
        "error_code": sms.error_code,
        "error_message": None,
        "from": sms.sender,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": str(sms.parts),
        "price": None,
        "price_unit": None,
        "sid": sms.sid,
        "status": sms.status,
        "subresource_uris": {},
        "to": sms.to,
        "uri": f"/2010-04-01/Accounts/{account_sid}/Messages/{sms.sid}.json",
    }
