"""A second verifier of proof bundles, written from the format's description alone.

It shares no code with the application and imports nothing of it, so that one misreading of the format cannot
hide in both. Cosignatures are judged by a trust policy where one is given; time stamps are not, and it says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.second_documents import AFTER_END, CONSENTS, ENDS, GRADES, check_document, grade, is_uuid
from tests.second_formats import (
    DECIMAL,
    Head,
    Json,
    Key,
    Refused,
    base64,
    check_checkpoint,
    hold,
    is_consistent,
    is_count,
    is_match,
    is_time,
    items,
    jcs,
    read_canonical,
    read_checkpoint,
    read_head,
    read_note,
    read_vkey,
    rebuild_root,
    record,
    root_by_path,
    sha256,
    signers,
)
from tests.second_policy import Rules, judge, read_policy

__all__ = [
    "Proven",
    "Refused",
    "Shards",
    "Verdict",
    "check_anchors",
    "check_checkpoint",
    "check_originals",
    "prove",
    "rebuild_root",
    "verify",
]

_BUNDLE = (
    "format notification issued_at pending vkeys facts context anchors timestamps originals"
    " statement witnesses limits digest"
)
_ALWAYS_ORIGINAL = frozenset({"event", "provider_reply", "receipt"})
_MEDIA_TYPES = {"content": "message/rfc822", "event": "application/cloudevents+json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`reason` is the first check that failed (`<check>: <what>`), empty when accepted.

    `findings` say in words what holds, and are there only when the bundle was accepted.
    """

    accepted: bool
    reason: str = ""
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A fact whose place in a signed tree was checked."""

    document: Json
    leaf: bytes
    origin: str
    index: int

    def may_precede(self, other: "Proven") -> bool:
        """Whether this fact can have been sealed before `other`; between shards an index tells nothing."""
        return self.origin != other.origin or self.index < other.index


@dataclass(frozen=True, slots=True, kw_only=True)
class Shards:
    """The keys that the verifier brought, and for each shard the one checkpoint that proves its facts."""

    keys: Sequence[Key]
    notes: dict[str, str]
    heads: dict[str, Head]

    def learn(self, note: str, where: str) -> Head:
        head = read_checkpoint(note, self.keys, where)
        known = self.notes.setdefault(head.origin, note)
        hold(known == note, "checkpoint", f"{where} differs from the shard's other proofs")
        return self.heads.setdefault(head.origin, head)


def verify(bundle: bytes, vkeys: list[str], policy: bytes | None = None) -> Verdict:
    """Check a proof bundle under the keys and the policy that the caller trusts; never raises for a bad bundle."""
    try:
        rules = read_policy(policy) if policy is not None else None
        keys = [read_vkey(vkey, "a brought key") for vkey in vkeys] + (rules.logs if rules is not None else [])
        return Verdict(accepted=True, findings=tuple(_check(read_canonical(bundle), keys, rules)))
    except Refused as refused:
        return Verdict(accepted=False, reason=str(refused))


def _check(bundle: Json, keys: list[Key], rules: Rules | None) -> list[str]:
    record(bundle, _BUNDLE, "the bundle")
    rest = {name: value for name, value in bundle.items() if name != "digest"}
    hold(bundle["digest"] == sha256(jcs(rest).encode()).hex(), "digest", "the bundle is damaged")
    _check_head(bundle)
    shards = Shards(keys=keys, notes={}, heads={})
    facts = [prove(fact, shards, f"facts[{i}]") for i, fact in enumerate(bundle["facts"])]
    context = [prove(fact, shards, f"context[{i}]") for i, fact in enumerate(bundle["context"])]
    hold(facts, "facts", "there are none")
    ids = [fact.document["id"] for fact in facts + context]
    hold(len(set(ids)) == len(ids), "facts", "an id stands twice")
    _check_chain(bundle["notification"], facts)
    _check_named(facts, context)
    check_anchors(bundle["anchors"], facts + context, shards)
    _check_stamps(bundle["timestamps"], shards)
    check_originals(bundle["originals"], facts + context)
    vouched = _check_statement(bundle, facts[-1], shards)
    anchors = [anchor["note"] for anchor in bundle["anchors"]]
    cosigned = judge(sorted(shards.notes.items()), anchors, rules) if rules is not None else []
    return _findings(bundle, facts, vouched) + (cosigned or ["cosignatures were not judged"])


def _check_head(bundle: Json) -> None:
    hold(bundle["format"] == "awizo-proof/v1", "format", "this is no awizo-proof/v1")
    hold(is_uuid(bundle["notification"]), "bundle", "notification is no UUID")
    hold(is_time(bundle["issued_at"]), "bundle", "issued_at is no time")
    hold(is_count(bundle["pending"]), "bundle", "pending is no count")
    for name in ("vkeys", "facts", "context", "anchors", "timestamps", "originals"):
        items(bundle[name], name)
    for i, vkey in enumerate(bundle["vkeys"]):
        read_vkey(vkey, f"vkeys[{i}]")
    for name in ("witnesses", "limits"):
        hold(isinstance(bundle[name], str), "bundle", f"{name} is no text")


def prove(entry: Json, shards: Shards, where: str) -> Proven:
    """One fact: what is shown of it, its leaf, and its place under a checkpoint that a brought key signed."""
    record(entry, "document salt openings proof", where)
    document = entry["document"]
    check_document(document, where)
    _check_openings(entry["openings"], document, where)
    salt = base64(entry["salt"], "salt", f"the salt of {where}", 32)
    commitment = sha256(b"awizo/record/v1\0", salt, jcs(document).encode())
    leaf = sha256(b"\0", b"awizo-leaf/v1\n", commitment)
    index, path, note = _read_proof(entry["proof"], where)
    head = shards.learn(note, f"the checkpoint of {where}")
    hold(index < head.size, "inclusion", f"{where} lies outside its tree")
    hold(root_by_path(index, head.size, leaf, path) == head.root, "inclusion", f"{where} is not in its tree")
    anchor = document["anchor"]
    newer = anchor is not None and anchor["origin"] == head.origin and anchor["size"] > index
    hold(not newer, "anchor", f"{where} lies below its own anchor")
    return Proven(document=document, leaf=leaf, origin=head.origin, index=index)


def _read_proof(proof: Json, where: str) -> tuple[int, list[bytes], str]:
    """Index, path (the leaf's sibling first) and checkpoint of a C2SP tlog-proof without `extra` line."""
    head, blank, note = proof.partition("\n\n") if isinstance(proof, str) else ("", "", "")
    lines = head.split("\n")
    hold(blank and len(lines) > 1, "proof", f"the proof of {where} is no tlog-proof")
    title, index, *path = lines
    hold(title == "c2sp.org/tlog-proof@v1", "proof", f"the proof of {where} has another first line")
    good = index.startswith("index ") and is_match(DECIMAL, index[6:])
    hold(good, "proof", f"the proof of {where} has a bad index line")
    return int(index[6:]), _hashes(path, "proof", f"a hash in the proof of {where}"), note


def _hashes(texts: Json, check: str, where: str) -> list[bytes]:
    return [base64(text, check, where, 32) for text in items(texts, where)]


def _is_only_original(document: Json, name: str) -> bool:
    """Whether a sealed field is opened in `originals` and nowhere else: raw protocol bytes and e-mails."""
    return name in _ALWAYS_ORIGINAL or (name == "content" and document["data"]["encoding"] == "mime")


def _check_commitment(document: Json, name: str, salt: bytes, value: bytes, check: str, where: str) -> None:
    prefix = b"awizo/field/v1\0" + bytes([len(name)]) + name.encode()
    commitment = base64(document["sealed"][name], "sealed", where, 32)
    hold(sha256(prefix, salt, value) == commitment, check, f"{where} does not open its field")


def _check_openings(openings: Json, document: Json, where: str) -> None:
    hold(isinstance(openings, dict), "members", f"the openings of {where} are no object")
    for name, opening in openings.items():
        known = name in document["sealed"]
        hold(known, "opening", f"{where} opens a field that it does not seal")
        here = f"the opening of {name} in {where}"
        hold(not _is_only_original(document, name), "opening", f"{here} belongs in originals")
        form = "value" if isinstance(opening, dict) and "value" in opening else "value_base64"
        record(opening, f"salt {form}", here)
        salt = base64(opening["salt"], "salt", f"the salt of {here}", 32)
        value = _plain(opening[form], here) if form == "value" else _not_plain(opening[form], here)
        _check_commitment(document, name, salt, value, "opening", here)


def _plain(value: Json, where: str) -> bytes:
    hold(isinstance(value, str), "opening", f"{where} has no text")
    return bytes(value.encode())


def _not_plain(value: Json, where: str) -> bytes:
    """Bytes that had to be given as Base64 because they are not UTF-8."""
    raw = base64(value, "opening", where)
    try:
        raw.decode()
    except UnicodeDecodeError:
        return raw
    raise Refused(f"opening: {where} must stand as text")


def _check_chain(notification: str, facts: Sequence[Proven]) -> None:
    ended, attempts = False, set()
    for n, fact in enumerate(facts):
        where, document, kind = f"facts[{n}]", fact.document, fact.document["type"]
        hold(document["notification"] == notification, "chain", f"{where} is of another notification")
        hold(document["n"] == n, "chain", f"{where} is out of order, or one is missing before it")
        if n > 0:
            hold(document["prev"] == facts[n - 1].leaf.hex(), "chain", f"{where} does not name the one before")
            hold(facts[n - 1].may_precede(fact), "chain", f"{where} was sealed before its predecessor")
        hold(not ended or kind in AFTER_END, "chain", f"{where} follows the end of its chain")
        ended = ended or kind in ENDS
        if kind == "attempt.started":
            attempts.add(document["data"]["attempt"])
        matched = not kind.startswith("receipt.") or document["data"]["attempt"] in attempts - {None}
        hold(matched, "chain", f"{where} is a receipt of no attempt")


def _check_named(facts: Sequence[Proven], context: Sequence[Proven]) -> None:
    """What the facts name is in `context`, of the right kind and sealed earlier; nothing else is there."""
    places = [(fact.origin, fact.index) for fact in context]
    hold(places == sorted(set(places)), "context", "it is out of order or holds a fact twice")
    known, used = {fact.leaf.hex(): fact for fact in context}, set()
    for n, fact in enumerate(facts):
        data = fact.document["data"]
        named: list[tuple[str, tuple[str, ...]]] = [(leaf, ("event.",)) for leaf in data.get("event_facts") or ()]
        if data.get("consent_fact") is not None:
            named.append((data["consent_fact"], CONSENTS))
        for leaf, families in named:
            hold(leaf in known, "named", f"a fact that facts[{n}] names is not in context")
            hold(known[leaf].document["type"].startswith(families), "named", f"facts[{n}] names a fact of another kind")
            hold(known[leaf].may_precede(fact), "named", f"facts[{n}] was sealed before a fact that it names")
            used.add(leaf)
    hold(used == set(known), "context", "it holds a fact that no fact names")


def check_anchors(anchors: Json, proven: Sequence[Proven], shards: Shards) -> None:
    """They are those that the facts name, and the beginnings of their shards' trees."""
    named = [fact.document["anchor"] for fact in proven if fact.document["anchor"] is not None]
    wanted = {Head(origin=a["origin"], size=a["size"], root=base64(a["root"], "anchor", "", 32)) for a in named}
    places = {(head.origin, head.size) for head in wanted}
    hold(len(places) == len(wanted), "anchor", "facts name two roots for one size of one shard")
    given = []
    for i, anchor in enumerate(anchors):
        where = f"anchors[{i}]"
        record(anchor, "note consistency", where)
        head = read_checkpoint(anchor["note"], shards.keys, where)
        given.append(head)
        path = _hashes(anchor["consistency"], "anchor", f"a hash of {where}")
        newer = shards.heads.get(head.origin)
        consistent = is_consistent(head, newer, path) if newer is not None else not path
        hold(consistent, "anchor", f"{where} is not consistent with its shard's checkpoint")
    exact = given == sorted(wanted, key=lambda head: (head.origin, head.size))
    hold(exact, "anchor", "anchors are not those that the facts name, each once and in order")


def _check_stamps(stamps: Json, shards: Shards) -> None:
    for i, stamp in enumerate(stamps):
        where = f"timestamps[{i}]"
        record(stamp, "note tsr consistency", where)
        head = read_head(stamp["note"], "timestamp", where)
        own = shards.heads.get(head.origin)
        hold(own is not None, "timestamp", f"{where} is of a shard without facts here")
        old, new = sorted((head, own or head), key=lambda each: each.size)
        path = _hashes(stamp["consistency"], "timestamp", f"a hash of {where}")
        hold(is_consistent(old, new, path), "timestamp", f"{where} is not consistent with the facts' tree")
        imprint = b"\x04\x20" + sha256(stamp["note"].encode())  # an OCTET STRING of 32 bytes in DER
        hold(imprint in base64(stamp["tsr"], "timestamp", where), "timestamp", f"{where} stamps something else")


def check_originals(originals: Json, proven: Sequence[Proven]) -> None:
    """Each is what a field of a fact commits to."""
    documents = {fact.document["id"]: fact.document for fact in proven}
    places = []
    for i, original in enumerate(originals):
        where = f"originals[{i}]"
        record(original, "fact field media_type salt bytes", where)
        name, media_type = original["field"], original["media_type"]
        document: Json = documents.get(original["fact"]) if isinstance(original["fact"], str) else None
        hold(document, "original", f"{where} belongs to no fact")
        known = isinstance(name, str) and name in document["sealed"]
        hold(known and _is_only_original(document, name), "original", f"{where} is of no field opened here")
        good = isinstance(media_type, str) and media_type and media_type == _MEDIA_TYPES.get(name, media_type)
        hold(good, "original", f"{where} has a bad media type")
        salt = base64(original["salt"], "salt", f"the salt of {where}", 32)
        value = base64(original["bytes"], "original", where)
        _check_commitment(document, name, salt, value, "original", where)
        places.append((original["fact"], name))
    hold(places == sorted(set(places)), "original", "originals are out of order or given twice")


def _check_statement(bundle: Json, last: Proven, shards: Shards) -> bool:
    """Whether a brought key vouches for completeness; a statement that is wrong refuses the bundle."""
    note, name = bundle["statement"], f"{last.origin}/statements"
    if note is None:
        return False
    text, _ = read_note(note, "statement", "the statement")
    said = (
        "awizo-statement/v1",
        bundle["notification"],
        bundle["issued_at"],
        len(bundle["facts"]),
        bundle["pending"],
        last.leaf.hex(),
        shards.heads[last.origin].size,
    )
    hold(text == "".join(f"{line}\n" for line in said), "statement", "its seven lines do not fit the bundle")
    listed = [key for key in map(read_vkey, bundle["vkeys"]) if key.name == name]
    hold(signers(note, listed, "statement", "the statement"), "statement", "its key is not among the vkeys")
    brought = [key for key in shards.keys if key.name == name]
    return bool(signers(note, brought, "statement", "the statement"))


def _findings(bundle: Json, facts: Sequence[Proven], vouched: bool) -> list[str]:
    found = [f"{fact.document['type']}: {GRADES[grade(fact.document)]}" for fact in facts]
    if any(fact.document["data"].get("signature") == "shared_key" for fact in facts):
        found.append("a report was signed with a shared key, which proves nothing to a third party")
    if bundle["pending"]:
        found.append(f"warning: {bundle['pending']} facts are not yet under a published checkpoint")
    found.append("completeness is vouched for" if vouched else "completeness is not vouched for")
    if bundle["timestamps"]:
        found.append("time stamps fit their checkpoints; their signatures were not judged")
    return found
