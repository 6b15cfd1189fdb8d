# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of replicas: who may keep a copy of the books, and who no longer."""

from dataclasses import dataclass
from typing import ClassVar

from protocol.book.signed import Key


@dataclass(frozen=True, slots=True)
class ReplicaInvited:
    """Whoever shows the code of this digest becomes a replica, until the date."""

    KIND: ClassVar[str] = "replicas/invited"
    code: Key
    not_after_ms: int


@dataclass(frozen=True, slots=True)
class ReplicaAdmitted:
    """The node with this libp2p key holds a copy of all our lanes."""

    KIND: ClassVar[str] = "replicas/admitted"
    code: Key
    transport: Key


@dataclass(frozen=True, slots=True)
class ReplicaDismissed:
    """The replica of this invitation gets nothing more; what it holds it holds."""

    KIND: ClassVar[str] = "replicas/dismissed"
    code: Key
