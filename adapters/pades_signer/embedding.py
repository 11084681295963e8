"""A CMS signature in a PDF document (PAdES baseline, ETSI EN 319 142-1 §6.3), by pyHanko. Imported when first used."""

import asyncio
import io
from dataclasses import dataclass, field
from typing import Any

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import simple_cms_attribute
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes

from adapters.pades_signer.credentials import Credentials

_FIELD = "Statement"
_DIGEST = "sha256"
_CMS_BYTES = 4 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A signed document before its signature is put in, with room for a stamp; `signature` is what a stamp is on."""

    output: io.BytesIO = field(repr=False)
    digest: PreparedByteRangeDigest = field(repr=False)
    cms: Any = field(repr=False)
    signature: bytes = field(repr=False)

    def finished(self, token: bytes | None = None) -> bytes:
        """The whole document; `token` (DER) is the time stamp on its signature, if there is one (PAdES B-T)."""
        if token is not None:
            info = self.cms["content"]["signer_infos"][0]
            stamp = type(self.cms).load(token)  # a ContentInfo as well (RFC 3161 §2.4.2)
            info["unsigned_attrs"] = [simple_cms_attribute("signature_time_stamp_token", stamp)]  # type: ignore[no-untyped-call]
        self.digest.fill_with_cms(self.output, self.cms)
        return self.output.getvalue()


def prepare(document: bytes, credentials: Credentials, *, space: int) -> Prepared:
    """Sign the whole document, leaving `space` bytes for a time stamp. Blocks; not to be called on an event loop."""
    return asyncio.run(_prepare(document, credentials, space))


async def _prepare(document: bytes, credentials: Credentials, space: int) -> Prepared:
    signer = SimpleSigner.load_pkcs12_data(credentials.pkcs12, (), credentials.password)
    metadata = PdfSignatureMetadata(
        field_name=_FIELD, subfilter=SigSeedSubFilter.PADES, md_algorithm=_DIGEST, name=credentials.holder
    )
    output = io.BytesIO()
    digest, _, _ = await PdfSigner(metadata, signer).async_digest_doc_for_signing(
        IncrementalPdfFileWriter(io.BytesIO(document)),
        # In hexadecimal digits.
        bytes_reserved=2 * (_CMS_BYTES + credentials.certificate_bytes + space),
        output=output,
    )
    cms = await signer.async_sign(
        digest.document_digest, _DIGEST, use_pades=True, signed_attr_settings=PdfCMSSignedAttributes()
    )
    signature = cms["content"]["signer_infos"][0]["signature"].native
    return Prepared(output=output, digest=digest, cms=cms, signature=signature)
