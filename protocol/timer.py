# SPDX-License-Identifier: AGPL-3.0-or-later
"""What time brings: to whoever is connected, to a home that signs, and by the calendar."""

from typing import Any

from protocol.answering import Answering
from protocol.book.agenda import due_plans
from protocol.book.clock import Clock
from protocol.book.declaration import Beside, Desk
from protocol.lanes.entry import Millis
from protocol.peers.home import AGAIN, PROCEED, Home
from protocol.peers.news import ClockSetBack
from protocol.peers.talks import Talks
from protocol.told import ToldOut


class Timer:
    """One node as time passes."""

    def __init__(self, home: Home, talks: Talks, answering: Answering, told_out: ToldOut) -> None:
        self.home = home
        self.talks = talks
        self.answering = answering
        self.told_out = told_out

    def set_back(self, by: Millis) -> None:
        """Wait no longer for what has waited already, though the clock was set back."""
        self.home.standing.set_back()
        for session in self.home.gossip.sessions.by_peer.values():
            session.since -= by
            session.opened_ms -= by
            session.brought_ms -= by
            session.awaited_ms -= by
            session.boards.opened_ms -= by
            session.boards.brought_ms -= by
        self.home.gossip.budgets.set_back()
        self.answering.set_back(by)
        self.home.hear(ClockSetBack())

    def tick(self) -> None:
        """Take in that a second has passed."""
        home = self.home
        home.gossip.ties.tick()
        for peer in home.gossip.sessions.strangers(home.now):
            self.told_out.drop(peer, "no hello")
        home.out += home.gossip.compare.opening(home.now, eager=home.standing.recovering)
        home.pinning.tick()
        self.talks.runs.tick()
        was_recovering = home.standing.recovering
        if was_recovering and home.journal.behind is None:
            home.standing.recover()
        elif home.standing.comparing and home.journal.behind is None:
            home.standing.compare()
        if home.standing.signs and not was_recovering:
            # At once where it begins to sign: the next record of a link acknowledges what its partner has claimed in
            # the meantime, so the ledger tells of that before anybody's wish makes one.
            self._go_on()

    def _go_on(self) -> None:
        """Do what time brings to a home that signs."""
        home = self.home
        home.standing.look_again()
        self.told_out.greeting.write_down()
        desk = home.desk()
        for proceed in home.book.fillings(PROCEED):
            home.do(proceed(desk))
        self.answering.answer_ready()
        self.answering.lapse()
        if not home.book.of(Clock).leapt:
            self._by_calendar(desk)
        for again in home.book.fillings(AGAIN):
            again(home)

    def follow(self, beside: Beside, result: Any) -> None:
        """Do what follows from what was reckoned beside, if this home still signs."""
        home = self.home
        plans = beside.then(home.desk(), result)
        if home.standing.signs and not home.book.of(Clock).leapt:
            home.do(home.book.until_refused(plans, home.now))

    def _by_calendar(self, desk: Desk) -> None:
        """Do what the calendar brings: nobody undoes it if the clock was wrong."""
        home = self.home
        home.do(due_plans(desk))
        for practice in home.practices:
            if practice.due is not None:
                home.do(home.book.until_refused(practice.due(desk), home.now))
