"""What pages are built of says what it is to everybody: names before values, labels before fields, mistakes first."""

import re

import pytest
from markupsafe import Markup

from app.web import pages
from app.web.catalog import speaker
from tests.unit.web.test_pages import Elements


def made(markup: str, language: str = "en", **values: object) -> str:
    """What a template makes of the elements."""
    imported = '{% from "elements.html" import box, known, table, mistakes, field, checkbox with context %}'
    template = pages._TEMPLATES.from_string(imported + markup)
    return template.render({"say": speaker(language), "language": language, **values})


def texts(html: str) -> list[str]:
    return [text for text in re.sub(r"<[^>]+>", "\n", html).split("\n") if text.strip()]


def test_a_field_has_its_label_before_it_and_nothing_else() -> None:
    html = made('{{ field("phone", "Phone", "+48") }}')
    assert Elements(html).found[2:] == [
        ("label", {"for": "phone"}),
        ("input", {"id": "phone", "name": "phone", "type": "text", "value": "+48", "autocomplete": "off"}),
    ]


@pytest.mark.parametrize(
    ("hint", "mistake", "described"),
    [
        ("So", "", "phone-hint"),
        ("", "Wrong", "phone-mistake"),
        ("So", "Wrong", "phone-hint phone-mistake"),
    ],
)
def test_hint_and_mistake_stand_before_the_field_and_describe_it(hint: str, mistake: str, described: str) -> None:
    html = made('{{ field("phone", "Phone", hint=hint, mistake=mistake) }}', hint=hint, mistake=mistake)
    elements = Elements(html)
    (field,) = elements.named("input")
    assert field["aria-describedby"] == described
    assert field.get("aria-invalid") == ("true" if mistake else None)
    assert [found["id"] for name, found in elements.found if name == "p" and "id" in found] == described.split()
    assert html.index("<input") > html.index("</p>")


def test_what_was_filled_in_stays_text() -> None:
    html = made('{{ field("phone", label, value) }}', label="<b>", value='"><script>')
    assert ("<b>" in html, "<script" in html) == (False, False)
    assert Elements(html).named("input")[0]["value"] == '"><script>'


def test_a_mistake_is_first_said_with_a_link_to_its_field() -> None:
    html = made("{{ mistakes(found) }}", "pl", found=[("phone", "Podaj numer")])
    elements = Elements(html)
    assert elements.found[0] == ("div", {"class": "box problem", "role": "alert"})
    assert elements.named("a") == [{"href": "#phone"}]
    assert texts(html) == ["Trzeba coś poprawić", "Podaj numer"]


def test_without_mistakes_nothing_is_said() -> None:
    assert made("{{ mistakes([]) }}").strip() == ""


@pytest.mark.parametrize("checked", [True, False])
def test_a_checkbox_is_a_real_one_and_its_label_belongs_to_it(*, checked: bool) -> None:
    html = made('{{ checkbox("sms", "Texts", checked, "At once") }}', checked=checked)
    elements = Elements(html)
    (box,) = elements.named("input")
    assert (box["type"], box["name"], "checked" in box) == ("checkbox", "sms", checked)
    assert box["aria-describedby"] == "sms-hint"
    assert elements.named("label") == [{"for": "sms"}]


def test_a_table_names_its_columns_and_its_rows() -> None:
    html = made('{{ table("Hours", ["Day", "Open"], [["Monday", "8:00"], ["Sunday", "–"]]) }}')
    scopes = [found["scope"] for name, found in Elements(html).found if name == "th"]
    assert scopes == ["col", "col", "row", "row"]
    assert texts(html) == ["Hours", "Day", "Open", "Monday", "8:00", "Sunday", "–"]


def test_what_is_known_is_told_name_by_name() -> None:
    html = made('{{ known([("Log", "<x>")]) }}')
    assert [name for name, _ in Elements(html).found] == ["dl", "div", "dt", "dd"]
    assert "&lt;x&gt;" in html


@pytest.mark.parametrize("tone", ["", "soon", "problem", "verified"])
def test_a_box_says_its_heading_first(tone: str) -> None:
    html = made('{% call box(tone, "Heading") %}<p>{{ words }}</p>{% endcall %}', tone=tone, words=Markup("Words"))
    assert Elements(html).found[0] == ("div", {"class": f"box {tone}"})
    assert texts(html) == ["Heading", "Words"]
