# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of checkpoints."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.practices.between.checkpoints.proofs import Checkpoint
from protocol.wire.shape import Length

SALTS_SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class CheckpointMade:
    """A checkpoint in the ledger lane, over all entries before its own; `seed` is what the salts come from."""

    KIND: ClassVar[str] = "checkpoints/made"
    seed: Annotated[bytes, Length(SALTS_SEED_BYTES)]
    checkpoint: Checkpoint
