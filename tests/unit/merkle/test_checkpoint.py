import pytest

from app.merkle.checkpoint import Checkpoint, CheckpointError, parse_checkpoint
from app.merkle.encoding import encode_base64
from app.merkle.proof import LogProof, ProofFormatError, format_proof, parse_proof

ROOT = bytes(range(32))
CHECKPOINT = Checkpoint(origin="awizo.example/log/2026h2", size=20852163, root=ROOT)
NOTE = (CHECKPOINT.text() + "\n— awizo.example/log/2026h2 AAAAAAAAAAAA\n").encode()


def test_a_checkpoint_is_three_lines() -> None:
    assert CHECKPOINT.text() == ("awizo.example/log/2026h2\n20852163\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")


def test_a_checkpoint_is_read_as_it_is_written() -> None:
    assert parse_checkpoint(CHECKPOINT.text()) == CHECKPOINT


@pytest.mark.parametrize(
    "text",
    [
        "",
        CHECKPOINT.text()[:-1],
        CHECKPOINT.text() + "extension\n",
        CHECKPOINT.text() + "\n",
        CHECKPOINT.text().replace("20852163", "020852163"),
        CHECKPOINT.text().replace("20852163", "+20852163"),
        CHECKPOINT.text().replace("20852163", "２０"),
        CHECKPOINT.text().replace("20852163", "-1"),
        CHECKPOINT.text().replace("20852163", "9223372036854775808"),
        CHECKPOINT.text().replace("20852163", "9" * 5000),
        CHECKPOINT.text().replace("Hh8=", "Hh9="),
        CHECKPOINT.text().replace("Hh8=", ""),
        CHECKPOINT.text().replace("awizo.example", "awizo example"),
        CHECKPOINT.text().replace("awizo.example/log/2026h2", ""),
    ],
)
def test_another_form_of_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        parse_checkpoint(text)


def test_a_proof_ends_with_the_checkpoint_as_it_was_signed() -> None:
    text = format_proof(index=73894, path=[ROOT], note=NOTE)
    assert text == f"c2sp.org/tlog-proof@v1\nindex 73894\n{encode_base64(ROOT)}\n\n{NOTE.decode()}"
    assert parse_proof(text) == LogProof(index=73894, path=(ROOT,), note=NOTE)


def test_a_proof_in_a_tree_of_one_has_no_path() -> None:
    assert parse_proof(format_proof(index=0, path=[], note=NOTE)).path == ()


GOOD = format_proof(index=7, path=[ROOT], note=NOTE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1\n\n" + NOTE.decode(),
        GOOD.replace("@v1", "@v2"),
        GOOD.replace("index 7\n", "extra AAAA\nindex 7\n"),
        GOOD.replace("index 7", "index 07"),
        GOOD.replace("index 7", "index  7"),
        GOOD.replace("index 7", "index"),
        GOOD.replace("Hh8=", "Hh9="),
        GOOD.replace("AAECAwQF", "AAECAw"),
        GOOD.replace("\n", "\r\n"),
        format_proof(index=7, path=[ROOT] * 64, note=NOTE),
        GOOD + "\ud800",
    ],
)
def test_another_form_of_proof_is_refused(text: str) -> None:
    with pytest.raises(ProofFormatError):
        parse_proof(text)
