# SPDX-License-Identifier: AGPL-3.0-or-later
"""What befalls a node, as it is told to the practices that talk with other homes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocol.book.declaration import Slot
from protocol.lanes.claims import RecoveryClaim
from protocol.peers.sessions import Session

if TYPE_CHECKING:
    from protocol.peers.home import Home


@dataclass(frozen=True, slots=True)
class PartnerMet:
    """The home of another network is connected, and both of us may speak."""

    session: Session
    network: bytes


@dataclass(frozen=True, slots=True)
class FellSilent:
    """The node signs nothing from now on: what is in the making is not written."""


@dataclass(frozen=True, slots=True)
class KeyOusted:
    """Guardians have given our network to another key than this node's."""

    claim: RecoveryClaim


@dataclass(frozen=True, slots=True)
class WentOn:
    """After a loss this node has opened an epoch, and signs again."""


@dataclass(frozen=True, slots=True)
class ClockSetBack:
    """What was noted as past may be yet to come."""


HomeNews = PartnerMet | FellSilent | KeyOusted | WentOn | ClockSetBack

HOME_NEWS: Slot[Callable[[Home, HomeNews], None]] = Slot("hears what befalls this node")
