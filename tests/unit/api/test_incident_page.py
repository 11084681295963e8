"""What the page about incidents shows is what is posted and what is sent."""

import json
import re
from pathlib import Path

from app.api.event_examples import EXAMPLES
from app.api.event_models.reading import MODELS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/incidents.md").read_text()
TYPE = "pl.awizo.incident.{}.v1"


def test_the_event_that_the_page_shows_is_the_one_that_the_description_shows() -> None:
    shown = re.findall(r"```json\n(\{\n.*?)```", PAGE, re.DOTALL)
    assert [json.loads(each) for each in shown] == [EXAMPLES[TYPE.format("facility_unavailable")]]


def test_the_page_names_the_members_of_each_type() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) ?\| (.*?) \|$", PAGE, re.MULTILINE)
    common = {"operator", "incident", "revision", "scope"}
    for kind, needs, may in rows:
        fields = MODELS[TYPE.format(kind)].model_fields
        names = {field.alias or name: field.is_required() for name, field in fields.items()}
        assert {name for name, needed in names.items() if needed} == common | set(re.findall(r"`(\w+)`", needs)), kind
        assert {name for name, needed in names.items() if not needed} - {"raw"} == set(re.findall(r"`(\w+)`", may))
    assert len(rows) == 4


def test_the_messages_that_the_page_shows_are_sent_so() -> None:
    sent = {file.read_text().strip() for file in (ROOT / "tests/golden/rendering/pl").glob("*.sms.txt")}
    shown = re.findall(r"^AWIZO\b.*$", PAGE, re.MULTILINE)
    assert len(shown) == 3
    assert set(shown) <= sent
