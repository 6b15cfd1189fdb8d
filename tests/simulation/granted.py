# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a home writes by a plan is what others take: in worlds the entries of a plan are checked as theirs would be.

A home itself folds what its plans have checked. A plan of several entries may look at less than `check` does at each in
its turn: it would write what no other node takes, and its books would part from theirs for good. Plans of one entry are
left to the properties that mutants are caught by.
"""

from protocol.book.plans import Entered, Plan
from protocol.book.tables import NotFetched
from protocol.lanes.entry import LEDGER, Body, Entry, Millis
from protocol.peers.home import Home

_carry_out = Home.carry_out


def carry_out_checked(self: Home, plan: Plan) -> None:
    """Write what a plan says; fails where another node would refuse one of its entries of the ledger."""
    if len(plan.writes) < 2:
        _carry_out(self, plan)
        return
    journal = self.journal
    write = journal.write

    def write_checked(body: Body, lane: str, now: Millis) -> Entry:
        if lane == LEDGER:
            head = journal.held.head(self.network, lane)
            seq = 0 if head is None else head.position.seq + 1
            epoch = journal.directory.networks[self.network].identity.epoch
            entered = Entered(body, self.network, lane, epoch, seq, bytes(32), now)
            try:
                reason = journal.book.check(entered)
            except NotFetched:  # who is told of it fetches it first
                reason = None
            assert reason is None, f"the plan was granted, but every other node refuses the entry: {reason} {body}"
        return write(body, lane, now)

    journal.write = write_checked
    try:
        _carry_out(self, plan)
    finally:
        del journal.write
