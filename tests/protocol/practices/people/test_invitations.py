# SPDX-License-Identifier: AGPL-3.0-or-later
"""Invitations: shown once, used once, withdrawn, expired; and what whoever comes with a code is told."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.refusals import DUPLICATE, FORBIDDEN, MALFORMED, Reason
from protocol.book.signed import uuid_text
from protocol.practices.people.invitations import (
    INVITATION_EXPIRED,
    INVITATION_UNKNOWN,
    INVITATION_USED,
    INVITATION_WITHDRAWN,
    InvitationState,
    InvitationsWanted,
    InvitationWithdrawn,
    Invite,
    Invited,
    WithdrawInvitation,
    code_digest,
)
from protocol.practices.people.members.views import Join
from tests.protocol.practices.desk import ANYBODY, DAY_MS, Group, copy_of, snapshot


@pytest.fixture
def riacho() -> Group:
    group = Group()
    group.currency()
    return group


def invited(group: Group, days: int) -> Any:
    return group.do("steward", "invitations.create", Invite(not_after=group.now + days * DAY_MS))


def test_whoever_comes_with_a_code_is_told_why_it_opens_nothing(riacho: Group) -> None:
    used, expired, withdrawn, open_one = (
        riacho.do("steward", "invitations.create", Invite(not_after=riacho.now + days * DAY_MS))
        for days in (9, 1, 9, 9)
    )
    assert riacho.view("steward", "invitations.show", used.id).code is None
    riacho.do(ANYBODY, "members.join", Join(used.code, "ana"))
    shown = riacho.do("steward", "invitations.withdraw", WithdrawInvitation(), withdrawn.id)
    assert (shown.state, riacho.news[-1].type) == (InvitationState.WITHDRAWN, "invitation.withdrawn")
    riacho.now += DAY_MS + 1

    def refused(code: str) -> Reason:
        return riacho.refusal(ANYBODY, "members.join", Join(code, "bia"))

    assert refused(used.code) is INVITATION_USED
    assert refused(expired.code) is INVITATION_EXPIRED
    assert refused(withdrawn.code) is INVITATION_WITHDRAWN
    assert refused("AAAA") is INVITATION_UNKNOWN
    riacho.do(ANYBODY, "members.join", Join(open_one.code, "bia"))
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_stewards_list_them_by_state(riacho: Group) -> None:
    ids = [
        riacho.do("steward", "invitations.create", Invite(not_after=riacho.now + days * DAY_MS)).id
        for days in (1, 9, 9)
    ]
    riacho.do("steward", "invitations.withdraw", WithdrawInvitation(), ids[1])
    riacho.now += DAY_MS + 1

    def listed(state: InvitationState | None = None) -> list[str]:
        found = riacho.list("steward", "invitations.list", InvitationsWanted(state), limit=1)
        assert isinstance(found, list)
        return [shown.id for shown in found]

    assert listed() == ids
    assert listed(InvitationState.EXPIRED) == ids[:1]
    assert listed(InvitationState.WITHDRAWN) == ids[1:2]
    assert listed(InvitationState.OPEN) == ids[2:]


def test_what_is_no_invitation_and_no_withdrawal(riacho: Group) -> None:
    riacho.admit("ana")
    opened = invited(riacho, 1)
    used = uuid_text(next(one.body.invitation for one in riacho.written if isinstance(one.body, Invited)))

    assert riacho.refusal(ANYBODY, "invitations.create", Invite()) is FORBIDDEN
    assert riacho.refusal("ana", "invitations.withdraw", WithdrawInvitation(), opened.id) is FORBIDDEN
    assert riacho.refusal("steward", "invitations.create", Invite(not_after=riacho.now)) is MALFORMED
    assert riacho.view("steward", "invitations.show", uuid_text(bytes(16))).reason is INVITATION_UNKNOWN

    def refused(id: str) -> Reason:
        return riacho.refusal("steward", "invitations.withdraw", WithdrawInvitation(), id)

    assert refused("nonsense") is refused(uuid_text(bytes(16))) is INVITATION_UNKNOWN
    assert refused(used) is INVITATION_USED
    riacho.do("steward", "invitations.withdraw", WithdrawInvitation(), opened.id)
    assert refused(opened.id) is INVITATION_WITHDRAWN
    late = invited(riacho, 1)
    riacho.now += DAY_MS + 1
    assert refused(late.id) is INVITATION_EXPIRED


def test_no_node_takes_an_invitation_twice_nor_the_withdrawal_of_one_that_is_not_open(riacho: Group) -> None:
    opened = riacho.do("steward", "invitations.create", Invite())
    body = riacho.written[-1].body
    assert isinstance(body, Invited) and body.code == code_digest(opened.code)
    assert riacho.check(body) is DUPLICATE
    assert riacho.check(replace(body, invitation=bytes(16))) is DUPLICATE
    assert riacho.check(InvitationWithdrawn(bytes(16))) is INVITATION_UNKNOWN
    withdrawn = InvitationWithdrawn(body.invitation)
    assert riacho.check(withdrawn) is None
    riacho.do("steward", "invitations.withdraw", WithdrawInvitation(), opened.id)
    assert riacho.check(withdrawn) is INVITATION_WITHDRAWN
