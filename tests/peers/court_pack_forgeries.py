"""Forgeries of a court pack, by name: what is done to the pack of `delivered_log`, and what it is refused for."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.merkle.note import NoteSignature, signature_line
from tests.peers.court_packs import unpack
from tests.unit.evidence.builder import ORIGIN, Key, Log, delivered_log, planned_log

NOTE, VKEY, STATED = "checkpoint/2026h2.note", "checkpoint/2026h2.vkey", "completeness.note"
DOCUMENT, INDEX, SHARD, PATH = "facts/00/document.jcs", "facts/00/index", "facts/00/shard", "facts/00/path.bin"
CONTACT, CONTACT_SALT = "facts/00/fields/contact.bin", "facts/00/fields/contact.salt"


@dataclass(frozen=True, slots=True)
class Pack:
    """An unpacked pack, to be forged."""

    directory: Path

    def __truediv__(self, name: str) -> Path:
        return self.directory / name

    def files(self) -> list[str]:
        found = (path.relative_to(self.directory) for path in self.directory.rglob("*") if path.is_file())
        return sorted(path.as_posix() for path in found)

    def read(self, name: str) -> bytes:
        return (self / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        (self / name).parent.mkdir(parents=True, exist_ok=True)
        (self / name).write_bytes(content)

    def edit(self, name: str, change: Callable[[bytes], bytes]) -> None:
        self.write(name, change(self.read(name)))

    def move(self, source: str, target: str) -> None:
        (self / source).rename(self / target)

    def swap(self, one: str, other: str) -> None:
        self.move(one, "aside")
        self.move(other, one)
        self.move("aside", other)

    def copy(self, source: str, target: str) -> None:
        shutil.copytree(self / source, self / target)

    def remove(self, *names: str) -> None:
        for name in names:
            (shutil.rmtree if (self / name).is_dir() else os.unlink)(self / name)

    def link(self, name: str, target: str) -> None:
        (self / name).unlink()
        (self / name).symlink_to(target)


def small_log() -> Log:
    """Two facts, an event and a consent."""
    log = planned_log()
    log.chain.pop()
    log.publish()
    return log


def _lines(change: Callable[[list[str]], list[str]]) -> Callable[[bytes], bytes]:
    return lambda content: "\n".join(change(content.decode().split("\n"))).encode()


def _salt_into_document(pack: Pack) -> None:
    salt, document = pack.read("facts/00/salt.bin"), pack.read(DOCUMENT)
    pack.write("facts/00/salt.bin", salt[:-1])
    pack.write(DOCUMENT, salt[-1:] + document)


def _value_into_salt(pack: Pack) -> None:
    salt, value = pack.read(CONTACT_SALT), pack.read(CONTACT)
    pack.write(CONTACT_SALT, salt + value[:1])
    pack.write(CONTACT, value[1:])


def _salt_into_value(pack: Pack) -> None:
    salt, value = pack.read(CONTACT_SALT), pack.read(CONTACT)
    pack.write(CONTACT_SALT, salt[:-1])
    pack.write(CONTACT, salt[-1:] + value)


def _rename_fields(pack: Pack) -> None:
    for kind in ("bin", "salt"):
        pack.swap(f"facts/00/fields/contact.{kind}", f"facts/00/fields/recipient.{kind}")


def _invent_field(name: str) -> Callable[[Pack], None]:
    def forge(pack: Pack) -> None:
        pack.write(f"facts/00/fields/{name}.bin", b"invented")
        pack.write(f"facts/00/fields/{name}.salt", bytes(32))

    return forge


def _drop_the_last_fact(pack: Pack) -> None:
    pack.remove("facts/05", "originals/facts-05-receipt.txt")


def _drop_a_fact_and_close_up(pack: Pack) -> None:
    pack.remove("facts/04")
    pack.move("facts/05", "facts/04")


def sign_with_own_key(pack: Pack) -> None:
    forger = Key.of(ORIGIN, seed="forger")
    text = pack.read(NOTE).partition(b"\n\n")[0].decode() + "\n"
    pack.write(NOTE, forger.sign(text))
    pack.edit(VKEY, lambda content: f"{forger.vkey}\n".encode() + content)


def _sign_for_another_log(pack: Pack) -> None:
    forger = Key.of("evil.example/2026h2")
    _, size, root, *_ = pack.read(NOTE).decode().split("\n")
    pack.write(NOTE, forger.sign(f"evil.example/2026h2\n{size}\n{root}\n"))
    pack.write(VKEY, f"{forger.vkey}\n".encode())


def _add_a_bad_signature_by_a_known_key(pack: Pack) -> None:
    key = delivered_log().shards[ORIGIN].key.vkey
    pack.edit(NOTE, lambda note: note + signature_line(NoteSignature(key.name, key.id, bytes(64))))


def _state_with_the_logs_key(pack: Pack) -> None:
    text = pack.read(STATED).partition(b"\n\n")[0].decode() + "\n"
    pack.write(STATED, delivered_log().shards[ORIGIN].key.sign(text))


def _state_about_fewer(pack: Pack) -> None:
    """What the log did state, some facts earlier."""
    log = small_log()
    _drop_the_last_fact(pack)
    pack.write(STATED, unpack(log.bundle(), pack.directory.parent / "earlier").joinpath(STATED).read_bytes())


FORGERIES: dict[str, tuple[Callable[[Pack], object], str]] = {
    "an end of line after the document": (
        lambda pack: pack.edit(DOCUMENT, lambda content: content + b"\n"),
        "documents facts/00/document.jcs has an end of line.",
    ),
    "another date in the document": (
        lambda pack: pack.edit(DOCUMENT, lambda content: content.replace(b"2026-11-23", b"2026-11-22")),
        "inclusion facts/00 does not lead to the root that the log signed.",
    ),
    "a document that is none": (
        lambda pack: pack.write(DOCUMENT, b"{}"),
        "documents facts/00/document.jcs is not the canonical JSON of a fact.",
    ),
    "a document of two lines": (
        lambda pack: pack.edit(DOCUMENT, lambda content: b"{}\n" + content),
        "documents facts/00/document.jcs has an end of line.",
    ),
    "the salt's end in the document": (_salt_into_document, "documents facts/00/document.jcs is not the canonical"),
    "a salt that is too long": (
        lambda pack: pack.edit("facts/00/salt.bin", lambda content: content + b"{"),
        "inclusion facts/00/salt.bin does not have 32 bytes.",
    ),
    "a field's first character in its salt": (_value_into_salt, f"openings {CONTACT_SALT} does not have 32 bytes."),
    "a salt's last byte in its field": (_salt_into_value, f"openings {CONTACT_SALT} does not have 32 bytes."),
    "another phone number": (
        lambda pack: pack.write(CONTACT, b"+48600100201"),
        f"openings {CONTACT} is not what was sealed.",
    ),
    "fields under each other's names": (_rename_fields, f"openings {CONTACT} is not what was sealed."),
    "a field that was never sealed": (_invent_field("reason"), "openings facts/00/fields/reason.bin is not what was"),
    "a field named with a quote": (_invent_field('x","contact'), "openings A file in facts/00/fields is not named"),
    "a field named with an end of line": (
        _invent_field("x\ncontact"),
        "openings A file in facts/00/fields is not named",
    ),
    "a field named like a path": (_invent_field("..bin"), "files facts/00/fields holds something that does not belong"),
    "a field of no name": (_invent_field("*"), "openings A file in facts/00/fields is not named"),
    "a salt without its field": (
        lambda pack: pack.write("facts/00/fields/shipment.salt", bytes(32)),
        "files facts/00/fields holds something that does not belong there",
    ),
    "a field file in place of the fields": (
        lambda pack: pack.write("facts/04/fields", b""),
        "files facts/04 holds something that does not belong there",
    ),
    "an index equal to the size": (
        lambda pack: pack.write(INDEX, b"18\n"),
        "inclusion facts/00/index is not below the size of the checkpoint.",
    ),
    "an index with a leading zero": (
        lambda pack: pack.write(INDEX, b"06\n"),
        "inclusion facts/00/index is not one number",
    ),
    "an index below zero": (lambda pack: pack.write(INDEX, b"-1\n"), "inclusion facts/00/index is not one number"),
    "an index that is a sum": (lambda pack: pack.write(INDEX, b"2+4\n"), "inclusion facts/00/index is not one number"),
    "an index past 2^63": (
        lambda pack: pack.write(INDEX, b"18446744073709551622\n"),
        "inclusion facts/00/index is not one number",
    ),
    "a second index": (lambda pack: pack.write(INDEX, b"6\n7\n"), "inclusion facts/00/index is not one number"),
    "a second end of line": (lambda pack: pack.write(INDEX, b"6\n\n"), "inclusion facts/00/index is not one number"),
    "the place of another leaf": (
        lambda pack: pack.write(INDEX, b"7\n"),
        "inclusion facts/00 does not lead to the root that the log signed.",
    ),
    "a shard outside": (
        lambda pack: pack.write(SHARD, b"../checkpoint/2026h2\n"),
        "inclusion facts/00/shard names no checkpoint of the pack.",
    ),
    "two shards": (lambda pack: pack.write(SHARD, b"2026h2 2027h1\n"), "inclusion facts/00/shard names no checkpoint"),
    "a shard that is not there": (
        lambda pack: pack.write(SHARD, b"2027h1\n"),
        "inclusion facts/00/shard names no checkpoint of the pack.",
    ),
    "a path with a hash too many": (
        lambda pack: pack.edit(PATH, lambda content: content + bytes(32)),
        "inclusion facts/00/path.bin is too long.",
    ),
    "a path with a hash too few": (
        lambda pack: pack.edit(PATH, lambda content: content[:-32]),
        "inclusion facts/00/path.bin is too short.",
    ),
    "no path": (lambda pack: pack.write(PATH, b""), "inclusion facts/00/path.bin is too short."),
    "half a hash more": (
        lambda pack: pack.edit(PATH, lambda content: content + bytes(16)),
        "inclusion facts/00/path.bin is not made of whole hashes.",
    ),
    "the proof of another fact": (
        lambda pack: pack.swap("facts/00/proof.tlog-proof", "facts/01/proof.tlog-proof"),
        "inclusion facts/00/proof.tlog-proof differs from the files beside it.",
    ),
    "a link in place of a file": (
        lambda pack: pack.link(DOCUMENT, "../01/document.jcs"),
        f"files {DOCUMENT} is missing, or is no plain file.",
    ),
    "facts in another order": (
        lambda pack: pack.swap("facts/02", "facts/03"),
        "chain facts/02 is fact 3 of its chain: a fact is missing, or they were reordered.",
    ),
    "no first fact": (lambda pack: pack.remove("facts/00"), "chain There is no fact 00."),
    "a gap": (lambda pack: pack.remove("facts/03"), "files facts holds something that does not belong there"),
    "a fact less, and the gap closed": (_drop_a_fact_and_close_up, "chain facts/04 is fact 5 of its chain"),
    "a fact twice": (lambda pack: pack.copy("facts/05", "facts/06"), "chain facts/06 is fact 5 of its chain"),
    "a directory beside the facts": (
        lambda pack: pack.copy("facts/05", "facts/5"),
        "files facts holds something that does not belong there, or too little.",
    ),
    "a file beside a document": (
        lambda pack: pack.write("facts/05/decision.txt", b"dismissed"),
        "files facts/05 holds something that does not belong there, or too little.",
    ),
    "a fact less at the end": (_drop_the_last_fact, "completeness completeness.note is about something else"),
    "an earlier statement for fewer facts": (
        _state_about_fewer,
        "completeness completeness.note is about something else",
    ),
    "a statement under the log's own key": (
        _state_with_the_logs_key,
        "signature completeness.note is signed by none of the keys in checkpoint/2026h2.vkey.",
    ),
    "no event": (lambda pack: pack.remove("context/00"), "files context holds something"),
    "no consent": (
        lambda pack: pack.remove("context/01"),
        "context An event or a consent that a fact names is missing",
    ),
    "no context": (lambda pack: pack.remove("context"), "context An event or a consent that a fact names is missing"),
    "a consent twice": (
        lambda pack: pack.copy("context/01", "context/02"),
        "context context/02 is not what a fact of the notification names, or is there twice.",
    ),
    "a fact as its own context": (
        lambda pack: pack.copy("facts/03", "context/02"),
        "context context/02 is not what a fact of the notification names",
    ),
    "another size under the same signature": (
        lambda pack: pack.edit(NOTE, _lines(lambda lines: [lines[0], "17", *lines[2:]])),
        f"signature {NOTE}: the signature by the key {ORIGIN}+",
    ),
    "a fourth line of text": (
        lambda pack: pack.edit(NOTE, _lines(lambda lines: [*lines[:3], "and more", *lines[3:]])),
        f"signature {NOTE} is not 3 lines of text, a blank line and signature lines, and nothing after them.",
    ),
    "text after the signatures": (
        lambda pack: pack.edit(NOTE, lambda note: note + b"and more\n"),
        f"signature {NOTE} is not 3 lines of text",
    ),
    "text without an end of line after the signatures": (
        lambda pack: pack.edit(NOTE, lambda note: note + b"more"),
        f"signature {NOTE} is not 3 lines of text",
    ),
    "a second text after the signatures": (
        lambda pack: pack.edit(NOTE, lambda note: note + b"\n" + note),
        f"signature {NOTE} is not 3 lines of text",
    ),
    "ends of line as on other systems": (
        lambda pack: pack.edit(NOTE, lambda note: note.replace(b"\n", b"\r\n")),
        f"signature {NOTE} is not 3 lines of text",
    ),
    "no signature": (
        lambda pack: pack.edit(NOTE, lambda note: note.partition(b"\n\n")[0] + b"\n\n"),
        f"signature {NOTE} is not 3 lines of text",
    ),
    "base64 that is not canonical": (
        lambda pack: pack.edit(NOTE, lambda note: note.replace(b"=\n", b"=", 1)[:-1] + b"=\n"),
        f"signature {NOTE}",
    ),
    "a bad signature beside the good one": (_add_a_bad_signature_by_a_known_key, f"signature {NOTE}: the signature by"),
    "a forger's key under the log's name": (
        sign_with_own_key,
        f"signature {NOTE} is signed by none of the keys you gave.",
    ),
    "a forger's log": (_sign_for_another_log, f"signature {NOTE} is signed by none of the keys you gave."),
    "the checkpoint of another shard": (
        lambda pack: (pack.move(NOTE, "checkpoint/2027h1.note"), pack.move(VKEY, "checkpoint/2027h1.vkey")),
        "signature checkpoint/2027h1.note is of another log than its name says.",
    ),
    "a checkpoint with a name that hides it": (
        lambda pack: pack.move(NOTE, "checkpoint/-x.note"),
        "files A file in the directory checkpoint is not named after a shard.",
    ),
    "keys of a shard that is not there": (
        lambda pack: pack.write("checkpoint/2027h1.vkey", b""),
        "files checkpoint holds something that does not belong there, or too little.",
    ),
    "a key whose hash does not fit": (
        lambda pack: pack.edit(VKEY, lambda content: content.replace(b"+", b"+0", 1)),
        f"signature {VKEY} has a line that is no key of a log.",
    ),
    "another receipt to read": (
        lambda pack: pack.write("originals/facts-03-receipt.txt", b"MessageStatus=read"),
        "originals A file in originals is not what was sealed.",
    ),
    "an original of a closed field": (
        lambda pack: pack.write("originals/facts-04-receipt.txt", b"MessageStatus=read"),
        "originals A file in originals is not what was sealed.",
    ),
    "an original from elsewhere": (
        lambda pack: (pack.write("other/00/fields/x.bin", b"x"), pack.write("originals/other-00-x.bin", b"x")),
        "originals A file in originals is not what was sealed.",
    ),
    "a paper among the originals": (
        lambda pack: pack.write("originals/decision.pdf", b"dismissed"),
        "originals A file in originals is not what was sealed.",
    ),
}
