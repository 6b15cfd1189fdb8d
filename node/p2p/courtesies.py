# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every libp2p peer may ask of another: who it is (`/ipfs/id/1.0.0`), whether it is there (`/ipfs/ping/1.0.0`).

We answer, and ask neither: Noise has told us who the peer is, and Yamux has pings of its own.
docs/decisions/0042 tells more.
"""

from collections.abc import Iterable
from ipaddress import ip_address

import trio
from multiaddr import Multiaddr

from node.p2p.addresses import HostAddress, plain_ip
from node.p2p.yamux import BoundedStream

PING_PROTOCOL = "/ipfs/ping/1.0.0"
IDENTIFY_PROTOCOL = "/ipfs/id/1.0.0"

PING_BYTES = 32
PING_IDLE_SECONDS = 60.0
TURNS_AT_ONCE = 16
TURN_SECONDS = 0.5

# Fields of the message Identify, as libp2p's specification of identify numbers them.
_PUBLIC_KEY, _LISTENING, _PROTOCOLS, _OBSERVED, _PROTOCOL_VERSION, _AGENT = 1, 2, 3, 4, 5, 6


class StreamTurns:
    """Lets one peer have 16 turns at once, and then one each half second, so that courtesies cost us little."""

    def __init__(self) -> None:
        self._spent_until = 0.0

    async def next(self) -> None:
        """Wait until the peer may ask for something more."""
        now = trio.current_time()
        self._spent_until = max(self._spent_until, now) + TURN_SECONDS
        await trio.sleep(max(0.0, self._spent_until - now - TURNS_AT_ONCE * TURN_SECONDS))


async def answer_pings(stream: BoundedStream, turns: StreamTurns) -> None:
    """Give back each 32 bytes that come, until none has come for a minute; ConnectionFault where the stream ends."""
    while True:
        ping = bytearray()
        with trio.fail_after(PING_IDLE_SECONDS):
            while len(ping) < PING_BYTES:
                ping += await stream.read(PING_BYTES - len(ping))
        await turns.next()
        await stream.write(bytes(ping))


def introduction(
    public_key: bytes,
    *,
    listening: Iterable[str],
    observed: str | None,
    protocols: Iterable[str],
    versions: tuple[str, str],
) -> bytes:
    """Return the message Identify behind its length: our key, addresses, protocols, and where we see the asker.

    `public_key` is in libp2p's own wrapping; `versions` are the protocol's and the program's.
    """
    fields = [(_PUBLIC_KEY, public_key)]
    fields += [(_LISTENING, Multiaddr(one).to_bytes()) for one in listening]
    fields += [(_PROTOCOLS, one.encode()) for one in protocols]
    if observed is not None:
        fields.append((_OBSERVED, Multiaddr(observed).to_bytes()))
    fields += [(number, text.encode()) for number, text in zip((_PROTOCOL_VERSION, _AGENT), versions, strict=True)]
    message = b"".join(_varint(number << 3 | 2) + _varint(len(value)) + value for number, value in fields)
    return _varint(len(message)) + message


def told_addresses(listening: Iterable[HostAddress], met_at: str, asker: str) -> list[str]:
    """Return the addresses that an asker can use: `met_at` in the place of every address of this machine.

    Addresses of the machine itself are told on the machine itself only.
    """
    told: list[str] = []
    for one in listening:
        ip = ip_address(one.ip)
        if ip.is_unspecified and ip.version >= (met := plain_ip(met_at)).version:
            ip = met
        if ip.is_unspecified or (ip.is_loopback and not plain_ip(asker).is_loopback):
            continue
        told.append(one.at(str(ip)))
    return told


def _varint(value: int) -> bytes:
    """Write a whole number in groups of seven bits, the lowest first."""
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)
