"""A second verifier of statements about one shipment, written from the format's description alone.

It shares no code with the application and imports nothing of it; what a bundle and such a statement have in common –
facts, anchors, originals – is checked as the second verifier of bundles checks it.
"""

from collections.abc import Sequence

from tests.second_documents import is_hex, is_uuid
from tests.second_formats import (
    DECIMAL,
    Head,
    Json,
    Key,
    Refused,
    base64,
    hold,
    is_count,
    is_match,
    is_time,
    items,
    jcs,
    read_canonical,
    read_note,
    read_vkey,
    record,
    sha256,
    signers,
)
from tests.second_verifier import Proven, Shards, Verdict, check_anchors, check_originals, prove

_FILE = (
    "format subject issued_at since until pending unlinked checkpoint vkeys events notifications anchors originals"
    " statement witnesses limits digest"
)
_EVENTS = {"event.accepted", "event.quarantined", "event.replayed"}


def verify_statement(file: bytes, vkeys: Sequence[str], told: tuple[str, str] | None = None) -> Verdict:
    """Check a statement under the keys that the caller trusts, and that it is about the shipment `told`."""
    try:
        keys = [read_vkey(vkey, "a brought key") for vkey in vkeys]
        return Verdict(accepted=True, findings=tuple(_check(read_canonical(file), keys, told)))
    except Refused as refused:
        return Verdict(accepted=False, reason=str(refused))


def _check(file: Json, keys: list[Key], told: tuple[str, str] | None) -> list[str]:
    record(file, _FILE, "the file")
    rest = {name: value for name, value in file.items() if name != "digest"}
    hold(file["digest"] == sha256(jcs(rest).encode()).hex(), "digest", "the file is damaged")
    _check_head(file)
    shards = Shards(keys=keys, notes={}, heads={})
    head = shards.learn(file["checkpoint"], "the checkpoint")
    events = [prove(event, shards, f"events[{i}]") for i, event in enumerate(file["events"])]
    places = [(event.origin, event.index) for event in events]
    hold(places == sorted(set(places)), "events", "they are out of order, or one stands twice")
    ids = {event.document["id"] for event in events}
    hold(len(ids) == len(events), "events", "an id stands twice")
    hold(all(event.document["type"] in _EVENTS for event in events), "events", "one is of another kind")
    named = _check_subject(file, events, told)
    check_anchors(file["anchors"], events, shards)
    check_originals(file["originals"], events)
    _check_statement(file, events, head, keys)
    return [named, f"{len(events)} events until {file['until']}"]


def _check_head(file: Json) -> None:
    hold(file["format"] == "awizo-shipment/v1", "format", "this is no awizo-shipment/v1")
    times = [file[name] for name in ("since", "until", "issued_at")]
    hold(all(map(is_time, times)) and times == sorted(times), "times", "they are none, or not in order")
    hold(is_count(file["pending"]), "file", "pending is no count")
    record(file["unlinked"], "events notifications", "unlinked")
    hold(all(map(is_count, file["unlinked"].values())), "file", "unlinked is no count")
    for name in ("vkeys", "events", "notifications", "anchors", "originals"):
        items(file[name], name)
    for i, vkey in enumerate(file["vkeys"]):
        read_vkey(vkey, f"vkeys[{i}]")
    for name in ("witnesses", "limits"):
        hold(isinstance(file[name], str), "file", f"{name} is no text")
    for i, each in enumerate(file["notifications"]):
        record(each, "notification facts last_leaf", f"notifications[{i}]")
        good = is_uuid(each["notification"]) and is_count(each["facts"], 1) and is_hex(each["last_leaf"])
        hold(good, "notifications", f"notifications[{i}] is not well-formed")
    ids = [each["notification"] for each in file["notifications"]]
    hold(ids == sorted(set(ids)), "notifications", "they are out of order, or one stands twice")


def _check_subject(file: Json, events: Sequence[Proven], told: tuple[str, str] | None) -> str:
    """The commitment is to the shipment that is shown, or told, and what is shown of the events fits it."""
    subject = file["subject"]
    shown = isinstance(subject, dict) and "value" in subject
    record(subject, "commitment salt value" if shown else "commitment salt", "the subject")
    commitment = base64(subject["commitment"], "subject", "the commitment", 32)
    salt = base64(subject["salt"], "subject", "the salt", 32)
    hold(len({event.document["data"]["operator"] for event in events}) < 2, "subject", "several operators")
    value = subject["value"] if shown else None if told is None else "\n".join(told)
    if value is None:
        return "nobody said which shipment it is about"
    hold(isinstance(value, str) and value.count("\n") == 1, "subject", "its value is not two names")
    made = sha256(b"awizo/field/v1\0", bytes([7]), b"subject", salt, value.encode())
    hold(made == commitment, "subject", "the commitment is to another shipment")
    operator, name = value.split("\n")
    hold(operator and name, "subject", "a name is empty")
    hold(told in {None, (operator, name)}, "subject", "it is about another shipment than told")
    for event, entry in zip(events, file["events"], strict=True):
        hold(event.document["data"]["operator"] == operator, "subject", "an event is another operator's")
        opened = entry["openings"].get("shipment")
        if opened is not None:
            hold(name in opened.get("value", "").split("\n"), "subject", "an event is about another shipment")
    return "it is about that shipment"


def _check_statement(file: Json, events: Sequence[Proven], head: Head, keys: Sequence[Key]) -> None:
    """The note says in thirteen lines what the file does, under a key that the file lists and the caller brought."""
    lines = [f"event {event.leaf.hex()}\n" for event in events]
    lines += [f"notification {n['notification']} {n['facts']} {n['last_leaf']}\n" for n in file["notifications"]]
    said = (
        "awizo-shipment-statement/v1",
        file["subject"]["commitment"],
        file["issued_at"],
        file["since"],
        file["until"],
        len(events),
        len(file["notifications"]),
        file["pending"],
        file["unlinked"]["events"],
        file["unlinked"]["notifications"],
        sha256("".join(lines).encode()).hex(),
        head.origin,
        head.size,
    )
    text, _ = read_note(file["statement"], "statement", "the statement")
    hold(text == "".join(f"{line}\n" for line in said), "statement", "it is about something else")
    hold(all(is_match(DECIMAL, line) for line in text.split("\n")[5:10]), "statement", "a number is no plain decimal")
    name = f"{head.origin}/statements"
    for which, known in (("listed", map(read_vkey, file["vkeys"])), ("brought", keys)):
        signed = signers(file["statement"], [key for key in known if key.name == name], "statement", "the statement")
        hold(signed, "statement", f"none of the {which} keys signed it")
