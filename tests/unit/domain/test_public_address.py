"""Which addresses are of the public internet, held against Python's own tables."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.public_address import is_public


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "193.0.6.139", "2606:4700:4700::1111", "2a00:1450:4001::1", "64:ff9b::808:808"]
)
def test_what_anybody_can_be_given_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f.0.0.1", "8.8.8.8 ", "8.8.8.8:53", "[2606:4700::1]"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@given(st.ip_addresses(v=4))
def test_no_address_is_public_that_the_registries_keep(address: IPv4Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not is_public(str(address))


@given(st.ip_addresses(v=6))
def test_no_address_of_six_groups_is_public_that_the_registries_keep(address: IPv6Address) -> None:
    if not address.is_global or address.is_multicast or address.ipv4_mapped or address.sixtofour or address.teredo:
        assert not is_public(str(address))


@given(st.ip_addresses(v=4))
def test_an_address_behind_nat64_is_what_it_leads_to(address: IPv4Address) -> None:
    assert is_public(str(IPv6Address((0x64FF9B << 96) | int(address)))) == is_public(str(address))


@given(st.ip_addresses(v=4))
def test_an_address_in_another_address_is_never_public(address: IPv4Address) -> None:
    for prefix in (0xFFFF << 32, 0, 0x2002 << 112):
        shift = 80 if prefix == 0x2002 << 112 else 0
        assert not is_public(str(IPv6Address(prefix | int(address) << shift)))
