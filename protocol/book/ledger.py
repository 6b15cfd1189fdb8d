# SPDX-License-Identifier: AGPL-3.0-or-later
"""Double entry: the one place where balances change, and where every change sums to zero."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.book.refusals import AMOUNT_TOO_LARGE, LIMIT_EXCEEDED, PAYEE_LIMIT_EXCEEDED, Refused, refuse


class Posting(NamedTuple):
    """A change of one account's balance, in minor units of its currency; negative is a debit.

    `kind` is the word for it on the statement; `payment` and `counterpart` (an account id or a foreign
    address) are the payment that it belongs to and who is at its other end.
    """

    account: str
    amount_minor: int
    kind: str = "adjustment"
    payment: bytes | None = None
    counterpart: str | None = None


class Line(NamedTuple):
    """One line of an account's statement: what `rebuild` can make again from the lanes."""

    account: str
    seq: int
    at_ms: int
    kind: str
    payment: bytes | None
    counterpart: str | None
    amount_minor: int
    balance_minor: int


@dataclass(slots=True)
class Account:
    """Where a member, or the network itself, holds a balance in one currency.

    `least_minor` and `most_minor` are the limits each way; None stands for no limit, which only the
    network's own accounts have on the debit side. `held_minor` has left for pending payments,
    `awaited_minor` would come by them. `arrival` is the place in the ledger lane.
    """

    id: str
    currency: str
    member: str | None
    least_minor: int | None
    most_minor: int | None
    arrival: int
    balance_minor: int = 0
    held_minor: int = 0
    awaited_minor: int = 0

    @property
    def headroom_minor(self) -> int | None:
        """How much this account may still pay, or None where nothing limits it."""
        return None if self.least_minor is None else max(0, self.balance_minor - self.least_minor)


@dataclass(frozen=True, slots=True)
class SystemAccount:
    """An account that the network itself has in each currency, declared by the practice whose money is in it.

    `name` is a word in small letters, as a handle is; `doc` says what it is for. It has no limits.
    """

    name: str
    doc: str

    def of(self, currency: str) -> str:
        """Return its id in a currency."""
        return f"{self.name}.{currency}"


@dataclass(slots=True)
class SystemAccounts:
    """Whose accounts are open: practices by name, in the order in which their first entries came."""

    used: dict[str, tuple[SystemAccount, ...]] = field(default_factory=dict[str, tuple[SystemAccount, ...]])


class Ledger:
    """The accounts of one network. In every currency the balances sum to zero."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self._by_member: dict[str, list[Account]] = {}

    def open(self, account: Account) -> None:
        """Open an account with a balance of zero."""
        assert account.id not in self.accounts and account.balance_minor == 0
        self.accounts[account.id] = account
        if account.member is not None:
            self._by_member.setdefault(account.member, []).append(account)

    def post(self, postings: Sequence[Posting]) -> list[int]:
        """Apply balanced postings and return the balance after each, in order."""
        sums: dict[str, int] = {}
        balances: list[int] = []
        for name, amount_minor, _, _, _ in postings:
            account = self.accounts[name]
            account.balance_minor += amount_minor
            sums[account.currency] = sums.get(account.currency, 0) + amount_minor
            balances.append(account.balance_minor)
        assert not any(sums.values()), f"postings do not sum to zero: {postings}"
        return balances

    def debit_refusal(self, account: Account, amount_minor: int) -> Refused | None:
        """Return why the account may not pay this much: the limit is enforced by its one writer."""
        headroom = account.headroom_minor
        if headroom is not None and amount_minor > headroom:
            assert account.least_minor is not None
            return refuse(
                LIMIT_EXCEEDED,
                available=max(0, headroom),
                missing=amount_minor - headroom,
                limit=account.least_minor,
                projected_balance=account.balance_minor - amount_minor,
                currency=account.currency,
            )
        return None

    def credit_refusal(self, account: Account, amount_minor: int) -> Refused | None:
        """Return why the account may not receive this much; no balance goes beyond int64."""
        # What has left for pending payments may come back, whatever has come meanwhile.
        most = AMOUNT_MINOR_MAX - account.held_minor
        most = most if account.most_minor is None else min(most, account.most_minor)
        if account.balance_minor + amount_minor > most:
            return refuse(
                PAYEE_LIMIT_EXCEEDED,
                available=max(0, most - account.balance_minor),
                currency=account.currency,
            )
        return None

    def uncountable(self, *changes: tuple[str, int]) -> Refused | None:
        """Return AMOUNT_TOO_LARGE where a change (account, minor units) would take a balance beyond int64.

        A node with sane limits never comes near; one without would write what no replica can store.
        """
        for account, change in changes:
            if abs(self.accounts[account].balance_minor + change) > AMOUNT_MINOR_MAX:
                return refuse(AMOUNT_TOO_LARGE, maximum=AMOUNT_MINOR_MAX)
        return None

    def sums(self) -> dict[str, int]:
        """Return the sum of all balances of each currency: all zero, or the book is wrong."""
        sums: dict[str, int] = {}
        for account in self.accounts.values():
            sums[account.currency] = sums.get(account.currency, 0) + account.balance_minor
        return sums

    def of_member(self, member: str) -> Sequence[Account]:
        """Return the accounts of a member in the order in which they were opened."""
        return self._by_member.get(member, ())
