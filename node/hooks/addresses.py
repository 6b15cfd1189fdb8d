# SPDX-License-Identifier: AGPL-3.0-or-later
"""To which addresses a node sends: public ones alone, unless its operator lets it send within its own network."""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

_NAT64 = IPv6Network("64:ff9b::/96")
"""IPv4 behind IPv6 (RFC 6052)."""


class AddressRefused(OSError):
    """A name leads to this machine or to a private network, and to nothing else."""


def is_of_the_internet(text: str) -> bool:
    """Tell whether an IP address is one of the internet, however it is wrapped in another."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    within = _within(address)
    plain = address if within is None else within
    return plain.is_global and not plain.is_multicast and not plain.is_reserved


def _within(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    if not isinstance(address, IPv6Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None


class GuardedResolver(AbstractResolver):
    """Looks names up, and gives only addresses to which may be sent: the connection goes to what was judged here.

    A name that means another address the next time is judged anew the next time (DNS rebinding).
    """

    def __init__(self, *, private: bool, inner: AbstractResolver | None = None) -> None:
        self._private = private
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a name; raises OSError."""
        found = await self._inner.resolve(host, port, family)
        allowed = [one for one in found if self._private or is_of_the_internet(one["host"])]
        if not allowed:
            raise AddressRefused(f"{host} is in a private network")
        return allowed

    async def close(self) -> None:
        """Close what looks names up."""
        await self._inner.close()
