"""The places where a process is killed on purpose, and every name of the product that this package reaches into."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

# What the launcher changes in every process: its clock, how long it waits for providers, its SQLite connections,
# and where a transaction ends.
CLOCK = "app.wiring._now"
TRANSACTION = "app.storage.database.Database.write"
SQLITE_ENGINE = "app.storage.database._sqlite_engine"
SHORT_WAITS: Mapping[str, Mapping[str, float]] = {
    "adapters.sms.TwilioSms.__init__": {"connect_timeout": 1.0, "total_timeout": 2.0},
    "adapters.smtp_email.SmtpEmail.__init__": {"connect_timeout": 2.0, "command_timeout": 1.5, "final_timeout": 2.0},
}

# Further than any rest of a provider may reach: what such a clock writes of one must stop nobody else.
LEASES_OVER = timedelta(hours=3)


class Moment(StrEnum):
    """When, seen from the function that a point names. All but `BEFORE` need a call that had something to do."""

    BEFORE = "before"
    AFTER = "after"
    COMMITTING = "committing"  # while the transaction that it ran in is being committed
    COMMITTED = "committed"  # when that is done, and nobody was told


class Part(StrEnum):
    """Which process comes there, where they are apart."""

    API = "api"
    WORKER = "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """`nth_max` is how often a process may come by unharmed; `ahead` how far its clock must be for it to come there."""

    name: str
    target: str
    moment: Moment
    part: Part
    nth_max: int = 4
    ahead: timedelta = timedelta()


def _point(name: str, target: str, part: Part, *, nth_max: int = 4, ahead: timedelta = timedelta()) -> Point:
    moment = Moment(name.rpartition(" ")[2])
    return Point(name=name, target=target, moment=moment, part=part, nth_max=nth_max, ahead=ahead)


_MANY = 25
_ACCEPT = "app.usecases.accept_events.accept_events"
_CLAIM = "app.usecases.claim_notifications.claim_notifications"
_CHECK = "app.usecases.dispatch_notifications.Dispatcher._check_all"
_SETTLE = "app.usecases.settle_attempts.settle_attempts"
_RECEIPT = "app.usecases.record_receipt.record_receipts"
_PUT = "app.usecases.put_recipient.put_recipient"
_SEALER = "app.usecases.seal_log.Sealer"
_LOOK_UP = "adapters.sms.TwilioSms.look_up"
_CONCLUDE = "app.usecases.follow_unknown.Follower._conclude"
_TELL = "app.usecases.tell_incidents.tell_incidents"
_EXPIRE = "app.usecases.expire_leases.expire_leases"

POINTS = {
    point.name: point
    for point in [
        _point("accept: insert: before", "app.storage.events.insert_new", Part.API, nth_max=_MANY),
        _point("accept: after", _ACCEPT, Part.API, nth_max=_MANY),
        _point("accept: committing", _ACCEPT, Part.API, nth_max=_MANY),
        _point("accept: committed", _ACCEPT, Part.API, nth_max=_MANY),
        _point("person: committed", _PUT, Part.API),
        _point("claim: after", _CLAIM, Part.WORKER),
        _point("claim: committing", _CLAIM, Part.WORKER),
        _point("claim: committed", _CLAIM, Part.WORKER),
        _point("last check: before", _CHECK, Part.WORKER),
        _point("last check: after", _CHECK, Part.WORKER),
        _point("sms: before", "adapters.sms.TwilioSms.send", Part.WORKER),
        _point("sms: bytes written: before", "adapters.sms.exchange.Exchange._read", Part.WORKER),
        _point("sms: after", "adapters.sms.TwilioSms.send", Part.WORKER),
        _point("email: before", "adapters.smtp_email.SmtpEmail.send", Part.WORKER),
        _point("email: all but the dot: after", "adapters.smtp_email.transport._Connection._data", Part.WORKER),
        _point("email: dot written: before", "adapters.smtp_email.transport._Connection._final_reply", Part.WORKER),
        _point("email: after", "adapters.smtp_email.SmtpEmail.send", Part.WORKER),
        _point("settle: after", _SETTLE, Part.WORKER),
        _point("settle: committing", _SETTLE, Part.WORKER),
        _point("settle: committed", _SETTLE, Part.WORKER),
        _point("receipt: after", _RECEIPT, Part.API),
        _point("receipt: committed", _RECEIPT, Part.API),
        _point("seal: sequence: after", f"{_SEALER}._sequence", Part.WORKER),
        _point("seal: sequence: committed", f"{_SEALER}._sequence", Part.WORKER),
        _point("seal: read back: after", f"{_SEALER}._verify", Part.WORKER),
        _point("seal: sign: after", f"{_SEALER}._signed", Part.WORKER),
        _point("seal: mark: before", "adapters.mark_file.MarkFile.write", Part.WORKER),
        _point("seal: mark: after", "adapters.mark_file.MarkFile.write", Part.WORKER),
        _point("seal: publish: before", f"{_SEALER}._publish", Part.WORKER),
        _point("seal: publish: after", f"{_SEALER}._publish", Part.WORKER),
        _point("seal: publish: committed", f"{_SEALER}._publish", Part.WORKER),
        _point("lease: after", _EXPIRE, Part.WORKER, nth_max=1, ahead=LEASES_OVER),
        _point("lease: committed", _EXPIRE, Part.WORKER, nth_max=1, ahead=LEASES_OVER),
        _point("look-up: asked: before", _LOOK_UP, Part.WORKER, nth_max=1, ahead=LEASES_OVER),
        _point("look-up: concluded: after", _CONCLUDE, Part.WORKER, nth_max=1, ahead=LEASES_OVER),
        _point("look-up: concluded: committed", _CONCLUDE, Part.WORKER, nth_max=1, ahead=LEASES_OVER),
        _point("tell: after", _TELL, Part.WORKER, nth_max=2),
        _point("tell: committing", _TELL, Part.WORKER, nth_max=2),
        _point("tell: committed", _TELL, Part.WORKER, nth_max=2),
        _point("retention: before", "app.usecases.keep_retention.keep_retention", Part.WORKER, nth_max=1),
    ]
}

# Where bugs are planted, by what stands there.
INTAKE_ALL = "app.api.intake.Intake._accept_all"
INTAKE_BATCH = "app.api.intake.Intake.accept_batch"
BATCH_ROUTE = "app.api.events._accept_batch"
REJECTED = "app.api.cloudevents.Rejected"
PROBLEM = "app.api.problems.Problem"
ACCEPT = _ACCEPT
DEDUPE_KEY = "app.storage.events.dedupe_key"
PLAN = "app.domain.decision.plan"
MAKES_UNTRUE = "app.domain.shipment.makes_untrue"
CLAIM = _CLAIM
TRANSACT = "app.storage.database.Database.transact"
LEASE = "app.usecases.start_attempt.LEASE"
HOUSEKEEPING_SECONDS = "app.worker.HOUSEKEEPING_SECONDS"
CLAIM_CHECK = "app.usecases.claim_notifications.last_check"
LAST_CHECKS = _CHECK
SMS_SEND = "adapters.sms.TwilioSms.send"
SETTLE_ALL = _SETTLE
SETTLE = "app.domain.settlement.settle"
UNKNOWN, NOT_SENT = "app.domain.outcome.Unknown", "app.domain.outcome.NotSent"
EXPIRE_UNKNOWN = "app.usecases.expire_leases.Unknown"
EARLY_RECEIPTS = "app.storage.receipts.unapplied"
IS_CLOSED = "app.domain.settlement.is_closed"
SEQUENCE = "app.storage.log.sequence"
READ_BACK = f"{_SEALER}._verify"
LOOK_AT_MARK, TRUST = f"{_SEALER}._check_mark", f"{_SEALER}._trust"
SAVE_ALL = "app.storage.notifications.save_all"
PROVE = "app.usecases.prove_notification.prove_notification"
TAKE_RUNNING, SAVE_JOB = "app.storage.incidents.take_running", "app.storage.incidents.save"
TOLD_BEFORE = "app.storage.incident_messages.of_people_about"
AUDIT, SUMMARY = "app.usecases.check_log.check_log", "app.usecases.check_log.LogSummary"


NAMES = [CLOCK, TRANSACTION, SQLITE_ENGINE, *SHORT_WAITS, *(point.target for point in POINTS.values())]
NAMES += [INTAKE_ALL, INTAKE_BATCH, BATCH_ROUTE, REJECTED, PROBLEM, DEDUPE_KEY, PLAN, MAKES_UNTRUE, TRANSACT, LEASE]
NAMES += [HOUSEKEEPING_SECONDS, CLAIM_CHECK, SETTLE, UNKNOWN, NOT_SENT, EXPIRE_UNKNOWN, EARLY_RECEIPTS, IS_CLOSED]
NAMES += [TAKE_RUNNING, SAVE_JOB, TOLD_BEFORE]
NAMES += [SEQUENCE, LOOK_AT_MARK, TRUST, SAVE_ALL, PROVE, AUDIT, SUMMARY]
