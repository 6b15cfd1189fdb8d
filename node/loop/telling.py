# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the log tells of a node's troubles: when each begins, when what it waits for changes, and when it is over."""

import logging
from collections.abc import Iterable

from node.loop.batch import EventStored
from protocol.book.refusals import BEHIND, RECOVERING, SUCCEEDED
from protocol.lanes.journal import Behind
from protocol.peers import troubles
from protocol.peers.troubles import Trouble

FAULT_RAISED = "fault.raised"

log = logging.getLogger(__name__)


class Telling:
    """What was logged of one node's troubles."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}
        """What each that goes on waits for, by its code."""

    def tell(self, all_now: Iterable[Trouble], behind: Behind | None) -> None:
        """Log what has changed since the last time."""
        now = {one.code: one for one in all_now}
        for code, one in now.items():
            if self._told.get(code) == one.waits_for:
                continue
            self._told[code] = one.waits_for
            if code == BEHIND.code and behind is not None:
                lacks = {"kind": behind.kind, "seq": behind.seq}
                log.error("the books stand still before an entry that this version does not know: upgrade", extra=lacks)
                continue
            _begin(one)
        for code in self._told.keys() - now.keys():
            del self._told[code]
            log.info("this trouble is over", extra={"code": code})

    def tell_faults(self, events: Iterable[EventStored]) -> None:
        """Log that a network was seen to do wrong, it may be our own."""
        for event in events:
            if event.type == FAULT_RAISED:
                log.warning("a fault is raised", extra={"fault": event.resource, **event.figures})


def _begin(trouble: Trouble) -> None:
    """Log that a trouble has begun, or waits for something else now."""
    extra = {"code": trouble.code, "waits_for": trouble.waits_for, "to_do": trouble.to_do}
    match trouble.code:
        case RECOVERING.code:
            log.warning("recovering: nothing is signed", extra=extra)
        case troubles.COMPARING:
            log.info("comparing with others before anything is signed", extra=extra)
        case troubles.NOT_COMPARED:
            log.warning("signing without having compared: nobody came", extra=extra)
        case troubles.TWO_COPIES:
            log.error("two copies of one home run", extra=extra)
        case troubles.CLOCKS_DIFFER:
            log.warning("the clock of a partner differs from this one", extra=extra)
        case troubles.CLOCK_LEAPT:
            log.error("the clock has leapt: what the calendar brings waits", extra=extra)
        case troubles.FORKED:
            log.error("this network has said two things at one place", extra=extra)
        case SUCCEEDED.code:
            log.error("another node signs for this network now", extra=extra)
        case _:
            log.warning("something is wrong with this node", extra=extra)
