# SPDX-License-Identifier: AGPL-3.0-or-later
"""Invitations: codes by which one person may join, made, listed and withdrawn by stewards; the ledger holds digests."""

import re
from base64 import b32encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_member
from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import (
    STEWARDS,
    Act,
    At,
    Create,
    Desk,
    Doc,
    Entered,
    List,
    News,
    Plan,
    Practice,
    Show,
    ToldOnce,
    Write,
)
from protocol.book.ledger import Posting
from protocol.book.lifecycle import HOUR, Lifecycle
from protocol.book.members import MEMBER_LIFE
from protocol.book.refusals import (
    DUPLICATE,
    MALFORMED,
    MEMBER_UNKNOWN,
    Reason,
    Refused,
    Stage,
    refuse,
)
from protocol.book.signed import Digest, Id16, MemberId, Time, parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Body, Millis
from protocol.wire.keys import digest
from protocol.wire.shape import AtMost

INVITATION_UNKNOWN = Reason(
    "INVITATION_UNKNOWN",
    Stage.SUBJECT,
    404,
    "There is no such invitation",
    "No invitation has this code.",
    heading="This code opens nothing",
    ways=("look at the code once more: it has neither 0 nor 1", "ask for another invitation"),
)
INVITATION_USED = Reason(
    "INVITATION_USED",
    Stage.SUBJECT,
    409,
    "Somebody has joined by this invitation already",
    "An invitation serves once.",
    heading="Somebody has joined by it already",
    ways=("ask for another invitation",),
)
INVITATION_WITHDRAWN = Reason(
    "INVITATION_WITHDRAWN",
    Stage.SUBJECT,
    409,
    "This invitation was withdrawn",
    "Whoever made the invitation has taken it back.",
    heading="It was withdrawn",
    ways=("ask for another invitation",),
)
INVITATION_EXPIRED = Reason(
    "INVITATION_EXPIRED",
    Stage.SUBJECT,
    409,
    "This invitation has expired; ask for another",
    "The invitation has expired.",
    heading="It came too late",
    ways=("ask for another invitation",),
)

LIFE_MS = 30 * 24 * 60 * 60 * 1_000
CODE_BYTES = 10
INVITATION_CODE_CHARS_MAX = 64


@dataclass(frozen=True, slots=True)
class Invited:
    """Whoever knows the code of this digest may join, once, until then; or come back as the member that it names."""

    KIND: ClassVar[str] = "members/invited"
    invitation: Id16
    code: Digest
    not_after_ms: Time
    back: MemberId | None = None


@dataclass(frozen=True, slots=True)
class InvitationWithdrawn:
    """Nobody may join by this invitation any more."""

    KIND: ClassVar[str] = "members/invitation-withdrawn"
    invitation: Id16


class InvitationState(StrEnum):
    """Whether an invitation can still be used."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


INVITATION_LIFE = Lifecycle(
    "invitations",
    InvitationState,
    {
        (None, Invited.KIND): InvitationState.OPEN,
        (InvitationState.OPEN, "members/joined"): InvitationState.USED,
        (InvitationState.OPEN, "members/returned"): InvitationState.USED,
        (InvitationState.OPEN, InvitationWithdrawn.KIND): InvitationState.WITHDRAWN,
        (InvitationState.OPEN, HOUR): InvitationState.EXPIRED,
    },
)
_CLOSED = {
    InvitationState.USED: INVITATION_USED,
    InvitationState.WITHDRAWN: INVITATION_WITHDRAWN,
    InvitationState.EXPIRED: INVITATION_EXPIRED,
}


@dataclass(slots=True)
class Invitation:
    """A way in for one person: the digest of its code, and the member who came by it."""

    id: bytes
    code: bytes
    not_after_ms: Millis
    arrival: int
    back: str | None = None
    """The member who has left and may come back by it; None: it is for somebody new, or for an old key."""
    member: str | None = None
    state: InvitationState = InvitationState.OPEN

    def state_at(self, now: Millis) -> InvitationState:
        """Return its state at an hour: an open one expires by itself."""
        over = now > self.not_after_ms and INVITATION_LIFE.allows(self.state, HOUR)
        return INVITATION_LIFE.after(self.state, HOUR) if over else self.state

    def use(self, member: str, kind: str) -> None:
        """Note who came by it, with an entry of this kind: part of the fold."""
        self.state, self.member = INVITATION_LIFE.after(self.state, kind), member


@dataclass(slots=True)
class Invitations:
    """All invitations, by id and by the digest of their code."""

    by_id: dict[bytes, Invitation] = field(default_factory=dict[bytes, Invitation])
    by_code: dict[bytes, Invitation] = field(default_factory=dict[bytes, Invitation])

    def open_at(self, code: bytes, kind: str, now: Millis) -> Invitation | Refused:
        """Return the invitation that the code of this digest opens, at an hour, for an entry of this kind.

        Where none is open, INVITATION_UNKNOWN, _USED, _WITHDRAWN or _EXPIRED says why: whoever asks has the code.
        """
        found = self.by_code.get(code)
        if found is None:
            return refuse(INVITATION_UNKNOWN)
        state = found.state_at(now)
        return found if INVITATION_LIFE.allows(state, kind) else refuse(_CLOSED[state])


@dataclass(frozen=True, slots=True)
class Invite:
    """Invite one person: the answer holds a code, shown this once, that lets somebody join."""

    not_after: Annotated[At | None, Doc("until when the code can be used; default: 30 days from now")] = None
    back: Annotated[
        str | None,
        AtMost(ADDRESS_CHARS_MAX),
        Doc("the member who has left and may come back by it, even by a new key"),
    ] = None


@dataclass(frozen=True, slots=True)
class WithdrawInvitation:
    """Let nobody join by an invitation that is still open."""


@dataclass(frozen=True, slots=True)
class InvitationsWanted:
    """Invitations, used or not."""

    state: Annotated[InvitationState | None, Doc("only invitations of this state")] = None


@dataclass(frozen=True, slots=True)
class InvitationShown:
    """An invitation."""

    id: Annotated[str, Doc("its id")]
    state: Annotated[InvitationState, Doc("whether it can still be used")]
    not_after: Annotated[At, Doc("until when it can be used")]
    member: Annotated[str | None, Doc("the member who joined or came back by it")]
    back: Annotated[str | None, Doc("the id of the former member who alone may come back by it")] = None
    code: Annotated[str | None, ToldOnce, Doc("the code to pass on; shown once, when it is made")] = None


def code_digest(code: str) -> bytes:
    """Return the digest by which an invitation knows its code, however it is typed."""
    return digest("invitation", re.sub(r"[\s-]", "", code).upper().encode())


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    invitations = book.of(Invitations)
    match body:
        case Invited():
            known = body.invitation in invitations.by_id or body.code in invitations.by_code
            return refuse(DUPLICATE) if known else _against_back(book, body.back)
        case InvitationWithdrawn():
            found = invitations.by_id.get(body.invitation)
            if found is None:
                return refuse(INVITATION_UNKNOWN)
            opened = invitations.open_at(found.code, body.KIND, at_ms)
            return opened if isinstance(opened, Refused) else None
        case _:
            raise AssertionError(body)


def _against_back(book: Book, back: str | None) -> Refused | None:
    """Return why nobody can come back as this member."""
    if back is None:
        return None
    member = book.members.get(back)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=back)
    return MEMBER_LIFE.conflict(member.state, "members/returned")


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    invitations = book.of(Invitations)
    match entered.body:
        case Invited() as body:
            invitation = Invitation(body.invitation, body.code, body.not_after_ms, entered.seq, body.back)
            invitation.state = INVITATION_LIFE.after(None, body.KIND)
            invitations.by_id[body.invitation] = invitations.by_code[body.code] = invitation
        case InvitationWithdrawn() as body:
            withdrawn = invitations.by_id[body.invitation]
            withdrawn.state = INVITATION_LIFE.after(withdrawn.state, body.KIND)
        case _:
            raise AssertionError(entered.body)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    del book
    match entered.body:
        case Invited(invitation):
            yield News("invitation.created", uuid_text(invitation))
        case InvitationWithdrawn(invitation):
            yield News("invitation.withdrawn", uuid_text(invitation))
        case _:
            raise AssertionError(entered.body)


def plan_invite(desk: Desk, wish: Invite) -> Plan | Refused:
    not_after = desk.now + LIFE_MS if wish.not_after is None else wish.not_after
    if not_after <= desk.now:
        return refuse(MALFORMED, field="not_after", expected="a time to come")
    back = None if wish.back is None else resolve_member(desk.book, wish.back)
    if isinstance(back, Refused):
        return back
    letters = b32encode(desk.chance(CODE_BYTES)).decode("ascii")
    code = "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))
    body = Invited(drawn_id(desk.chance), code_digest(code), not_after, None if back is None else back.id)
    shown = InvitationShown(uuid_text(body.invitation), InvitationState.OPEN, not_after, None, body.back, code)
    return _against(desk.book, body, desk.now) or Plan(shown.id, (Write(body),), answer=shown)


def plan_withdraw(desk: Desk, name: str, wish: WithdrawInvitation) -> Plan | Refused:
    del wish
    body = InvitationWithdrawn(parse_uuid(name) or bytes(16))
    return _against(desk.book, body, desk.now) or Plan(name, (Write(body),))


def view_invitation(desk: Desk, name: str) -> InvitationShown | Refused:
    invitation = desk.book.of(Invitations).by_id.get(parse_uuid(name) or b"")
    return refuse(INVITATION_UNKNOWN) if invitation is None else _shown(desk, invitation)


def view_invitations(desk: Desk, wanted: InvitationsWanted, after: int) -> Iterable[tuple[int, InvitationShown]]:
    found = since(list(desk.book.of(Invitations).by_id.values()), after)
    return ((cursor, _shown(desk, one)) for cursor, one in found if wanted.state in (None, one.state_at(desk.now)))


def _shown(desk: Desk, one: Invitation) -> InvitationShown:
    return InvitationShown(uuid_text(one.id), one.state_at(desk.now), one.not_after_ms, one.member, one.back)


PRACTICE = Practice(
    name="invitations",
    entries=(Invited, InvitationWithdrawn),
    check=check,
    fold=fold,
    news=news,
    operations=(
        Create("invitations", Invite, plan=plan_invite, who=STEWARDS, example="mutirao invitations create"),
        Act(
            "invitations",
            "withdraw",
            WithdrawInvitation,
            plan=plan_withdraw,
            who=STEWARDS,
            example="mutirao invitations withdraw ID",
        ),
        Show("invitations", InvitationShown, view=view_invitation, who=STEWARDS, example="mutirao invitations show ID"),
        List(
            "invitations",
            InvitationsWanted,
            InvitationShown,
            view=view_invitations,
            who=STEWARDS,
            example="mutirao invitations list --state open",
        ),
    ),
    refusals=(INVITATION_UNKNOWN, INVITATION_USED, INVITATION_WITHDRAWN, INVITATION_EXPIRED),
    lives=(INVITATION_LIFE,),
)
