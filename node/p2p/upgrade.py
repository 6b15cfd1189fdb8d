# SPDX-License-Identifier: AGPL-3.0-or-later
"""From a socket to an authenticated connection of many streams: negotiation, Noise, Yamux, and nothing else."""

import trio

from node.p2p.parts import (
    ID,
    NOISE_PROTOCOL,
    IncompleteReadError,
    ISecureConn,
    KeyPair,
    Multiselect,
    MultiselectClient,
    MultiselectCommunicator,
    MultiselectCommunicatorError,
    NoiseTransport,
    RawConnection,
    TProtocol,
    TrioTCPStream,
    new_noise_key_pair,
    read_varint_prefixed_bytes_limited,
)
from node.p2p.yamux import BoundedStream, BoundedYamux

YAMUX_PROTOCOL = "/yamux/1.0.0"

NEGOTIATION_BYTES_MAX = 1024
NEGOTIATION_MESSAGES_MAX = 16
SOCKET_READ_BYTES = 128 * 1024


class BufferedConnection(RawConnection):
    """A socket, or a WebSocket, whose `read(n)` gives exactly n bytes, however small the segments are.

    Fault 12 of libp2p 0.8.1: a Noise message that arrives in many small segments ends the connection, and each
    length field is read with a call of its own.
    """

    def __init__(self, socket: trio.abc.Stream, *, initiator: bool) -> None:
        super().__init__(TrioTCPStream(socket), initiator)  # type: ignore[arg-type] - asks nothing else of it
        self._socket = socket
        self._buffer = bytearray()

    async def read(self, n: int | None = None) -> bytes:
        """Return exactly n bytes, or whatever is there if n is None; IncompleteReadError at the end."""
        wanted = 1 if n is None else n
        while len(self._buffer) < wanted:
            data = await self._socket.receive_some(SOCKET_READ_BYTES)
            if not data:
                raise IncompleteReadError("the peer hung up", expected_bytes=wanted, received_bytes=len(self._buffer))
            self._buffer += data
        size = len(self._buffer) if n is None else n
        with memoryview(self._buffer) as view:
            result = bytes(view[:size])
        del self._buffer[:size]
        return result

    async def write(self, data: bytes) -> None:
        await self._socket.send_all(data)


class BoundedCommunicator(MultiselectCommunicator):
    """Multistream negotiation that takes at most 16 messages of at most 1 KiB from the peer.

    Fault 7 of libp2p 0.8.1: neither the length of a negotiation message nor the number of proposals is
    bounded, before anybody has shown who they are.
    """

    _messages = 0

    async def read(self) -> str:
        """Return one message; MultiselectCommunicatorError for anything longer, later or not text."""
        self._messages += 1
        if self._messages > NEGOTIATION_MESSAGES_MAX:
            raise MultiselectCommunicatorError("too many negotiation messages")
        try:
            data = await read_varint_prefixed_bytes_limited(self.read_writer, NEGOTIATION_BYTES_MAX)
            text = data.decode("ascii")
        except UnicodeDecodeError as error:
            raise MultiselectCommunicatorError("negotiation in no known tongue") from error
        if not text.endswith("\n"):
            raise MultiselectCommunicatorError("negotiation message without an end")
        return text[:-1]


async def propose_protocol(channel: BufferedConnection | ISecureConn | BoundedStream, protocol: str) -> None:
    """Agree with the other side to speak this protocol, or raise MultiselectClientError."""
    await MultiselectClient().select_one_of([TProtocol(protocol)], BoundedCommunicator(channel))  # type: ignore[arg-type]


async def agree(channel: BufferedConnection | ISecureConn | BoundedStream, *protocols: str) -> str:
    """Let the other side choose one of these protocols and return it, or raise MultiselectError."""
    offered = Multiselect({TProtocol(one): None for one in protocols})
    chosen, _ = await offered.negotiate(BoundedCommunicator(channel))  # type: ignore[arg-type]
    return str(chosen)


class NoiseAndYamux:
    """Upgrades a socket to an authenticated, multiplexed connection by Noise and Yamux and nothing else.

    Fault 1 of libp2p 0.8.1: a host with default options also takes connections on which nobody proves who they
    are. Here there is no other choice to make.
    """

    def __init__(self, key_pair: KeyPair) -> None:
        self._noise = NoiseTransport(key_pair, noise_privkey=new_noise_key_pair().private_key)

    async def upgrade(self, raw: BufferedConnection, expected: ID | None) -> BoundedYamux:
        """Shake hands, as the dialler if a peer is expected; raises if it is another or breaks off."""
        if expected is None:
            await agree(raw, NOISE_PROTOCOL)
            secure = await self._noise.secure_inbound(raw)
            await agree(secure, YAMUX_PROTOCOL)
        else:
            await propose_protocol(raw, NOISE_PROTOCOL)
            secure = await self._noise.secure_outbound(raw, expected)
            await propose_protocol(secure, YAMUX_PROTOCOL)
        return BoundedYamux(secure, initiator=expected is not None)
