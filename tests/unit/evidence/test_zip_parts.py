"""Zip files made part by part: other programs read them, and what is wrong with one is found."""

import io
import zlib
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from hypothesis import given
from hypothesis import strategies as st

from app.evidence.zip_parts import RunningDigest, ZipEntry, directory_record, end_record, local_header, packed_entry


def assembled(files: dict[str, bytes], stored: dict[str, bytes]) -> bytes:
    data, entries = b"", []
    for name, content in files.items():
        entry, part = packed_entry(name, content, begins=len(data))
        entries.append(entry)
        data += part
    for name, content in stored.items():
        running = RunningDigest()
        running.update(content[:7])
        running.update(content[7:])
        entry = ZipEntry(
            name=name, crc=running.crc, size=running.size, packed=running.size, deflated=False, begins=len(data)
        )
        entries.append(entry)
        data += local_header(entry) + content
    directory = b"".join(map(directory_record, entries))
    return data + directory + end_record(entries=len(entries), begins=len(data), size=len(directory))


@given(
    files=st.dictionaries(st.from_regex(r"packed/[a-zł0-9-]{1,40}", fullmatch=True), st.binary(max_size=500)),
    stored=st.dictionaries(st.from_regex(r"as-is/[a-zł0-9-]{1,40}", fullmatch=True), st.binary(max_size=500)),
)
def test_what_is_put_in_comes_out(files: dict[str, bytes], stored: dict[str, bytes]) -> None:
    with ZipFile(io.BytesIO(assembled(files, stored))) as packed:
        assert packed.testzip() is None
        assert {name: packed.read(name) for name in packed.namelist()} == files | stored
        assert {each.compress_type for each in packed.infolist()} <= {ZIP_DEFLATED, ZIP_STORED}


def test_the_same_content_gives_the_same_bytes() -> None:
    first, second = (packed_entry("bundle.json", b"{}" * 100, begins=0) for _ in range(2))
    assert first == second


def test_files_can_be_read_by_everybody_and_run_by_nobody() -> None:
    with ZipFile(io.BytesIO(assembled({"a": b"1"}, {}))) as packed:
        (info,) = packed.infolist()
    assert info.external_attr >> 16 == 0o100644
    assert zlib.crc32(b"1") == info.CRC
