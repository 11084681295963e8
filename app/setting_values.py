"""What the values of settings look like: addresses, databases, witnesses. Nothing here repeats a value in an error."""

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.merkle.cosignature import CosignerKey, parse_cosigner_key
from app.merkle.note import NoteError

POSTGRES = "postgresql+asyncpg:"
# What asyncpg understands in an address and what fits what the service does: it always writes.
_DATABASE_PARAMETERS = ("host", "port", "ssl", "target_session_attrs", "passfile", "service", "servicefile")
_WRITABLE = ("read-write", "primary")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedWitness:
    """A witness as AWIZO_WITNESSES names it."""

    key: CosignerKey
    url: str


def is_given(value: object) -> bool:
    """Whether a setting has a value that is not empty."""
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


def check_database(text: str) -> None:
    """Raise ValueError when it is no address of a database that the service can write to."""
    if not text.startswith(("sqlite+aiosqlite:", POSTGRES)):
        raise ValueError("must begin with sqlite+aiosqlite: or postgresql+asyncpg:")
    try:
        url = make_url(text)
        if url.get_backend_name() == "postgresql":
            url.get_dialect()().create_connect_args(url)
    except (ArgumentError, ValueError):  # whose messages repeat what may be a part of the password
        raise ValueError("is not the address of a database; each of several hosts needs its port") from None
    if url.get_backend_name() != "postgresql":
        return
    if not url.query.keys() <= set(_DATABASE_PARAMETERS):
        raise ValueError(f"may have these parameters only: {', '.join(_DATABASE_PARAMETERS)}")
    if not set(url.normalized_query.get("target_session_attrs", ())) <= set(_WRITABLE):
        raise ValueError("must ask for a server that takes writes: target_session_attrs=read-write or primary")


def has_bad_port(parts: SplitResult) -> bool:
    """Whether what stands for the port is none."""
    try:
        return parts.port == 0
    except ValueError:  # whose message repeats it
        return True


def has_blank(text: str) -> bool:
    """Whether there is a space, a line break or anything that does not print."""
    return any(character.isspace() or not character.isprintable() for character in text)


def parse_witnesses(text: str) -> tuple[NamedWitness, ...]:
    """The pairs of vkey and address that AWIZO_WITNESSES names. Raises ValueError."""
    found: dict[str, NamedWitness] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        vkey, _, url = entry.partition(" ")
        parts = urlsplit(url.strip())
        try:
            key = parse_cosigner_key(vkey)
        except NoteError as error:
            raise ValueError(f"must be pairs of vkey and address: {error}") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname or has_blank(url.strip()):
            raise ValueError("must be pairs of vkey and address: an address begins with http:// or https://")
        if parts.query or parts.fragment:
            raise ValueError("must be pairs of vkey and address: an address has no query and no fragment")
        if parts.username is not None:
            raise ValueError("must hold no user name: the addresses are published with every proof")
        if found.setdefault(key.name, NamedWitness(key=key, url=url.strip().rstrip("/"))).key != key:
            raise ValueError("names two witnesses alike")
    return tuple(found.values())
