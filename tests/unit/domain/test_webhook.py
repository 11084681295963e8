"""Cursors of the log, the tries of a call, and the one form of an address that is called."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.shard import half_year, shard_after
from app.domain.webhook import FACTS, TRIES, Place, WebhookFailure, WebhookType, failure_words, next_try, parse_place
from app.domain.webhook_address import WebhookAddress, WebhookAddressError, parse_webhook_address
from app.evidence.catalogue import CATALOGUE

NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
_SECOND = shard_after("2026h2", NOON)
PLACES = st.builds(
    Place, shard=st.sampled_from(["2026h2", _SECOND, "2027h1"]), index=st.integers(min_value=0, max_value=10**12 - 1)
)


@given(PLACES)
def test_a_cursor_leads_back_to_its_place(place: Place) -> None:
    assert parse_place(str(place)) == place


@given(PLACES, PLACES)
def test_cursors_compare_as_their_places_do(one: Place, other: Place) -> None:
    assert (str(one) < str(other)) == ((one.shard, one.index) < (other.shard, other.index))


@pytest.mark.parametrize(
    "text", ["", "2026h2", "2026h2-1", "2026h3-000000000001", "2026h2-00000000000１", "2026h2-000000000001\n", "now"]
)
def test_what_was_not_given_out_is_no_cursor(text: str) -> None:
    assert parse_place(text) is None


def test_every_event_is_read_from_facts_that_there_are() -> None:
    assert FACTS.keys() <= CATALOGUE.keys()
    assert set(FACTS.values()) == set(WebhookType)


def test_fourteen_tries_are_made_within_about_three_days() -> None:
    at, tries = NOON, 1
    while (following := next_try(tries=tries, now=at, jitter=0.5)) is not None:
        at, tries = following, tries + 1
    assert tries == TRIES == 14
    assert timedelta(days=2.5) < at - NOON < timedelta(days=3)


@given(st.integers(min_value=1, max_value=13), st.floats(min_value=0, max_value=1, exclude_max=True))
def test_each_wait_is_longer_than_the_one_before_and_jitter_moves_it_by_a_fifth(tries: int, jitter: float) -> None:
    def wait(of: int, moved: float) -> timedelta:
        following = next_try(tries=of, now=NOON, jitter=moved)
        assert following is not None
        return following - NOON

    middle = wait(tries, 0.5)
    assert 0.8 * middle <= wait(tries, jitter) <= 1.2 * middle
    if tries > 1:
        assert middle > wait(tries - 1, 0.5)


def test_every_failure_has_words() -> None:
    assert all(failure_words(failure) for failure in WebhookFailure)
    assert failure_words("status_503") == "the answer was 503"
    assert failure_words("status_302") == "the answer was 302, and redirects are not followed"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://crm.example.com", WebhookAddress(host="crm.example.com", port=443, target="/")),
        ("HTTPS://CRM.Example.COM/a", WebhookAddress(host="crm.example.com", port=443, target="/a")),
        ("https://crm.example.com:8443/a/b?c=d&e=%2F", WebhookAddress(
            host="crm.example.com", port=8443, target="/a/b?c=d&e=%2F",
        )),
        ("https://crm.example.com?x=1", WebhookAddress(host="crm.example.com", port=443, target="/?x=1")),
        ("https://xn--pczta-yta.example.com/", WebhookAddress(host="xn--pczta-yta.example.com", port=443, target="/")),
        ("https://1-2.example.com/", WebhookAddress(host="1-2.example.com", port=443, target="/")),
    ],
)  # fmt: skip
def test_an_https_address_of_a_named_host_is_taken_apart(url: str, address: WebhookAddress) -> None:
    assert parse_webhook_address(url) == address


@given(st.text())
def test_what_is_taken_apart_is_always_a_plain_name_and_port(url: str) -> None:
    for text in (url, f"https://{url}", f"https://crm.example.com{url}"):
        with suppress(WebhookAddressError):
            address = parse_webhook_address(text)
            assert address.port in {443, 8443}
            assert set(address.host) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
            assert address.host.rpartition(".")[2][0].isalpha()


def test_an_address_that_is_too_long_is_refused() -> None:
    with pytest.raises(WebhookAddressError):
        parse_webhook_address("https://crm.example.com/" + "a" * 2048)


def test_a_shard_of_now_has_cursors() -> None:
    assert parse_place(f"{half_year(NOON)}-000000000000") == Place(shard="2026h2", index=0)
