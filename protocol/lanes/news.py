# SPDX-License-Identifier: AGPL-3.0-or-later
"""What befalls lanes, as it is told to the practices whose records stand in lanes of their own."""

from collections.abc import Callable
from dataclasses import dataclass

from protocol.book.book import Book
from protocol.book.slots import Slot


@dataclass(frozen=True, slots=True)
class LaneForked:
    """A network is proved to have spoken twice at one place."""

    network: bytes


@dataclass(frozen=True, slots=True)
class LanePardoned:
    """No such proof counts any more: cold keys have ended the epoch in which a network forked."""

    network: bytes


@dataclass(frozen=True, slots=True)
class EpochOpened:
    """Our own network has opened this epoch, after a restore or by a rotation."""

    epoch: int
    by_cold_keys: bool


@dataclass(frozen=True, slots=True)
class EpochRebased:
    """Another network has opened an epoch: whatever was taken of it was said before."""

    network: bytes
    epoch: int


LaneNews = LaneForked | LanePardoned | EpochOpened | EpochRebased
LANE_NEWS = Slot[Callable[[Book, LaneNews], None]]("hears what befalls lanes")
