"""Receive webhooks and refuse what awizo did not sign. Needs Python 3.11 and nothing else.

WEBHOOK_SECRET=whsec_... python receive.py, behind something that speaks https. For a try on your own machine:
awizo webhook listen --forward http://127.0.0.1:4000/
"""

import base64
import hmac
import json
import os
import time
from collections.abc import Mapping
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_SECONDS = 300
BODY_BYTES_MAX = 1024 * 1024
seen: set[str] = set()  # in earnest: a table, kept for some days, because an event can come twice


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether one of the signatures (Standard Webhooks 1.0) is right for these bytes, and the call is fresh."""
    try:
        message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        given = headers["webhook-signature"].split()
        fresh = abs(time.time() - int(timestamp)) <= TOLERANCE_SECONDS
    except (KeyError, ValueError):
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, sha256).digest()
    wanted = b"v1," + base64.b64encode(mac)
    return fresh and any(hmac.compare_digest(each.encode(), wanted) for each in given)  # two while a secret changes


class Receiver(BaseHTTPRequestHandler):
    """Answers within a moment and leaves the work for afterwards."""

    def do_POST(self) -> None:
        """204 for what is genuine, also when it comes again; 401 for everything else."""
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(min(length, BODY_BYTES_MAX))
        headers = {name.lower(): value for name, value in self.headers.items()}
        genuine = is_genuine(os.environ["WEBHOOK_SECRET"], headers, body)
        self.send_response(204 if genuine else 401)
        self.end_headers()
        if genuine and headers["webhook-id"] not in seen:
            seen.add(headers["webhook-id"])
            event = json.loads(body)
            print(event["type"], event["data"].get("notification"), flush=True)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "4000"))), Receiver).serve_forever()
