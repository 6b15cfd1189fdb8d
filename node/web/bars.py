# SPDX-License-Identifier: AGPL-3.0-or-later
"""Balances as bars: from the limit at the left to the ceiling at the right, the zero always in it, in percent."""

from dataclasses import dataclass

from protocol.practices.money.accounts import AccountShown


@dataclass(frozen=True, slots=True)
class BalanceBar:
    """A balance between its limits, drawn in percent of the bar's width: where zero is, and where the balance."""

    zero: float
    at: float
    is_open: bool
    """Nothing bounds it above."""
    was: float | None = None
    """Where the balance was, or would be, besides: what lies between is hatched."""
    marks: tuple[float, ...] = ()
    """Where half of each limit is."""

    @property
    def left(self) -> float:
        return min(self.zero, self.at)

    @property
    def width(self) -> float:
        return abs(self.zero - self.at)

    @property
    def changed_left(self) -> float:
        return self.at if self.was is None else min(self.at, self.was)

    @property
    def changed_width(self) -> float:
        return 0 if self.was is None else abs(self.at - self.was)


def bar_between(
    low: int | None, high: int | None, balance: int, *, was: int | None = None, halves: bool = False
) -> BalanceBar:
    """Return the bar of a balance (minor units) between limits, None where there is none; all that is shown is in it.

    `was` is another balance, from which or to which it goes; `halves` marks half of each limit.
    """
    shown = [balance, 0, *(() if was is None else (was,))]
    floor = low if low is not None else min(shown)
    roof = high if high is not None else max(abs(floor), max(shown) * 5 // 4, 100)
    least, most = min(floor, *shown), max(roof, *shown)
    width = max(1, most - least)

    def at(minor: int) -> float:
        return round((minor - least) * 100 / width, 2)

    marks = tuple(at(one // 2) for one in (low, high) if halves and one)
    return BalanceBar(at(0), at(balance), high is None, None if was is None else at(was), marks)


def bar_of(account: AccountShown, *, after: int | None = None) -> BalanceBar:
    """Return the bar of an account: as it stands, or as it would be after a payment, with what it was."""
    low = None if account.limit is None else account.limit.value
    high = None if account.ceiling is None else account.ceiling.value
    if after is None:
        return bar_between(low, high, account.balance.value)
    return bar_between(low, high, after, was=account.balance.value)
