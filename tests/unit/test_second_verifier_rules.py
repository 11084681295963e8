"""Each rule of the bundle's format, broken alone: the second verifier refuses it for that reason."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.second_documents import ROWS, grade
from tests.second_story import (
    BROUGHT,
    KEY,
    OLD,
    OLD_KEY,
    ORIGIN,
    STATEMENT_KEY,
    Story,
    b64,
    digest,
    document,
    in_chain,
    put,
    reason,
    sign,
    tell,
)

Json = Any
STATEMENTS = f"{ORIGIN}/statements"
OTHER = "11111111-1111-4111-8111-111111111111"


def in_story(change: Callable[[Story], object]) -> str:
    """The check that refuses a story changed before it was sealed and signed."""
    story = Story()
    change(story)
    return reason(story.bundle())


def in_bundle(change: Callable[[Json], object]) -> str:
    """The check that refuses a bundle changed after it was signed, under a new digest."""
    bundle = Story().bundle()
    change(bundle)
    return reason(bundle)


def swap(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (tell("attempt.begun", "started", "type"), "type"),
        (tell("http://uri.etsi.org/19522/Event/RelayToNonERDS", "started", "etsi"), "etsi"),
        (tell(None, "started", "etsi"), "etsi"),
        (lambda story: story.documents["delivered"].pop("etsi"), "etsi"),
        (tell("http://uri.etsi.org/19522/Event/ContentHandover", "delivered", "etsi"), "etsi"),
        (tell(1, "started", "grade"), "members"),
        (lambda story: story.documents["started"].pop("v"), "members"),
        (tell(2, "started", "v"), "document"),
        (tell(True, "started", "v"), "document"),
        (tell("0B9F2A4E-6F0C-7A39-8D3A-0C7F8A9D1E22", "started", "id"), "document"),
        (tell("0b9f2a4e-6f0c-4a39-8d3a-0c7f8a9d1e22", "started", "id"), "document"),
        (tell("2026-11-23T10:42:03Z", "started", "at"), "document"),
        (tell("2026-11-23T10:42:03.1200Z", "started", "at"), "document"),
        (tell("2026-11-23T10:42:03.120+00:00", "started", "at"), "document"),
        (tell("2026-02-30T10:42:03.120Z", "started", "at"), "document"),
        (tell("2026-11-23T10:42:60.120Z", "started", "at"), "document"),
        (tell({"origin": ORIGIN, "size": 3, "root": "AA=="}, "started", "anchor"), "document"),
        (tell({"origin": ORIGIN, "size": 3}, "started", "anchor"), "members"),
        (tell("", "started", "data", "extra"), "data"),
        (lambda story: story.documents["started"]["data"].pop("parts"), "data"),
        (tell(True, "started", "data", "substitutes_paper"), "data"),
        (tell(0, "started", "data", "substitutes_paper"), "data"),
        (tell(None, "started", "data", "substitutes_paper"), "data"),
        (tell(0, "started", "data", "attempt"), "data"),
        (tell("1", "started", "data", "attempt"), "data"),
        (tell(True, "started", "data", "parts"), "data"),
        (tell(7, "started", "data", "provider"), "data"),
        (tell("utf8", "started", "data", "encoding"), "data"),
        (tell("sms", "delivered", "data", "via"), "data"),
        (tell(None, "delivered", "data", "via"), "data"),
        (tell("pgp", "delivered", "data", "signature"), "data"),
        (tell("2026-11-23", "delivered", "data", "claimed_at"), "data"),
        (tell("robot", "consent", "data", "by"), "data"),
        (tell("AB" * 32, "consent", "data", "text_digest"), "data"),
        (tell("producer-7", "event", "data", "event"), "data"),
        (tell(None, "planned", "data", "event_facts"), "data"),
        (tell(["ab"], "planned", "data", "event_facts"), "data"),
        (tell("preference.changed", "consent", "type"), "data"),
        (tell({"recipient": b64(bytes(32))}, "started", "sealed"), "sealed"),
        (tell({"contact": None}, "started", "sealed"), "sealed"),
        (tell({"contact": b64(bytes(31))}, "started", "sealed"), "sealed"),
        (tell({"contact": bytes(32).hex()}, "started", "sealed"), "sealed"),
        (tell(None, "started", "sealed"), "sealed"),
    ],
)
def test_a_document_that_its_row_does_not_allow_is_refused(change: Callable[[Story], object], check: str) -> None:
    assert in_story(change) == check


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (tell(OTHER, "event", "notification"), "link"),
        (lambda story: story.documents["event"].update(in_chain(0, None)), "link"),
        (lambda story: story.documents["started"].update(notification=None, n=None, prev=None), "link"),
        (tell("@consent", "planned", "prev"), "link"),
        (tell(None, "started", "prev"), "link"),
        (tell(-1, "started", "n"), "link"),
        (lambda story: story.documents["delivered"].update(notification=None, n=None, prev=None), "chain"),
        (tell(OTHER, "started", "notification"), "chain"),
        (tell("@consent", "started", "prev"), "chain"),
        (tell("@planned", "delivered", "prev"), "chain"),
        (tell(3, "delivered", "n"), "chain"),
        (tell(2, "delivered", "data", "attempt"), "chain"),
        (tell(None, "delivered", "data", "attempt"), "chain"),
        (lambda story: setattr(story, "facts", ["started", "delivered"]), "chain"),
        (lambda story: setattr(story, "facts", ["planned", "delivered"]), "chain"),
        (lambda story: setattr(story, "facts", ["started", "planned", "delivered"]), "chain"),
        (lambda story: setattr(story, "facts", ["planned", "planned", "started"]), "facts"),
        (lambda story: setattr(story, "context", ["consent", "event"]), "context"),
        (lambda story: setattr(story, "context", ["filler", "event", "consent"]), "context"),
        (lambda story: setattr(story, "context", ["event"]), "named"),
        (lambda story: setattr(story, "context", ["consent"]), "named"),
        (tell("@event", "planned", "data", "consent_fact"), "named"),
        (tell(["@event", "@consent"], "planned", "data", "event_facts"), "named"),
        (tell(["@event", "@filler"], "planned", "data", "event_facts"), "named"),
        (tell(None, "planned", "data", "consent_fact"), "context"),
        (tell(4, "started", "anchor"), "anchor"),
        (tell({"origin": ORIGIN, "size": 6, "root": b64(digest(b""))}, "started", "anchor"), "anchor"),
        (tell({"origin": ORIGIN, "size": 3, "root": b64(digest(b""))}, "started", "anchor"), "anchor"),
        (tell(None, "event", "anchor"), ""),
    ],
)
def test_a_chain_that_does_not_hold_together_is_refused(change: Callable[[Story], object], check: str) -> None:
    assert in_story(change) == check


def after(*kinds: str) -> Callable[[Story], None]:
    """Add facts of these types to the end of the chain."""

    def change(story: Story) -> None:
        for kind in kinds:
            n, prev = len(story.facts), f"@{story.facts[-1]}"
            data = {"attempt": 1, "via": "handset"} if kind.startswith("receipt.") else {}
            story.documents[f"n{n}"] = document(10 + n, kind, data, **in_chain(n, prev))
            story.facts.append(f"n{n}")

    return change


def test_late_receipts_and_statements_may_follow_the_end_of_a_chain() -> None:
    story = Story()
    after("notification.closed", "receipt.late", "recipient.disputed")(story)
    assert reason(story.bundle()) == ""


@pytest.mark.parametrize("kind", ["attempt.unresolved", "notification.failed", "attempt.started"])
def test_nothing_else_follows_the_end_of_a_chain(kind: str) -> None:
    assert in_story(after("notification.closed", kind)) == "chain"


@pytest.mark.parametrize(
    ("kind", "refused_by"),
    [("notification.planned", "link"), ("notification.held", "link"), ("notification.suppressed", "")],
)
def test_a_chain_begins_once_but_may_end_in_a_suppression(kind: str, refused_by: str) -> None:
    story = Story()
    after("attempt.unresolved")(story)
    story.documents["n3"] |= {"type": kind, "data": dict(story.documents["planned"]["data"])}
    assert reason(story.bundle()) == refused_by


def sealed_early(early: str, named: str, change: Callable[[Story, str], object]) -> str:
    """The check that refuses a log in which `early` stands before `named`, whose leaf hash it names."""
    fixed, story = Story(), Story()
    for each in (fixed, story):
        each.context = ["event"]
        each.documents["event"]["anchor"] = None
        each.documents["planned"]["anchor"] = None
        each.documents["planned"]["data"] |= {"event_facts": [], "consent_fact": None}
        each.documents["started"]["anchor"] = 1
    fixed.grow()
    change(story, fixed.leaves[fixed.index[named]].hex())
    order = sorted(story.documents, key=lambda name: (name != "filler", name != early))
    story.documents = {name: story.documents[name] for name in order}
    bundle = story.bundle()
    bundle["anchors"] = bundle["anchors"][:1]
    return reason(bundle)


def test_a_fact_sealed_before_its_predecessor_is_refused() -> None:
    def change(story: Story, leaf: str) -> None:
        story.documents["started"]["prev"] = leaf

    assert sealed_early("started", "planned", change) == "chain"


def test_a_fact_sealed_before_an_event_that_it_names_is_refused() -> None:
    def change(story: Story, leaf: str) -> None:
        story.documents["planned"]["data"]["event_facts"] = [leaf]

    assert sealed_early("planned", "event", change) == "named"


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (put("awizo-proof/v2", "format"), "format"),
        (put(OTHER, "notification"), "chain"),
        (put("2026-11-24", "issued_at"), "bundle"),
        (put(-1, "pending"), "bundle"),
        (put(None, "witnesses"), "bundle"),
        (put(None, "limits"), "bundle"),
        (put("x", "vkeys", 0), "vkey"),
        (put([], "facts"), "facts"),
        (put(None, "timestamps"), "members"),
        (put(b64(bytes(33)), "facts", 1, "salt"), "salt"),
        (put(b64(bytes(31)), "facts", 1, "salt"), "salt"),
        (put(b64(bytes(32)), "facts", 1, "salt"), "inclusion"),
        (put(swap("=", ""), "facts", 1, "salt"), "salt"),
        (put("2", "facts", 1, "document", "data", "provider"), "inclusion"),
        (put(2, "facts", 1, "document", "data", "parts"), "inclusion"),
        (put(swap("@v1", "@v2"), "facts", 1, "proof"), "proof"),
        (put(swap("@v1\n", "@v1\nextra AAAA\n"), "facts", 1, "proof"), "proof"),
        (put(swap("index 4", "index 04"), "facts", 1, "proof"), "proof"),
        (put(swap("index 4", "index 5"), "facts", 1, "proof"), "inclusion"),
        (put(swap("index 4", "index 7"), "facts", 1, "proof"), "inclusion"),
        (put(swap("index 4\n", "index 4\nAAAA\n"), "facts", 1, "proof"), "proof"),
        (put(swap("index 4\n", f"index 4\n{b64(bytes(32))}\n"), "facts", 1, "proof"), "inclusion"),
        (put(lambda proof: proof[:-1], "facts", 1, "proof"), "checkpoint"),
        (put(lambda proof: proof + "\n", "facts", 1, "proof"), "checkpoint"),
        (put(swap(f"\n{ORIGIN}\n7", f"\n{ORIGIN}\n8"), "facts", 0, "proof"), "signature"),
        (put(swap("— witness", "— w1tness"), "facts", 1, "proof"), "checkpoint"),
    ],
)
def test_an_entry_that_is_not_as_it_was_sealed_is_refused(change: Callable[[Json], None], check: str) -> None:
    assert in_bundle(change) == check


CONTACT = ("facts", 1, "openings", "contact")


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (put("+48600100201", *CONTACT, "value"), "opening"),
        (put("8600100200", *CONTACT, "value"), "opening"),
        (put(b64(bytes(32)), *CONTACT, "salt"), "opening"),
        (put(lambda salt: b64(digest(b"started/contact") + b"+"), *CONTACT, "salt"), "salt"),
        (put("", *CONTACT, "value_base64"), "members"),
        (put(None, *CONTACT), "members"),
        (put(None, "facts", 1, "openings"), "members"),
        (put({"salt": b64(digest(b"started/contact")), "value_base64": b64(b"+48600100200")}, *CONTACT), "opening"),
        (put({"salt": b64(bytes(32)), "value": "x"}, "facts", 1, "openings", "provider_id"), "opening"),
        (
            put({"salt": b64(digest(b"event/event")), "value": '{"id":"7"}'}, "context", 0, "openings", "event"),
            "opening",
        ),
        (put(lambda given: given[::-1], "originals"), "original"),
        (put(lambda given: [*given, given[-1]], "originals"), "original"),
        (put(OTHER, "originals", 0, "fact"), "original"),
        (put("shipment", "originals", 0, "field"), "original"),
        (put("application/json", "originals", 0, "media_type"), "original"),
        (put("", "originals", 1, "media_type"), "original"),
        (put(b64(b"x"), "originals", 1, "bytes"), "original"),
        (put(b64(bytes(32)), "originals", 1, "salt"), "original"),
        (put(b64(bytes(30)), "originals", 1, "salt"), "salt"),
        (put(swap("/wByYXc=", "/wByYXd="), "originals", 1, "bytes"), "original"),
    ],
)
def test_a_field_that_does_not_open_is_refused(change: Callable[[Json], None], check: str) -> None:
    assert in_bundle(change) == check


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (put([], "anchors"), "anchor"),
        (put(lambda given: given[::-1], "anchors"), "anchor"),
        (put(lambda given: [*given, given[-1]], "anchors"), "anchor"),
        (put([], "anchors", 0, "consistency"), "anchor"),
        (put(b64(bytes(32)), "anchors", 0, "consistency", 0), "anchor"),
        (put("AAAA", "anchors", 0, "consistency", 0), "anchor"),
        (put(sign(f"{ORIGIN}\n1\n{b64(bytes(32))}\n", (ORIGIN, OLD_KEY)), "anchors", 0, "note"), "signature"),
        (put(sign(f"{ORIGIN}\n1\n{b64(bytes(32))}\n", (ORIGIN, KEY)), "anchors", 0, "note"), "anchor"),
        (put([], "timestamps", 0, "consistency"), "timestamp"),
        (put(b64(b"\x04\x20" + bytes(32)), "timestamps", 0, "tsr"), "timestamp"),
        (put(swap(ORIGIN, OLD), "timestamps", 0, "note"), "timestamp"),
        (put(swap("\n5\n", "\n4\n"), "timestamps", 0, "note"), "timestamp"),
    ],
)
def test_an_anchor_or_stamp_beside_the_tree_is_refused(change: Callable[[Json], None], check: str) -> None:
    assert in_bundle(change) == check


def test_two_proofs_of_one_shard_under_different_checkpoints_are_refused() -> None:
    story, bundle = Story(), Story().bundle()
    story.grow()
    again = sign(story.text(7), (ORIGIN, KEY))
    put(lambda proof: proof.replace(story.note(7), again), "facts", 1, "proof")(bundle)
    assert reason(bundle) == "checkpoint"


def resign(at: int, line: str) -> Callable[[Json], None]:
    """Replace one line of the statement and sign it again, as a lying log would."""

    def change(bundle: Json) -> None:
        lines = bundle["statement"].split("\n\n")[0].split("\n")
        assert lines[at] != line
        lines[at] = line
        bundle["statement"] = sign("\n".join(lines) + "\n", (STATEMENTS, STATEMENT_KEY))

    return change


@pytest.mark.parametrize(
    ("at", "line"),
    [
        (0, "awizo-statement/v2"),
        (1, OTHER),
        (2, "2026-11-24T00:00:00.001Z"),
        (3, "2"),
        (4, "1"),
        (5, digest(b"").hex()),
        (6, "8"),
    ],
)
@pytest.mark.parametrize("vkeys", [BROUGHT, BROUGHT[:1]], ids=["key brought", "key not brought"])
def test_a_signed_statement_that_does_not_fit_the_bundle_is_refused(at: int, line: str, vkeys: list[str]) -> None:
    bundle = Story().bundle()
    resign(at, line)(bundle)
    assert reason(bundle, vkeys) == "statement"


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (resign(6, "7\nmore"), "statement"),
        (put(lambda note: sign(note.split("\n\n")[0] + "\n", (STATEMENTS, KEY)), "statement"), "statement"),
        (put(lambda note: sign(note.split("\n\n")[0] + "\n", (ORIGIN, KEY)), "statement"), "statement"),
        (put(swap("+AYqI", "+AYqJ"), "vkeys", 1), "vkey"),
        (put(lambda keys: keys[:1], "vkeys"), "statement"),
        (put("", "statement"), "statement"),
    ],
)
def test_a_statement_under_no_key_of_its_own_is_refused(change: Callable[[Json], None], check: str) -> None:
    assert in_bundle(change) == check


def test_a_later_bundle_exposes_a_fact_that_was_left_out() -> None:
    short = Story()
    short.facts = ["planned", "started"]
    bundle = short.bundle()
    bundle["originals"] = bundle["originals"][:1]
    assert reason(bundle) == ""
    assert bundle["statement"].split("\n")[3:7:3] == ["2", "7"]
    assert short.index["delivered"] < 7


@pytest.mark.parametrize(
    ("kind", "data", "sealed", "expected"),
    [
        ("event.accepted", {}, {}, 0),
        ("attempt.started", {}, {}, 0),
        ("attempt.accepted", {}, {}, 1),
        ("attempt.refused", {}, {"provider_id"}, 0),
        ("attempt.not_sent", {}, {"provider_reply"}, 1),
        ("receipt.delivered", {"via": "callback", "signature": "public_key"}, {}, 2),
        ("receipt.failed", {"via": "callback", "signature": "dkim"}, {}, 2),
        ("receipt.late", {"via": "handset"}, {}, 3),
        ("receipt.delivered", {"via": "dsn", "signature": "dkim"}, {}, 4),
        ("receipt.delivered", {"via": "dsn", "signature": "none"}, {}, 2),
        ("recipient.misdirected", {}, {}, 5),
        ("consent.granted", {"by": "person"}, {"statement"}, 5),
        ("consent.granted", {"by": "person"}, {"contact"}, 0),
        ("contact.verified", {"by": "operator"}, {"statement"}, 0),
        ("recipient.erased", {}, {"reason"}, 0),
    ],
)
def test_the_grade_follows_from_the_document(kind: str, data: Json, sealed: set[str], expected: int) -> None:
    fact = document(1, kind, data) | {"sealed": dict.fromkeys(sealed, b64(bytes(32)))}
    assert grade(fact) == expected


@pytest.mark.parametrize(("previous", "check"), [("no note", "checkpoint"), (7, "data"), (None, "context")])
def test_a_previous_checkpoint_is_a_whole_note(previous: Json, check: str) -> None:
    story = Story()
    story.documents["filler"]["data"]["previous_checkpoint"] = previous
    story.context = ["filler", "event", "consent"]
    assert reason(story.bundle()) == check


def test_the_table_has_every_type_once() -> None:
    assert len(ROWS) == 41
