"""Any SMS gateway that takes messages over HTTP and is described by a file (docs/sms-gateway.md)."""

import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from adapters.sms.codes import kept_code
from adapters.sms.exchange import Answer, Exchange, HttpClient, json_object
from adapters.sms.gateway_file import TEMPLATE, Gateway
from adapters.sms.verdict import Verdict, outcome_of, verdict_of
from app.domain.channel import Channel
from app.domain.look_up import LookUp, Sought, Unclear
from app.domain.message import Outgoing, OutgoingSms
from app.domain.outcome import Accepted, NotSent, Outcome, Unknown


class HttpGateway:
    """`app.ports.Transport` for the gateway of that description; `secret` is the value of its auth header, or empty.

    The timeouts are those of `adapters.sms.twilio`.
    """

    channel = Channel.SMS
    looks_up = False

    def __init__(
        self,
        gateway: Gateway,
        secret: SecretStr,
        *,
        capacity: int = 32,
        name: str = "gateway",
        connect_timeout: float = 5.0,
        total_timeout: float = 30.0,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self.name = name
        self.capacity = capacity
        self.has_keys = gateway.request.has_keys
        self.reports = gateway.callback is not None
        self._gateway = gateway
        self._secret = secret
        self._http = HttpClient(
            capacity=capacity, connect_timeout=connect_timeout, total_timeout=total_timeout, tls_context=tls_context
        )

    def __repr__(self) -> str:
        return f"HttpGateway(name={self.name!r}, capacity={self.capacity})"

    async def send(self, message: Outgoing) -> Outcome:
        """Tries once to hand `message` to the gateway; see `app.ports.Transport`."""
        if not isinstance(message, OutgoingSms):
            return NotSent(stage="process", code="wrong-channel")
        return await self._http.hand_over(lambda exchange: self._request(exchange, message), self._judge)

    async def look_up(self, sought: Sought) -> LookUp:  # noqa: ARG002 – the port's signature
        """Always unclear; see `app.ports.Transport`."""
        return Unclear(reason="this provider cannot be asked")

    async def close(self) -> None:
        """Closes all connections; a second call does nothing."""
        await self._http.close()

    async def _request(self, exchange: Exchange, message: OutgoingSms) -> None:
        request, values = self._gateway.request, _values(message)
        filled = _fill(request.body, values)
        if request.encoding == "json":
            body, media_type = json.dumps(filled, ensure_ascii=False).encode(), "application/json"
        else:
            fields = {name: str(value) for name, value in filled.items()}
            body, media_type = urlencode(fields).encode("ascii"), "application/x-www-form-urlencoded"
        headers = {name: str(_fill(template, values)) for name, template in request.headers.items()}
        if request.auth is not None:
            headers[request.auth.header] = self._secret.get_secret_value()
        await exchange.request("POST", request.url, headers={"Content-Type": media_type, **headers}, body=body)

    def _judge(self, answer: Answer) -> Outcome:
        """The gateway's own code first, as far as the file knows it, then the HTTP status."""
        payload, refusals, acceptance = json_object(answer.raw), self._gateway.refusals, self._gateway.acceptance
        said = _text_at(payload, refusals.code)
        code = kept_code(said) if said else None
        if said in refusals.accepted and answer.status < 500:
            return Accepted(provider_id=_text_at(payload, acceptance.id), reply=answer.raw, code=code, peer=answer.peer)
        listed = refusals.codes.get(said or "") or refusals.statuses.get(str(answer.status))
        if listed is not None:
            return outcome_of(listed, code or str(answer.status), answer)
        if answer.status in acceptance.statuses:
            if code is not None:
                return outcome_of(Verdict.TEMPORARY, code, answer)
            return self._taken(answer, payload)
        verdict = verdict_of(answer.status, None if code is None else Verdict.TEMPORARY)
        return outcome_of(verdict, code or str(answer.status), answer)

    def _taken(self, answer: Answer, payload: Mapping[str, Any]) -> Accepted | Unknown:
        acceptance = self._gateway.acceptance
        message_id, status = _text_at(payload, acceptance.id), _text_at(payload, acceptance.status)
        is_unreadable = (acceptance.id and not message_id) or (acceptance.status and not status)
        if is_unreadable or not answer.is_whole:  # what did not come may have been the code of a refusal
            return Unknown(stage="response", code=f"{answer.status}-unreadable", reply=answer.raw)
        code = kept_code(status) if status else str(answer.status)
        return Accepted(provider_id=message_id, reply=answer.raw, code=code, peer=answer.peer)


def _values(message: OutgoingSms) -> Mapping[str, str | int]:
    return {
        "to": message.to,
        "to_digits": message.to.removeprefix("+"),
        "body": message.body,
        "key": str(message.notification),
        "callback_url": message.callback_url,
        "validity": message.validity_seconds,
    }


def _fill(template: Any, values: Mapping[str, str | int]) -> Any:
    """The value of TOML with its templates filled in, once: what a value holds is never read as a template.

    A template that is one name and nothing else keeps the value's type.
    """
    if isinstance(template, dict):
        return {name: _fill(each, values) for name, each in template.items()}
    if isinstance(template, list):
        return [_fill(each, values) for each in template]
    if not isinstance(template, str):
        return template
    whole = TEMPLATE.fullmatch(template)
    if whole and whole[1]:
        return values[whole[1]]
    return TEMPLATE.sub(lambda found: str(values[found[1]]) if found[1] else found[0][0], template)


def _text_at(payload: Mapping[str, Any], pointer: str | None) -> str | None:
    """The text or whole number at a JSON Pointer (RFC 6901); None where there is none."""
    if pointer is None:
        return None
    found: Any = payload
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(found):
            found = found[int(name)]
        else:
            found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    return str(found)
