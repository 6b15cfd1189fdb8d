# SPDX-License-Identifier: AGPL-3.0-or-later
"""What nodes say to each other of boards: parts compared, items asked for, items."""

from dataclasses import dataclass
from typing import Annotated

from protocol.lanes.items import ITEM_BYTES_MAX
from protocol.wire.shape import AtMost, Holds, Length, Range

BOARD_SPANS_PER_FRAME_MAX = 256
BOARD_HEADS_PER_SPAN_MAX = 64
BOARD_ITEMS_WANTED_MAX = 256
"""For how many items one frame may ask, or tell that they are there."""
BOARD_ITEMS_PER_FRAME_MAX = 64
"""How many items come in a frame: each has a signature to be checked."""

_Id32 = Annotated[bytes, Length(32)]
_Id16 = Annotated[bytes, Length(16)]
ItemWire = Annotated[bytes, AtMost(ITEM_BYTES_MAX), Holds(("item",))]


@dataclass(frozen=True, slots=True)
class BoardHead:
    """Which version of an item one side holds; `mark` is the id of what it says."""

    network: _Id32
    item: _Id16
    version: Annotated[int, Range(1, 2**53)]
    withdrawn: bool
    mark: _Id32


@dataclass(frozen=True, slots=True)
class BoardSpan:
    """What I hold of a part of the boards: of the items whose keys begin with the hexadecimal digits `prefix`.

    Either the fingerprint of my items in it, or, where they are few, which they are. `audience` is the federation whose
    members alone are told of these, or the network whose own replicas are; nothing: everybody.
    """

    audience: _Id32 | None
    prefix: Annotated[str, AtMost(64)]
    fingerprint: _Id32 | None
    items: Annotated[tuple[BoardHead, ...], AtMost(BOARD_HEADS_PER_SPAN_MAX)] | None


@dataclass(frozen=True, slots=True)
class BoardSpans:
    """One step of a comparison of boards: parts that do not overlap, in order.

    A part that by the reader's knowledge is not for us both it passes over.
    """

    spans: Annotated[tuple[BoardSpan, ...], AtMost(BOARD_SPANS_PER_FRAME_MAX)]


@dataclass(frozen=True, slots=True)
class BoardAhead:
    """Items of mine that you lack, or of which you have an older version: some of them, ask for what you want."""

    items: Annotated[tuple[BoardHead, ...], AtMost(BOARD_ITEMS_WANTED_MAX)]


@dataclass(frozen=True, slots=True)
class BoardPlace:
    """An item of a network's board."""

    network: _Id32
    item: _Id16


@dataclass(frozen=True, slots=True)
class BoardItemsWanted:
    """Please send what these items say now."""

    items: Annotated[tuple[BoardPlace, ...], AtMost(BOARD_ITEMS_WANTED_MAX)]


@dataclass(frozen=True, slots=True)
class BoardItems:
    """Items of boards: pushed when new, or in answer to BoardItemsWanted. What is not for the reader it passes over."""

    items: Annotated[tuple[ItemWire, ...], AtMost(BOARD_ITEMS_PER_FRAME_MAX)]
