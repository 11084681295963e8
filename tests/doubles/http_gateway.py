"""The gateway that docs/sms-gateway.md describes: `POST /v2/messages` with JSON, and one message for each key."""

import json
from typing import Any

from tests.doubles.sms_gateway import Accept, Answer, Behaviour, ReceivedSms, SmsGateway


def gateway_error(code: str | int | None, *, status: int = 400, **headers: str) -> Answer:
    """Its error answer; without a code an empty object."""
    said = {"error": {"code": code}} if code is not None else {}
    headers = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status=status, body=json.dumps(said).encode(), headers=headers)


def sent(request: ReceivedSms) -> dict[str, Any]:
    """The JSON that came."""
    body: dict[str, Any] = json.loads(request.body)
    return body


class DescribedGateway(SmsGateway):
    """Behaves as it is told; but a `reference` that it holds already is refused, and no second message."""

    def _take(self, request: ReceivedSms, behaviour: Behaviour) -> Behaviour:
        if sent(request)["reference"] in {sent(sms)["reference"] for sms in self.held}:
            return gateway_error("duplicate_reference", status=409) if isinstance(behaviour, Accept) else behaviour
        return super()._take(request, behaviour)

    def _accepted(self, request: ReceivedSms) -> Answer:
        listed = {"messages": [{"id": request.number, "state": "ACCEPTED"}]}
        return Answer(status=202, body=json.dumps(listed).encode())
