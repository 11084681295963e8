"""What a witness must not forget, in a SQLite file of its own: what it is durable about is what it may sign.

WAL with synchronous=FULL: a transaction is on disk when its COMMIT returns. One connection writes, under
BEGIN IMMEDIATE, so that what is read in a transaction is still true when it commits, whoever else has the file open.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from app.merkle.checkpoint import Checkpoint
from app.witness.judgement import Offence

STATE_FILE = "witness.db"
BUSY_SECONDS = 10.0
OFFENCES_KEPT = 100

_SCHEMA = """
CREATE TABLE IF NOT EXISTS identity (one INTEGER PRIMARY KEY CHECK (one = 1), vkey TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS latest (
    origin TEXT PRIMARY KEY, origin_hash TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, root BLOB NOT NULL,
    note BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS offences (
    id INTEGER PRIMARY KEY AUTOINCREMENT, origin TEXT NOT NULL, kind TEXT NOT NULL, seen_at INTEGER NOT NULL,
    note BLOB NOT NULL, held BLOB, UNIQUE (origin, kind, note)
) STRICT;
CREATE TRIGGER IF NOT EXISTS latest_never_goes_back BEFORE UPDATE ON latest
WHEN NEW.size < OLD.size OR (NEW.size = OLD.size AND NEW.root <> OLD.root) OR NEW.origin <> OLD.origin
BEGIN SELECT RAISE(ABORT, 'a witness never goes back'); END;
CREATE TRIGGER IF NOT EXISTS latest_is_never_forgotten BEFORE DELETE ON latest
BEGIN SELECT RAISE(ABORT, 'a witness never forgets'); END;
"""


class WitnessError(Exception):
    """The witness cannot be used as it is; one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """The checkpoint that was cosigned last, and its note with the log's signatures and ours."""

    checkpoint: Checkpoint
    note: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenOffence:
    """A note that a log signed against what we hold: `held` is our note at that time. `seen_at` in POSIX seconds."""

    origin: str
    kind: Offence
    seen_at: int
    note: bytes
    held: bytes | None


class WitnessState:
    """The file, open. Not for use by two threads at once. Raises sqlite3.Error when it cannot be read or written."""

    def __init__(self, path: Path) -> None:
        # Autocommit: transactions begin and end where this class says so.
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error:
            self._connection.close()
            raise

    def close(self) -> None:
        """A second call does nothing."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and durable after the block; nobody else writes meanwhile."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def identity(self) -> str | None:
        """The key (a vkey) that this state belongs to; None before the first `claim`."""
        row = self._connection.execute("SELECT vkey FROM identity").fetchone()
        return None if row is None else str(row[0])

    def claim(self, vkey: str) -> None:
        """Make the state that of this key, for good; nothing happens when it has one."""
        self._connection.execute("INSERT OR IGNORE INTO identity VALUES (1, ?)", (vkey,))

    def latest(self, origin: str) -> Latest | None:
        """What was cosigned last for this log."""
        row = self._connection.execute("SELECT size, root, note FROM latest WHERE origin = ?", (origin,)).fetchone()
        if row is None:
            return None
        size, root, note = row
        return Latest(checkpoint=Checkpoint(origin=origin, size=size, root=root), note=note)

    def note_of(self, origin_hash: str) -> bytes | None:
        """The note that was cosigned last for the log whose origin has this SHA-256, in lower-case hex."""
        row = self._connection.execute("SELECT note FROM latest WHERE origin_hash = ?", (origin_hash,)).fetchone()
        return None if row is None else bytes(row[0])

    def hold(self, latest: Latest) -> None:
        """Put it in place of what was held for its log. sqlite3.IntegrityError when it would be a step back."""
        head = latest.checkpoint
        self._connection.execute(
            "INSERT INTO latest VALUES (:origin, :origin_hash, :size, :root, :note)"
            " ON CONFLICT (origin) DO UPDATE SET size = :size, root = :root, note = :note",
            {
                "origin": head.origin,
                "origin_hash": sha256(head.origin.encode()).hexdigest(),
                "size": head.size,
                "root": head.root,
                "note": latest.note,
            },
        )

    def keep(self, offence: SeenOffence) -> None:
        """Keep it once, among the newest 100 of its kind for its log; forks are not pushed out by lesser ones."""
        self._connection.execute(
            "INSERT OR IGNORE INTO offences (origin, kind, seen_at, note, held) VALUES (?, ?, ?, ?, ?)",
            (offence.origin, offence.kind.value, offence.seen_at, offence.note, offence.held),
        )
        self._connection.execute(
            "DELETE FROM offences WHERE origin = :origin AND kind = :kind AND id NOT IN"
            " (SELECT id FROM offences WHERE origin = :origin AND kind = :kind ORDER BY id DESC LIMIT :kept)",
            {"origin": offence.origin, "kind": offence.kind.value, "kept": OFFENCES_KEPT},
        )

    def offences(self) -> tuple[SeenOffence, ...]:
        """All that are kept, oldest first."""
        rows = self._connection.execute("SELECT origin, kind, seen_at, note, held FROM offences ORDER BY id")
        return tuple(
            SeenOffence(origin=origin, kind=Offence(kind), seen_at=seen_at, note=note, held=held)
            for origin, kind, seen_at, note, held in rows
        )


def open_state(directory: Path) -> WitnessState:
    """The state of the witness of this directory, made when there is none. WitnessError when it is not usable."""
    try:
        return WitnessState(directory / STATE_FILE)
    except sqlite3.Error:
        raise WitnessError(f"{directory / STATE_FILE} cannot be used as the state of a witness.") from None


def seen_offences(directory: Path) -> tuple[SeenOffence, ...]:
    """What the witness of this directory has kept, oldest first. Raises WitnessError when there is none."""
    if not (directory / STATE_FILE).exists():
        raise WitnessError(f"There is no witness in {directory}.")
    state = open_state(directory)
    try:
        return state.offences()
    finally:
        state.close()
