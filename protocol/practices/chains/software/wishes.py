# SPDX-License-Identifier: AGPL-3.0-or-later
"""What enterprises and those who coordinate ask about software."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.declaration import Doc, OneOf
from protocol.book.money import Amount
from protocol.practices.chains.entries import ENTERPRISE_KEY_CHARS_MAX, ChainItem
from protocol.practices.chains.telling import NO_VALUE
from protocol.practices.governance.companies.entries import HOURS_CHARS_MAX
from protocol.practices.money.dues.entries import Period
from protocol.wire.shape import AtMost

EnterpriseNamed = Annotated[str, AtMost(ENTERPRISE_KEY_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class UseSoftware:
    """Say which software an enterprise pays for outside; it counts as bought there, once, so enter no supply for it."""

    enterprise: Annotated[EnterpriseNamed, Doc("the short name of the enterprise that uses it")]
    software: Annotated[ChainItem, Doc("what it is called, such as office suite")]
    cost: Annotated[Amount, Doc("what it costs in a month, in the chain's unit of account")]


@dataclass(frozen=True, slots=True)
class MigrateSoftware:
    """Say that free software took its place: nothing is paid outside any more, and support is paid inside."""

    to: Annotated[ChainItem, Doc("the free software")]
    supporter: Annotated[EnterpriseNamed | None, Doc("the enterprise that supports it; default: it helps itself")] = (
        None
    )
    support: Annotated[Amount, Doc("what the support costs in a month")] = NO_VALUE


@dataclass(frozen=True, slots=True)
class SupportSoftware:
    """Say how many hours of support were given in a month; what was told of that month before is replaced."""

    period: Annotated[Period, Doc("the month, such as 202611")]
    hours: Annotated[str, AtMost(HOURS_CHARS_MAX), Doc("how many, with at most two decimals: 2.5; 0 takes them back")]


@dataclass(frozen=True, slots=True)
class RemoveSoftware:
    """Say that it is used no more; what it cost, or its support, is bought no more either."""


@dataclass(frozen=True, slots=True)
class SoftwareWanted:
    """Which software is used."""

    enterprise: Annotated[str | None, AtMost(ENTERPRISE_KEY_CHARS_MAX), Doc("only what this one uses")] = None
    state: Annotated[
        str | None, AtMost(12), OneOf(("outside", "migrated")), Doc("only what is paid outside, or what has migrated")
    ] = None


@dataclass(frozen=True, slots=True)
class DiffusionWanted:
    """How far free software has come: what is no longer paid outside, and what stays inside as support."""
