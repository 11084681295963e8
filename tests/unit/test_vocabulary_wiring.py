"""A deployment's own tables of codes: taken over the built-in ones, or one sentence that names file and line."""

import os
from pathlib import Path

import pytest

from app.domain.vocabularies import built_in
from app.domain.vocabulary_table import COLUMNS
from app.settings import Settings, SettingsError
from app.wiring import vocabularies
from tests.unit.domain.coded import VOCABULARIES, meaning, read

HEADER = ",".join(COLUMNS)
SOUND = f"{HEADER}\nP_A,,pl.awizo.delivery.attempt_failed.v1,,,normal,\n"


def settings(directory: Path | str | None) -> Settings:
    return Settings(_env_file=None, vocabulary_dir=directory)


def refusal(directory: Path) -> str:
    with pytest.raises(SettingsError) as told:
        vocabularies(settings(directory))
    return str(told.value)


@pytest.mark.parametrize("nothing", [None, ""])
def test_without_a_directory_the_built_in_tables_count(nothing: str | None) -> None:
    assert vocabularies(settings(nothing)) == VOCABULARIES


def test_a_directory_without_tables_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("not a table")
    (tmp_path / ".upu.csv").write_text("what an editor leaves behind")
    assert vocabularies(settings(tmp_path)) == VOCABULARIES


def test_files_are_taken_by_their_names_in_either_case(tmp_path: Path) -> None:
    (tmp_path / "Poczta-Polska.csv").write_text(SOUND)
    (tmp_path / "DPD.csv").write_text(f"{HEADER}\n13,,pl.awizo.delivery.delivered.v1,,,normal,\n")
    ours = vocabularies(settings(tmp_path))
    assert set(ours.tables) == {*built_in(), "dpd"}
    assert [meaning(read(code, by=ours)) for code in ("P_A", "P_PA")] == ["attempt_failed", "notice_left ordinal=2"]
    assert meaning(read("13", "dpd", by=ours)) == "delivered"


def test_a_fault_stops_the_start_with_its_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "inpost.csv").write_text(SOUND)
    (tmp_path / "poczta-polska.csv").write_text(f"{SOUND}P_B,,ignore,,sometimes,normal,\n")
    sentence = (
        "AWIZO_VOCABULARY_DIR: poczta-polska.csv, line 3: the guard must be empty, returned_before or notice_said."
    )
    assert refusal(tmp_path) == sentence


def test_a_correction_that_aims_at_no_row_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "UPU.csv").write_text(
        f"{HEADER}\nEMZ,,pl.awizo.delivery.corrected.v1,corrects=EMY;action=cancel,,normal,\n"
    )
    assert refusal(tmp_path) == "AWIZO_VOCABULARY_DIR: UPU.csv, line 2: EMZ corrects EMY, which has no row."


def test_two_files_for_one_vocabulary_stop_the_start(tmp_path: Path) -> None:
    for name in ("upu.csv", "UPU.csv"):
        (tmp_path / name).write_text(SOUND)
    assert refusal(tmp_path) == "AWIZO_VOCABULARY_DIR has both UPU.csv and upu.csv."


def test_a_directory_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone") == "AWIZO_VOCABULARY_DIR cannot be read: No such file or directory."


def test_a_table_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "upu.csv").mkdir()
    assert refusal(tmp_path) == "AWIZO_VOCABULARY_DIR has a file that cannot be read: Is a directory."


def test_a_pipe_or_device_in_place_of_a_table_stops_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "upu.csv")
    assert refusal(tmp_path) == "AWIZO_VOCABULARY_DIR: upu.csv is no file."


def test_a_table_that_is_too_large_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "upu.csv").write_bytes(b"#" * (4 * 2**20 + 1))
    assert refusal(tmp_path) == "AWIZO_VOCABULARY_DIR: upu.csv is larger than 4194304 bytes."
