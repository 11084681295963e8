"""Register a person, report a paper notice, see what became of it, and check the proof. Needs Python 3.11 and httpx.

API=http://127.0.0.1:8000 KEY=awz_... AWIZO=.venv/bin/awizo python journey.py
"""

import json
import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

OPERATOR = "poczta-polska"
TRIES = 8


def ask(client: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
    """Ask until there is an answer that counts; 409 may mean that nothing is published yet and says when to come again.

    Repeating is safe: an event is known by its `source` and `id`, so keep these and never make new ones for a retry.
    """
    for tried in range(1, TRIES + 1):
        wait = random.uniform(0, min(60, 2**tried))  # noqa: S311 - spreads callers, keeps no secret
        try:
            answer = client.request(method, path, **more)
        except httpx.TransportError:  # no answer: perhaps it was kept, perhaps not
            if tried == TRIES:
                raise
        else:
            told = answer.headers.get("Retry-After")
            if tried == TRIES or (answer.status_code not in {429, 502, 503, 504} and told is None):
                break
            wait = float(told) if told else wait
        time.sleep(wait)
    if answer.is_error:
        raise RuntimeError(f"{answer.status_code}: {answer.text}")  # RFC 9457: type, title, detail, errors
    return answer


def register(client: httpx.Client, recipient: str, phone: str) -> None:
    """Say whose number it is and what they agreed to; a PUT merges, so it may be repeated."""
    person = {
        "language": "pl",
        "quiet_hours": None,
        "contact_points": [{"channel": "sms", "value": phone, "verified": True, "method": "counter"}],
        "consents": [
            {
                "channel": "sms",
                "purpose": "delivery",
                "granted": True,
                "at": (datetime.now(UTC) - timedelta(days=1)).isoformat(),
                "method": "counter",
            }
        ],
    }
    ask(client, "PUT", f"/v1/recipients/{OPERATOR}/{recipient}", json=person)


def report_notice(client: httpx.Client, shipment: str, recipient: str) -> str:
    """Post the event; gives the id of the SMS that follows."""
    now = datetime.now(UTC).isoformat()
    event = {
        "specversion": "1.0",
        "id": str(uuid4()),  # in earnest: your own record's number
        "source": "/poczta-polska/example",
        "type": "pl.awizo.delivery.notice_left.v1",
        "time": now,
        "data": {
            "operator": OPERATOR,
            "shipment": shipment,
            "recipient": recipient,
            "service": "registered_letter",
            "legal_regime": "kpa",
            "notice": {"ordinal": 1, "left_at": now, "place": "letterbox"},
            "facility": {"id": "UP-00-032", "name": "UP Warszawa 32", "street": "Targowa 73", "city": "Warszawa"},
        },
    }
    headers = {"Content-Type": "application/cloudevents+json"}
    accepted = ask(client, "POST", "/v1/events", content=json.dumps(event), headers=headers).json()
    if accepted["status"] == "quarantined":
        raise RuntimeError("nobody here knows that type: it tells no one")
    return next(str(each["id"]) for each in accepted["notifications"] if each["channel"] == "sms")


def settled(client: httpx.Client, notification: str) -> dict[str, Any]:
    """The notification, once nothing more is likely to happen to it soon. A webhook spares you the asking."""
    while True:
        found: dict[str, Any] = ask(client, "GET", f"/v1/notifications/{notification}").json()
        facts = found["facts"]
        if found["status"] not in {"queued", "sending", "sent"} and facts["total"] == facts["published"]:
            return found
        time.sleep(1)


def main() -> int:
    """Tell the whole story once; gives the exit code of the verifier."""
    name = uuid4().hex
    with httpx.Client(
        base_url=os.environ["API"], headers={"Authorization": f"Bearer {os.environ['KEY']}"}, timeout=30
    ) as client:
        register(client, name, "+48600100200")
        notification = report_notice(client, f"R-{name}", name)
        print("notification", notification, settled(client, notification)["status"])
        shipment = ask(client, "GET", f"/v1/shipments/{OPERATOR}/R-{name}").json()
        print("shipment", shipment["state"], "collect by", shipment["deadlines"]["safe_collect_by"])
        Path("bundle.json").write_bytes(ask(client, "GET", f"/v1/notifications/{notification}/proof").content)
        Path("vkey").write_bytes(ask(client, "GET", "/log/vkey").content)
    verifier = os.environ.get("AWIZO", "awizo").split()
    return subprocess.run([*verifier, "verify", "bundle.json", "--vkey", "vkey"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
