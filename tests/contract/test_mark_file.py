"""The mark as a file that several processes share: whoever was overtaken cannot put an older note in place."""

from pathlib import Path

import pytest

from adapters.mark_file import MarkFile


def test_the_note_written_last_is_read_by_everybody(tmp_path: Path) -> None:
    one, other = MarkFile(tmp_path / "kept" / "mark"), MarkFile(tmp_path / "kept" / "mark")
    assert one.read() is None
    one.claim()
    one.write(b"a rather long note")
    assert other.read() == b"a rather long note"
    other.claim()
    other.write(b"short")
    assert (one.read(), one.claim()) == (b"short", b"short")
    one.write(b"third")
    assert other.read() == b"third"


def test_a_process_that_was_overtaken_cannot_write_any_more(tmp_path: Path) -> None:
    slow, quick = MarkFile(tmp_path / "mark"), MarkFile(tmp_path / "mark")
    assert slow.claim() is None
    assert quick.claim() is None
    quick.write(b"newer")
    with pytest.raises(FileNotFoundError):
        slow.write(b"older")
    assert slow.claim() == b"newer"
    slow.write(b"newest")
    assert quick.read() == b"newest"


def test_a_claim_alone_ends_the_claims_before_it(tmp_path: Path) -> None:
    slow, quick = MarkFile(tmp_path / "mark"), MarkFile(tmp_path / "mark")
    slow.claim()
    quick.claim()
    with pytest.raises(FileNotFoundError):
        slow.write(b"older")
    quick.write(b"newer")
    assert slow.read() == b"newer"


def test_nothing_is_left_beside_the_mark_but_the_last_claim(tmp_path: Path) -> None:
    for _ in range(5):
        MarkFile(tmp_path / "mark").claim()
    last = MarkFile(tmp_path / "mark")
    last.claim()
    last.write(b"note")
    assert [path.name for path in tmp_path.iterdir()] == ["mark"]
