"""Which provider gets how much: weights, rates and channels as settings write them."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.channel import Channel

WEIGHT_MAX = 10_000
RATE_MAX = 100_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A provider's weight among those of its channel; with 0 it is used only when nobody else can be."""

    provider: str
    weight: int


def parse_shares(text: str) -> tuple[Share, ...]:
    """Read `twilio` or `twilio=70,smsapi=30`; without a weight it is 1. Raises ValueError with one clause."""
    shares = []
    for name, weight in _pairs(text):
        if weight and not (weight.isascii() and weight.isdigit() and int(weight) <= WEIGHT_MAX):
            raise ValueError(f"must be names with weights from 0 to {WEIGHT_MAX}, such as twilio=70,smsapi=30")
        shares.append(Share(provider=name, weight=int(weight or "1")))
    return tuple(shares)


def parse_rates(text: str) -> Mapping[str, float]:
    """Read `twilio=100,smtp=0.5`, messages a second. Raises ValueError with one clause."""
    rates = {}
    for name, rate in _pairs(text):
        try:
            rates[name] = float(rate)
        except ValueError:
            rates[name] = 0.0
        if not 0.0 < rates[name] <= RATE_MAX:
            raise ValueError("must be names with messages a second above 0, such as twilio=100,smtp=20")
    return rates


def parse_channels(text: str) -> frozenset[Channel]:
    """Read `sms`, `email` or `sms,email`. Raises ValueError with one clause."""
    names = [name for name, _ in _pairs(text)]
    if any(name not in set(Channel) for name in names):
        raise ValueError("must be sms, email, or both with a comma between")
    return frozenset(Channel(name) for name in names)


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = [part.partition("=")[::2] for part in text.split(",")] if text.strip() else []
    stripped = [(name.strip(), value.strip()) for name, value in pairs]
    names = [name for name, _ in stripped]
    if "" in names or len(set(names)) < len(names):
        raise ValueError("must be names with commas between, each once")
    return stripped
