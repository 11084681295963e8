"""The mark as a file: written beside, synced, renamed over the old one, the directory synced."""

import os
from pathlib import Path
from uuid import uuid4


class MarkFile:
    """Implements app.ports.Mark. A crash leaves either the old mark or the new one, never half of one.

    Processes that share the file each write a file of their own beside it. Whoever claims the mark removes those of
    all others, so that a process that was stopped before its last step has nothing left to put in place when it wakes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(f"{path.name}.{uuid4().hex}.new")

    def read(self) -> bytes | None:
        """The note that was written last, or None."""
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    def claim(self) -> bytes | None:
        """The same; from now on no process that claimed the mark earlier can write it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._beside.touch()
        for other in self._path.parent.glob(f"{self._path.name}.*.new"):
            if other != self._beside:
                other.unlink(missing_ok=True)
        return self.read()

    def write(self, note: bytes) -> None:
        """Durable on return. Raises FileNotFoundError when we did not claim the mark, or another process did since."""
        with self._beside.open("r+b") as file:
            file.write(note)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        self._beside.replace(self._path)
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
