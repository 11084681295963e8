"""The body of add-checkpoint: the specification's example, and all that is not quite like it."""

import pytest

from app.merkle.encoding import decode_base64, encode_base64
from app.merkle.witness_request import (
    AddCheckpoint,
    WitnessRequestError,
    format_add_checkpoint,
    parse_add_checkpoint,
)

# The example of c2sp.org/tlog-witness.
PROOF = (
    "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=",
    "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=",
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=",
    "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=",
)
NOTE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
).encode()
BODY = ("old 20852014\n" + "".join(f"{item}\n" for item in PROOF) + "\n").encode() + NOTE
HASH = encode_base64(bytes(32)).encode() + b"\n"


def test_the_example_of_the_specification_is_read_and_written() -> None:
    request = parse_add_checkpoint(BODY)
    assert request == AddCheckpoint(old_size=20852014, proof=tuple(map(decode_base64, PROOF)), note=NOTE)
    assert format_add_checkpoint(old_size=request.old_size, proof=request.proof, note=request.note) == BODY


def test_the_first_request_for_a_log_has_no_proof() -> None:
    assert parse_add_checkpoint(b"old 0\n\n" + NOTE) == AddCheckpoint(old_size=0, proof=(), note=NOTE)
    assert format_add_checkpoint(old_size=0, proof=(), note=NOTE) == b"old 0\n\n" + NOTE


def test_sixty_three_hashes_are_read_and_not_one_more() -> None:
    assert len(parse_add_checkpoint(b"old 1\n" + HASH * 63 + b"\n" + NOTE).proof) == 63
    with pytest.raises(WitnessRequestError, match="more than 63"):
        parse_add_checkpoint(b"old 1\n" + HASH * 64 + b"\n" + NOTE)
    with pytest.raises(ValueError, match="at most 63"):
        format_add_checkpoint(old_size=1, proof=[bytes(32)] * 64, note=NOTE)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"\n\n",
        NOTE,
        b"old 5",
        b"old 5\n",
        b"old\n\n" + NOTE,
        b"old \n\n" + NOTE,
        b"old  5\n\n" + NOTE,
        b"old 05\n\n" + NOTE,
        b"old -5\n\n" + NOTE,
        b"old +5\n\n" + NOTE,
        b"old 5 \n\n" + NOTE,
        b" old 5\n\n" + NOTE,
        b"OLD 5\n\n" + NOTE,
        b"old 9223372036854775808\n\n" + NOTE,
        b"old 99999999999999999999999999\n\n" + NOTE,
        "old ٥\n\n".encode() + NOTE,
        b"old 5\r\n\r\n" + NOTE,
        b"old 5\nold 5\n\n" + NOTE,
        b"old 5\n" + HASH[:-1] + b" \n\n" + NOTE,
        b"old 5\n" + HASH.replace(b"=", b"") + b"\n" + NOTE,
        b"old 5\n" + HASH.replace(b"AAAA=", b"AAAB=") + b"\n" + NOTE,
        b"old 5\n" + encode_base64(bytes(31)).encode() + b"\n\n" + NOTE,
        b"old 5\n\xff\n\n" + NOTE,
        b"\xef\xbb\xbfold 5\n\n" + NOTE,
    ],
)
def test_a_malformed_body_is_refused(body: bytes) -> None:
    with pytest.raises(WitnessRequestError):
        parse_add_checkpoint(body)
