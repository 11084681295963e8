"""The statements of a running service, checked by poppler-utils and OpenSSL."""

import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from tests.peers.published.damage import flip_in_file
from tests.peers.published.running import Client, Published

pytestmark = pytest.mark.peers

VALID = "Signature Validation: Signature is Valid."
WHOLE = "Total document signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement as a file, and the bundle that lay beside it in its court pack."""

    file: Path
    bundle: bytes

    @property
    def directory(self) -> Path:
        return self.file.parent


@pytest.fixture
def statements(published: Published, tmp_path: Path) -> list[Statement]:
    """Of each court pack, in a directory of its own."""
    found = []
    for pack in published.packs:
        directory = tmp_path / pack.stem
        directory.mkdir()
        with ZipFile(pack) as packed:
            found.append(
                Statement(file=Path(packed.extract("statement.pdf", directory)), bundle=packed.read("bundle.json"))
            )
    return found


def run(*arguments: object, directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, arguments)), cwd=directory, capture_output=True, text=True, check=False)


def pdfsig(statement: Statement) -> str:
    return run("pdfsig", "statement.pdf", directory=statement.directory).stdout


def words(statement: Statement) -> str:
    done = run("pdftotext", "statement.pdf", "-", directory=statement.directory)
    return " ".join(done.stdout.replace("\u00a0", " ").split())


def test_pdfsig_accepts_every_signature_and_finds_it_over_the_whole_document(statements: list[Statement]) -> None:
    for statement in statements:
        said = pdfsig(statement)
        assert VALID in said, said
        assert WHOLE in said
        assert "Signature Type: ETSI.CAdES.detached" in said
        assert "Signer Certificate Common Name: awizo, 127.0.0.1:" in said


@pytest.mark.parametrize("place", [0.02, 0.3, 1.0])
def test_pdfsig_refuses_a_statement_with_a_flipped_bit(place: float, statements: list[Statement]) -> None:
    flip_in_file(statements[0].file, place)
    assert VALID not in pdfsig(statements[0])


def test_pdfsig_sees_what_was_added_afterwards(statements: list[Statement]) -> None:
    with statements[0].file.open("ab") as file:
        file.write(b"\n% more\n")
    assert WHOLE not in pdfsig(statements[0])


def test_pdfdetach_gives_back_the_very_bundle_and_awizo_verifies_it(
    statements: list[Statement], published: Published
) -> None:
    for statement in statements:
        run("pdfdetach", "-save", 1, "-o", "proof.json", "statement.pdf", directory=statement.directory)
        assert (statement.directory / "proof.json").read_bytes() == statement.bundle
    command = (sys.executable, "-m", "app.cli", "verify", statements[0].directory / "proof.json")
    done = run(*command, "--vkey", published.vkeys, directory=Path.cwd())
    assert done.returncode == 0, done.stdout


def test_pdftotext_shows_the_words(statements: list[Statement]) -> None:
    by_name = {statement.directory.name: words(statement) for statement in statements}
    assert all("Poświadczenie powiadomienia" in text for text in by_name.values())
    assert any("Wysłano SMS i zgłoszono jego doręczenie" in text for text in by_name.values())
    refused = next(text for name, text in by_name.items() if name.startswith("never-agreed"))
    assert "Wiadomości nie wysłano" in refused
    assert "Powód: osoba nie wyraziła zgody." in refused


def test_openssl_verifies_the_stamp_on_the_signature(statements: list[Statement], running_service: Client) -> None:
    for statement in statements:
        (signature,) = PdfFileReader(BytesIO(statement.file.read_bytes())).embedded_signatures
        (attribute,) = signature.signer_info["unsigned_attrs"]
        (statement.directory / "token").write_bytes(attribute["values"][0].dump())
        (statement.directory / "signature").write_bytes(signature.signer_info["signature"].native)
        root = ("-CAfile", running_service.settings["tsa_ca_file"])
        verify = ("openssl", "ts", "-verify", "-token_in", "-in", "token", "-data", "signature", *root)
        done = run(*verify, directory=statement.directory)
        assert done.returncode == 0, done.stderr
        assert "Podpis ma znacznik czasu" in words(statement)
