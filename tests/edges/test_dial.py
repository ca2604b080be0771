"""Which addresses are dialled and which never, however they are written."""

import pytest

from retrain_operator.edges.dial import forbidden

NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "ff02::1",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "::ffff:0.0.0.0",
]
THIS_MACHINE = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]
ALLOWED = ["10.96.0.10", "192.168.1.1", "100.64.0.1", "93.184.216.34", "fd00::1", "2001:db8::1", "::ffff:10.0.0.1"]


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("loopback", [True, False])
def test_never(address: str, loopback: bool) -> None:
    assert forbidden(address, loopback=loopback)


@pytest.mark.parametrize("address", THIS_MACHINE)
def test_this_machine_only_where_the_administrator_says_so(address: str) -> None:
    assert forbidden(address, loopback=False)
    assert not forbidden(address, loopback=True)


@pytest.mark.parametrize("address", ALLOWED)
def test_allowed(address: str) -> None:
    assert not forbidden(address, loopback=False)
