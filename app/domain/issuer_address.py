"""Where an issuer of tokens may stand."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit


def is_issuer_address(text: str) -> bool:
    """Whether it can name an issuer (RFC 8414 §2): https, or http on this machine, and no more than a path."""
    parts = _parts(text)
    if parts is None or parts.query or parts.fragment or "?" in text or "#" in text:
        return False
    return parts.scheme == "https" or is_plain_on_this_machine(text)


def is_plain_on_this_machine(text: str) -> bool:
    """Whether it is an http address of this very machine: a loopback address, or the name `localhost`."""
    parts = _parts(text)
    if parts is None or parts.scheme != "http":
        return False
    try:
        return parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _parts(text: str) -> SplitResult | None:
    """What an address without user name consists of; None when it is none."""
    if not text.isascii() or not text.isprintable() or " " in text:
        return None
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_whole and parts.username is None and parts.scheme in {"http", "https"} else None
