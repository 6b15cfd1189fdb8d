# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands in the ledger about changes of rules and emergencies, and what is wished about them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.declaration import At, Doc, OwnId, Ref, Uuid
from protocol.book.parameters import PARAMETER_CHARS_MAX, VALUE_CHARS_MAX
from protocol.book.signed import Id16, Signed, Time
from protocol.practices.governance.parameters import ParameterName
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost

DROP_REASON_CHARS_MAX = 64


class ChangeState(StrEnum):
    """How far a change of a rule has come."""

    ANNOUNCED = "announced"
    IN_FORCE = "in-force"
    DROPPED = "dropped"


class EmergencyState(StrEnum):
    """How far an emergency has come."""

    CALLED = "called"
    IN_FORCE = "in-force"
    LAPSED = "lapsed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class RuleAnnounced:
    """A parameter will have this value from an hour on; without number and text it will have its default."""

    KIND: ClassVar[str] = "bylaws/announced"
    change: Id16
    name: ParameterName
    currency: Code | None
    number: int | None
    text: Annotated[str, AtMost(VALUE_CHARS_MAX)] | None
    from_ms: Time


@dataclass(frozen=True, slots=True)
class RuleCame:
    """The hour of a change has come, and it holds."""

    KIND: ClassVar[str] = "bylaws/came"
    change: Id16


@dataclass(frozen=True, slots=True)
class RuleDropped:
    """The hour of a change has come, and it would break what must always hold: it is dropped, and all stays."""

    KIND: ClassVar[str] = "bylaws/dropped"
    change: Id16
    reason: Annotated[str, AtMost(DROP_REASON_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """Let a parameter have another value from a day on, and all members know of it before."""

    value: Annotated[
        str | None,
        AtMost(VALUE_CHARS_MAX),
        Doc("the value as it is shown, such as 30, 12.5% or yes; none: its default"),
    ] = None
    starts: Annotated[
        At | None, Doc("from when on it holds; default: once it is adopted and the notice of by-laws is over")
    ] = None


@dataclass(frozen=True, slots=True)
class CallEmergency:
    """Let a rule be another for a short while: so many of the committee must agree, and it goes back by itself."""

    name: Annotated[str, AtMost(PARAMETER_CHARS_MAX), Doc("the rule, as in the by-laws: payments.day_cap.HORA")]
    value: Annotated[str | None, AtMost(VALUE_CHARS_MAX), Doc("the value as it is shown; none: its default")] = None
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("who calls it; default: you")] = None
    emergency: Annotated[Id16 | None, Uuid, OwnId, Doc("a UUID of your own for it")] = None


@dataclass(frozen=True, slots=True)
class EmergencyCalled:
    """One of the committee wants a rule to be another for a short while, by signed wish or word (custodial).

    Beside it stands what the wish says of the parameter, as `parameters/set` does: nodes that know the parameter see
    that it is the same.
    """

    KIND: ClassVar[str] = "emergencies/called"
    OPERATION: ClassVar[str] = "emergencies.create"
    WISH: ClassVar[type[CallEmergency]] = CallEmergency
    signed: Signed | None
    word: CallEmergency | None
    name: ParameterName
    currency: Code | None
    number: int | None
    text: Annotated[str, AtMost(VALUE_CHARS_MAX)] | None


@dataclass(frozen=True, slots=True)
class BackEmergency:
    """Agree to an emergency, as one of the committee: with enough of them it holds at once."""

    emergency: Annotated[Id16, Uuid, Doc("the emergency")]
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("who agrees; default: you")] = None


@dataclass(frozen=True, slots=True)
class EmergencyBacked:
    """Another of the committee agrees, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "emergencies/backed"
    OPERATION: ClassVar[str] = "emergencies.back"
    WISH: ClassVar[type[BackEmergency]] = BackEmergency
    signed: Signed | None
    word: BackEmergency | None


@dataclass(frozen=True, slots=True)
class EmergencyLapsed:
    """Its hours are over: the rule is what the group has made it; or too few have agreed in that time."""

    KIND: ClassVar[str] = "emergencies/lapsed"
    emergency: Id16


@dataclass(frozen=True, slots=True)
class EmergenciesWanted:
    """Emergencies that were called, the oldest first."""

    state: Annotated[EmergencyState | None, Doc("only those of this state")] = None


RuleSaid = RuleAnnounced | RuleCame | RuleDropped
EmergencySaid = EmergencyCalled | EmergencyBacked | EmergencyLapsed
