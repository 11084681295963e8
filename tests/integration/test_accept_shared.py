"""Commits shared by many callers: each gets its own answer, and none suffers for another."""

import asyncio

import pytest

from app.storage.database import DatabaseUnavailableError
from app.usecases.share_commits import OverloadedError, SharedCommits


class Doubler:
    """Doubles numbers in lists; 13 is poison, and the database can be away."""

    def __init__(self) -> None:
        self.lists: list[list[int]] = []
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def run(self, numbers: list[int]) -> list[int]:
        self.lists.append(numbers)
        await self.gate.wait()
        if self.away:
            raise DatabaseUnavailableError("away")
        if 13 in numbers:
            raise ValueError("poison")
        return [number * 2 for number in numbers]


async def test_each_caller_gets_its_own_answer() -> None:
    shared = SharedCommits(Doubler().run)
    assert await asyncio.gather(*(shared.submit(n) for n in range(10))) == [n * 2 for n in range(10)]


async def test_what_waits_together_is_run_together_and_no_more_than_allowed() -> None:
    doubler = Doubler()
    shared = SharedCommits(doubler.run, batch_max=4)
    await asyncio.gather(*(shared.submit(n) for n in range(10)))
    assert [len(numbers) for numbers in doubler.lists] == [4, 4, 2]


async def test_one_bad_question_is_answered_alone_and_the_others_are_answered() -> None:
    doubler = Doubler()
    shared = SharedCommits(doubler.run)
    answers = await asyncio.gather(*(shared.submit(n) for n in (11, 12, 13, 14)), return_exceptions=True)
    assert isinstance(answers.pop(2), ValueError)
    assert answers == [22, 24, 28]


async def test_a_database_that_is_away_fails_all_at_once_and_is_not_asked_again() -> None:
    doubler = Doubler()
    doubler.away = True
    shared = SharedCommits(doubler.run)
    answers = await asyncio.gather(*(shared.submit(n) for n in range(5)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {DatabaseUnavailableError}
    assert len(doubler.lists) == 1


async def test_it_works_again_after_a_failure() -> None:
    doubler = Doubler()
    shared = SharedCommits(doubler.run)
    with pytest.raises(ValueError, match="poison"):
        await shared.submit(13)
    assert await shared.submit(4) == 8


async def test_who_comes_when_it_is_full_is_turned_away() -> None:
    doubler = Doubler()
    doubler.gate.clear()
    shared = SharedCommits(doubler.run, batch_max=1, waiting_max=2)
    running = asyncio.create_task(shared.submit(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(shared.submit(n)) for n in (2, 3)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await shared.submit(4)
    doubler.gate.set()
    assert await asyncio.gather(running, *waiting) == [2, 4, 6]


async def test_a_caller_who_left_is_not_run_and_hurts_nobody() -> None:
    doubler = Doubler()
    doubler.gate.clear()
    shared = SharedCommits(doubler.run, batch_max=1)
    first = asyncio.create_task(shared.submit(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    left, stays = asyncio.create_task(shared.submit(2)), asyncio.create_task(shared.submit(3))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.sleep(0)
    doubler.gate.set()
    assert await asyncio.gather(first, stays) == [2, 6]
    assert [2] not in doubler.lists


async def test_a_caller_who_leaves_while_his_list_runs_does_not_end_it() -> None:
    doubler = Doubler()
    doubler.gate.clear()
    shared = SharedCommits(doubler.run)
    left, stays = asyncio.create_task(shared.submit(1)), asyncio.create_task(shared.submit(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    left.cancel()
    doubler.gate.set()
    assert await stays == 4


async def test_closing_waits_for_what_was_submitted() -> None:
    doubler = Doubler()
    shared = SharedCommits(doubler.run)
    asked = [asyncio.create_task(shared.submit(n)) for n in range(3)]
    await asyncio.sleep(0)
    await shared.close()
    assert [task.result() for task in asked] == [0, 2, 4]
