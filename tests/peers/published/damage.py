"""Damage, so that each peer is seen to refuse."""

from pathlib import Path


def flip_in_file(path: Path, place: float) -> None:
    """Flip one bit of the byte that stands at `place`, from 0.0 (the first) to 1.0 (the last)."""
    data = bytearray(path.read_bytes())
    data[int(place * (len(data) - 1))] ^= 1
    path.write_bytes(data)
