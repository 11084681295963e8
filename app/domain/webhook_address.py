"""The form that the address of an endpoint must have. What its name leads to is looked at when it is called."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

URL_LENGTH_MAX = 2048
PORTS = frozenset({443, 8443})

# One way to write each address, in what RFC 3986 allows: nothing that another reader might understand otherwise.
_URL = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?][A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LAST_LABEL = re.compile(r"[a-z][a-z0-9-]*[a-z0-9]")
# Names that lead nowhere on the public internet (RFC 6761, RFC 6762, RFC 8375, RFC 7686, RFC 9476).
_INSIDE = frozenset({"localhost", "local", "internal", "arpa", "onion", "alt", "lan", "home", "corp", "intranet"})


class WebhookAddressError(ValueError):
    """One clause that says what is wrong with the address, without repeating it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAddress:
    """An https address: `host` in lower case, `target` the path and query as they go into the request."""

    host: str
    port: int
    target: str


def parse_webhook_address(url: str, *, ports: Collection[int] = PORTS) -> WebhookAddress:
    """Take the address apart. Raises WebhookAddressError unless it has the one form that is called.

    That is https, a host name in its ASCII form with at least two labels and no dot at its end, a port out of
    `ports` if any, and no user information or fragment. Numeric addresses are refused in every notation.
    """
    if len(url) > URL_LENGTH_MAX:
        raise WebhookAddressError(f"is longer than {URL_LENGTH_MAX} characters")
    if not url.lower().startswith("https://"):
        raise WebhookAddressError("must begin with https://")
    if "@" in url.split("://", 1)[1].split("/", 1)[0]:
        raise WebhookAddressError("must not hold a user name or password")
    if _URL.fullmatch("https://" + url[8:]) is None:
        raise WebhookAddressError("must be https://host[:port][/path][?query] in ASCII; a host as xn--… if need be")
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.port is None else 0)
    except ValueError:
        port = 0
    if port not in ports:
        raise WebhookAddressError(f"must use port {' or '.join(map(str, sorted(ports)))}")
    path = parts.path or "/"
    return WebhookAddress(
        host=_host(parts.hostname or ""), port=port, target=f"{path}?{parts.query}" if parts.query else path
    )


def _host(host: str) -> str:
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise WebhookAddressError("has a host that is no name")
    if len(labels) < 2 or labels[-1] in _INSIDE:
        raise WebhookAddressError("has a host that is not a name on the public internet")
    # A last label that begins with a digit is read as a number by some: 127.1, 0x7f.1, 2130706433.
    if _LAST_LABEL.fullmatch(labels[-1]) is None:
        raise WebhookAddressError("has a numeric host: give it by its name")
    return host
