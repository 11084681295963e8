"""An SMSAPI-compatible gateway: `POST /sms.do`, and one message for each `idx`."""

import json

from tests.doubles.sms_gateway import Accept, Answer, Behaviour, ReceivedSms, SmsGateway


def smsapi_error(code: int, *, status: int = 200, **headers: str) -> Answer:
    """SMSAPI's error answer, which mostly comes with HTTP status 200."""
    body = json.dumps({"invalid_numbers": None, "error": code, "message": "no"}).encode()
    return Answer(status=status, body=body, headers={name.replace("_", "-"): text for name, text in headers.items()})


class SmsApiGateway(SmsGateway):
    """Behaves as it is told; but whoever sends an `idx` again with `check_idx=1` gets error 53, and no second message.

    `held` are the messages that it took, whatever it answered.
    """

    def _take(self, request: ReceivedSms, behaviour: Behaviour) -> Behaviour:
        if request.form.get("check_idx") == "1" and request.form["idx"] in {sms.form["idx"] for sms in self.held}:
            return smsapi_error(53) if isinstance(behaviour, Accept) else behaviour
        return super()._take(request, behaviour)

    def _accepted(self, request: ReceivedSms) -> Answer:
        entry = {
            "id": f"{request.number:018d}",
            "points": 0.16,
            "number": request.form["to"],
            "date_sent": int(request.at.timestamp()),
            "submitted_number": request.form["to"],
            "status": "QUEUE",
            "error": None,
            "idx": request.form["idx"],
            "parts": 1,
        }
        return Answer(status=200, body=json.dumps({"count": 1, "list": [entry]}).encode())
