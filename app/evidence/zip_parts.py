"""A zip file made part by part (PKWARE APPNOTE 6.3.10), so that whoever makes it can stop anywhere and go on.

No more than 65,535 entries and 4 GiB: there are no zip64 records.
"""

import struct
import zlib
from dataclasses import dataclass

BYTES_MAX = 0xFFFFFFFF
ENTRIES_MAX = 0xFFFF

_VERSION = 20
_UNIX = 3 << 8
_FLAGS = 0x0800  # names are UTF-8
_STORED, _DEFLATED = 0, 8
_EARLIEST = (1 << 5 | 1) << 16  # 1980-01-01 00:00, the first that a zip file can hold
_PLAIN = 0o100644 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipEntry:
    """What the directory says of a file: CRC-32, sizes before and after packing; `begins` is set where it is placed."""

    name: str
    crc: int
    size: int
    packed: int
    deflated: bool
    begins: int


def packed_entry(name: str, data: bytes, *, begins: int) -> tuple[ZipEntry, bytes]:
    """A deflated file that begins there: its entry, and its header with its content."""
    squeezer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    content = squeezer.compress(data) + squeezer.flush()
    entry = ZipEntry(name=name, crc=zlib.crc32(data), size=len(data), packed=len(content), deflated=True, begins=begins)
    return entry, local_header(entry) + content


def local_header(entry: ZipEntry) -> bytes:
    """What stands before the content of a file (§4.3.7)."""
    name = entry.name.encode()
    return struct.pack("<4sHHHIIIIHH", b"PK\3\4", _VERSION, *_common(entry), len(name), 0) + name


def directory_record(entry: ZipEntry) -> bytes:
    """The file's record in the central directory (§4.3.12)."""
    name = entry.name.encode()
    head = struct.pack("<4sHHHHIIIIHH", b"PK\1\2", _UNIX | _VERSION, _VERSION, *_common(entry), len(name), 0)
    return head + struct.pack("<HHHII", 0, 0, 0, _PLAIN, entry.begins) + name


def _common(entry: ZipEntry) -> tuple[int, int, int, int, int, int]:
    method = _DEFLATED if entry.deflated else _STORED
    return _FLAGS, method, _EARLIEST, entry.crc, entry.packed, entry.size


def end_record(*, entries: int, begins: int, size: int) -> bytes:
    """The last record: how many entries the central directory has, where it begins and how long it is (§4.3.16)."""
    return struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, entries, entries, size, begins, 0)


class RunningDigest:
    """CRC-32 and size of a file that is seen piece by piece."""

    def __init__(self) -> None:
        self.crc = 0
        self.size = 0

    def update(self, piece: bytes) -> None:
        """The next piece."""
        self.crc = zlib.crc32(piece, self.crc)
        self.size += len(piece)
