"""Laying out a proof bundle as the files of a court pack, and packing them."""

import io
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from app.evidence.canonical import canonical_json
from app.evidence.statement import statement_key_name
from app.evidence.verifier import Outcome, Verdict, verify_bundle
from app.evidence.verifier.form import read_bundle
from app.evidence.verifier.model import Bundle, BundleFact, Opened
from app.merkle.proof import format_proof

SCRIPT = "verify.sh"
README = "README.txt"
STATEMENT = "statement.pdf"

_SHARD = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_EXTENSIONS = {
    "application/cloudevents+json": "json",
    "application/json": "json",
    "application/x-www-form-urlencoded": "txt",
    "application/xml": "xml",
    "message/rfc822": "eml",
    "multipart/report": "eml",
    "text/plain": "txt",
    "text/xml": "xml",
}
_UNKNOWN_EXTENSION = "bin"  # what nobody can name is not opened by a double click, web pages included

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first date that a zip file can hold
_UNIX = 3
_PLAIN, _EXECUTABLE = 0o100644, 0o100755


class UnsoundBundleError(ValueError):
    """No pack can be made of a bundle; the message says why in one sentence."""


def court_pack(bundle: bytes, *, statement: bytes | None = None) -> bytes:
    """The court pack of a proof bundle, a zip file; the same bytes for the same input, on every machine.

    `statement` is the statement of notification (PDF) that goes with it for reading; nothing looks into it.
    `bundle` may come from anywhere: UnsoundBundleError unless it is sound under the keys that it names itself, and
    the last segments of its shards' origins can name files.
    """
    report = verify_bundle(bundle)
    if report.verdict is Verdict.REFUSED:
        raise UnsoundBundleError(report.with_outcome(Outcome.FAILS)[0].sentence)
    files = dict(_files(read_bundle(bundle))) | {"bundle.json": bundle, SCRIPT: _own(SCRIPT), README: _own(README)}
    return _zipped(files if statement is None else files | {STATEMENT: statement})


def _files(bundle: Bundle) -> Iterator[tuple[str, bytes]]:
    """Path and content of each file that is made of parts of the bundle."""
    shards = _shard_names(bundle)
    notes = {shards[fact.checkpoint.origin]: fact.note for fact in bundle.proven()}
    for name, note in notes.items():
        yield f"checkpoint/{name}.note", note
    for origin, name in shards.items():
        keys = [str(vkey) for vkey in bundle.vkeys if vkey.name in {origin, statement_key_name(origin)}]
        yield f"checkpoint/{name}.vkey", "".join(f"{key}\n" for key in dict.fromkeys(keys)).encode()
    for section, facts in (("facts", bundle.facts), ("context", bundle.context)):
        for number, fact in enumerate(facts):
            yield from _fact_files(f"{section}/{number:02d}", fact, shards[fact.checkpoint.origin])
            yield from _original_files(bundle, f"{section}-{number:02d}", f"{section}/{number:02d}", fact)
    for number, stamp in enumerate(bundle.timestamps):
        yield f"timestamps/{number:02d}.tsr", stamp.token
        yield f"timestamps/{number:02d}.txt", stamp.checkpoint.text().encode()
    if bundle.statement is not None:
        yield "completeness.note", bundle.statement


def _shard_names(bundle: Bundle) -> Mapping[str, str]:
    """The name in files of each shard with facts, by its origin."""
    names: dict[str, str] = {}
    for origin in bundle.checkpoints():
        _, slash, name = origin.rpartition("/")
        if not slash or _SHARD.fullmatch(name) is None:
            raise UnsoundBundleError("The origin of a checkpoint does not end in the name of a shard.")
        if name in names.values():
            raise UnsoundBundleError("Two shards of different logs have the same name.")
        names[origin] = name
    return names


def _fact_files(directory: str, fact: BundleFact, shard: str) -> Iterator[tuple[str, bytes]]:
    proof = format_proof(index=fact.index, path=fact.path, note=fact.note)
    yield f"{directory}/document.jcs", canonical_json(fact.document.raw)
    yield f"{directory}/salt.bin", fact.salt
    yield f"{directory}/shard", f"{shard}\n".encode()
    yield f"{directory}/index", f"{fact.index}\n".encode()
    yield f"{directory}/path.bin", b"".join(fact.path)
    yield f"{directory}/proof.tlog-proof", proof.encode()
    for opened in fact.openings:
        yield from _field_files(directory, opened)


def _original_files(bundle: Bundle, stem: str, directory: str, fact: BundleFact) -> Iterator[tuple[str, bytes]]:
    """The originals of a fact, each as an open field and once more under a name that its reader's programs know."""
    for original in bundle.originals:
        if original.fact == fact.document.id:
            yield from _field_files(directory, original.opened)
            extension = _extension(original.media_type)
            yield f"originals/{stem}-{original.opened.name}.{extension}", original.opened.value


def _field_files(directory: str, opened: Opened) -> Iterator[tuple[str, bytes]]:
    yield f"{directory}/fields/{opened.name}.bin", opened.value
    yield f"{directory}/fields/{opened.name}.salt", opened.salt


def _extension(media_type: str) -> str:
    return _EXTENSIONS.get(media_type.partition(";")[0].strip().lower(), _UNKNOWN_EXTENSION)


@cache
def _own(name: str) -> bytes:
    return resources.files(__package__).joinpath(name).read_bytes()


def _zipped(files: Mapping[str, bytes]) -> bytes:
    # Stored, not compressed: what a compressor makes of the same bytes differs from one release to the next.
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_STORED) as archive:
        for path in sorted(files):
            entry = ZipInfo(path, _EARLIEST)
            entry.create_system = _UNIX
            entry.external_attr = (_EXECUTABLE if path == SCRIPT else _PLAIN) << 16
            archive.writestr(entry, files[path])
    return packed.getvalue()
