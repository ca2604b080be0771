"""Where a connection may lead: judged when it is dialled, by the very address that a name has just been resolved to.

So no name can be pointed at a cloud's metadata, or at the operator's own pod, between a check and its use.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from aiohttp import AddrInfoType, SocketFactoryType

# Of the clouds whose metadata is not link-local: AWS, Alibaba, Azure, Oracle.
_METADATA = frozenset(map(ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")))
_NAT64 = IPv6Network("64:ff9b::/96")

_NEVER = "leads to an address that is never asked (link-local, cloud metadata, multicast or unspecified)"
_NOT_FOR_A_POLICY = "leads to an address that no policy may name (loopback, link-local, cloud metadata, or the like)"


class ForbiddenPlaceError(OSError):
    """A name leads where nothing may be asked. Its text goes on after the name of the place."""


def forbidden(address: str, *, loopback: bool) -> bool:
    """Whether an address in numbers may not be dialled. `loopback` says whether the machine itself may be."""
    place = _meant(ip_address(address))
    return (
        place.is_link_local
        or place.is_multicast
        or place.is_unspecified
        or place in _METADATA
        or (place.is_loopback and not loopback)
    )


def _meant(place: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that one of IPv6 stands for, else the address without the network card it is reached by."""
    if isinstance(place, IPv4Address):
        return place
    if place in _NAT64:
        return IPv4Address(place.packed[-4:])
    return place.ipv4_mapped or IPv6Address(place.packed)


def guard(*, loopback: bool) -> SocketFactoryType:
    """Makes sockets for aiohttp's connections; ForbiddenPlaceError instead of one that would lead to a wrong place."""

    def make(found: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, place = found
        if forbidden(place[0], loopback=loopback):
            raise ForbiddenPlaceError(_NEVER if loopback else _NOT_FOR_A_POLICY)
        return socket.socket(family, kind, protocol)

    return make
