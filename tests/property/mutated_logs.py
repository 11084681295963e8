"""Mutations of what surrounds facts: checkpoints, keys, chain, context, anchors, time stamps, statement, members."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from random import Random
from typing import Any

from tests.property.forging import ForgersKey, forge, leaf_of
from tests.property.mutation import (
    Note,
    Proof,
    Raw,
    edit_checkpoint,
    flipped,
    flipped_base64,
    mutation,
    note_of,
    other,
    other_base64,
    pair,
    proof_of,
    proven,
    replace_checkpoint,
    swap,
)
from tests.property.sealed_bundles import Sealed
from tests.second_formats import root_by_path

NEIGHBOURS = "chain context anchors completeness timestamps"


# --- checkpoints ---


@mutation(found_by="signature", also=f"checkpoints inclusion {NEIGHBOURS}", share=150)
def a_checkpoint_says_something_else(raw: Raw, chance: Random, _: Sealed) -> None:
    def edit(note: Note) -> None:
        line = chance.randrange(3)
        if line == 0:
            note.lines[0] = note.lines[0][:-1] + chance.choice("xyz34")
        elif line == 1:
            note.lines[1] = str(max(0, int(note.lines[1]) + chance.choice([-100, -1, 1, 2, 1000])))
        else:
            note.lines[2] = flipped_base64(note.lines[2], chance)

    edit_checkpoint(raw, chance, edit)


@mutation(found_by="inclusion", also=f"checkpoints signature {NEIGHBOURS}", share=150)
def one_fact_is_proven_by_another_checkpoint_than_the_rest(raw: Raw, chance: Random, sealed: Sealed) -> bool:
    notes = [proof_of(fact).note for fact in proven(raw)]
    several = [fact for fact in proven(raw) if notes.count(proof_of(fact).note) > 1]
    fact = chance.choice(several)
    proof = proof_of(fact)
    if sealed.older and chance.random() < 0.3:
        proof = proof_of(chance.choice(proven(dict(sealed.older))))
    else:
        note = note_of(proof.note)
        name, signature = note.signatures[0]
        match chance.randrange(3):
            case 0:
                note.lines[2] = flipped_base64(note.lines[2], chance)
            case 1:
                note.signatures.append((f"witness.example/{chance.randrange(99)}", chance.randbytes(76)))
            case _:
                note.signatures[0] = (name, signature[:4] + flipped(signature[4:], chance))
        proof = Proof(proof.lines, note.text())
    fact["proof"] = proof.text()
    return True


@mutation(found_by="form")
def a_checkpoint_is_not_well_formed(raw: Raw, chance: Random, _: Sealed) -> None:
    def edit(note: Note) -> None:
        match chance.randrange(6):
            case 0:
                note.lines.append(chance.choice(["extension", "", other_base64(chance)]))
            case 1:
                del note.lines[chance.randrange(3)]
            case 2:
                note.lines[1] = chance.choice([f"0{note.lines[1]}", f"+{note.lines[1]}", f"{note.lines[1]}.0", "many"])
            case 3:
                note.lines[2] = other_base64(chance, chance.choice([0, 20, 31, 33]))
            case 4:
                note.signatures.clear()
            case _:
                note.signatures.extend([("witness.example", chance.randbytes(76))] * 100)

    edit_checkpoint(raw, chance, edit)


@mutation(found_by="signature", also="checkpoints", share=150)
def the_signature_of_a_checkpoint_is_another(raw: Raw, chance: Random, _: Sealed) -> None:
    def edit(note: Note) -> None:
        name, signature = note.signatures[0]
        match chance.randrange(3):
            case 0:
                note.signatures[0] = (name, signature[:4] + flipped(signature[4:], chance))
            case 1:
                note.signatures[0] = (name, flipped(signature[:4], chance) + signature[4:])
            case _:
                note.signatures[0] = (name + chance.choice("xyz"), signature)

    edit_checkpoint(raw, chance, edit)


@mutation(found_by="signature", also="checkpoints")
def a_checkpoint_has_the_signature_of_another_note(raw: Raw, chance: Random, _: Sealed) -> bool:
    notes = [proof_of(fact).note for fact in proven(raw)]
    others = [note for note in [*(each["note"] for each in raw["anchors"]), raw["statement"]] if note not in notes]
    signatures = note_of(chance.choice(others)).signatures

    def edit(note: Note) -> None:
        note.signatures = [(note.signatures[0][0], note.signatures[0][1][:4] + signatures[0][1][4:])]

    edit_checkpoint(raw, chance, edit)
    return True


@mutation(found_by="signature")
def a_checkpoint_is_signed_by_a_key_that_only_the_bundle_names(raw: Raw, chance: Random, _: Sealed) -> None:
    def edit(note: Note) -> None:
        key = ForgersKey(note.lines[0], chance)
        note.signatures = note_of(key.sign(note.lines)).signatures
        raw["vkeys"].append(key.vkey)

    edit_checkpoint(raw, chance, edit)


@mutation(found_by="signature", share=150)
def the_whole_log_is_forged_but_for_its_key(raw: Raw, chance: Random, _: Sealed) -> None:
    forge(raw, chance)


@mutation(found_by="signature", also=f"checkpoints inclusion {NEIGHBOURS}")
def a_fact_is_another_and_the_root_fits_it(raw: Raw, chance: Random, _: Sealed) -> None:
    fact = chance.choice(proven(raw))
    fact["document"]["at"] = _another_time(fact["document"]["at"], chance)
    proof = proof_of(fact)
    note = note_of(proof.note)
    path = [b64decode(item) for item in proof.lines[2:]]
    root = root_by_path(proof.index, int(note.lines[1]), leaf_of(fact), path)
    assert root is not None
    note.lines[2] = b64encode(root).decode()
    replace_checkpoint(raw, proof.note, note.text())


# --- keys ---


@mutation(found_by="checkpoints")
def the_bundle_lacks_the_key_of_a_checkpoint(raw: Raw, chance: Random, _: Sealed) -> None:
    notes = [*(proof_of(fact).note for fact in proven(raw)), *(each["note"] for each in raw["anchors"])]
    _replace_key(raw, chance.choice(sorted({_signer(note) for note in notes})), chance)


@mutation(found_by="completeness")
def the_bundle_lacks_the_key_of_the_statement(raw: Raw, chance: Random, _: Sealed) -> None:
    _replace_key(raw, _signer(raw["statement"]), chance)


def _signer(note: str) -> str:
    return note_of(note).signatures[0][0]


def _replace_key(raw: Raw, name: str, chance: Random) -> None:
    """Leave a key out, mostly with another of its name instead."""
    kept = [vkey for vkey in raw["vkeys"] if vkey.split("+")[0] != name]
    raw["vkeys"] = [*kept, *([ForgersKey(name, chance).vkey] if chance.random() < 0.8 else [])]


@mutation(found_by="form")
def a_key_is_not_well_formed(raw: Raw, chance: Random, _: Sealed) -> None:
    at = chance.randrange(len(raw["vkeys"]))
    name, identifier, material = raw["vkeys"][at].split("+", 2)
    raw["vkeys"][at] = chance.choice(
        [
            f"{name}x+{identifier}+{material}",
            f"{name}+{other(identifier, chance)}+{material}",
            f"{name}+{identifier}+{flipped_base64(material, chance)}",
            f"{name}+{identifier}",
            f"{name}+{identifier}+{material} ",
            f" {name}+{identifier}+{material}",
        ]
    )


# --- the chain ---


@mutation(found_by="chain", also="anchors context originals completeness timestamps inclusion checkpoints")
def a_fact_in_the_middle_is_left_out(raw: Raw, chance: Random, _: Sealed) -> bool:
    if len(raw["facts"]) < 2:
        return False
    del raw["facts"][chance.randrange(len(raw["facts"]) - 1)]
    return True


@mutation(found_by="completeness", also="anchors context originals timestamps")
def the_last_facts_are_left_out(raw: Raw, chance: Random, _: Sealed) -> bool:
    if len(raw["facts"]) < 2:
        return False
    del raw["facts"][chance.randrange(1, len(raw["facts"])) :]
    return True


@mutation(found_by="chain", also="anchors context originals completeness timestamps")
def the_facts_are_in_another_order(raw: Raw, chance: Random, _: Sealed) -> bool:
    if len(raw["facts"]) < 2:
        return False
    swap(raw["facts"], *pair(len(raw["facts"]), chance))
    return True


@mutation(found_by="inclusion", also="chain context completeness")
def a_fact_stands_twice(raw: Raw, chance: Random, _: Sealed) -> None:
    section = chance.choice([raw["facts"], raw["context"]])
    section.insert(chance.randrange(len(section) + 1), chance.choice(section))


@mutation(found_by="chain context", also="anchors inclusion originals completeness timestamps")
def a_fact_of_another_notification_stands_among_them(raw: Raw, chance: Random, sealed: Sealed) -> bool:
    if sealed.other is None:
        return False
    section = chance.choice(["facts", "context"])
    fact = chance.choice(sealed.other["facts"])
    at = chance.randrange(len(raw[section]) + 1)
    raw[section][at : at + chance.randrange(2)] = [fact]
    return True


@mutation(found_by="chain completeness", also="anchors context originals timestamps form")
def the_bundle_is_said_to_be_about_another_notification(raw: Raw, chance: Random, sealed: Sealed) -> None:
    if sealed.other is not None and chance.random() < 0.3:
        raw["facts"] = sealed.other["facts"]
    else:
        raw["notification"] = other(raw["notification"], chance)


@mutation(found_by="context chain", also="anchors originals inclusion completeness timestamps")
def a_fact_moves_between_chain_and_context(raw: Raw, chance: Random, _: Sealed) -> bool:
    source, target = chance.choice([("facts", "context"), ("context", "facts")])
    if len(raw[source]) < 2:
        return False
    fact = raw[source].pop(chance.randrange(len(raw[source])))
    raw[target].insert(chance.randrange(len(raw[target]) + 1), fact)
    return True


# --- the context ---


@mutation(found_by="context", also="anchors originals timestamps")
def a_fact_of_the_context_is_left_out(raw: Raw, chance: Random, _: Sealed) -> None:
    raw["context"].pop(chance.randrange(len(raw["context"])))


@mutation(found_by="context")
def the_context_is_in_another_order(raw: Raw, chance: Random, _: Sealed) -> None:
    swap(raw["context"], *pair(len(raw["context"]), chance))


# --- anchors ---


@mutation(found_by="anchors", also="timestamps")
def an_anchor_is_left_out_or_stands_twice(raw: Raw, chance: Random, _: Sealed) -> None:
    at = chance.randrange(len(raw["anchors"]))
    raw["anchors"][at : at + 1] = [raw["anchors"][at]] * chance.choice([0, 2, 3])


@mutation(found_by="anchors")
def the_anchors_are_in_another_order(raw: Raw, chance: Random, _: Sealed) -> bool:
    if len(raw["anchors"]) < 2:
        return False
    swap(raw["anchors"], *pair(len(raw["anchors"]), chance))
    return True


@mutation(found_by="anchors")
def an_anchor_stands_there_that_no_fact_names(raw: Raw, chance: Random, sealed: Sealed) -> bool:
    named = [anchor["note"] for anchor in raw["anchors"]]
    known = [*(proof_of(fact).note for fact in proven(raw))]
    known += [anchor["note"] for anchor in sealed.other["anchors"]] if sealed.other else []
    unnamed = sorted({note for note in known if note not in named})
    at = chance.randrange(len(raw["anchors"]) + 1)
    raw["anchors"].insert(at, {"note": chance.choice(unnamed), "consistency": []})
    return True


def spoil(path: list[str], chance: Random) -> None:
    """Make another path of it."""
    match chance.randrange(5):
        case 0 if path:
            del path[chance.randrange(len(path))]
        case 1 if len(path) > 1:
            swap(path, *pair(len(path), chance))
        case 2 if path:
            path.insert(chance.randrange(len(path)), chance.choice(path))
        case 3:
            path.insert(chance.randrange(len(path) + 1), other_base64(chance))
        case _ if path:
            at = chance.randrange(len(path))
            path[at] = flipped_base64(path[at], chance)
        case _:
            path.append(other_base64(chance))


@mutation(found_by="anchors", share=180)
def the_consistency_of_an_anchor_is_another(raw: Raw, chance: Random, _: Sealed) -> None:
    spoil(chance.choice(raw["anchors"])["consistency"], chance)


@mutation(found_by="anchors")
def two_anchors_swap_their_consistency(raw: Raw, chance: Random, _: Sealed) -> bool:
    if len(raw["anchors"]) < 2:
        return False
    one, two = (raw["anchors"][at] for at in pair(len(raw["anchors"]), chance))
    one["consistency"], two["consistency"] = two["consistency"], one["consistency"]
    return True


@mutation(found_by="anchors", also="checkpoints signature timestamps")
def an_anchor_has_another_root_or_size(raw: Raw, chance: Random, _: Sealed) -> None:
    anchor = chance.choice(raw["anchors"])
    note = note_of(anchor["note"])
    if chance.random() < 0.5:
        note.lines[2] = flipped_base64(note.lines[2], chance)
    else:
        note.lines[1] = str(int(note.lines[1]) + chance.choice([-1, 1, 100]))
    anchor["note"] = note.text()


@mutation(found_by="checkpoints", also="signature")
def the_signature_of_an_anchor_is_another(raw: Raw, chance: Random, _: Sealed) -> None:
    anchor = chance.choice(raw["anchors"])
    note = note_of(anchor["note"])
    name, signature = note.signatures[0]
    note.signatures[0] = (name, flipped(signature, chance))
    anchor["note"] = note.text()


# --- time stamps ---


@mutation(found_by="timestamps")
def a_time_stamp_is_on_another_history(raw: Raw, chance: Random, _: Sealed) -> bool:
    if not raw["timestamps"]:
        return False
    stamp = chance.choice(raw["timestamps"])
    if chance.random() < 0.5:
        spoil(stamp["consistency"], chance)
    else:
        origin, size, root, _end = stamp["note"].split("\n")
        stamp["note"] = f"{origin}\n{size}\n{flipped_base64(root, chance)}\n"
    return True


# --- the statement of completeness ---


@mutation(found_by="completeness", share=150)
def a_line_of_the_statement_is_another(raw: Raw, chance: Random, _: Sealed) -> None:
    note = note_of(raw["statement"])
    at = chance.randrange(len(note.lines))
    note.lines[at] = other(note.lines[at], chance)
    raw["statement"] = note.text()


@mutation(found_by="completeness", share=150)
def the_signature_of_the_statement_is_another(raw: Raw, chance: Random, _: Sealed) -> None:
    note = note_of(raw["statement"])
    note.signatures[0] = (note.signatures[0][0], flipped(note.signatures[0][1], chance))
    raw["statement"] = note.text()


@mutation(found_by="completeness")
def the_statement_is_about_another_bundle(raw: Raw, chance: Random, sealed: Sealed) -> bool:
    others = [each["statement"] for each in (sealed.older, sealed.other) if each is not None]
    if not others:
        return False
    raw["statement"] = chance.choice(others)
    return True


@mutation(found_by="completeness")
def the_statement_is_another_signed_note_or_none(raw: Raw, chance: Random, _: Sealed) -> None:
    notes = [proof_of(fact).note for fact in proven(raw)] + [anchor["note"] for anchor in raw["anchors"]]
    raw["statement"] = chance.choice([*notes, "", "x", raw["statement"][:-1], raw["statement"].replace("\n\n", "\n")])


@mutation(found_by="completeness")
def the_bundle_has_another_time_or_number_of_waiting_facts(raw: Raw, chance: Random, _: Sealed) -> None:
    name = chance.choice(["issued_at", "pending"])
    raw[name] = other(raw[name], chance) if name == "pending" else _another_time(raw[name], chance)


def _another_time(time: str, chance: Random) -> str:
    return time[:14] + f"{(int(time[14:16]) + chance.randrange(1, 60)) % 60:02d}" + time[16:]


# --- members ---


@mutation(found_by="form", share=150)
def a_member_beside_the_documents_is_left_out(raw: Raw, chance: Random, _: Sealed) -> bool:
    holder = chance.choice([each for each in _formed(raw) if each])
    del holder[chance.choice(sorted(name for name in holder if name != "digest"))]
    return True


@mutation(found_by="form", share=150)
def there_is_a_member_more_beside_the_documents(raw: Raw, chance: Random, _: Sealed) -> None:
    chance.choice(_formed(raw))[f"more{chance.randrange(100)}"] = chance.choice([None, 1, "x", []])


def _formed(raw: Raw) -> list[Raw]:
    """The objects whose members are fixed, documents and the map of openings apart."""
    openings = [opening for fact in proven(raw) for opening in fact["openings"].values()]
    return [raw, *proven(raw), *openings, *raw["anchors"], *raw["timestamps"], *raw["originals"]]


_OTHER_KINDS: dict[type, tuple[Any, ...]] = {
    str: (None, 1, True, [], {}),
    int: (None, "1", True, -1, []),
    list: (None, 1, "x", {}),
    dict: (None, 1, "x", []),
}


@mutation(found_by="form documents", share=180)
def a_member_is_of_another_kind(raw: Raw, chance: Random, _: Sealed) -> bool:
    holder = chance.choice(_formed(raw))
    name = chance.choice(sorted(name for name in holder if name != "digest"))
    # Without a statement a bundle is sound: that completeness is not vouched for is said, not refused.
    holder[name] = chance.choice(
        [kind for kind in _OTHER_KINDS[type(holder[name])] if (name, kind) != ("statement", None)]
    )
    return True


@mutation(found_by="form")
def a_value_beside_the_documents_is_not_well_formed(raw: Raw, chance: Random, _: Sealed) -> None:
    ways: list[Callable[[], object]] = [
        lambda: raw.update(format=chance.choice(["awizo-proof/v2", "", "awizo-proof/v1 "])),
        lambda: raw.update(notification=raw["notification"].replace("-", "")),
        lambda: raw.update(notification="X" + raw["notification"][1:]),
        lambda: raw.update(issued_at=raw["issued_at"][:-1] + chance.choice(["", "+00:00", "z"])),
        lambda: raw.update(issued_at="2026-02-30T00:00:00.000Z"),
        lambda: raw.update(facts=[]),
        lambda: chance.choice(raw["anchors"])["consistency"].append(other_base64(chance, 31)),
        lambda: chance.choice(raw["anchors"]).update(note=chance.choice(["", "x", "a\n1\n"])),
    ]
    chance.choice(ways)()
