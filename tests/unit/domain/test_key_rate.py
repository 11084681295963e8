"""How a setting says what one key may ask."""

import pytest

from app.domain.key_rate import KeyRate, Quota, parse_key_rate


def test_a_setting_names_quotas_and_what_it_leaves_out_is_the_usual() -> None:
    assert parse_key_rate("requests=20/60") == KeyRate(requests=Quota(units=20, seconds=60))
    assert parse_key_rate(" events = 500/1 , requests = 0 ") == KeyRate(
        requests=None, events=Quota(units=500, seconds=1)
    )
    assert parse_key_rate("") == KeyRate()


def test_nothing_is_limited_by_a_nought() -> None:
    assert parse_key_rate("0") == parse_key_rate("requests=0,events=0") == KeyRate(requests=None, events=None)


@pytest.mark.parametrize(
    "text",
    ["requests", "requests=", "requests=5", "requests=5/0", "requests=0/5", "requests=-5/5", "requests=5/5/5",
     "requests=5/100000", "requests=1.5/2", "requests=5/5,requests=5/5", "posts=5/5", "events=499/1", "requests=٥/5"],
)  # fmt: skip
def test_what_is_no_quota_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_key_rate(text)
