# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the network tells the node: who came, who went, what arrived, and whether it lives itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamUp:
    """A stream to this peer is open; its PeerID and public key are authenticated."""

    peer: str
    public_key: bytes
    address: str
    outbound: bool


@dataclass(frozen=True, slots=True)
class StreamDown:
    """The stream to this peer is gone; frames that were queued for it may not have arrived."""

    peer: str
    reason: str


@dataclass(frozen=True, slots=True)
class FrameReceived:
    """A frame came from this peer; say `Network.consumed` once it is dealt with."""

    peer: str
    frame: bytes


@dataclass(frozen=True, slots=True)
class NetworkFailed:
    """The libp2p side died; every peer is down until NetworkRestarted."""

    reason: str


@dataclass(frozen=True, slots=True)
class NetworkRestarted:
    """The libp2p side is back, listens on the same ports, and dials again."""


NetworkEvent = StreamUp | StreamDown | FrameReceived | NetworkFailed | NetworkRestarted
