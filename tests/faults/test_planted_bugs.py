"""The fault campaign itself is put to the test: each bug planted in the product breaks the invariant named for it."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.faults import points, product
from tests.faults.planted import BUGS
from tests.faults.reading import Broken
from tests.faults.trials import SCENES, prepare, try_scene

AT_ONCE = 4  # most of a trial is waiting
HARMLESS = "none"


@pytest.fixture(scope="module")
def found() -> Iterator[Mapping[str, list[Broken] | BaseException]]:
    """What breaks with each bug in the scene that it needs, and without any in one that has a bit of everything."""
    with tempfile.TemporaryDirectory(prefix="awizo-bugs-") as directory:
        yield asyncio.run(_try_all(Path(directory)))


async def _try_all(directory: Path) -> dict[str, list[Broken] | BaseException]:
    prepared = await prepare(directory)
    places = asyncio.Semaphore(AT_ONCE)

    async def in_turn(number: int, scene: str, bug: str | None) -> list[Broken]:
        async with places:
            return await try_scene(directory / str(number), prepared, scene, bug=bug)

    trials = [*((name, name, name) for name in BUGS), (HARMLESS, "drop waiting receipts", None)]
    works = [in_turn(number, scene, bug) for number, (_, scene, bug) in enumerate(trials)]
    broken = await asyncio.gather(*works, return_exceptions=True)
    return dict(zip((label for label, *_ in trials), broken, strict=True))


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_breaks_the_invariant_named_for_it(
    name: str, found: Mapping[str, list[Broken] | BaseException]
) -> None:
    broken = _broken(found[name])
    assert BUGS[name].breaks in {each.invariant for each in broken}, [str(each) for each in broken]


def test_without_a_bug_nothing_breaks(found: Mapping[str, list[Broken] | BaseException]) -> None:
    assert [str(broken) for broken in _broken(found[HARMLESS])] == []


def _broken(outcome: list[Broken] | BaseException) -> list[Broken]:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def test_every_bug_has_its_scene() -> None:
    assert BUGS.keys() == SCENES.keys()
    assert len(BUGS) >= 10


def test_every_name_that_faults_reach_into_is_still_there() -> None:
    product.load()
    for name in points.NAMES:
        assert product.find(name) is not None


def test_a_name_that_is_gone_is_refused() -> None:
    with pytest.raises(product.NoSuchNameError, match="gone"):
        product.find("app.worker.gone")
