"""What the sandbox has received: bounded, in memory, oldest first."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One status callback: what it said, and the HTTP status of the answer (None: nobody answered)."""

    status: str
    answered: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSms:
    """One SMS that was taken, `sid` being the provider's name for it and `to` E.164.

    `status` and `error_code` are Twilio's words, whoever took it; `version` grows with each change.
    """

    sid: str
    to: str
    sender: str
    body: str
    encoding: str
    units: int
    parts: int
    validity_seconds: int
    status_callback: str | None
    received_at: datetime
    provider: str = "twilio"
    idx: str = ""
    status: str = "queued"
    error_code: int | None = None
    reports: tuple[Report, ...] = ()
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxEmail:
    """One e-mail that was taken. `raw` is the message as it came, without dot-stuffing; the rest is read from it."""

    id: str
    envelope_from: str
    envelope_to: tuple[str, ...]
    raw: bytes = field(repr=False)
    sender: str
    to: str
    subject: str
    text: str
    html: str
    links: tuple[str, ...]
    received_at: datetime


class Inbox:
    """Keeps the newest `capacity` text messages and as many e-mails, and tells who waits that something changed."""

    def __init__(self, capacity: int = 500) -> None:
        self._capacity = capacity
        self._sms: OrderedDict[str, SandboxSms] = OrderedDict()
        self._emails: OrderedDict[str, SandboxEmail] = OrderedDict()
        self._changed = asyncio.Event()
        self.version = 0
        self.closed = False

    @property
    def sms(self) -> tuple[SandboxSms, ...]:
        """Text messages in order of arrival."""
        return tuple(self._sms.values())

    @property
    def emails(self) -> tuple[SandboxEmail, ...]:
        """E-mails in order of arrival."""
        return tuple(self._emails.values())

    def email(self, email_id: str) -> SandboxEmail | None:
        """The e-mail of that id, if it is still kept."""
        return self._emails.get(email_id)

    def add_sms(self, sms: SandboxSms) -> None:
        """Keeps `sms`; the oldest goes when there are too many."""
        self._sms[sms.sid] = sms
        if len(self._sms) > self._capacity:
            self._sms.popitem(last=False)
        self._tell()

    def add_email(self, email: SandboxEmail) -> None:
        """Keeps `email`; the oldest goes when there are too many."""
        self._emails[email.id] = email
        if len(self._emails) > self._capacity:
            self._emails.popitem(last=False)
        self._tell()

    def record_report(self, sid: str, report: Report, error_code: int | None) -> None:
        """Notes what was reported about an SMS, unless it is no longer kept."""
        sms = self._sms.get(sid)
        if sms is None:
            return
        reports = (*sms.reports, report)
        self._sms[sid] = replace(
            sms, status=report.status, error_code=error_code, reports=reports, version=sms.version + 1
        )
        self._tell()

    async def next_change(self, seen: int) -> int:
        """The version as soon as it is another one than `seen`, or at once when the inbox is closed."""
        while self.version == seen and not self.closed:
            await self._changed.wait()
        return self.version

    def close(self) -> None:
        """Lets go of everyone who waits."""
        self.closed = True
        self._changed.set()

    def _tell(self) -> None:
        self.version += 1
        self._changed.set()
        if not self.closed:
            self._changed = asyncio.Event()
