"""Who presents an access token: signature under the issuer's keys, then its claims."""

import structlog
from jwt import PyJWS, PyJWTError

from app.domain.access import Caller
from app.domain.access_token import ALGORITHMS, Expected, Refusal, read_claims, read_header
from app.ports import Surroundings, TokenIssuer
from app.usecases.issuer_keys import IssuerKeys

_log = structlog.get_logger(__name__)


class AccessTokens:
    """Checks access tokens (RFC 9068) of one issuer that are meant for `audience`.

    Nothing is remembered of a token, and nothing of one that is refused is logged but the kind of its fault.
    """

    def __init__(self, issuer: TokenIssuer, *, audience: str, surroundings: Surroundings) -> None:
        self._expected = Expected(issuer=issuer.identifier, audience=audience)
        self._keys = IssuerKeys(issuer, surroundings)
        self._surroundings = surroundings
        self._signatures = PyJWS(algorithms=ALGORITHMS)

    async def caller(self, token: str) -> Caller | None:
        """Who presents it; None when it is worth nothing, whatever the cause. Any text may be given."""
        match await self._read(token):
            case Caller() as caller:
                return caller
            case Refusal() as refusal:
                _log.info("access_refused", because=refusal.value)
                return None

    async def close(self) -> None:
        """Ask the issuer nothing more."""
        await self._keys.close()

    async def _read(self, token: str) -> Caller | Refusal:
        header = read_header(token)
        if isinstance(header, Refusal):
            return header
        key = await self._keys.find(header.key_name, header.algorithm)
        if key is None:
            return Refusal.KEY
        try:
            payload = self._signatures.decode(token, key, algorithms=[header.algorithm])
        except PyJWTError:
            return Refusal.SIGNATURE
        return read_claims(payload, self._expected, now=self._surroundings.clock())
