# SPDX-License-Identifier: AGPL-3.0-or-later
"""A clock that runs ahead of the time that has passed: what the calendar brings waits, and all else goes on."""

import pytest
from simulation.groups import exchange
from simulation.world import STEWARD, World, whole

from protocol.book.clock import LEAP_MS
from protocol.book.declaration import Actor, Role
from protocol.book.refusals import Refused
from protocol.events import TimerFired
from protocol.practices.between.clocks import AcceptClock
from protocol.practices.governance.errands import ErrandShown, ErrandSpan, ErrandsWanted
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.schedules.entries import Rhythm, SchedulePayment

DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS


class Group:
    """Riacho, its clock, and the time that really passes."""

    def __init__(self) -> None:
        self.world = World()
        exchange(self.world, "riacho", "HORA", "ana", "bia", "caio")
        self.node = self.world.nodes["riacho"]
        self.steady_ms = 5_000
        self.pass_time(1)
        first = self.world.now + self.node.skew_ms + DAY_MS
        order = SchedulePayment("bia", whole(1), first, Rhythm.DAILY, 60, payer="ana")
        self.order = self.world.granted("riacho", "scheduled-payments.create", order).id

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.world.now += 1_000
            self.steady_ms += 1_000
            self.world.give("riacho", TimerFired(self.steady_ms))

    def leap(self, by_ms: int) -> None:
        self.node.skew_ms += by_ms

    def sleep(self, ms: int) -> None:
        """Let time pass in which nobody looks at the clock, as while the machine sleeps."""
        self.world.now += ms
        self.steady_ms += ms

    @property
    def paid(self) -> int:
        return self.world.granted("riacho", "scheduled-payments.show", subject=self.order).paid

    @property
    def codes(self) -> list[str]:
        return [one.code for one in self.node.replica.troubles]


@pytest.mark.parametrize(("by_ms", "seconds"), [(30 * YEAR_MS, 12), (400 * DAY_MS, 3)])
def test_nothing_is_paid_by_a_clock_that_leaps_and_all_is_well_when_it_is_right_again(by_ms: int, seconds: int) -> None:
    group = Group()
    group.leap(by_ms)
    group.pass_time(seconds)
    assert (group.paid, group.codes) == (0, ["CLOCK_LEAPT"])
    group.world.granted("riacho", "payments.create", Pay("bia", whole(1), payer="ana"))
    group.leap(-by_ms)
    group.pass_time(3)
    assert (group.paid, group.codes) == (0, [])
    group.sleep(DAY_MS)
    group.pass_time(1)
    assert group.paid == 1


def test_a_steward_who_has_looked_lets_it_go_on_and_one_payment_of_each_order_is_made() -> None:
    group = Group()
    refused = group.world.ask("riacho", "clocks.accept", AcceptClock())
    assert isinstance(refused, Refused) and refused.reason.code == "CLOCK_RIGHT"
    group.leap(10 * DAY_MS)
    group.pass_time(2)
    shown = group.world.granted("riacho", "clocks.show", subject="own")
    assert shown.held and shown.ahead_ms // 1_000 == 10 * DAY_MS // 1_000
    refused = group.world.ask("riacho", "clocks.accept", AcceptClock(), actor=Actor(Role.COMMITTEE))
    assert isinstance(refused, Refused) and refused.reason.code == "FORBIDDEN"
    assert group.paid == 0
    assert not group.world.granted("riacho", "clocks.accept", AcceptClock()).held
    group.pass_time(2)
    shown = group.world.granted("riacho", "scheduled-payments.show", subject=group.order)
    assert (shown.paid, shown.missed) == (1, 9)


def test_a_clock_that_is_set_right_bit_by_bit_or_back_holds_nothing() -> None:
    group = Group()
    for _ in range(200):
        group.leap(5_000)
        group.pass_time(1)
    assert group.codes == []
    group.leap(-2 * DAY_MS)
    group.pass_time(1)
    group.leap(2 * DAY_MS)
    group.pass_time(1)
    assert group.codes == []
    group.leap(LEAP_MS)
    group.pass_time(1)
    assert group.codes == []
    group.leap(10_000)
    group.pass_time(1)
    assert group.codes == ["CLOCK_LEAPT"]


def test_members_and_stewards_are_told() -> None:
    group = Group()
    group.leap(YEAR_MS)
    group.pass_time(1)
    replica = group.node.replica
    [errand] = [one for one in _errands(group, ErrandSpan.WEEK, STEWARD) if one.sentence == "clocks.leapt"]
    assert (errand.urgency, errand.verb) == ("stopped", "clocks.accept") and "leapt by 365 days" in errand.said
    for handle, told in (("ana", 1), ("bia", 1), ("caio", 0)):
        member = next(one.id for one in replica.book.members.values() if one.handle == handle)
        mine = _errands(group, ErrandSpan.TODAY, Actor(Role.MEMBER, member))
        assert [one.sentence for one in mine].count("clocks.leapt") == told


def _errands(group: Group, span: ErrandSpan, actor: Actor) -> tuple[ErrandShown, ...]:
    return group.world.granted("riacho", "errands.list", ErrandsWanted(span), actor=actor).items
