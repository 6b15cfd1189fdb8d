# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the loop refuses by itself, whatever is wished."""

from protocol.book.refusals import Reason, Stage

STORAGE_FAILED = Reason(
    "STORAGE_FAILED", Stage.DOOR, 503, "The node cannot write to its disk; nothing was done", transient=True
)
IDEMPOTENCY_IN_FLIGHT = Reason(
    "IDEMPOTENCY_IN_FLIGHT", Stage.DOOR, 409, "A request with this key is still under way", transient=True
)
IDEMPOTENCY_REUSED = Reason("IDEMPOTENCY_REUSED", Stage.DOOR, 422, "This key was used already, for another request")
SEARCH_UNAVAILABLE = Reason(
    "SEARCH_UNAVAILABLE", Stage.DOOR, 503, "The search index is damaged: the next start makes it anew", transient=True
)

LOOP_REFUSALS = (
    STORAGE_FAILED,
    IDEMPOTENCY_IN_FLIGHT,
    IDEMPOTENCY_REUSED,
    SEARCH_UNAVAILABLE,
)
