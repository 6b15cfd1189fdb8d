# SPDX-License-Identifier: AGPL-3.0-or-later
"""A signed item of a network's board: what it says for a while, in one version (PROTOCOL 8).

item = [said, signature]; said = {v, network, epoch, item, version, not_after, seen_by, kind, body?} and its id, which
breaks ties, is SHA-256("mutirao/v1/item", 0, said). The hot key of the epoch signs it, as kind "item". Without a body
the item is withdrawn: nothing of what it said is left, not even a digest.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Annotated

from crdt.board import ItemVersion
from protocol.book.publishing import ITEM_BODY_BYTES_MAX, SEEN_BY_MAX
from protocol.wire.codec import CodecFault, decode, encode
from protocol.wire.keys import KeyPair, digest, verify
from protocol.wire.shape import AtMost, Length, Range, ShapeFault, from_map, to_map

ITEM_FORM = 1
ITEM_BYTES_MAX = ITEM_BODY_BYTES_MAX + 1_024
"""With up to eight groups of networks by whom it is seen, a kind of 64 characters and a signature."""

ItemPlace = tuple[bytes, bytes]
"""Whose board, and the id of the item on it."""


class ItemFault(ValueError):
    """What a peer sent is no well-formed item."""


@dataclass(frozen=True, slots=True)
class ItemSaid:
    """What a network says in one version of an item; `not_after` is the last hour that it stands.

    `seen_by` are the federations whose members are told, in ascending order; the network's own id alone: its own
    replicas; nothing: everybody. An item without a body is withdrawn.
    """

    v: Annotated[int, Range(ITEM_FORM, ITEM_FORM)]
    network: Annotated[bytes, Length(32)]
    epoch: Annotated[int, Range(0, 2**31)]
    item: Annotated[bytes, Length(16)]
    version: Annotated[int, Range(1, 2**53)]
    not_after: Annotated[int, Range(0, 2**53)]
    seen_by: Annotated[tuple[Annotated[bytes, Length(32)], ...], AtMost(SEEN_BY_MAX)]
    kind: Annotated[str, AtMost(64)]
    body: Annotated[bytes, AtMost(ITEM_BODY_BYTES_MAX)] | None = None

    @property
    def is_well_formed(self) -> bool:
        """Tell whether it names each group once, in ascending order, and its own network by itself."""
        in_order = all(before < after for before, after in pairwise(self.seen_by))
        return in_order and (self.network not in self.seen_by or len(self.seen_by) == 1)


@dataclass(frozen=True)
class BoardItem:
    """An item as it travels and is stored: `wire`, kept as received, and what it is made of."""

    said: ItemSaid
    said_bytes: bytes
    signature: bytes
    wire: bytes

    @cached_property
    def version(self) -> ItemVersion:
        """Which of several goes before the others."""
        return ItemVersion(self.said.version, self.said.not_after, self.said.body, digest("item", self.said_bytes))

    @property
    def network(self) -> bytes:
        """Whose board it is on."""
        return self.said.network

    @property
    def place(self) -> ItemPlace:
        """Whose board, and the id of the item on it."""
        return self.said.network, self.said.item

    def signed_by(self, public_key: bytes) -> bool:
        """Tell whether the signature is this key's."""
        return verify(public_key, "item", self.said_bytes, self.signature)


def seal_item(keys: KeyPair, said: ItemSaid) -> BoardItem:
    """Sign a version of an item."""
    assert said.is_well_formed
    said_bytes = encode(to_map(said))
    signature = keys.sign("item", said_bytes)
    return BoardItem(said, said_bytes, signature, encode((said_bytes, signature)))


def parse_item(wire: bytes) -> BoardItem:
    """Return the item that these bytes hold, its signature not checked yet; raises ItemFault."""
    try:
        parts = decode(wire, bytes_max=ITEM_BYTES_MAX)
        if not (isinstance(parts, tuple) and len(parts) == 2 and all(isinstance(part, bytes) for part in parts)):
            raise ItemFault("an item is an array of two byte strings")
        said_bytes, signature = parts
        assert isinstance(said_bytes, bytes) and isinstance(signature, bytes)
        said = from_map(ItemSaid, decode(said_bytes, bytes_max=ITEM_BYTES_MAX))
    except (CodecFault, ShapeFault) as fault:
        raise ItemFault(f"item: {fault}") from None
    if not said.is_well_formed:
        raise ItemFault("an item names each group that sees it once, in ascending order, and its own network alone")
    if len(signature) != 64:
        raise ItemFault("a signature has 64 bytes")
    return BoardItem(said, said_bytes, signature, wire)
