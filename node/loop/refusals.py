# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the loop refuses by itself, whatever is wished."""

from protocol.book.refusals import Reason, Stage

STORAGE_FAILED = Reason(
    "STORAGE_FAILED",
    Stage.DOOR,
    503,
    "The node cannot write to its disk; nothing was done",
    "The node cannot write to its disk. Nothing was done.",
    transient=True,
    heading="The disk cannot be written",
    ways=("try again later", "tell a steward"),
)
IDEMPOTENCY_IN_FLIGHT = Reason(
    "IDEMPOTENCY_IN_FLIGHT",
    Stage.DOOR,
    409,
    "A request with this key is still under way",
    "A request with this key has not been answered yet.",
    transient=True,
    heading="It is still under way",
    ways=("wait, then ask again with the same key",),
)
IDEMPOTENCY_REUSED = Reason(
    "IDEMPOTENCY_REUSED",
    Stage.DOOR,
    422,
    "This key was used already, for another request",
    "A key stands for one request alone. Nothing was done.",
    heading="This key was used for something else",
    ways=("take a new key for another wish", "send the very same request to see its answer"),
)
SEARCH_UNAVAILABLE = Reason(
    "SEARCH_UNAVAILABLE",
    Stage.DOOR,
    503,
    "The search index is damaged: the next start makes it anew",
    "The search index is damaged; the books are whole. The next start of the node makes it anew.",
    transient=True,
    heading="Nothing can be searched now",
    ways=("look at the list without a search", "ask a steward to start the node anew"),
)
RECKONINGS_UNDER_WAY = Reason(
    "RECKONINGS_UNDER_WAY",
    Stage.DOOR,
    429,
    "Other figures are still being reckoned for you",
    "{maximum} sets of figures are reckoned for you already; others wait too.",
    transient=True,
    heading="{maximum} reckonings are under way",
    ways=("wait until one of them is answered, then ask again",),
)
STORAGE_DAMAGED = Reason(
    "STORAGE_DAMAGED",
    Stage.DOOR,
    503,
    "The database is damaged where this stands",
    "The disk has changed the database where this stands, and the node shows nothing of it.",
    heading="The database is damaged",
    ways=("tell a steward, who runs mutirao verify book and restores a backup",),
)

LOOP_REFUSALS = (
    STORAGE_FAILED,
    IDEMPOTENCY_IN_FLIGHT,
    IDEMPOTENCY_REUSED,
    SEARCH_UNAVAILABLE,
    RECKONINGS_UNDER_WAY,
    STORAGE_DAMAGED,
)
