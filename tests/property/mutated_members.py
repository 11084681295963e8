"""Mutations of a bundle as a whole: its chain, its context, its statement of completeness, its members."""

from collections.abc import Callable
from random import Random
from typing import Any

from tests.property.mutation import (
    Raw,
    another_time,
    flipped,
    mutation,
    note_of,
    other,
    other_base64,
    pair,
    proof_of,
    proven,
    swap,
)
from tests.property.sealed_bundles import Sealed

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
def the_bundle_hasanother_time_or_number_of_waiting_facts(raw: Raw, chance: Random, _: Sealed) -> None:
    name = chance.choice(["issued_at", "pending"])
    raw[name] = other(raw[name], chance) if name == "pending" else another_time(raw[name], chance)


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
