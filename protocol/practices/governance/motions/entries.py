# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands in the ledger about motions, and what is wished about them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.declaration import At, Doc, MotionWish, OneOf, Ref, Uuid
from protocol.book.money import BASIS_POINTS
from protocol.book.rehearsal import Proposed
from protocol.book.signed import Digest, Id16, MemberId, Signed, Time
from protocol.wire.shape import AtMost, PersonalText, Range

TITLE_CHARS_MAX = 200
TEXT_CHARS_MAX = 2_000
TEXT_BYTES_MAX = 4 * TEXT_CHARS_MAX
WISHES_MAX = 8
TOUCHED_MAX = 64
MOTION_REASON_CHARS_MAX = 64
ELECTORATE_CHARS_MAX = 32
BALLOT_CHARS_MAX = 7


class Ballot(StrEnum):
    """What a member says to a motion; who abstains counts for the quorum."""

    YES = "yes"
    NO = "no"
    ABSTAIN = "abstain"


class MotionState(StrEnum):
    """How far a motion has come."""

    DRAFT = "draft"
    OPEN = "open"
    CARRIED = "carried"
    LOST = "lost"
    EXPIRED = "expired"
    EXECUTED = "executed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class MotionDrafted:
    """A motion: its words, for all (`title`) or erasable (`text`), its wishes, whom they touch, and its terms.

    Quorum and majority are hundredths of a percent: of those who may vote, and of yes and no together. It is open
    for `open_ms` once it is opened; it is a draft until `not_after_ms` at most. Where it is `secret`, how each has
    voted stands in no entry.
    """

    KIND: ClassVar[str] = "motions/drafted"
    motion: Id16
    proposer: MemberId | None
    title: Annotated[str, AtMost(TITLE_CHARS_MAX)] | None
    text: Digest | None
    wishes: Annotated[tuple[Proposed, ...], AtMost(WISHES_MAX)]
    touched: Annotated[tuple[MemberId, ...], AtMost(TOUCHED_MAX)]
    electorate: Annotated[str, AtMost(ELECTORATE_CHARS_MAX)]
    quorum: Annotated[int, Range(0, BASIS_POINTS)]
    majority: Annotated[int, Range(0, BASIS_POINTS)]
    open_ms: Time
    not_after_ms: Time
    secret: bool | None = None


@dataclass(frozen=True, slots=True)
class MotionOpened:
    """Members vote from now on."""

    KIND: ClassVar[str] = "motions/opened"
    motion: Id16


@dataclass(frozen=True, slots=True)
class Vote:
    """Say yes or no, or that you abstain; until the motion closes you may change it."""

    motion: Annotated[Id16, Uuid, Doc("the motion")]
    ballot: Annotated[Ballot, Doc("yes, no, or abstain, which counts for the quorum")]
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("whose vote it is; default: your own")] = None


@dataclass(frozen=True, slots=True)
class Voted:
    """A member says yes, no, or that it abstains, by signed wish or word (custodial); its newest vote counts."""

    KIND: ClassVar[str] = "motions/voted"
    OPERATION: ClassVar[str] = "motions.vote"
    WISH: ClassVar[type[Vote]] = Vote
    signed: Signed | None
    word: Vote | None


@dataclass(frozen=True, slots=True)
class VoteSecretly:
    """Vote in a secret ballot, once: that you voted all can know, how stays at your network's node."""

    motion: Annotated[Id16, Uuid, Doc("the motion")]
    ballot: Annotated[
        str | bytes,
        PersonalText(BALLOT_CHARS_MAX),
        OneOf(tuple(Ballot)),
        Doc("yes, no, or abstain, which counts for the quorum; it stands in no entry"),
    ]
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("whose vote it is; default: your own")] = None


@dataclass(frozen=True, slots=True)
class SecretlyVoted:
    """A member has voted in a secret ballot: its wish, or word (custodial), holds a salted digest of how."""

    KIND: ClassVar[str] = "motions/secretly-voted"
    OPERATION: ClassVar[str] = "motions.vote-secretly"
    WISH: ClassVar[type[VoteSecretly]] = VoteSecretly
    signed: Signed | None
    word: VoteSecretly | None


@dataclass(frozen=True, slots=True)
class MotionCounted:
    """Its time is over, and the network says how its secret ballots count: that decides it."""

    KIND: ClassVar[str] = "motions/counted"
    motion: Id16
    yes: Annotated[int, Range(0, 2**31)]
    no: Annotated[int, Range(0, 2**31)]
    abstained: Annotated[int, Range(0, 2**31)]


@dataclass(frozen=True, slots=True)
class MotionClosed:
    """Its time is over: the votes tell whether it is carried; a draft that nobody opened expires."""

    KIND: ClassVar[str] = "motions/closed"
    motion: Id16


@dataclass(frozen=True, slots=True)
class MotionExecuted:
    """The next so many entries of the ledger are what the motion wishes, written by the group."""

    KIND: ClassVar[str] = "motions/executed"
    motion: Id16
    entries: Annotated[int, Range(0, 64)]


@dataclass(frozen=True, slots=True)
class MotionFailed:
    """One of its wishes, counted from 0, was refused when it was to be done, and so none was done."""

    KIND: ClassVar[str] = "motions/failed"
    motion: Id16
    wish: Annotated[int, Range(0, WISHES_MAX)]
    reason: Annotated[str, AtMost(MOTION_REASON_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class MakeMotion:
    """Put something to the vote: words, and wishes that the group does, all or none, once it is carried."""

    text: Annotated[str, AtMost(TEXT_CHARS_MAX), Doc("what is proposed, and why; erasable, unless it is public")]
    wishes: Annotated[
        tuple[MotionWish, ...], AtMost(WISHES_MAX), Doc("what is done if it is carried; stands in the ledger for good")
    ] = ()
    closes: Annotated[At | None, Doc("when voting ends; default: after the group's usual time")] = None
    public: Annotated[bool, Doc("let the words stand in the ledger for good; at most 200 characters")] = False
    draft: Annotated[bool, Doc("do not open it yet")] = False
    secret: Annotated[
        bool, Doc("let members vote in secret: who voted is known, how is not shown; the node counts, and can see it")
    ] = False


@dataclass(frozen=True, slots=True)
class OpenMotion:
    """Let members vote on a draft."""


@dataclass(frozen=True, slots=True)
class MotionsWanted:
    """What the group has decided, or is about to."""

    state: Annotated[MotionState | None, Doc("only those of this state")] = None
