import pytest

from app.evidence.catalogue import CATALOGUE, GRADE_WORDS, SEALED_NAMES, Chain, grade_of


def test_every_type_of_fact_is_there() -> None:
    families = {
        "event": "accepted quarantined replayed",
        "notification": "planned held suppressed cancelled expired failed closed",
        "attempt": "started accepted refused not_sent unknown reconciled unresolved",
        "receipt": "delivered failed late",
        "recipient": "acknowledged disputed misdirected erased",
        "consent": "granted withdrawn",
        "preference": "changed",
        "contact": "added verified disabled removed",
        "shipment": "anomaly",
        "support": "acted",
        "access": "read",
        "hold": "placed lifted",
        "log": "opened key_rotated incident recovered sealed",
    }
    assert set(CATALOGUE) == {f"{family}.{name}" for family, names in families.items() for name in names.split()}


@pytest.mark.parametrize(
    ("names", "data", "sealed"),
    [
        (
            "event.accepted event.quarantined event.replayed",
            "operator event event_type event_time received_at",
            "event shipment recipient",
        ),
        (
            "notification.planned notification.held notification.suppressed",
            (
                "operator kind channel purpose reason not_before event_facts consent_fact consent_version policy"
                " legal_regime"
            ),
            "contact recipient shipment",
        ),
        (
            "notification.cancelled notification.expired notification.failed notification.closed",
            "status reason failure",
            "",
        ),
        (
            "attempt.started",
            "attempt provider consent_version template template_version encoding parts",
            "contact content",
        ),
        ("attempt.accepted", "attempt provider code peer", "provider_id provider_reply"),
        (
            "attempt.refused attempt.not_sent attempt.unknown attempt.reconciled attempt.unresolved",
            "attempt provider stage code method",
            "provider_id provider_reply",
        ),
        (
            "receipt.delivered receipt.failed receipt.late",
            "attempt provider code claimed_at via signature",
            "receipt",
        ),
        ("recipient.acknowledged recipient.disputed recipient.misdirected", "method reference", "statement"),
        (
            (
                "consent.granted consent.withdrawn preference.changed contact.added contact.verified contact.disabled"
                " contact.removed"
            ),
            "channel purpose version text_version text_digest language method claimed_at by",
            "contact recipient statement",
        ),
        ("shipment.anomaly", "code detected_at", "shipment"),
        (
            "support.acted access.read hold.placed hold.lifted recipient.erased",
            "actor act legal_basis facts",
            "reason",
        ),
        (
            "log.opened log.key_rotated log.incident log.recovered log.sealed",
            "origin vkey previous_checkpoint detail",
            "",
        ),
    ],
)
def test_each_type_has_exactly_its_keys_and_sealed_names(names: str, data: str, sealed: str) -> None:
    for name in names.split():
        assert set(CATALOGUE[name].data) == set(data.split())
        assert CATALOGUE[name].sealed == set(sealed.split())


def test_every_sealed_name_is_used_and_no_other() -> None:
    assert frozenset().union(*(row.sealed for row in CATALOGUE.values())) == SEALED_NAMES


def test_etsi_events_are_those_with_an_analogy() -> None:
    found = {name: row.etsi.rpartition("/")[2] for name, row in CATALOGUE.items() if row.etsi is not None}
    assert found == {
        "event.accepted": "SubmissionAcceptance",
        "event.quarantined": "SubmissionRejection",
        "attempt.accepted": "RelayToNonERDS",
        "attempt.refused": "RelayToNonERDSFailure",
        "receipt.delivered": "NotificationDelivered",
        "receipt.failed": "ConsignmentNotificationFailure",
        "recipient.acknowledged": "NotificationAccessTracking",
    }


def test_chains_hold_notifications_attempts_receipts_and_what_recipients_say() -> None:
    for name, row in CATALOGUE.items():
        family = name.partition(".")[0]
        if family in {"notification", "attempt"} or (family == "recipient" and name != "recipient.erased"):
            assert row.chain is Chain.ALWAYS
        else:
            assert row.chain is (Chain.WHEN_MATCHED if family == "receipt" else Chain.NEVER)


@pytest.mark.parametrize(
    ("name", "data", "sealed", "grade"),
    [
        ("event.accepted", {}, ["event"], 0),
        ("notification.planned", {}, [], 0),
        ("attempt.started", {}, ["content"], 0),
        ("attempt.accepted", {}, [], 1),
        ("attempt.refused", {}, ["provider_reply"], 1),
        ("attempt.refused", {}, ["provider_id"], 0),
        ("attempt.unknown", {}, [], 0),
        ("receipt.delivered", {"via": "callback", "signature": "public_key"}, ["receipt"], 2),
        ("receipt.delivered", {"via": "handset", "signature": "none"}, ["receipt"], 3),
        ("receipt.failed", {"via": "dsn", "signature": "dkim"}, ["receipt"], 4),
        ("receipt.late", {"via": "dsn", "signature": "none"}, ["receipt"], 2),
        ("receipt.late", {"via": "callback", "signature": "dkim"}, ["receipt"], 2),
        ("recipient.disputed", {}, [], 5),
        ("consent.granted", {"by": "person"}, ["statement"], 5),
        ("consent.granted", {"by": "person"}, [], 0),
        ("consent.granted", {"by": "operator"}, ["statement"], 0),
        ("shipment.anomaly", {}, [], 0),
        ("support.acted", {}, [], 0),
        ("log.opened", {}, [], 0),
    ],
)
def test_the_grade_follows_from_the_document(name: str, data: dict[str, str], sealed: list[str], grade: int) -> None:
    document = {"type": name, "data": data, "sealed": dict.fromkeys(sealed, "")}
    assert grade_of(document) == grade
    assert GRADE_WORDS[grade]
