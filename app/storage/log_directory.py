"""The static copy of the log as files, which any web server can publish."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE_BYTES_MAX = 2 * 2**20  # the largest is an opening with a whole checkpoint in it

_UNFINISHED = ".new"


class DirectoryInUseError(Exception):
    """Another process writes the same copy."""


class LogDirectory:
    """Files by their paths below a directory, such as `2026h2/tile/0/000`. Everything may raise OSError."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._unsynced: set[Path] = set()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Create the directory, and keep other writers out; DirectoryInUseError when there is one."""
        self._root.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _lock(handle)
            yield
        finally:
            os.close(handle)

    def read(self, path: str) -> bytes | None:
        """The file's first FILE_BYTES_MAX bytes; None when there is no such file."""
        file = self._root / path
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            return opened.read(FILE_BYTES_MAX)

    def paths(self, below: str = "") -> Iterator[str]:
        """Every file below, and what else is no directory, in the order of their names; nothing when it is absent."""
        directory = self._root / below
        if below and not directory.is_dir():
            return
        prefix = f"{below}/" if below else ""
        for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                yield from self.paths(prefix + entry.name)
            else:
                yield prefix + entry.name

    def write(self, path: str, data: bytes) -> None:
        """Give the file this content; whoever reads it meanwhile sees the old one or the new one, whole.

        Nothing is written when it has this content already. The name is durable after `sync`.
        """
        file = self._root / path
        if self.read(path) == data:
            return
        for directory in reversed(file.parents):
            if not directory.exists():
                directory.mkdir(exist_ok=True)
                self._unsynced.add(directory.parent)
        beside = self._root / self.unfinished(path)
        with beside.open("wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        beside.replace(file)
        self._unsynced.add(file.parent)

    def sync(self) -> None:
        """Make durable what files are called: after a loss of power all that was written is there."""
        while self._unsynced:
            handle = os.open(self._unsynced.pop(), os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def remove(self, path: str) -> None:
        """Remove a file, and its directory when nothing else is in it."""
        file = self._root / path
        file.unlink()
        if not any(file.parent.iterdir()):
            file.parent.rmdir()

    @staticmethod
    def unfinished(path: str) -> str:
        """What the file is called while it is being written."""
        return path + _UNFINISHED

    @staticmethod
    def is_unfinished(path: str) -> bool:
        """Whether the file is one that a writer left behind when it died."""
        return path.endswith(_UNFINISHED)


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DirectoryInUseError from None
