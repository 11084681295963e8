"""Sign a note with every key that must sign it: after a rotation, with the old one and the new."""

from collections.abc import Sequence

from app.merkle.note import NoteSignature, parse_vkey, sign_note, with_signatures
from app.ports import Signer, SigningKeys
from app.usecases.log_fault import MissingKeyError


def signed_by_all(text: str, vkeys: Sequence[str], keys: SigningKeys) -> bytes:
    """`text` as a note with one signature for each of `vkeys`, of which there is at least one.

    Raises MissingKeyError when one of them is not on this machine.
    """
    first, *others = [_held(vkey, keys) for vkey in vkeys]
    note = sign_note(text, vkey=parse_vkey(first.vkey), sign=first.sign)
    return with_signatures(note, [_signature(signer, text) for signer in others])


def _held(vkey: str, keys: SigningKeys) -> Signer:
    signer = keys.holding(vkey)
    if signer is None:
        raise MissingKeyError("A key that signs the log is not on this machine; copy it into keys/ of its data")
    return signer


def _signature(signer: Signer, text: str) -> NoteSignature:
    vkey = parse_vkey(signer.vkey)
    return NoteSignature(vkey.name, vkey.id, signer.sign(text.encode()))
