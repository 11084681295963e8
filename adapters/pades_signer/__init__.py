"""Signs PDF documents: `app.ports.DocumentSigner` by pyHanko, with a certificate and its key in a PKCS#12 file."""

from adapters.pades_signer.credentials import Credentials, CredentialsError, own_credentials, read_credentials
from adapters.pades_signer.signer import PadesSigner

__all__ = ["Credentials", "CredentialsError", "PadesSigner", "own_credentials", "read_credentials"]
