"""Mutations of what vouches for facts: checkpoints, the keys that sign them, anchors, time stamps."""

from base64 import b64decode, b64encode
from random import Random

from tests.property.forging import ForgersKey, forge, leaf_of
from tests.property.mutation import (
    Note,
    Proof,
    Raw,
    another_time,
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
    fact["document"]["at"] = another_time(fact["document"]["at"], chance)
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
