# SPDX-License-Identifier: AGPL-3.0-or-later
"""What waits for a member today, and for those who coordinate this week."""

from typing import Any

import pytest

from protocol.book.declaration import SIGNED_IN
from protocol.book.money import Amount
from protocol.book.refusals import FORBIDDEN
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.governance.motions.entries import Ballot, MakeMotion, Vote
from protocol.practices.money.payments.views import PostPayment
from protocol.practices.money.requests.views import AskPayment, DeclineRequest
from tests.protocol.practices.desk import DAY_MS, Group


@pytest.fixture
def riacho() -> Group:
    group = Group()
    group.currency()
    group.admit("ana", "bia", "caio", custodial=True)
    return group


def today(group: Group, who: str) -> list[Any]:
    return _settled_by(group, group.list(who, "errands.list", ErrandsWanted()))


def week(group: Group) -> list[Any]:
    return _settled_by(group, group.list("steward", "errands.list", ErrandsWanted(ErrandSpan.WEEK)))


def _settled_by(group: Group, found: Any) -> list[Any]:
    """Return errands whose verb there is."""
    for one in found:
        assert one.verb in group.operations and group.operations[one.verb].who & SIGNED_IN
    return found


def test_a_day_is_settled_one_by_one(riacho: Group) -> None:
    assert today(riacho, "ana") == []
    held = riacho.pay("bia", "ana", 12_50, pending=True)
    asked = riacho.do("caio", "payment-requests.create", AskPayment(Amount(7_00, "HORA", 2), payer="ana"))
    riacho.do("caio", "payment-requests.create", AskPayment(Amount(9_00, "HORA", 2)))
    motion = riacho.do("bia", "motions.create", MakeMotion("A shed", public=True)).id

    found = today(riacho, "ana")
    assert [(one.verb, one.id) for one in found] == [
        ("payments.post", uuid_text(held.id)),
        ("payment-requests.pay", asked.id),
        ("motions.vote", motion),
    ]
    assert [one.figure for one in found] == [Amount(12_50, "HORA", 2), Amount(7_00, "HORA", 2), None]
    assert (found[0].who, found[1].who, found[2].who) == ("bia", "caio", "A shed")
    assert (found[0].urgency, found[2].until) == ("waited_for", riacho.now + 7 * DAY_MS)
    assert [one.verb for one in today(riacho, "bia")] == ["motions.vote"], "what is for another stays with it"

    riacho.do("ana", "payments.post", PostPayment(), uuid_text(held.id))
    riacho.do("ana", "payment-requests.decline", DeclineRequest(), asked.id)
    riacho.do("ana", "motions.vote", Vote(parse_uuid(motion) or b"", Ballot.NO), motion)
    assert today(riacho, "ana") == []


def test_a_week_tells_whom_to_take_in_and_which_motion_lacks_votes(riacho: Group) -> None:
    riacho.join("dora", custodial=True)
    motion = riacho.do("ana", "motions.create", MakeMotion("A shed")).id
    found = week(riacho)
    assert [(one.who, one.verb) for one in found] == [("dora", "members.approve"), ("a motion", "motions.show")]
    assert (found[1].count, found[1].said) == (2, "2 more must vote, or it is lost for want of a quorum")
    for handle in ("ana", "bia"):
        riacho.do(handle, "motions.vote", Vote(parse_uuid(motion) or b"", Ballot.YES), motion)
    assert [one.who for one in week(riacho)] == ["dora"]
    riacho.pass_time(riacho.now + 7 * DAY_MS)
    assert [one.verb for one in today(riacho, "caio")] == []


def test_today_is_a_member_s_and_the_week_is_the_coordinators(riacho: Group) -> None:
    for who, span in (("steward", ErrandSpan.TODAY), ("ana", ErrandSpan.WEEK)):
        refused = riacho.list(who, "errands.list", ErrandsWanted(span))
        assert getattr(refused, "reason", None) is FORBIDDEN
