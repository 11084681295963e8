"""The proof of a notice about which something was said: it verifies, and says that a person acted."""

import json
from dataclasses import dataclass

import pytest

from app.domain.channel import Channel
from app.domain.statement import StatementKind
from app.evidence.verifier import Report, Verdict, parse_vkey, verify_bundle
from app.usecases.say_about_notice import Saying, say_about_notice
from tests.builders import event
from tests.integration.world import World
from tests.second_verifier import verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A proof, with the report of our verifier about it."""

    bundle: bytes
    report: Report


async def said_everything(world: World, opened: frozenset[str] | None = None) -> Said:
    await world.register()
    answer = await world.accepted(event())
    await world.dispatch()
    (letter,) = [n.id for n in answer.notifications if n.channel is Channel.EMAIL]
    for kind in StatementKind:
        saying = Saying(kind=kind, words=kind, language="en")
        await world.database.transact(
            lambda tx, saying=saying: say_about_notice(tx, letter, saying, surroundings=world.surroundings)
        )
    await world.seal()
    bundle = await world.bundle(letter, opened)
    return Said(bundle=bundle, report=verify_bundle(bundle, vkeys=[parse_vkey(key) for key in world.vkeys]))


async def test_both_verifiers_accept_it_and_grade_what_was_said_as_acts_of_the_person(world: World) -> None:
    said = await said_everything(world)
    assert said.report.verdict is Verdict.VERIFIED
    assert verify(said.bundle, world.vkeys).accepted
    lines = {line.type: line for line in said.report.facts if line.type.startswith("recipient.")}
    assert set(lines) == {f"recipient.{kind}" for kind in StatementKind}
    assert {line.grade for line in lines.values()} == {5}
    assert {line.grade_words for line in lines.values()} == {"an act of the person"}


@pytest.mark.parametrize("kind", StatementKind)
async def test_a_changed_statement_is_refused_by_both(world: World, kind: StatementKind) -> None:
    said = await said_everything(world)
    (words,) = {
        fact["openings"]["statement"]["value"]
        for fact in json.loads(said.bundle)["facts"]
        if fact["document"]["type"] == f"recipient.{kind}"
    }
    escaped = json.dumps(words)[1:-1].encode()
    forged = said.bundle.replace(escaped, escaped.replace(b"notice_page", b"notice_pale"))
    assert forged != said.bundle
    assert verify_bundle(forged, vkeys=[parse_vkey(key) for key in world.vkeys]).verdict is Verdict.REFUSED
    assert not verify(forged, world.vkeys).accepted


async def test_whoever_may_not_read_the_words_verifies_that_something_was_said(world: World) -> None:
    said = await said_everything(world, frozenset())
    assert said.report.verdict is Verdict.VERIFIED
    assert b"notice_statement" not in said.bundle
