# SPDX-License-Identifier: AGPL-3.0-or-later
"""The book: what a network's lanes amount to, as far as rules need it in memory.

It is a pure fold: the same entries give the same book, on every replica. What two features need lives
here or in the ledger; what one feature needs is its own state, reached by its type.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from protocol.economy.feature import Entered, Feature
from protocol.economy.ledger import Account, Ledger
from protocol.entry import Body
from protocol.rejection import Refused, Rejection, refuse


S = TypeVar("S")


class MemberState(StrEnum):
    """How far a member has come."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


class Auth(StrEnum):
    """Who orders a member's payments: the member by key, or the network on the member's word."""

    SELF = "self"
    CUSTODIAL = "custodial"


@dataclass(slots=True)
class DeviceKey:
    """A key of a member: the newest order it signed, and what it has paid of its cap (minor units)."""

    cap_minor: int | None
    order_seq: int = -1
    spent_minor: int = 0


@dataclass(slots=True)
class Member:
    """A member as the ledger lane knows it: no personal data but the handle it chose."""

    id: str
    handle: str
    auth: Auth
    state: MemberState
    arrival: int
    name: bytes | None
    keys: dict[bytes, DeviceKey] = field(default_factory=dict[bytes, DeviceKey])


@dataclass(slots=True)
class Currency:
    """A mutual currency: its code, its own word and scale, the limits a new account gets (minor units)."""

    code: str
    name: str
    unit_word: str
    scale: int
    default_least_minor: int
    default_most_minor: int | None
    arrival: int
    closed: bool = False
    levy_basis_points: int = 0
    levy_until_repaid: bool = True


def account_id(member: str, currency: str) -> str:
    """Return the id of a member's account in a currency."""
    return f"{member}.{currency}"


def commons_account(currency: str) -> str:
    """Return the id of the network's common account, which takes what leavers owe and what levies bring."""
    return f"commons.{currency}"


def holds_account(currency: str) -> str:
    """Return the id of the account where pending payments wait."""
    return f"holds.{currency}"


def exchange_account(currency: str) -> str:
    """Return the id of the account that keeps fees and the rounding of rates (PROTOCOL 3)."""
    return f"exchange.{currency}"


class Book:
    """The fold of one network's entries."""

    def __init__(self, network: bytes, features: Iterable[Feature]) -> None:
        self.network = network
        self.ledger = Ledger()
        self.currencies: dict[str, Currency] = {}
        self.members: dict[str, Member] = {}
        self.member_by_handle: dict[str, str] = {}
        self.member_by_key: dict[bytes, str] = {}
        self.head: tuple[int, bytes] | None = None
        self._states: dict[type[Any], Any] = {}
        self._feature_of: dict[type[Body], Feature] = {
            kind: feature for feature in features for kind in feature.entries
        }
        self.kinds: dict[str, type[Body]] = {kind.KIND: kind for kind in self._feature_of}

    def of(self, kind: type[S]) -> S:
        """Return a feature's own state, empty at first."""
        state = self._states.get(kind)
        if state is None:
            state = self._states[kind] = kind()
        return state

    def check(self, entered: Entered) -> Rejection | None:
        """Tell why an entry may not stand in this book: the same answer on every node."""
        return self._feature_of[type(entered.body)].check(self, entered)

    def apply(self, entered: Entered) -> tuple[tuple[str, int, int], ...]:
        """Fold a checked entry in; returns (account, amount, balance after) of each of its postings."""
        postings = self._feature_of[type(entered.body)].fold(self, entered)
        return self.ledger.post(postings) if postings else ()

    def open_system_accounts(self, currency: Currency) -> None:
        """Open the network's own accounts in a new currency: commons, holds, exchange."""
        for account in (commons_account, holds_account, exchange_account):
            self.ledger.open(Account(account(currency.code), currency.code, None, None, None, currency.arrival))

    def resolve_account(self, address: str, currency: str | None = None) -> Account | Refused:
        """Return the account that a local address names.

        An address is an account id, a member id or a member's handle; where a member has several
        accounts the currency must be told.
        """
        account = self.ledger.accounts.get(address)
        if account is not None:
            return account
        member = self.member_by_handle.get(address, address)
        if member not in self.members:
            return refuse(Rejection.MEMBER_UNKNOWN, member=address[:64])
        owned = [one for one in self.ledger.of_member(member) if currency in (None, one.currency)]
        if not owned:
            return refuse(Rejection.ACCOUNT_UNKNOWN, member=address[:64])
        if len(owned) > 1:
            return refuse(Rejection.CURRENCY_MISMATCH, accounts=", ".join(one.id for one in owned))
        return owned[0]
