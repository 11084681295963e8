"""What files a court pack is made of; what a shell finds in them is tests/peers/test_court_pack.py."""

import io
import json
from dataclasses import replace
from stat import S_IMODE
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import pytest

from app.evidence.bundle import Timestamp
from app.evidence.commitment import commitment_of, field_commitment, leaf_of
from app.evidence.court_pack import UnsoundBundleError, court_pack
from app.merkle.encoding import decode_base64
from app.merkle.proof import parse_proof
from tests.unit.evidence.builder import (
    NEXT_ORIGIN,
    ORIGIN,
    SMS,
    Log,
    Shard,
    crossing_log,
    delivered_log,
    edited,
    planned_log,
)

DOCUMENT_FILES = ["document.jcs", "index", "path.bin", "proof.tlog-proof", "salt.bin", "shard"]


def unpacked(pack: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(pack)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def entries(pack: bytes) -> list[ZipInfo]:
    with ZipFile(io.BytesIO(pack)) as archive:
        return archive.infolist()


@pytest.fixture(scope="module")
def bundle() -> bytes:
    return delivered_log().bundle()


@pytest.fixture(scope="module")
def files(bundle: bytes) -> dict[str, bytes]:
    return unpacked(court_pack(bundle))


def test_a_pack_holds_just_the_files_that_its_bundle_calls_for(files: dict[str, bytes]) -> None:
    fields = {
        "context/00": ["event", "recipient", "shipment"],
        "context/01": ["contact", "statement"],
        "facts/00": ["contact", "recipient"],
        "facts/01": ["contact", "content"],
        "facts/02": ["provider_id", "provider_reply"],
        "facts/03": ["receipt"],
        "facts/04": [],
        "facts/05": ["receipt"],
    }
    expected = ["README.txt", "bundle.json", "checkpoint/2026h2.note", "checkpoint/2026h2.vkey", "completeness.note"]
    for directory, names in fields.items():
        expected += [f"{directory}/{name}" for name in DOCUMENT_FILES]
        expected += [f"{directory}/fields/{name}.{kind}" for name in names for kind in ("bin", "salt")]
    originals = [
        "context-00-event.json",
        "facts-02-provider_reply.json",
        "facts-03-receipt.txt",
        "facts-05-receipt.txt",
    ]
    assert list(files) == sorted([*expected, *(f"originals/{name}" for name in originals), "verify.sh"])


def test_a_statement_goes_into_the_pack_as_it_is(bundle: bytes, files: dict[str, bytes]) -> None:
    packed = unpacked(court_pack(bundle, statement=b"%PDF-1.7 ..."))
    assert packed == files | {"statement.pdf": b"%PDF-1.7 ..."}


def test_the_bundle_is_in_the_pack_as_it_was(bundle: bytes, files: dict[str, bytes]) -> None:
    assert files["bundle.json"] == bundle


def test_document_and_salt_make_the_leaf_that_the_next_fact_names(files: dict[str, bytes]) -> None:
    leaf = leaf_of(commitment_of(files["facts/00/document.jcs"], files["facts/00/salt.bin"]))
    assert json.loads(files["facts/01/document.jcs"])["prev"] == leaf.hex()


def test_place_and_path_are_those_of_the_proof(files: dict[str, bytes]) -> None:
    proof = parse_proof(files["facts/03/proof.tlog-proof"].decode())
    assert (files["facts/03/shard"], files["facts/03/index"]) == (b"2026h2\n", f"{proof.index}\n".encode())
    assert files["facts/03/path.bin"] == b"".join(proof.path)
    assert files["checkpoint/2026h2.note"] == proof.note


def test_an_open_field_opens_its_commitment(files: dict[str, bytes]) -> None:
    value, salt = files["facts/01/fields/content.bin"], files["facts/01/fields/content.salt"]
    sealed = json.loads(files["facts/01/document.jcs"])["sealed"]["content"]
    assert value == SMS.encode()
    assert field_commitment("content", salt, value) == decode_base64(sealed)


def test_bytes_that_are_no_text_are_kept(files: dict[str, bytes]) -> None:
    assert files["facts/02/fields/provider_id.bin"] == b"SM\xff1"


def test_an_original_is_there_twice_to_be_checked_and_to_be_read(files: dict[str, bytes]) -> None:
    assert files["originals/facts-03-receipt.txt"] == files["facts/03/fields/receipt.bin"] == b"MessageStatus=delivered"


@pytest.mark.parametrize(
    ("media_type", "extension"),
    [
        ("application/json; charset=utf-8", "json"),
        ("Text/Plain", "txt"),
        ("application/x-www-form-urlencoded", "txt"),
        ("multipart/report", "eml"),
        ("text/html", "bin"),
        ("../../evil", "bin"),
        ("", "bin"),
    ],
)
def test_an_originals_extension_follows_from_a_closed_list(bundle: bytes, media_type: str, extension: str) -> None:
    # The media type of a reply is what its sender called it: nothing seals it.
    named = edited(bundle, lambda raw: raw["originals"][1].update(media_type=media_type))
    replies = [name for name in unpacked(court_pack(named)) if name.startswith("originals/facts-02")]
    assert replies == [f"originals/facts-02-provider_reply.{extension}"]


def test_an_email_is_an_original_that_mail_programs_open() -> None:
    log = planned_log()
    log.write("attempt.started", {"attempt": 2, "encoding": "mime"}, {"content": b"Subject: x\r\n\r\n"}, chained=True)
    log.publish()
    files = unpacked(court_pack(log.bundle()))
    assert files["originals/facts-03-content.eml"] == b"Subject: x\r\n\r\n"


def test_each_shard_with_facts_has_its_checkpoint_and_keys() -> None:
    log = crossing_log()
    files = unpacked(court_pack(log.bundle()))
    for origin, name in ((ORIGIN, "2026h2"), (NEXT_ORIGIN, "2027h1")):
        assert files[f"checkpoint/{name}.note"].startswith(f"{origin}\n".encode())
        assert files[f"checkpoint/{name}.vkey"].decode() == "".join(f"{key}\n" for key in log.vkeys(origin))
    assert [files[f"facts/{number}/shard"] for number in ("00", "04")] == [b"2026h2\n", b"2027h1\n"]


def test_closed_fields_leave_no_files() -> None:
    log = delivered_log()
    for leaf, (encoded, origin, index) in log.facts.items():
        log.facts[leaf] = (replace(encoded, openings={}), origin, index)
    assert not [name for name in unpacked(court_pack(log.bundle())) if "/fields/" in name or "originals" in name]


def test_without_a_statement_of_completeness_there_is_no_file_of_it() -> None:
    assert "completeness.note" not in unpacked(court_pack(delivered_log().bundle(statement=False)))


def test_a_time_stamp_comes_with_the_text_that_it_is_on() -> None:
    log = delivered_log()
    text = log.shards[ORIGIN].notes[18].partition(b"\n\n")[0].decode() + "\n"
    files = unpacked(court_pack(log.bundle(timestamps=[Timestamp(text=text, token=b"\x30\x03")])))
    assert (files["timestamps/00.tsr"], files["timestamps/00.txt"]) == (b"\x30\x03", text.encode())


def test_a_hundred_facts_keep_their_order() -> None:
    log = planned_log()
    for attempt in range(2, 101):
        log.write("attempt.not_sent", {"attempt": attempt, "provider": "twilio"}, chained=True)
    log.publish()
    files = unpacked(court_pack(log.bundle()))
    numbers = {int(name.split("/")[1]) for name in files if name.startswith("facts/")}
    assert numbers == set(range(102))
    assert json.loads(files["facts/101/document.jcs"])["n"] == 101


def test_the_same_bundle_gives_the_same_pack(bundle: bytes) -> None:
    assert court_pack(bundle) == court_pack(bytes(bundle))


def test_nothing_in_the_archive_depends_on_when_and_where_it_was_made(bundle: bytes) -> None:
    found = entries(court_pack(bundle))
    assert {entry.date_time for entry in found} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.create_system for entry in found} == {3}
    assert {entry.compress_type for entry in found} == {ZIP_STORED}


def test_only_the_script_is_executable(bundle: bytes) -> None:
    modes = {entry.filename: S_IMODE(entry.external_attr >> 16) for entry in entries(court_pack(bundle))}
    assert modes.pop("verify.sh") == 0o755
    assert set(modes.values()) == {0o644}


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff"])
def test_what_is_no_bundle_makes_no_pack(data: bytes) -> None:
    with pytest.raises(UnsoundBundleError):
        court_pack(data)


def test_a_bundle_that_does_not_verify_makes_no_pack(bundle: bytes) -> None:
    forged = edited(bundle, lambda raw: raw["facts"][1]["openings"]["contact"].update(value="+48600100201"))
    with pytest.raises(UnsoundBundleError, match="The opened contact of fact 1 is not what was sealed"):
        court_pack(forged)


@pytest.mark.parametrize(
    "origin",
    [
        "awizo.example/log/..",
        "awizo.example/log/",
        "awizo.example",
        "a/-x",
        "a/.hidden",
        "a/x\\y",
        "a/ż",
        "a/" + "x" * 65,
    ],
)
def test_an_origin_that_could_name_another_place_makes_no_pack(origin: str) -> None:
    with pytest.raises(UnsoundBundleError, match="does not end in the name of a shard"):
        court_pack(log_of(origin).bundle())


def test_two_logs_whose_shards_share_a_name_make_no_pack() -> None:
    with pytest.raises(UnsoundBundleError, match="have the same name"):
        court_pack(log_of("a.example/2026h2", "b.example/2026h2").bundle())


def log_of(*origins: str) -> Log:
    """A log of these shards, with one fact of the chain in each."""
    log = Log()
    log.anchor = None
    log.shards = {origin: Shard(origin) for origin in origins}
    for number, origin in enumerate(origins):
        if number == 0:
            log.write("notification.held", {}, shard=origin, chained=True)
        else:
            log.write("notification.closed", {}, shard=origin, chained=True)
        log.shards[origin].publish()
    return log


def test_a_log_of_the_test_itself_makes_a_pack() -> None:
    files = unpacked(court_pack(log_of("a.example/x", "b.example/2026h2").bundle()))
    assert files["facts/01/shard"] == b"2026h2\n"
