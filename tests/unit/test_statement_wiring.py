"""Settings become the signer of statements, or one sentence that names the setting."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.ports import DocumentSigner
from app.settings import Settings, SettingsError
from app.wiring import document_signer
from tests.contract.test_pades_signer import PASSWORD, pkcs12


def signer(tmp_path: Path, **changes: Any) -> DocumentSigner:
    given = {"data_dir": tmp_path, "public_url": "https://awizo.test:8443"}
    return document_signer(Settings(_env_file=None, **(given | changes)))


def test_without_settings_a_certificate_is_made_that_nobody_vouches_for(tmp_path: Path) -> None:
    made = signer(tmp_path)
    assert (made.holder, made.is_self_signed, made.stamps) == ("awizo, awizo.test:8443", True, False)
    assert signer(tmp_path).fingerprint == made.fingerprint
    assert (tmp_path / "keys" / "statements.p12").exists()


def test_a_given_certificate_signs_and_an_authority_stamps(tmp_path: Path) -> None:
    file = tmp_path / "court.p12"
    file.write_bytes(pkcs12(ec.generate_private_key(ec.SECP256R1()), password=PASSWORD))
    given = signer(tmp_path, pdf_pkcs12=file, pdf_password=f"{PASSWORD}\n", tsa_url="https://tsa.test/")
    assert (given.holder, given.is_self_signed, given.stamps) == ("Court clerk", False, True)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "AWIZO_PDF_PKCS12 cannot be read: No such file or directory."),
        (
            b"x",
            "AWIZO_PDF_PKCS12 is no PKCS#12 file that this password opens; the password is that of AWIZO_PDF_PASSWORD.",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    file = tmp_path / "court.p12"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        signer(tmp_path, pdf_pkcs12=file, pdf_password=PASSWORD)
    assert str(caught.value) == sentence


def test_a_password_without_its_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="AWIZO_PDF_PASSWORD is set, and AWIZO_PDF_PKCS12 names no file"):
        signer(tmp_path, pdf_password=PASSWORD)


def test_a_damaged_file_of_our_own_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "statements.p12").write_bytes(b"x")
    with pytest.raises(SettingsError, match=r"^AWIZO_DATA_DIR: keys/statements\.p12 is no PKCS#12 file"):
        signer(tmp_path)


def test_a_directory_that_takes_no_certificate_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(b"")
    with pytest.raises(SettingsError) as caught:
        signer(tmp_path)
    assert str(caught.value) == "AWIZO_DATA_DIR: keys/statements.p12 can be neither read nor made: File exists."
