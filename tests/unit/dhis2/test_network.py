"""Which addresses a registered URL may lead to (R1.3)."""

from __future__ import annotations

import pytest

from cgr.core.errors import NeedsPerson
from cgr.dhis2.network import addresses_of, check_address

# address, refused always, refused unless private networks are allowed
ADDRESSES = [
    ("93.184.216.34", False, False),
    ("2606:2800:220:1:248:1893:25c8:1946", False, False),
    ("10.0.0.5", False, True),
    ("172.16.3.4", False, True),
    ("192.168.1.10", False, True),
    ("127.0.0.1", False, True),
    ("::1", False, True),
    ("fc00::1", False, True),
    ("100.64.0.1", False, True),
    ("0.0.0.0", False, True),  # noqa: S104 - an address to look at, not to bind
    ("::ffff:192.168.1.10", False, True),
    ("169.254.169.254", True, True),
    ("169.254.0.1", True, True),
    ("::ffff:169.254.169.254", True, True),
    ("64:ff9b::a9fe:a9fe", True, True),
    ("2002:a9fe:a9fe::1", True, True),
    ("fe80::1", True, True),
    ("fe80::1%eth0", True, True),
    ("fd00:ec2::254", True, True),
    ("100.100.100.200", True, True),
    ("168.63.129.16", True, True),
    ("224.0.0.1", True, True),
    ("ff02::1", True, True),
    ("255.255.255.255", True, True),
    ("fd20:ce::254", True, True),
    ("169.254.170.2", True, True),
    ("::a9fe:a9fe", True, True),  # IPv4-compatible
    ("::ffff:0:a9fe:a9fe", True, True),  # IPv4-translated
    ("64:ff9b:1::a9fe:a9fe", True, True),  # NAT64 of a network's own
    ("2001:0:1:2:3:4:5601:5601", True, True),  # Teredo: 169.254.169.254 behind the relay, its bits turned
    ("2001:db8::5efe:a9fe:a9fe", True, True),  # ISATAP
    ("2606:2800:220:1:0:5efe:7f00:1", False, True),  # ISATAP of loopback
    ("64:ff9b::808:808", False, False),
    ("::ffff:8.8.8.8", False, False),
    ("2002:808:808::1", False, False),
    ("2002:a00:5::1", False, True),
    ("64:ff9b::7f00:1", False, True),
    ("::7f00:1", False, True),
    ("::", False, True),
    ("fec0::1", False, True),
    ("fc00::1%eth0", False, True),
    ("198.18.0.1", False, True),
    ("192.0.2.1", False, True),
    ("240.0.0.1", False, True),
    ("2001:db8::1", False, True),
]


def refused(address: str, *, allow_private: bool) -> bool:
    try:
        check_address(address, host="hmis.example.org", allow_private=allow_private)
    except NeedsPerson as error:
        return error.code == "address-not-allowed" and address not in error.message
    return False


@pytest.mark.parametrize(("address", "always", "unless_allowed"), ADDRESSES)
def test_an_address_is_let_through_or_refused(address: str, *, always: bool, unless_allowed: bool) -> None:
    assert refused(address, allow_private=True) is always
    assert refused(address, allow_private=False) is unless_allowed


def test_a_number_is_its_own_address() -> None:
    assert addresses_of("127.0.0.1", 80) == ["127.0.0.1"]
    assert addresses_of("2130706433", 80) == ["127.0.0.1"]
