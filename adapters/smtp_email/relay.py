"""Where an SMTP relay is, and as whom we submit to it."""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qs, unquote, urlsplit


class Security(StrEnum):
    """How a connection is protected, named by the URL scheme that asks for it."""

    NONE = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"


_PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpRelay:
    """Where and as whom to submit. `weight` is this relay's share of the traffic among several."""

    host: str
    port: int
    security: Security
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    weight: int = 1

    @classmethod
    def parse(cls, url: str) -> "SmtpRelay":
        """Reads `smtp://`, `smtp+starttls://` or `smtps://` `[user:password@]host[:port][?weight=n]`.

        User and password are percent-encoded. Raises ValueError with a sentence that does not repeat the URL.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            raise ValueError("an SMTP URL has a malformed host") from None
        if parts.scheme not in set(Security):
            raise ValueError("an SMTP URL begins with smtp://, smtp+starttls:// or smtps://")
        if not parts.hostname or parts.path not in {"", "/"} or parts.fragment:
            raise ValueError("an SMTP URL names a host and has no path")
        if (parts.username is None) != (parts.password is None):
            raise ValueError("an SMTP URL gives both a user and a password, or neither")
        try:
            port = parts.port
            query = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
            weight = int(query.pop("weight", ["1"])[-1])
        except ValueError:
            raise ValueError("port and weight of an SMTP URL are whole numbers") from None
        if query or weight < 0:
            raise ValueError("an SMTP URL has no options but a weight, which is not negative")
        security = Security(parts.scheme)
        return cls(
            host=parts.hostname,
            port=port or _PORTS[security],
            security=security,
            username=unquote(parts.username) if parts.username is not None else None,
            password=unquote(parts.password) if parts.password is not None else None,
            weight=weight,
        )
