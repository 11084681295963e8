"""What a benchmark keeps: rows that do not lose their date, and a picture of them that needs no colour."""

import shutil
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.bench.__main__ import main
from tests.bench.plot import plot
from tests.bench.report import Rate, Ratio, Row, Waiting, Weight
from tests.bench.results import as_page, entry, merged, read, write

_SVG = "{http://www.w3.org/2000/svg}"
_ORDER = ["accept", "idle", "memory"]


def _ratio(database: str, *, ours: float) -> Ratio:
    return Ratio(
        what="POST", database=database, floor_is="<nothing>", unit="events/s", ours=[ours], floor=[100.0], aim=0.5
    )


def _entry(name: str, row: Row, *, machine: str = "a machine", version: str = "abc1234") -> dict[str, Any]:
    return entry(name, row, machine=machine, version=version)


def test_a_row_measured_again_takes_the_place_of_the_old_one_on_its_database_only() -> None:
    old = [_entry("accept", _ratio("PostgreSQL", ours=1)), _entry("accept", _ratio("SQLite", ours=2))]

    kept = merged(old, [_entry("accept", _ratio("SQLite", ours=3), version="def5678")], _ORDER)

    assert [(each["database"], each["ours"], each["version"]) for each in kept] == [
        ("PostgreSQL", [1], "abc1234"),
        ("SQLite", [3], "def5678"),
    ]


def test_rows_stand_in_their_order_whenever_they_were_measured() -> None:
    waiting = Waiting(what="wait", database="SQLite", milliseconds=[1.0], aims={0.5: 5})

    kept = merged([_entry("idle", waiting)], [_entry("accept", _ratio("SQLite", ours=1))], _ORDER)

    assert [each["row"] for each in kept] == ["accept", "idle"]


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    entries = [_entry("accept", _ratio("SQLite", ours=60))]

    assert read(tmp_path) == []
    write(tmp_path, entries)

    assert read(tmp_path) == entries


def test_each_line_of_the_table_says_when_and_at_which_version_and_on_what_it_was_measured() -> None:
    page = as_page(
        [
            _entry("accept", _ratio("PostgreSQL", ours=1), machine="one machine"),
            _entry("accept", _ratio("SQLite", ours=1), machine="another machine", version="def5678+"),
        ]
    )

    lines = [line for line in page.splitlines() if "POST" in line]
    assert lines[0].rstrip(" |").endswith("abc1234 [1]")
    assert lines[1].rstrip(" |").endswith("def5678+ [2]")
    assert "- [1] one machine\n- [2] another machine\n" in page


def test_figures_of_others_are_marked_as_not_ours() -> None:
    rate = Rate(what="through", database="SQLite", unit="messages/s", ours=[700.0], peer="They: 103/s", aim=1000)

    assert rate.cells()[3] == "They: 103/s (theirs, not measured by us)"


def test_an_aim_is_reached_by_more_of_a_rate_and_by_less_of_a_wait_or_a_weight() -> None:
    waiting = Waiting(what="wait", database="SQLite", milliseconds=[500.0] * 100, aims={0.95: 1000, 0.99: 400})

    assert _ratio("SQLite", ours=60).reached == 1.2
    assert waiting.reached == 0.8
    assert Weight(what="memory", database="SQLite", bytes=300, most=150).reached == 0.5


def test_the_picture_says_everything_in_words_too() -> None:
    drawn = plot([_entry("accept", _ratio("PostgreSQL", ours=20)), _entry("accept", _ratio("SQLite", ours=60))])

    svg = ET.fromstring(drawn)
    assert svg.findtext(f"{_SVG}title") == "What awizo reaches of its aims: 1 of 2 measurements reach them"
    assert svg.findtext(f"{_SVG}desc") == (
        "POST, PostgreSQL: 0.20 of the floor, aim ≥ 0.5. POST, SQLite: 0.60 of the floor, aim ≥ 0.5."
    )
    texts = [text.text for text in svg.iter(f"{_SVG}text")]
    assert texts.count("POST") == 1
    assert {"aim ≥ 0.5", "PostgreSQL: 0.20 of the floor", "SQLite: 0.60 of the floor"} <= set(texts)


def test_a_bar_that_misses_its_aim_is_hatched_and_ends_before_the_line() -> None:
    svg = ET.fromstring(plot([_entry("accept", _ratio("SQLite", ours=25))]))

    (bar,) = [each for each in svg.iter(f"{_SVG}rect") if each.get("class") == "missed"]
    line = next(each for each in svg.iter(f"{_SVG}path") if each.get("class") == "aim")
    aim = float(str(line.get("d")).split()[0].removeprefix("M"))
    assert float(str(bar.get("x"))) + float(str(bar.get("width"))) < aim


def test_a_run_that_needs_what_is_not_installed_ends_at_once_and_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(sys, "argv", ["bench", "--rows", "accept", "email", "through"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == (
        "Postfix's smtp-sink is missing: on Debian, apt-get install postfix (it need not run). "
        "It is needed for email, through. Without it: make bench ROWS=accept."
    )
