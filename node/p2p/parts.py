# SPDX-License-Identifier: AGPL-3.0-or-later
"""All that mutirao uses of libp2p, by name: PeerIDs, keys, Noise, and the negotiation of protocols."""

import node.p2p.lean  # noqa: F401 - before anything of libp2p

# isort: split
from libp2p.abc import ISecureConn
from libp2p.crypto.ed25519 import Ed25519PublicKey
from libp2p.crypto.ed25519 import create_new_key_pair as key_pair_from_seed
from libp2p.crypto.keys import KeyPair
from libp2p.crypto.x25519 import create_new_key_pair as new_noise_key_pair
from libp2p.custom_types import TProtocol
from libp2p.io.exceptions import IncompleteReadError
from libp2p.io.trio import TrioTCPStream
from libp2p.network.connection.raw_connection import RawConnection
from libp2p.peer.id import ID
from libp2p.protocol_muxer.exceptions import MultiselectClientError, MultiselectCommunicatorError
from libp2p.protocol_muxer.multiselect import Multiselect
from libp2p.protocol_muxer.multiselect_client import MultiselectClient
from libp2p.protocol_muxer.multiselect_communicator import MultiselectCommunicator
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE_PROTOCOL
from libp2p.security.noise.transport import Transport as NoiseTransport
from libp2p.utils.varint import read_varint_prefixed_bytes_limited

__all__ = [
    "ID",
    "NOISE_PROTOCOL",
    "Ed25519PublicKey",
    "ISecureConn",
    "IncompleteReadError",
    "KeyPair",
    "Multiselect",
    "MultiselectClient",
    "MultiselectClientError",
    "MultiselectCommunicator",
    "MultiselectCommunicatorError",
    "NoiseTransport",
    "RawConnection",
    "TProtocol",
    "TrioTCPStream",
    "key_pair_from_seed",
    "new_noise_key_pair",
    "read_varint_prefixed_bytes_limited",
]
