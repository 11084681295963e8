"""The checker of time stamps that `awizo verify --tsa-ca` brings to the verifier."""

from collections.abc import Iterable

from cryptography import x509

from app.domain.time_stamp import TimeStampError, read_time_stamp
from app.evidence.canonical import format_time
from app.evidence.verifier import StampChecker, StampFinding, StampHolds, StampRefused


def stamp_checker(files: Iterable[bytes]) -> StampChecker:
    """Trusts what the certificates in these files vouch for (PEM, up to self-signed roots).

    ValueError when one of them holds none.
    """
    roots = [root for file in files for root in x509.load_pem_x509_certificates(file)]

    def check(data: bytes, response: bytes) -> StampFinding:
        try:
            stamp = read_time_stamp(response, data=data, roots=roots)
        except TimeStampError as error:
            return StampRefused(reason=str(error))
        return StampHolds(at=format_time(stamp.at), authority=stamp.authority)

    return check
