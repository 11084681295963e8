"""Time stamps (RFC 3161): what a response says, and whether certificates vouch for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from rfc3161_client import (
    PKIStatus,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

_SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_SEQUENCE, _CONTEXT_0 = 0x30, 0xA0
# Position and tag of: the response, its timeStampToken, the content of that, its SignedData, the certificates in it.
_WAY_TO_CERTIFICATES = ((0, _SEQUENCE), (1, _SEQUENCE), (1, _CONTEXT_0), (0, _SEQUENCE), (3, _CONTEXT_0))


class TimeStampError(ValueError):
    """A response is not the stamp that it should be; the text is one clause about it, such as `it was refused`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStamp:
    """When, by the authority's clock to the second (UTC), and by whom: the subject of its certificate (RFC 4514)."""

    at: datetime
    authority: str


def read_time_stamp(
    response: bytes, *, data: bytes, nonce: int | None = None, roots: Sequence[x509.Certificate] = ()
) -> TimeStamp:
    """What the TimeStampResp (DER) says about `data`; TimeStampError when it is no stamp on its SHA-256.

    `nonce` is that of the request, None when the request is not at hand. Signature and certificates are judged under
    `roots` as of the time stamped, so that a stamp outlives its certificate; without roots they are not judged.
    """
    try:
        parsed = decode_timestamp_response(_with_ordered_certificates(response))
        _check_what_is_stamped(parsed, data, nonce)
        if roots:
            _check_signature(parsed, data, roots)
        return TimeStamp(at=parsed.tst_info.gen_time, authority=_signer(parsed).subject.rfc4514_string())
    except TimeStampError:
        raise
    except Exception:  # noqa: BLE001 – the parsers below name malformed input by exceptions of many kinds
        raise TimeStampError("it is no time stamp response") from None


def token_of(response: bytes) -> bytes:
    """The TimeStampToken (DER, RFC 3161 §2.4.2) of a response that was granted, as it came."""
    ((_, content, end),) = _elements(response, 0, len(response))
    first, _, after = _elements(response, content, end)[1]
    return response[first:after]


def _check_what_is_stamped(parsed: TimeStampResponse, data: bytes, nonce: int | None) -> None:
    if parsed.status != PKIStatus.GRANTED:
        raise TimeStampError(f"it was refused with status {parsed.status}")
    imprint = parsed.tst_info.message_imprint
    if (imprint.hash_algorithm, imprint.message) != (_SHA256, sha256(data).digest()):
        raise TimeStampError("it is on something else")
    if nonce is not None and parsed.tst_info.nonce != nonce:
        raise TimeStampError("it answers another request")


def _check_signature(parsed: TimeStampResponse, data: bytes, roots: Sequence[x509.Certificate]) -> None:
    try:
        VerifierBuilder(roots=list(roots)).build().verify_message(parsed, data)
    except VerificationError:
        raise TimeStampError("the given certificates do not vouch for it") from None


def _signer(parsed: TimeStampResponse) -> x509.Certificate:
    (info,) = parsed.signed_data.signer_infos
    for encoded in parsed.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(encoded)
        if (certificate.issuer, certificate.serial_number) == (info.issuer, info.serial_number):
            return certificate
    raise TimeStampError("it comes without the certificate of its signer")


def _with_ordered_certificates(response: bytes) -> bytes:
    """The same response with its certificates in ascending order, as DER has it.

    CMS may order them as it likes (RFC 5652 §10.2.3: BER), and OpenSSL does; rfc3161-client insists on DER.
    """
    place = (0, len(response))
    for position, tag in _WAY_TO_CERTIFICATES:
        elements = _elements(response, *place)
        if len(elements) <= position or response[elements[position][0]] != tag:
            return response
        place = elements[position][1:]
    start, end = place
    certificates = sorted(response[first:after] for first, _, after in _elements(response, start, end))
    return response[:start] + b"".join(certificates) + response[end:]


def _elements(data: bytes, start: int, end: int) -> list[tuple[int, int, int]]:
    """Beginning, beginning of the content, and end of each DER element (X.690 §8.1, one-byte tags) in a range.

    Raises ValueError or IndexError where there is none.
    """
    elements = []
    while start < end:
        length, content = data[start + 1], start + 2
        if length >= 0x80:
            content += length - 0x80
            length = int.from_bytes(data[start + 2 : content])
        elements.append((start, content, content + length))
        start = content + length
    if start != end:
        raise ValueError("an element is longer than what holds it")
    return elements
