"""Ten thousand different mutants of real bundles, each refused, and for the reason that its kind of mutation has.

Nearly all of them carry the digest that fits and stand in canonical form. What may change without a refusal is listed
at the end; beside that it is only the token of a time stamp, which is judged under the verifier's own policy.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from app.evidence.verifier import Outcome, Report, Verdict, parse_vkey, verify_bundle
from tests.property import mutated_bytes, mutated_facts, mutated_logs, mutated_members  # noqa: F401 – fill the table
from tests.property.forging import ForgersKey
from tests.property.mutation import MUTATIONS, Mutation, Raw, note_of, proof_of, proven, replace_checkpoint, with_digest
from tests.property.sealed_bundles import Sealed, sealed_bundles
from tests.second_verifier import verify

MUTANTS = 10_000
SECOND_OPINION = 10  # one in ten
FRUITLESS_MAX = 40

# To the second verifier the keys that a bundle names for its checkpoints are information: it looks at the brought ones.
FIRST_VERIFIER_ONLY = {"the_bundle_lacks_the_key_of_a_checkpoint"}


@pytest.fixture(scope="module")
def bundles(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Sealed, ...]:
    file = tmp_path_factory.mktemp("sealed") / "awizo.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    return asyncio.run(sealed_bundles(file))


def checked(data: bytes, sealed: Sealed) -> Report:
    return verify_bundle(data, vkeys=[parse_vkey(vkey) for vkey in sealed.vkeys])


def mutants(mutation: Mutation, bundles: Sequence[Sealed]) -> Iterator[tuple[str, Sealed, bytes]]:
    """Different mutants of all bundles in turn, each with a name by which it is made again."""
    seen = {sealed.data for sealed in bundles}
    number = fruitless = 0
    while len(seen) - len(bundles) < mutation.share and fruitless < FRUITLESS_MAX:
        sealed = bundles[number % len(bundles)]
        data = mutation.mutate(sealed.data, Random(f"{mutation.name} {number}"), sealed)
        number, fruitless = number + 1, fruitless + 1
        if data is not None and data not in seen:
            seen.add(data)
            fruitless = 0
            yield f"{sealed.name}, number {number - 1}", sealed, data


def test_every_bundle_verifies_before_it_is_mutated(bundles: Sequence[Sealed]) -> None:
    for sealed in bundles:
        assert checked(sealed.data, sealed).verdict is Verdict.VERIFIED
        assert verify(sealed.data, list(sealed.vkeys)).accepted
        assert with_digest(json.loads(sealed.data)) == sealed.data


def test_the_bundles_show_every_part_that_can_be_mutated(bundles: Sequence[Sealed]) -> None:
    raws = [json.loads(sealed.data) for sealed in bundles]
    for section in ("facts", "context", "anchors", "timestamps", "originals", "vkeys"):
        assert any(len(raw[section]) > 1 for raw in raws)
    forms = [sorted(opening) for raw in raws for fact in proven(raw) for opening in fact["openings"].values()]
    assert {tuple(form) for form in forms} == {("salt", "value"), ("salt", "value_base64")}
    assert any(not fact["openings"] and fact["document"]["sealed"] for raw in raws for fact in raw["facts"])
    assert any(raw["pending"] for raw in raws)
    assert any(len({note_of(proof_of(fact).note).lines[0] for fact in raw["facts"]}) > 1 for raw in raws)
    assert {"sms", "email"} <= {raw["facts"][0]["document"]["data"]["channel"] for raw in raws}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_every_mutant_is_refused_for_the_reason_of_its_kind(mutation: Mutation, bundles: Sequence[Sealed]) -> None:
    wrong, number = [], 0
    for name, sealed, data in mutants(mutation, bundles):
        number += 1
        report = checked(data, sealed)
        failing = report.with_outcome(Outcome.FAILS)
        found = {check.name for check in failing}
        expected = found & mutation.found_by and found <= mutation.found_by | mutation.also
        if not expected or report.verdict is not Verdict.REFUSED or not all(check.sentence for check in failing):
            wrong.append((name, report.verdict, sorted(found)))
        assert report.facts == ()
    assert wrong == []
    assert number > 0


def test_the_mutants_are_ten_thousand_and_the_second_verifier_refuses_one_in_ten_as_well(
    bundles: Sequence[Sealed],
) -> None:
    different: set[bytes] = set()
    accepted, asked = [], Counter[str]()
    for mutation in MUTATIONS:
        for number, (name, sealed, data) in enumerate(mutants(mutation, bundles)):
            different.add(sha256(data).digest())
            if number % SECOND_OPINION == 0 and mutation.name not in FIRST_VERIFIER_ONLY:
                asked[mutation.name] += 1
                verdict = verify(data, list(sealed.vkeys))
                if verdict.accepted or not verdict.reason:
                    accepted.append((mutation.name, name))
    assert accepted == []
    assert len(different) >= MUTANTS
    assert asked.total() >= MUTANTS / SECOND_OPINION
    assert asked.keys() == {mutation.name for mutation in MUTATIONS} - FIRST_VERIFIER_ONLY


def test_no_two_kinds_of_mutation_have_one_name() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


# --- what may be changed by whoever hands a bundle on: nothing of it is evidence, and the verifier says so ---


def other_words(raw: Raw) -> None:
    raw["limits"], raw["witnesses"] = "Other words.", "log awizo.example"


def nothing_shown(raw: Raw) -> None:
    raw["originals"] = []
    for fact in proven(raw):
        fact["openings"] = {}


def other_media_types(raw: Raw) -> None:
    for original in raw["originals"]:
        if original["field"] in {"receipt", "provider_reply"}:
            original["media_type"] = "text/html"


def no_time_stamps(raw: Raw) -> None:
    raw["timestamps"] = []


def more_keys_in_another_order(raw: Raw) -> None:
    raw["vkeys"] = [ForgersKey("witness.example", Random(1)).vkey, *reversed(raw["vkeys"]), raw["vkeys"][0]]


def signatures_of_strangers(raw: Raw) -> None:
    for note in {proof_of(fact).note for fact in proven(raw)}:
        signed = note_of(note)
        signed.signatures.append(("witness.example", bytes(76)))
        replace_checkpoint(raw, note, signed.text())


@pytest.mark.parametrize(
    "change",
    [
        other_words,
        nothing_shown,
        other_media_types,
        no_time_stamps,
        more_keys_in_another_order,
        signatures_of_strangers,
    ],
    ids=lambda change: change.__name__,
)
def test_what_is_no_evidence_may_be_left_out_or_said_otherwise(
    change: Callable[[Raw], None], bundles: Sequence[Sealed]
) -> None:
    for sealed in bundles:
        raw = json.loads(sealed.data)
        change(raw)
        data = with_digest(raw)
        report = checked(data, sealed)
        assert report.verdict is Verdict.VERIFIED, sealed.name
        assert completeness(report) is Outcome.HOLDS
        assert verify(data, list(sealed.vkeys)).accepted


def no_statement(raw: Raw) -> None:
    raw["statement"] = None


def another_time_without_statement(raw: Raw) -> None:
    raw.update(statement=None, issued_at="2030-01-01T00:00:00.000Z", pending=raw["pending"] + 3)


def statement_under_another_key(raw: Raw) -> None:
    note = note_of(raw["statement"])
    key = ForgersKey(note.signatures[0][0], Random(1))
    raw["statement"] = key.sign(note.lines)
    raw["vkeys"].append(key.vkey)


def last_facts_left_out_with_the_statement(raw: Raw) -> None:
    raw["facts"] = raw["facts"][:1]
    ids = {fact["document"]["id"] for fact in proven(raw)}
    named = [fact["document"]["anchor"] for fact in proven(raw) if fact["document"]["anchor"]]
    roots = {anchor["root"] for anchor in named}
    shards = {note_of(proof_of(fact).note).lines[0] for fact in proven(raw)}
    raw["originals"] = [each for each in raw["originals"] if each["fact"] in ids]
    raw["anchors"] = [each for each in raw["anchors"] if note_of(each["note"]).lines[2] in roots]
    for anchor in raw["anchors"]:
        if note_of(anchor["note"]).lines[0] not in shards:
            anchor["consistency"] = []
    raw["statement"] = None


@pytest.mark.parametrize(
    "change",
    [
        no_statement,
        another_time_without_statement,
        statement_under_another_key,
        last_facts_left_out_with_the_statement,
    ],
    ids=lambda change: change.__name__,
)
def test_without_the_logs_statement_a_bundle_is_sound_but_nobody_vouches_that_it_is_complete(
    change: Callable[[Raw], None], bundles: Sequence[Sealed]
) -> None:
    for sealed in bundles:
        raw = json.loads(sealed.data)
        change(raw)
        data = with_digest(raw)
        report = checked(data, sealed)
        assert report.verdict is Verdict.VERIFIED, sealed.name
        assert completeness(report) is Outcome.NOT_VOUCHED
        verdict = verify(data, list(sealed.vkeys))
        assert "completeness is not vouched for" in verdict.findings


def completeness(report: Report) -> Outcome:
    (check,) = [check for check in report.checks if check.name == "completeness"]
    return check.outcome
