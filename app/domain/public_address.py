"""Which addresses belong to the public internet, so that a request may be sent there on somebody's word."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# IANA's registries of special-purpose addresses (RFC 6890), multicast (RFC 5771), and what clouds keep for themselves.
_NOT_PUBLIC_4 = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # public by its number, yet inside: Azure's services for its machines
    )
)  # fmt: skip
_GLOBAL_6 = ip_network("2000::/3")  # all that is given to anybody (RFC 4291 §2.4)
_NOT_PUBLIC_6 = tuple(
    ip_network(network)
    for network in (
        "2001::/23",  # protocols of the IETF, Teredo among them, which has an IPv4 address in it
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address in it
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address, and that is where it leads


def is_public(address: str) -> bool:
    """Whether the textual IP address is one of the public internet; also False for what is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return _is_public_4(parsed)
    return _is_public_6(parsed)


def _is_public_4(address: IPv4Address) -> bool:
    return not any(address in network for network in _NOT_PUBLIC_4)


def _is_public_6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return _is_public_4(IPv4Address(address.packed[-4:]))
    return address in _GLOBAL_6 and not any(address in network for network in _NOT_PUBLIC_6)
