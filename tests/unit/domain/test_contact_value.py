import pytest

from app.domain.channel import Channel
from app.domain.contact_value import NumberFault, masked, mobile_number


@pytest.mark.parametrize("number", ["+48600100200", "+380501234567", "+447911123456", "+12025550123"])
def test_a_mobile_number_is_taken_as_it_stands(number: str) -> None:
    assert mobile_number(number) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "600100200",
        "0048600100200",
        "+48 600 100 200",
        "+0600100200",
        "+48600100200\n",
        "+48٦٠٠١٠٠٢٠٠",
        "tel:+48600100200",
    ],
)
def test_any_other_form_than_e164_is_refused(text: str) -> None:
    assert mobile_number(text) is NumberFault.NOT_E164


@pytest.mark.parametrize("text", ["+4860010020", "+999123456789", "+480600100200", "+486001002003"])
def test_a_number_outside_of_every_plan_is_refused(text: str) -> None:
    assert mobile_number(text) is NumberFault.NOT_IN_USE


@pytest.mark.parametrize("text", ["+48221234567", "+48700000000", "+48801234567"])
def test_fixed_lines_and_priced_numbers_are_refused(text: str) -> None:
    assert mobile_number(text) is NumberFault.NOT_MOBILE


@pytest.mark.parametrize(
    ("channel", "value", "shown"),
    [
        (Channel.SMS, "+48600100200", "+48*****200"),
        (Channel.SMS, "+380501234567", "+380*****567"),
        (Channel.EMAIL, "jan@example.com", "j***@example.com"),
        (Channel.EMAIL, "j@example.com", "***@example.com"),
    ],
)
def test_a_masked_value_shows_only_where_it_belongs(channel: Channel, value: str, shown: str) -> None:
    assert masked(channel, value) == shown
