"""`awizo vocab check`: what people and scripts are told of a table of codes."""

import json
from pathlib import Path

import pytest

from app.domain.vocabularies import built_in
from app.domain.vocabulary_table import COLUMNS
from tests.integration.command import Awizo

HEADER = ",".join(COLUMNS)
SOUND = f"""{HEADER}
EMI,Final delivery,pl.awizo.delivery.delivered.v1,mode=letterbox,,normal,
EMX,,ignore,,,normal,
EMY,,pl.awizo.delivery.attempt_failed.v1,reason=absent,notice_said,low,
"""
FAULTY = f"""{HEADER}
EMI,,pl.awizo.delivery.delivered.v1,mode=thrown,,normal,
EMI,,ignore,,,normal,
EMI,,ignore,,,normal,
"""


def test_a_sound_table_is_told_with_what_it_changes(awizo: Awizo, tmp_path: Path) -> None:
    (tmp_path / "upu.csv").write_text(SOUND)
    ended = awizo("vocab", "check", "upu.csv")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[:-1] == [
        "note  line 4: EMY is of low confidence: ask the operator what it means",
        "upu, over the built-in table. Codes understood: 3",
        "     1  pl.awizo.delivery.delivered.v1",
        "     1  ignore",
        "     1  pl.awizo.delivery.attempt_failed.v1",
        "Changes to what the built-in table says: 2",
        "  line 2: EMI is pl.awizo.delivery.delivered.v1 (mode=letterbox), was pl.awizo.delivery.delivered.v1",
        "  line 4: EMY is pl.awizo.delivery.attempt_failed.v1 (reason=absent; guard notice_said), was unknown",
    ]
    assert lines[-1].startswith("SOUND, version ")


def test_every_fault_is_told_with_its_line(awizo: Awizo, tmp_path: Path) -> None:
    (tmp_path / "upu.csv").write_text(FAULTY)
    ended = awizo("vocab", "check", "upu.csv")
    assert ended.code == 1
    assert ended.out.splitlines() == [
        "NO    line 2: mode must be one of collected, collected_by_authorised, handed_over, letterbox, locker",
        "NO    line 4: EMI has a row before, in line 3",
        "upu, over the built-in table. Codes understood: 1",
        "     1  ignore",
        "Changes to what the built-in table says: 1",
        "  line 3: EMI is ignored, was pl.awizo.delivery.delivered.v1",
        "FAULTY: 2 to correct.",
    ]


def test_programs_get_the_same_as_json(awizo: Awizo, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(SOUND)
    ended = awizo("vocab", "check", "mine.csv", "--vocabulary", "UPU", "--json")
    found = json.loads(ended.out)
    assert (ended.code, found.pop("version") != "") == (0, True)
    assert found == {
        "vocabulary": "upu",
        "sound": True,
        "new": False,
        "codes": 3,
        "types": {"pl.awizo.delivery.delivered.v1": 1, "ignore": 1, "pl.awizo.delivery.attempt_failed.v1": 1},
        "faults": [],
        "cautions": [{"line": 4, "detail": "EMY is of low confidence: ask the operator what it means"}],
        "changes": [
            {
                "line": 2,
                "code": "EMI",
                "before": {"code": "EMI", "type": "pl.awizo.delivery.delivered.v1", "set": {}, "guard": None},
                "after": {
                    "code": "EMI",
                    "type": "pl.awizo.delivery.delivered.v1",
                    "set": {"mode": "letterbox"},
                    "guard": None,
                },
            },
            {
                "line": 4,
                "code": "EMY",
                "before": None,
                "after": {
                    "code": "EMY",
                    "type": "pl.awizo.delivery.attempt_failed.v1",
                    "set": {"reason": "absent"},
                    "guard": "notice_said",
                },
            },
        ],
    }


def test_programs_get_the_faults_as_json_too(awizo: Awizo, tmp_path: Path) -> None:
    (tmp_path / "upu.csv").write_text(FAULTY)
    ended = awizo("vocab", "check", "upu.csv", "--json")
    found = json.loads(ended.out)
    assert (ended.code, found["sound"], [fault["line"] for fault in found["faults"]]) == (1, False, [2, 4])


@pytest.mark.parametrize("vocabulary", sorted(built_in()))
def test_a_built_in_table_is_sound_and_changes_nothing(awizo: Awizo, tmp_path: Path, vocabulary: str) -> None:
    (tmp_path / f"{vocabulary}.csv").write_bytes(built_in()[vocabulary])
    ended = awizo("vocab", "check", f"{vocabulary}.csv")
    assert ended.code == 0
    assert "Changes to what the built-in table says: 0" in ended.out.splitlines()


def test_a_file_by_another_name_is_a_vocabulary_of_its_own(awizo: Awizo, tmp_path: Path) -> None:
    (tmp_path / "dpd.csv").write_text(SOUND)
    assert "dpd, a vocabulary of its own. Codes understood: 3" in awizo("vocab", "check", "dpd.csv").out


def test_a_file_that_cannot_be_read_is_the_fault_of_the_call(awizo: Awizo, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    missing, folder = (awizo("vocab", "check", name) for name in ("missing.csv", "folder.csv"))
    assert (missing.code, missing.sentence) == (2, "missing.csv cannot be read: No such file or directory.")
    assert (folder.code, folder.sentence) == (2, "folder.csv cannot be read: Is a directory.")


def test_a_file_too_large_for_a_table_is_not_read(awizo: Awizo, tmp_path: Path) -> None:
    (tmp_path / "upu.csv").write_bytes(b"x" * (4 * 2**20 + 1))
    ended = awizo("vocab", "check", "upu.csv")
    assert (ended.code, ended.out) == (2, "")


def test_it_needs_no_settings(awizo: Awizo, tmp_path: Path) -> None:
    (tmp_path / "upu.csv").write_text(SOUND)
    assert awizo("vocab", "check", "upu.csv", vocabulary_dir="/nowhere", database_url="nonsense").code == 0
