"""Sign a note with every key that must sign it: after a rotation, with the old one and the new."""

from collections.abc import Sequence

from app.merkle.note import NoteSignature, parse_note, parse_vkey, sign_note, with_signatures
from app.ports import Signer, SigningKeys
from app.usecases.log_fault import MissingKeyError


def signed_by_all(text: str, vkeys: Sequence[str], keys: SigningKeys) -> bytes:
    """`text` as a note with one signature for each of `vkeys`, of which there is at least one.

    Raises MissingKeyError when one of them is not on this machine.
    """
    first, *others = [held(vkey, keys) for vkey in vkeys]
    note = sign_note(text, vkey=parse_vkey(first.vkey), sign=first.sign)
    return with_signatures(note, [_signature(signer, text) for signer in others])


def countersigned(note: bytes, vkeys: Sequence[str], keys: SigningKeys) -> bytes:
    """The note with a signature by each of `vkeys`: one from before a rotation lacks that of the newer key.

    Raises MissingKeyError when a key that is needed is not on this machine.
    """
    parsed = parse_note(note)
    present = {(line.name, line.key_id) for line in parsed.signatures}
    wanted = [vkey for vkey in map(parse_vkey, vkeys) if (vkey.name, vkey.id) not in present]
    return with_signatures(note, [_signature(held(str(vkey), keys), parsed.text) for vkey in wanted])


def held(vkey: str, keys: SigningKeys) -> Signer:
    """The signer of this verifier key. Raises MissingKeyError when it is not on this machine."""
    signer = keys.holding(vkey)
    if signer is None:
        raise MissingKeyError("A key that signs the log is not on this machine; copy it into keys/ of its data")
    return signer


def _signature(signer: Signer, text: str) -> NoteSignature:
    vkey = parse_vkey(signer.vkey)
    return NoteSignature(vkey.name, vkey.id, signer.sign(text.encode()))
