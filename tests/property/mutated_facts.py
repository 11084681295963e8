"""Mutations of facts: their documents, salts, openings, originals and places in the log."""

import json
from base64 import b64decode, b64encode
from random import Random
from typing import Any

from app.evidence.catalogue import CATALOGUE
from tests.property.mutation import (
    Raw,
    flipped_base64,
    leaves,
    mutation,
    objects,
    opened,
    other,
    other_base64,
    pair,
    proof_of,
    proven,
    swap,
)
from tests.property.sealed_bundles import Sealed

# Whoever changes a leaf breaks what names it: the next fact, the context, the statement about the last one.
NAMED = "chain context completeness"
_NOT_32 = (0, 1, 31, 33, 64)
_KINDS: tuple[Any, ...] = (7, True, None, "x", ["x"], {"x": "x"})


# --- documents ---


@mutation(found_by="inclusion documents", also=f"{NAMED} anchors openings originals", share=600)
def a_value_in_a_document_is_another(raw: Raw, chance: Random, _: Sealed) -> None:
    fact = chance.choice(proven(raw))
    holder, key = chance.choice(list(leaves(fact["document"])))
    holder[key] = other(holder[key], chance)


@mutation(found_by="inclusion documents form", also=f"{NAMED} anchors openings originals", share=180)
def two_facts_swap_a_value_of_their_documents(raw: Raw, chance: Random, _: Sealed) -> bool:
    one, two = (proven(raw)[at]["document"] for at in pair(len(proven(raw)), chance))
    section = chance.choice(["", "data", "sealed"])
    mine, theirs = (each[section] if section else each for each in (one, two))
    shared = [name for name in mine.keys() & theirs.keys() if mine[name] != theirs[name]]
    if not shared:
        return False
    name = chance.choice(sorted(shared))
    mine[name], theirs[name] = theirs[name], mine[name]
    return True


@mutation(found_by="documents inclusion form", also=f"{NAMED} anchors originals", share=180)
def a_member_of_a_document_is_left_out(raw: Raw, chance: Random, _: Sealed) -> bool:
    holders = [each for each in objects(chance.choice(proven(raw))["document"]) if each]
    holder = chance.choice(holders)
    del holder[chance.choice(sorted(holder))]
    return True


@mutation(found_by="documents")
def a_document_has_a_member_more(raw: Raw, chance: Random, _: Sealed) -> None:
    holder = chance.choice(list(objects(chance.choice(proven(raw))["document"])))
    holder[f"more{chance.randrange(1000)}"] = chance.choice([None, 1, "x", other_base64(chance)])


@mutation(found_by="documents inclusion", also=f"{NAMED} anchors openings originals", share=180)
def a_value_in_a_document_is_of_another_kind(raw: Raw, chance: Random, _: Sealed) -> None:
    holder, key = chance.choice(list(leaves(chance.choice(proven(raw))["document"])))
    holder[key] = chance.choice([kind for kind in _KINDS if type(kind) is not type(holder[key])])


@mutation(found_by="documents inclusion form", also=f"{NAMED} anchors openings originals")
def a_fact_is_of_another_type(raw: Raw, chance: Random, _: Sealed) -> None:
    document = chance.choice(proven(raw))["document"]
    document["type"] = chance.choice([name for name in CATALOGUE if name != document["type"]])


@mutation(found_by="documents")
def a_fact_is_of_no_type(raw: Raw, chance: Random, _: Sealed) -> None:
    document = chance.choice(proven(raw))["document"]
    document["type"] = chance.choice([document["type"].upper(), document["type"] + ".v2", "attempt.made", ""])


@mutation(found_by="inclusion form", also=f"{NAMED} anchors openings originals")
def two_facts_swap_their_documents(raw: Raw, chance: Random, _: Sealed) -> None:
    one, two = (proven(raw)[at] for at in pair(len(proven(raw)), chance))
    one["document"], two["document"] = two["document"], one["document"]


# --- salts ---


@mutation(found_by="inclusion", also=NAMED, share=150)
def the_salt_of_a_fact_is_another(raw: Raw, chance: Random, _: Sealed) -> None:
    fact = chance.choice(proven(raw))
    fact["salt"] = chance.choice([flipped_base64(fact["salt"], chance), other_base64(chance)])


@mutation(found_by="inclusion", also=NAMED)
def two_facts_swap_their_salts(raw: Raw, chance: Random, _: Sealed) -> None:
    one, two = (proven(raw)[at] for at in pair(len(proven(raw)), chance))
    one["salt"], two["salt"] = two["salt"], one["salt"]


@mutation(found_by="form")
def a_salt_is_not_32_bytes_long(raw: Raw, chance: Random, _: Sealed) -> None:
    holders = [*proven(raw), *(openings[name] for openings, name in opened(raw)), *raw["originals"]]
    chance.choice(holders)["salt"] = other_base64(chance, chance.choice(_NOT_32))


@mutation(found_by="form")
def a_salt_or_a_path_is_not_canonical_base64(raw: Raw, chance: Random, _: Sealed) -> None:
    fact = chance.choice(proven(raw))
    proof = proof_of(fact)
    text = chance.choice([fact["salt"], *proof.lines[2:]])
    # Two bits of the last character before the padding stand for nothing, and must be zero.
    spoiled = chance.choice(
        [text[:-1], text + "=", text.replace("=", ""), text + "\n", f" {text}", text[:-2] + _unclean(text[-2]) + "="]
    )
    if text == fact["salt"]:
        fact["salt"] = spoiled
    else:
        proof.lines[2 + proof.lines[2:].index(text)] = spoiled
        fact["proof"] = proof.text()


def _unclean(char: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return alphabet[alphabet.index(char) | 1]


# --- openings ---


@mutation(found_by="openings", share=150)
def an_opened_value_is_another(raw: Raw, chance: Random, _: Sealed) -> bool:
    if not opened(raw):
        return False
    openings, name = chance.choice(opened(raw))
    opening = openings[name]
    if "value" in opening:
        opening["value"] = other(opening["value"], chance)
    else:
        opening["value_base64"] = b64encode(b64decode(opening["value_base64"]) + chance.randbytes(1)).decode()
    return True


@mutation(found_by="openings", share=150)
def the_salt_of_an_opening_is_another(raw: Raw, chance: Random, _: Sealed) -> bool:
    if not opened(raw):
        return False
    openings, name = chance.choice(opened(raw))
    openings[name]["salt"] = flipped_base64(openings[name]["salt"], chance)
    return True


@mutation(found_by="openings")
def two_openings_are_swapped(raw: Raw, chance: Random, _: Sealed) -> bool:
    if len(opened(raw)) < 2:
        return False
    (one, name), (two, neighbour) = (opened(raw)[at] for at in pair(len(opened(raw)), chance))
    one[name], two[neighbour] = two[neighbour], one[name]
    return True


@mutation(found_by="openings form")
def a_field_is_opened_with_what_opens_another(raw: Raw, chance: Random, _: Sealed) -> bool:
    if not opened(raw):
        return False
    openings, name = chance.choice(opened(raw))
    fact = chance.choice(proven(raw))
    target = chance.choice([*fact["document"]["sealed"], "contact"])
    if fact["openings"] is openings and target == name:
        return False
    fact["openings"][target] = dict(openings[name])
    return True


@mutation(found_by="form")
def a_byte_moves_from_a_value_into_its_salt(raw: Raw, chance: Random, _: Sealed) -> bool:
    plain = [openings[name] for openings, name in opened(raw) if openings[name].get("value", "")[:1].isascii()]
    plain = [opening for opening in plain if opening.get("value")]
    if not plain:
        return False
    opening = chance.choice(plain)
    moved = chance.randrange(1, 1 + min(8, len(opening["value"])))
    opening["salt"] = b64encode(b64decode(opening["salt"]) + opening["value"][:moved].encode()).decode()
    opening["value"] = opening["value"][moved:]
    return True


@mutation(found_by="form")
def an_opening_is_not_in_its_one_form(raw: Raw, chance: Random, _: Sealed) -> bool:
    plain = [openings[name] for openings, name in opened(raw) if "value" in openings[name]]
    if not plain:
        return False
    opening = chance.choice(plain)
    encoded = b64encode(opening["value"].encode()).decode()
    match chance.randrange(4):
        case 0:
            del opening["value"]
            opening["value_base64"] = encoded
        case 1:
            opening["value_base64"] = encoded
        case 2:
            opening["value"] = chance.choice([None, 1, [opening["value"]]])
        case _:
            del opening[chance.choice(["salt", "value"])]
    return True


@mutation(found_by="form")
def a_field_is_opened_that_its_fact_does_not_seal(raw: Raw, chance: Random, _: Sealed) -> None:
    fact = chance.choice(proven(raw))
    name = chance.choice([name for name in ("reason", "statement2", "salt") if name not in fact["document"]["sealed"]])
    fact["openings"][name] = {"salt": other_base64(chance), "value": "x"}


@mutation(found_by="form")
def an_original_is_opened_beside_its_fact(raw: Raw, chance: Random, _: Sealed) -> bool:
    if not raw["originals"]:
        return False
    original = chance.choice(raw["originals"])
    (fact,) = (each for each in proven(raw) if each["document"]["id"] == original["fact"])
    value = b64decode(original["bytes"]).decode()
    fact["openings"][original["field"]] = {"salt": original["salt"], "value": value + chance.choice(["", " ", "x"])}
    return True


# --- originals ---


@mutation(found_by="originals", share=150)
def an_original_is_another(raw: Raw, chance: Random, _: Sealed) -> bool:
    if not raw["originals"]:
        return False
    original = chance.choice(raw["originals"])
    original["bytes"] = flipped_base64(original["bytes"], chance)
    return True


@mutation(found_by="originals")
def the_salt_of_an_original_is_another(raw: Raw, chance: Random, _: Sealed) -> bool:
    if not raw["originals"]:
        return False
    original = chance.choice(raw["originals"])
    original["salt"] = flipped_base64(original["salt"], chance)
    return True


@mutation(found_by="originals")
def an_original_belongs_to_another_fact_or_field(raw: Raw, chance: Random, _: Sealed) -> bool:
    if not raw["originals"]:
        return False
    original = chance.choice(raw["originals"])
    if chance.random() < 0.5:
        names = ["event", "content", "provider_reply", "receipt", "contact", "x"]
        original["field"] = chance.choice([name for name in names if name != original["field"]])
    else:
        ids = [fact["document"]["id"] for fact in proven(raw)]
        ids = [each for each in [*ids, other(original["fact"], chance)] if each != original["fact"]]
        original["fact"] = chance.choice(ids)
    return True


@mutation(found_by="originals")
def an_original_of_fixed_kind_is_said_to_be_of_another(raw: Raw, chance: Random, _: Sealed) -> bool:
    fixed = [each for each in raw["originals"] if each["field"] in {"event", "content"}]
    if not fixed:
        return False
    chance.choice(fixed)["media_type"] = chance.choice(["text/html", "application/json", "", "message/RFC822"])
    return True


@mutation(found_by="originals")
def the_originals_are_in_disorder_or_one_stands_twice(raw: Raw, chance: Random, _: Sealed) -> bool:
    originals = raw["originals"]
    if len(originals) > 1 and chance.random() < 0.5:
        swap(originals, *pair(len(originals), chance))
        return True
    if originals:
        originals.insert(chance.randrange(len(originals) + 1), json.loads(json.dumps(chance.choice(originals))))
    return bool(originals)


# --- places in the log ---


@mutation(found_by="inclusion", also="chain context anchors", share=150)
def the_index_of_a_fact_is_another(raw: Raw, chance: Random, _: Sealed) -> None:
    fact = chance.choice(proven(raw))
    proof = proof_of(fact)
    near = [proof.index - 1, proof.index + 1, proof.index ^ 1 << chance.randrange(9), chance.randrange(2**40)]
    proof.index = chance.choice([index for index in near if index >= 0])
    fact["proof"] = proof.text()


@mutation(found_by="inclusion", share=180)
def a_hash_of_a_path_is_another(raw: Raw, chance: Random, _: Sealed) -> bool:
    fact = chance.choice([each for each in proven(raw) if len(proof_of(each).lines) > 2])
    proof = proof_of(fact)
    at = chance.randrange(2, len(proof.lines))
    proof.lines[at] = flipped_base64(proof.lines[at], chance)
    fact["proof"] = proof.text()
    return True


@mutation(found_by="inclusion", share=150)
def a_path_is_shorter_longer_or_in_another_order(raw: Raw, chance: Random, _: Sealed) -> bool:
    fact = chance.choice(proven(raw))
    proof = proof_of(fact)
    path = proof.lines[2:]
    match chance.randrange(4):
        case 0 if path:
            del path[chance.randrange(len(path))]
        case 1 if len(path) > 1:
            swap(path, *pair(len(path), chance))
        case 2 if path:
            path.insert(chance.randrange(len(path)), chance.choice(path))
        case _:
            path.insert(chance.randrange(len(path) + 1), other_base64(chance))
    fact["proof"] = type(proof)([*proof.lines[:2], *path], proof.note).text()
    return True


@mutation(found_by="inclusion", also="chain context anchors completeness")
def two_facts_swap_their_proofs(raw: Raw, chance: Random, _: Sealed) -> None:
    one, two = (proven(raw)[at] for at in pair(len(proven(raw)), chance))
    one["proof"], two["proof"] = two["proof"], one["proof"]


@mutation(found_by="form")
def a_proof_is_not_well_formed(raw: Raw, chance: Random, _: Sealed) -> None:
    fact = chance.choice(proven(raw))
    proof = proof_of(fact)
    match chance.randrange(6):
        case 0:
            proof.lines[0] = chance.choice(["c2sp.org/tlog-proof@v2", "", proof.lines[0] + " ", "tlog-proof"])
        case 1:
            proof.lines[1] = f"index {chance.choice(['-1', '', '007', '1e3', '+1', '٣', str(2**64)])}"
        case 2:
            proof.lines[1:1] = [chance.choice(["extra ", "extra AAAA", "extra aGVsbG8="])]
        case 3:
            proof.lines.extend(other_base64(chance) for _ in range(64))
        case 4:
            proof.lines.append(other_base64(chance, chance.choice(_NOT_32[1:])))
        case _:
            fact["proof"] = "\n".join(proof.lines) + "\n" + proof.note
            return
    fact["proof"] = proof.text()
