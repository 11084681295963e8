"""Which of an issuer's keys count, and how seldom it is asked for them."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest

from app.ports import Surroundings
from app.usecases.issuer_keys import FRESH, KEPT, SPACING, IssuerKeys, usable_keys
from tests.conftest import TestClock
from tests.doubles.issuer import ScriptedIssuer
from tests.tokens import Key, key

OLD, NEW = key("key-1"), key("key-2")
A_MOMENT = timedelta(seconds=1)


async def knows(keys: IssuerKeys, wanted: Key) -> bool:
    return await keys.find(wanted.name, wanted.algorithm) is not None


async def settled() -> None:
    """Lets questions that wait for nothing come to their end."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_nothing_is_asked_before_a_key_is_wanted(surroundings: Surroundings) -> None:
    issuer = ScriptedIssuer(OLD)
    keys = IssuerKeys(issuer, surroundings)
    await settled()
    assert issuer.asked == 0
    assert await knows(keys, OLD)
    assert issuer.asked == 1


async def test_keys_are_used_for_a_while_without_asking(surroundings: Surroundings, clock: TestClock) -> None:
    issuer = ScriptedIssuer(OLD)
    keys = IssuerKeys(issuer, surroundings)
    assert [await knows(keys, OLD) for _ in range(50)] == [True] * 50
    clock.now += FRESH - A_MOMENT
    assert await knows(keys, OLD)
    assert issuer.asked == 1


async def test_a_key_that_the_issuer_took_back_counts_no_longer_than_keys_are_fresh(
    surroundings: Surroundings, clock: TestClock
) -> None:
    issuer = ScriptedIssuer(OLD)
    keys = IssuerKeys(issuer, surroundings)
    assert await knows(keys, OLD)
    issuer.keys = (NEW,)
    clock.now += FRESH
    assert not await knows(keys, OLD)
    assert await knows(keys, NEW)


async def test_a_new_key_is_known_at_once_and_the_old_one_with_it(surroundings: Surroundings, clock: TestClock) -> None:
    issuer = ScriptedIssuer(OLD)
    keys = IssuerKeys(issuer, surroundings)
    assert await knows(keys, OLD)
    issuer.keys = (OLD, NEW)
    clock.now += SPACING
    assert await knows(keys, NEW)
    assert await knows(keys, OLD)
    assert issuer.asked == 2


async def test_a_thousand_unknown_keys_are_asked_for_once_in_a_while(
    surroundings: Surroundings, clock: TestClock
) -> None:
    issuer = ScriptedIssuer(OLD)
    keys = IssuerKeys(issuer, surroundings)
    for number in range(1000):
        assert await keys.find(f"unknown-{number}", "ES256") is None
        clock.now += timedelta(milliseconds=99)  # and each look at the clock takes one more: a hundred seconds or so
    assert 3 <= issuer.asked <= 5
    assert await knows(keys, OLD)


async def test_a_thousand_unknown_keys_at_once_wait_for_one_answer(surroundings: Surroundings) -> None:
    issuer = ScriptedIssuer(OLD)
    keys = IssuerKeys(issuer, surroundings)
    issuer.free.clear()
    waiting = [asyncio.create_task(keys.find(f"unknown-{number}", "ES256")) for number in range(1000)]
    await settled()
    issuer.free.set()
    assert await asyncio.gather(*waiting) == [None] * 1000
    assert issuer.asked == 1


async def test_somebody_who_goes_away_takes_no_answer_from_the_others(surroundings: Surroundings) -> None:
    issuer = ScriptedIssuer(OLD)
    keys = IssuerKeys(issuer, surroundings)
    issuer.free.clear()
    first, second = (asyncio.create_task(knows(keys, OLD)) for _ in range(2))
    await settled()
    first.cancel()
    await settled()
    issuer.free.set()
    assert await second
    assert issuer.asked == 1


async def test_an_issuer_that_is_away_at_first_counts_once_it_is_back(
    surroundings: Surroundings, clock: TestClock
) -> None:
    issuer = ScriptedIssuer()
    issuer.keys = None
    keys = IssuerKeys(issuer, surroundings)
    assert not await knows(keys, OLD)
    issuer.keys = (OLD,)
    assert not await knows(keys, OLD)
    clock.now += SPACING
    assert await knows(keys, OLD)


async def test_the_last_good_keys_count_for_a_day_while_the_issuer_is_away(
    surroundings: Surroundings, clock: TestClock
) -> None:
    issuer = ScriptedIssuer(OLD)
    keys = IssuerKeys(issuer, surroundings)
    assert await knows(keys, OLD)
    issuer.keys = None
    clock.now += KEPT - timedelta(minutes=1)
    assert await knows(keys, OLD)
    assert issuer.asked == 2
    clock.now += timedelta(minutes=1)
    assert not await knows(keys, OLD)


async def test_while_the_issuer_hangs_known_keys_are_not_waited_for(
    surroundings: Surroundings, clock: TestClock
) -> None:
    issuer = ScriptedIssuer(OLD)
    keys = IssuerKeys(issuer, surroundings)
    assert await knows(keys, OLD)
    issuer.keys = None
    clock.now += FRESH
    assert await knows(keys, OLD)  # so it is known to be away
    issuer.free.clear()
    clock.now += SPACING
    assert await asyncio.wait_for(knows(keys, OLD), 60)
    await settled()
    assert issuer.asked == 3
    await keys.close()


async def test_keys_that_vanish_all_at_once_are_gone(surroundings: Surroundings, clock: TestClock) -> None:
    issuer = ScriptedIssuer(OLD)
    keys = IssuerKeys(issuer, surroundings)
    assert await knows(keys, OLD)
    issuer.keys = ()
    clock.now += FRESH
    assert not await knows(keys, OLD)


async def test_a_clock_that_is_set_back_makes_no_key_last_longer(surroundings: Surroundings, clock: TestClock) -> None:
    issuer = ScriptedIssuer(OLD)
    keys = IssuerKeys(issuer, surroundings)
    assert await knows(keys, OLD)
    issuer.keys = (NEW,)
    clock.now -= timedelta(days=3)
    assert not await knows(keys, OLD)
    assert await knows(keys, NEW)


async def test_closing_ends_the_question_that_is_under_way(surroundings: Surroundings) -> None:
    issuer = ScriptedIssuer(OLD)
    keys = IssuerKeys(issuer, surroundings)
    issuer.free.clear()
    waiting = asyncio.create_task(knows(keys, OLD))
    await settled()
    await keys.close()
    assert issuer.closed
    with pytest.raises(asyncio.CancelledError):
        await waiting


# which keys count


def algorithms(*published: Mapping[str, object]) -> set[tuple[str, str]]:
    return set(usable_keys(published))


@pytest.mark.parametrize("algorithm", ["RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA"])
def test_a_key_that_names_its_algorithm_is_for_that_alone(algorithm: str) -> None:
    assert algorithms(key("k", algorithm).jwk()) == {("k", algorithm)}


@pytest.mark.parametrize(
    ("algorithm", "all_of_them"),
    [
        ("RS256", {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ("ES256", {"ES256"}),
        ("ES384", {"ES384"}),
        ("ES512", {"ES512"}),
        ("EdDSA", {"EdDSA"}),
    ],
)
def test_a_key_that_names_none_is_for_all_of_its_type(algorithm: str, all_of_them: set[str]) -> None:
    assert algorithms(key("k", algorithm).jwk(alg=None)) == {("k", each) for each in all_of_them}


_RSA, _EC = key("k", "RS256"), key("k")


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "oct", "kid": "k", "alg": "HS256", "k": "AAAA"},
        {"kty": "oct", "kid": "k", "k": "AAAA"},
        _RSA.jwk(kid=None),
        _RSA.jwk(kid=7),
        _RSA.jwk(use="enc"),
        _RSA.jwk(use=["sig"]),
        _RSA.jwk(key_ops=["sign"]),
        _RSA.jwk(key_ops="verify"),
        _RSA.jwk(alg="HS256"),
        _RSA.jwk(alg="none"),
        _RSA.jwk(alg="RSA-OAEP"),
        _RSA.jwk(alg="ES256"),
        _RSA.jwk(alg=["RS256"]),
        _RSA.jwk(d="AQAB"),
        _RSA.jwk(n=None),
        _RSA.jwk(n=7),
        _RSA.jwk(n="!"),
        _RSA.jwk(n="é"),
        _RSA.jwk(n=""),
        _RSA.jwk(n="AQAB"),
        _RSA.jwk(e="AA"),
        _RSA.jwk(kty="EC"),
        _RSA.jwk(crv="P-256"),
        key("k", "RS256", bits=1024).jwk(),
        _EC.jwk(crv="P-384"),
        _EC.jwk(crv="secp256k1"),
        _EC.jwk(crv=["P-256"]),
        _EC.jwk(crv=None),
        _EC.jwk(x="AAAA"),
        _EC.jwk(y=_EC.jwk()["x"]),
        _EC.jwk(kty="OKP"),
        _EC.jwk(kty=None),
        _EC.jwk(kty=["EC"]),
        key("k", "ES256K").jwk(),
        key("k", "ES256K").jwk(alg=None),
        key("k", "EdDSA").jwk(crv="Ed448"),
        key("k", "EdDSA").jwk(crv="X25519"),
        key("k", "EdDSA").jwk(x="AAAA"),
    ],
)
def test_a_key_of_another_kind_is_left_out_and_spoils_no_other(jwk: dict[str, object]) -> None:
    assert algorithms(jwk, NEW.jwk()) == {("key-2", "ES256")}


def test_of_two_keys_with_one_name_the_first_counts() -> None:
    found = usable_keys((key("same", "ES256").jwk(), _EC.jwk(kid="same")))
    assert found["same", "ES256"].key.public_numbers() == key("same", "ES256").private.public_key().public_numbers()


def test_no_more_than_a_hundred_keys_are_read() -> None:
    assert len(algorithms(*(_EC.jwk(kid=f"k-{number}") for number in range(150)))) == 100
