"""Weights, rates and channels as settings write them."""

import pytest

from app.domain.channel import Channel
from app.domain.share import RATE_MAX, WEIGHT_MAX, Share, parse_channels, parse_rates, parse_shares


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("", {}),
        ("  ", {}),
        ("twilio", {"twilio": 1}),
        ("twilio=70,smsapi=30", {"twilio": 70, "smsapi": 30}),
        (" twilio = 70 , smsapi ", {"twilio": 70, "smsapi": 1}),
        ("twilio=0", {"twilio": 0}),
        (f"twilio={WEIGHT_MAX}", {"twilio": WEIGHT_MAX}),
        ("twilio=007", {"twilio": 7}),
    ],
)
def test_shares_are_names_with_weights_in_their_order(text: str, shares: dict[str, int]) -> None:
    assert parse_shares(text) == tuple(Share(provider=name, weight=weight) for name, weight in shares.items())


@pytest.mark.parametrize("weight", ["-1", "0.5", "x", "1_0", "²", "٣", str(WEIGHT_MAX + 1)])
def test_a_weight_is_a_whole_number_within_bounds(weight: str) -> None:
    with pytest.raises(ValueError, match="weights from 0 to 10000"):
        parse_shares(f"twilio={weight}")


@pytest.mark.parametrize("text", [",", "twilio,", "=1", "twilio,twilio", "twilio=1, twilio=2"])
def test_each_name_stands_once_and_none_is_empty(text: str) -> None:
    with pytest.raises(ValueError, match="each once"):
        parse_shares(text)
    with pytest.raises(ValueError, match="each once"):
        parse_rates(text)


def test_rates_are_messages_a_second() -> None:
    assert parse_rates("twilio=100, smtp=0.5") == {"twilio": 100.0, "smtp": 0.5}
    assert parse_rates("") == {}
    assert parse_rates(f"twilio={RATE_MAX}") == {"twilio": RATE_MAX}


@pytest.mark.parametrize("rate", ["", "0", "-1", "x", "nan", "inf", "100001"])
def test_a_rate_is_a_number_above_nothing(rate: str) -> None:
    with pytest.raises(ValueError, match="messages a second above 0"):
        parse_rates(f"twilio={rate}")


def test_channels_are_named_by_their_names() -> None:
    assert parse_channels("") == frozenset()
    assert parse_channels("sms") == {Channel.SMS}
    assert parse_channels("email, sms") == {Channel.SMS, Channel.EMAIL}


@pytest.mark.parametrize("text", ["fax", "sms,fax", "SMS"])
def test_no_other_channel_is_known(text: str) -> None:
    with pytest.raises(ValueError, match="sms, email, or both"):
        parse_channels(text)
