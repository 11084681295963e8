"""What a forger of a court pack could try, and what the script says to it."""

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import rfc8785

from app.evidence import court_pack
from app.evidence.bundle import Timestamp
from tests.peers.court_pack_forgeries import FORGERIES, NOTE, STATED, Pack, sign_with_own_key, small_log
from tests.peers.court_packs import key_file, run_script, unpack
from tests.unit.evidence.builder import ORIGIN, Log, crossing_log, delivered_log, planned_log

pytestmark = pytest.mark.peers

UNCHECKED = {"README.txt", "bundle.json", "timestamps/00.tsr", "timestamps/00.txt"}  # and the script itself


def packed(log: Log, directory: Path) -> Pack:
    return Pack(unpack(log.bundle(), directory / "pack"))


def stamped_pack(log: Log, directory: Path) -> Pack:
    notes = log.shards[ORIGIN].notes
    text = notes[max(notes)].partition(b"\n\n")[0].decode() + "\n"
    stamp = Timestamp(text=text, token=b"\x30\x03\x02\x01\x00")
    return Pack(unpack(log.bundle(timestamps=[stamp]), directory / "pack"))


CHANGES: tuple[Callable[[bytes], bytes], ...] = (
    lambda content: bytes([content[0] ^ 1]) + content[1:],
    lambda content: content[:-1] + b"\x00",
    lambda content: content[:-1],
    lambda content: content + b"\n",
)


def test_no_file_can_be_changed_but_those_that_readme_calls_unchecked(tmp_path: Path, programs: Path) -> None:
    log = small_log()
    pack, keys = stamped_pack(log, tmp_path), key_file(tmp_path, log.vkeys())
    accepted = set()
    for name in pack.files():
        content = pack.read(name)
        for change in CHANGES if name != "verify.sh" else ():
            pack.write(name, change(content))
            if run_script(pack.directory, keys, path=programs).status != 1:
                accepted.add(name)
        pack.write(name, content)
    assert accepted == UNCHECKED
    for begin, end in (("A4. ", "A5. "), ("B4. ", "B5. ")):
        unchecked = pack.read("README.txt").decode().partition(begin)[2].partition(end)[0]
        assert all(f"  {word}" in unchecked for word in ("bundle.json", "README.txt, verify.sh", "timestamps/"))


def test_no_file_can_be_taken_away_but_those_unchecked_copies_and_the_statement(tmp_path: Path, programs: Path) -> None:
    log = small_log()
    pack, keys = stamped_pack(log, tmp_path), key_file(tmp_path, log.vkeys())
    accepted = set()
    for name in pack.files():
        if name != "verify.sh":
            pack.move(name, "../aside")
            if run_script(pack.directory, keys, path=programs).status != 1:
                accepted.add(name)
            pack.move("../aside", name)
    assert accepted == {*UNCHECKED, STATED, "originals/context-00-event.json"}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_with_its_reason(name: str, tmp_path: Path, programs: Path) -> None:
    forge, reason = FORGERIES[name]
    log = delivered_log()
    pack = packed(log, tmp_path)
    forge(pack)
    finding = run_script(pack.directory, key_file(tmp_path, log.vkeys()), path=programs)
    assert finding.status == 1
    assert finding.reason.startswith(reason), finding
    assert finding.output.endswith("REFUSED. / ODRZUCONO.\n")
    assert finding.errors == ""


def test_a_fact_is_not_taken_under_the_checkpoint_of_another_shard(tmp_path: Path, programs: Path) -> None:
    log = crossing_log()
    pack = packed(log, tmp_path)
    pack.swap("facts/00/shard", "facts/03/shard")
    finding = run_script(pack.directory, key_file(tmp_path, log.vkeys()), path=programs)
    assert (finding.status, finding.reason) == (1, "inclusion facts/00/index is not below the size of the checkpoint.")


def test_what_a_forger_made_whole_is_sound_only_under_his_own_key(tmp_path: Path, programs: Path) -> None:
    log = delivered_log()
    pack = packed(log, tmp_path)
    sign_with_own_key(pack)
    for proof in pack.directory.rglob("proof.tlog-proof"):
        proof.write_bytes(proof.read_bytes().partition(b"\n\n")[0] + b"\n\n" + pack.read(NOTE))
    assert run_script(pack.directory, path=programs).status == 3
    finding = run_script(pack.directory, key_file(tmp_path, log.vkeys()), path=programs)
    assert (finding.status, finding.reason) == (1, f"signature {NOTE} is signed by none of the keys you gave.")


def test_a_forgery_is_refused_even_if_nobody_can_be_told(tmp_path: Path, programs: Path) -> None:
    log = delivered_log()
    pack = packed(log, tmp_path)
    FORGERIES["another phone number"][0](pack)
    wrapper = tmp_path / "wrapper.sh"
    wrapper.write_text(f"set -- '{key_file(tmp_path, log.vkeys())}'\nexec >/dev/full\n. ./verify.sh\n")
    assert run_script(pack.directory, path=programs, script=str(wrapper)).status == 1


def test_names_of_files_cannot_write_to_the_terminal(tmp_path: Path, programs: Path) -> None:
    log = delivered_log()
    pack = packed(log, tmp_path)
    pack.write("originals/\x1b[2Jfacts-03-receipt.txt", b"x")
    finding = run_script(pack.directory, key_file(tmp_path, log.vkeys()), path=programs)
    assert finding.status == 1
    assert "\x1b" not in finding.output + finding.errors


# A log that lies: what is wrong was sealed like that, so that hashes and signatures hold.


def unsound_pack(log: Log, directory: Path) -> Pack:
    """The pack of a bundle that does not verify, with all fields closed; `court_pack` would refuse to make it."""
    raw, pack = json.loads(log.bundle()), Pack(directory / "pack")
    places = [(section, *place) for section in ("facts", "context") for place in enumerate(raw[section])]
    for section, number, fact in places:
        proof, _, note = fact["proof"].partition("\n\n")
        _, index, *path = proof.split("\n")
        shard = note.split("\n")[0].rpartition("/")[2]
        files = {
            f"checkpoint/{shard}.note": note.encode(),
            f"{section}/{number:02d}/document.jcs": rfc8785.dumps(fact["document"]),
            f"{section}/{number:02d}/salt.bin": b64decode(fact["salt"]),
            f"{section}/{number:02d}/shard": f"{shard}\n".encode(),
            f"{section}/{number:02d}/index": f"{index.removeprefix('index ')}\n".encode(),
            f"{section}/{number:02d}/path.bin": b"".join(map(b64decode, path)),
            f"{section}/{number:02d}/proof.tlog-proof": fact["proof"].encode(),
        }
        for name, content in files.items():
            pack.write(name, content)
        keys = (f"{key}\n" for key in raw["vkeys"] if f"/{shard}+" in key or f"/{shard}/statements+" in key)
        pack.write(f"checkpoint/{shard}.vkey", "".join(keys).encode())
    pack.write(STATED, raw["statement"].encode())
    pack.write("verify.sh", resources.files(court_pack).joinpath("verify.sh").read_bytes())
    return pack


def test_the_pack_of_a_log_that_tells_the_truth_is_laid_out_alike(tmp_path: Path) -> None:
    log = small_log()
    for leaf, (encoded, origin, index) in log.facts.items():
        log.facts[leaf] = (replace(encoded, openings={}), origin, index)
    ours = packed(log, tmp_path / "ours")
    again = unsound_pack(log, tmp_path / "again")
    assert [*again.files()] == [name for name in ours.files() if name not in UNCHECKED]
    assert all(ours.read(name) == again.read(name) for name in again.files())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"n": 4}, "chain facts/03 is fact 4 of its chain: a fact is missing, or they were reordered."),
        ({"n": None}, "chain facts/03 is fact null of its chain: a fact is missing, or they were reordered."),
        ({"prev": "00" * 32}, "chain facts/03 names another fact as the one before it."),
        ({"prev": None}, "chain facts/03 names another fact as the one before it."),
        ({"notification": str(UUID(int=5))}, "chain facts/03 is another notification's."),
        ({"notification": None}, "chain facts/03 is another notification's."),
        ({"more": 1}, "documents facts/03/document.jcs is not the canonical JSON of a fact."),
        ({"v": 2}, "documents facts/03/document.jcs is not the canonical JSON of a fact."),
        ({"id": 'x","n":3,"y":"'}, "documents facts/03/document.jcs is not the canonical JSON of a fact."),
        ({"type": "notification.closed\n"}, "documents facts/03/document.jcs is not the canonical JSON of a fact."),
        ({"sealed": {"contact": "short"}}, "documents facts/03/document.jcs is not the canonical JSON of a fact."),
    ],
)
def test_a_break_in_the_chain_is_found_although_the_log_sealed_it(
    change: dict[str, Any], reason: str, tmp_path: Path, programs: Path
) -> None:
    log = planned_log()
    log.write("notification.closed", {"status": "sent"}, chained=True, change=lambda raw: raw.update(change))
    log.publish()
    finding = run_script(unsound_pack(log, tmp_path).directory, key_file(tmp_path, log.vkeys()), path=programs)
    assert finding.reason == reason, finding


def test_an_event_that_stands_in_a_chain_is_no_context(tmp_path: Path, programs: Path) -> None:
    log = Log()
    event = log.write(
        "event.accepted", {}, change=lambda raw: raw.update(n=1, prev="00" * 32, notification=str(UUID(int=5)))
    )
    log.write("notification.held", {"event_facts": [event.hex()]}, chained=True)
    log.publish()
    finding = run_script(unsound_pack(log, tmp_path).directory, key_file(tmp_path, log.vkeys()), path=programs)
    assert (finding.status, finding.reason) == (1, "context context/00 stands in the chain of a notification.")


def test_a_consent_named_as_an_event_is_no_context(tmp_path: Path, programs: Path) -> None:
    log = Log()
    consent = log.write("consent.granted", {"channel": "sms"})
    log.write("notification.held", {"event_facts": [consent.hex()]}, chained=True)
    log.publish()
    finding = run_script(unsound_pack(log, tmp_path).directory, key_file(tmp_path, log.vkeys()), path=programs)
    assert finding.status == 1
    assert finding.reason.startswith("context context/00 is not what a fact of the notification names")


def test_text_that_looks_like_members_does_not_stand_in_for_them(tmp_path: Path, programs: Path) -> None:
    log = Log()
    text = ',"consent_fact":"' + "00" * 32 + '","id":"x","n":7,"prev":null,"sealed":{},"type":"event.accepted","v":1}'
    log.write("notification.held", {"reason": text, "policy": "{" + text[1:]}, chained=True)
    log.publish()
    finding = run_script(unpack(log.bundle(), tmp_path / "pack"), key_file(tmp_path, log.vkeys()), path=programs)
    assert (finding.status, finding.reason) == (0, "")
