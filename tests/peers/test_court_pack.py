"""Court packs as a court checks them: with sh, OpenSSL, coreutils and sed, and nothing of ours but the script."""

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto import tsp

from app.evidence.bundle import Timestamp
from app.merkle.note import NoteSignature, VKey, key_id, with_signatures
from app.ports import Surroundings
from app.storage.database import Database
from tests.builders import event
from tests.doubles.tsa import Grant, new_authority, respond
from tests.integration.world import open_world
from tests.peers.court_packs import SHELLS, key_file, run_script, tools, unpack
from tests.unit.evidence.builder import NEXT_ORIGIN, ORIGIN, Key, Log, crossing_log, delivered_log, planned_log

pytestmark = pytest.mark.peers

in_each_shell = pytest.mark.parametrize("shell", SHELLS, ids=" ".join)


@in_each_shell
@pytest.mark.parametrize("write", [delivered_log, crossing_log])
def test_a_pack_is_verified_under_a_key_that_was_given(
    write: Callable[[], Log], shell: Sequence[str], tmp_path: Path, programs: Path
) -> None:
    log = write()
    keys = key_file(tmp_path, log.vkeys())
    finding = run_script(unpack(log.bundle(), tmp_path / "pack"), keys, shell=shell, path=programs)
    assert (finding.status, finding.errors) == (0, "")
    assert finding.output.splitlines()[-1].startswith("VERIFIED under a key you gave.")
    assert "ok    completeness" in finding.output


@in_each_shell
def test_with_its_own_key_alone_a_pack_is_only_sound(shell: Sequence[str], tmp_path: Path, programs: Path) -> None:
    finding = run_script(unpack(delivered_log().bundle(), tmp_path / "pack"), shell=shell, path=programs)
    assert (finding.status, finding.errors) == (3, "")
    assert "Anybody could have made such a pack" in finding.output
    assert "VERIFIED" not in finding.output


async def test_what_the_service_seals_on_each_database_a_shell_verifies(
    database: Database, surroundings: Surroundings, tmp_path: Path, programs: Path
) -> None:
    async with open_world(database, surroundings, tmp_path) as world:
        await world.register()
        answer = await world.accepted(event())
        await world.dispatch()
        await world.seal()
        for notification in answer.notifications:
            for opened in (None, frozenset[str]()):
                pack = unpack(await world.bundle(notification.id, opened), tmp_path / f"{notification.id}-{opened}")
                finding = run_script(pack, key_file(tmp_path, world.vkeys), path=programs)
                assert (finding.status, finding.errors) == (0, ""), finding.output
                assert ("contact" in finding.output) == (opened is None)


def test_every_shape_of_tree_is_climbed_to_its_root(tmp_path: Path, programs: Path) -> None:
    for surplus in (0, 1, 2, 3, 5, 8):
        log = planned_log()
        log.shards[ORIGIN].leaves += [sha256(b"%d" % number).digest() for number in range(surplus)]
        log.publish()
        pack = unpack(log.bundle(), tmp_path / str(surplus))
        finding = run_script(pack, key_file(tmp_path, log.vkeys()), path=programs)
        assert (surplus, finding.status, finding.reason) == (surplus, 0, "")


def test_a_log_of_one_entry_needs_no_path(tmp_path: Path, programs: Path) -> None:
    log = Log()
    log.shards[ORIGIN].leaves.clear()
    log.write("notification.suppressed", {"reason": "no_consent"}, chained=True)
    log.shards[ORIGIN].leaves.pop()
    log.shards[ORIGIN].notes.clear()
    log.publish()
    finding = run_script(unpack(log.bundle(), tmp_path / "pack"), key_file(tmp_path, log.vkeys()), path=programs)
    assert (finding.status, finding.reason) == (0, "")
    assert "notification.suppressed  (entry 0 of 2026h2; open: nothing)" in finding.output


def test_values_of_any_bytes_are_checked(tmp_path: Path, programs: Path) -> None:
    log = planned_log()
    for attempt, value in enumerate((b"", b"\x00", b"\n", b"\xff\xfe\x00\n\n", bytes(range(256)) * 300), start=2):
        log.write(
            "attempt.refused", {"attempt": attempt}, {"provider_id": value, "provider_reply": value}, chained=True
        )
    log.publish()
    finding = run_script(unpack(log.bundle(), tmp_path / "pack"), key_file(tmp_path, log.vkeys()), path=programs)
    assert (finding.status, finding.reason) == (0, "")
    assert finding.output.count("open: provider_id provider_reply") == 6


def test_closed_fields_leave_the_rest_of_a_pack_checkable(tmp_path: Path, programs: Path) -> None:
    log = delivered_log()
    for leaf, (encoded, origin, index) in log.facts.items():
        log.facts[leaf] = (replace(encoded, openings={}), origin, index)
    finding = run_script(unpack(log.bundle(), tmp_path / "pack"), key_file(tmp_path, log.vkeys()), path=programs)
    assert (finding.status, finding.reason) == (0, "")
    assert finding.output.count("open: nothing") == 8


def test_a_chain_of_a_hundred_facts_is_checked_to_its_end(tmp_path: Path, programs: Path) -> None:
    log = planned_log()
    for attempt in range(2, 101):
        log.write("attempt.not_sent", {"attempt": attempt}, chained=True)
    log.publish()
    finding = run_script(unpack(log.bundle(), tmp_path / "pack"), key_file(tmp_path, log.vkeys()), path=programs)
    assert (finding.status, finding.reason) == (0, "")
    assert "102 facts, from 0 without a gap" in finding.output


def test_facts_that_wait_to_be_published_are_counted(tmp_path: Path, programs: Path) -> None:
    log = delivered_log()
    pack = unpack(log.bundle(pending=2), tmp_path / "pack")
    finding = run_script(pack, key_file(tmp_path, log.vkeys()), path=programs)
    assert finding.status == 0
    assert "not yet published: 2." in finding.output


def test_without_a_statement_or_its_key_completeness_is_not_vouched_for(tmp_path: Path, programs: Path) -> None:
    log = delivered_log()
    unstated = unpack(log.bundle(statement=False), tmp_path / "unstated")
    assert "There is no statement" in run_script(unstated, key_file(tmp_path, log.vkeys()), path=programs).output
    keys = key_file(tmp_path, [log.shards[ORIGIN].key.vkey])
    finding = run_script(unpack(log.bundle(), tmp_path / "stated"), keys, path=programs)
    assert finding.status == 0
    assert "note  completeness  The key that signed completeness.note was not given" in finding.output


def test_cosignatures_of_witnesses_may_follow_the_logs_line(tmp_path: Path, programs: Path) -> None:
    log = delivered_log()
    witness = Key.of("witness.example/w").vkey
    cosignature = NoteSignature(witness.name, key_id(witness.name, 4, witness.public_key), bytes(72))
    cosign(log, cosignature)
    finding = run_script(unpack(log.bundle(), tmp_path / "pack"), key_file(tmp_path, log.vkeys()), path=programs)
    assert (finding.status, finding.reason) == (0, "")


def cosign(log: Log, *lines: NoteSignature) -> None:
    notes = log.shards[ORIGIN].notes
    notes[max(notes)] = with_signatures(notes[max(notes)], lines)


def test_after_a_rotation_the_old_key_and_the_new_one_both_verify(tmp_path: Path, programs: Path) -> None:
    log, new = rotated_log()
    pack = unpack(log.bundle(), tmp_path / "pack")
    for key in (log.shards[ORIGIN].key.vkey, new):
        finding = run_script(pack, key_file(tmp_path, [key]), path=programs)
        assert (finding.status, finding.reason) == (0, "")


def rotated_log() -> tuple[Log, VKey]:
    """A log whose last checkpoint is signed by two keys, and the newer one; bundles name both."""
    log = delivered_log()
    new = Key.of(ORIGIN, seed="new")
    notes = log.shards[ORIGIN].notes
    text = notes[max(notes)].partition(b"\n\n")[0] + b"\n"
    cosign(log, NoteSignature(ORIGIN, new.vkey.id, new.private.sign(text)))
    named = [new.vkey, *log.vkeys()]
    log.vkeys = lambda *_: named  # type: ignore[method-assign]
    return log, new.vkey


@pytest.mark.parametrize("change", [str.upper, lambda text: text[:-2], lambda text: "x" + text, lambda text: text[1:]])
def test_a_key_file_that_cannot_be_used_is_wrong_use(
    change: Callable[[str], str], tmp_path: Path, programs: Path
) -> None:
    log = delivered_log()
    keys = key_file(tmp_path, log.vkeys())
    keys.write_text(change(keys.read_text()))
    finding = run_script(unpack(log.bundle(), tmp_path / "pack"), keys, path=programs)
    assert (finding.status, finding.output) == (2, "")
    assert finding.errors == "The file with the keys has no key in it, or a line that is no key of a log.\n"


@pytest.mark.parametrize("content", ["", "\n\n", "garbage\n", "a+b\n", "a+00000000+\n", "+++\n", "\x00\n"])
def test_a_file_without_keys_is_wrong_use(content: str, tmp_path: Path, programs: Path) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text(content)
    finding = run_script(unpack(delivered_log().bundle(), tmp_path / "pack"), keys, path=programs)
    assert (finding.status, finding.output) == (2, "")


def test_a_key_file_may_have_blank_lines_and_any_ends_of_lines(tmp_path: Path, programs: Path) -> None:
    log = delivered_log()
    pack = unpack(log.bundle(), tmp_path / "pack")
    keys = tmp_path / "keys.txt"
    for content in ("\r\n\r\n".join(map(str, log.vkeys())), f"\n\n  {log.vkeys()[0]}\t\n\n"):
        keys.write_bytes(content.encode())
        assert run_script(pack, keys, path=programs).status == 0


def test_a_key_of_another_log_verifies_nothing(tmp_path: Path, programs: Path) -> None:
    log = delivered_log()
    others = [Key.of(ORIGIN, seed="other").vkey, log.shards[NEXT_ORIGIN].key.vkey]
    finding = run_script(unpack(log.bundle(), tmp_path / "pack"), key_file(tmp_path, others), path=programs)
    assert finding.status == 1
    assert finding.reason == "signature checkpoint/2026h2.note is signed by none of the keys you gave."


def test_wrong_use_and_missing_tools_are_told_apart_from_refusal(tmp_path: Path, programs: Path) -> None:
    pack = unpack(delivered_log().bundle(), tmp_path / "pack")
    assert run_script(pack, tmp_path / "nowhere", path=programs).status == 2
    assert run_script(pack, tmp_path, path=programs).status == 2
    assert run_script(pack, "a", "b", path=programs).status == 2
    (tmp_path / "empty").mkdir()
    assert run_script(tmp_path / "empty", path=programs, script=str(pack / "verify.sh")).status == 2
    without = tools(tmp_path / "without", ["sed", "tr"])
    assert run_script(pack, path=without).errors == "base64 is needed and was not found.\n"


@pytest.mark.parametrize("version", ["OpenSSL 1.1.1w  11 Sep 2023", "LibreSSL 3.8.2", ""])
def test_an_openssl_that_is_too_old_is_not_used(version: str, tmp_path: Path) -> None:
    pack = unpack(delivered_log().bundle(), tmp_path / "pack")
    path = tools(tmp_path / "bin")
    (path / "openssl").unlink()
    (path / "openssl").write_text(f"#!{shutil.which('sh')}\necho '{version}'\n")
    (path / "openssl").chmod(0o755)
    assert run_script(pack, path=path).errors == "OpenSSL 3.0 or newer is needed.\n"


def test_the_script_leaves_no_files_behind(tmp_path: Path) -> None:
    path = tools(tmp_path / "bin")
    pack = unpack(delivered_log().bundle(), tmp_path / "pack")
    before = sorted(tmp_path.rglob("*"))
    assert run_script(pack, path=path).status == 3
    assert sorted(tmp_path.rglob("*")) == before


def test_a_trusted_copy_of_the_script_checks_a_pack_as_well(tmp_path: Path, programs: Path) -> None:
    pack = unpack(delivered_log().bundle(), tmp_path / "pack")
    trusted = tmp_path / "trusted.sh"
    (pack / "verify.sh").rename(trusted)
    assert run_script(pack, path=programs, script=str(trusted)).status == 3


def test_the_commands_in_readme_give_what_it_says(tmp_path: Path) -> None:
    log = delivered_log()
    authority = new_authority()
    text = log.shards[ORIGIN].notes[18].partition(b"\n\n")[0] + b"\n"
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": sha256(text).digest()}
    asked = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "nonce": 1, "cert_req": True}).dump()
    stamp = Timestamp(text=text.decode(), token=respond(authority, asked, Grant()))
    pack = unpack(log.bundle(timestamps=[stamp]), tmp_path / "pack")
    (pack / "tsa.pem").write_bytes(authority.root_pem)
    by_hand = (pack / "README.txt").read_text().partition("\nC. ")[2]
    commands = "\n".join(re.findall(r"^    (.*)$", by_hand, flags=re.MULTILINE))
    answer = subprocess.run(["sh", "-eu", "-c", commands], cwd=pack, capture_output=True, text=True, check=True)
    assert "Signature Verified Successfully" in answer.stdout
    assert log.chain[0].hex() in answer.stdout
    sealed = re.search(r'"sealed":{"contact":"([^"]+)"', (pack / "facts/00/document.jcs").read_text())
    assert sealed is not None
    assert sealed[1] in answer.stdout
    assert "Verification: OK" in answer.stdout + answer.stderr
