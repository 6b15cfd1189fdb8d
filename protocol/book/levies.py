# SPDX-License-Identifier: AGPL-3.0-or-later
"""Levies: what a payment brings to the commons, of what its payee gets, on top of it from its payer, or half of each.

All amounts are whole minor units of the account's currency. A levy is rounded down; of an odd one that both bear the
payee bears the unit more, so that nothing of it is lost.
"""

from collections.abc import Iterable

from protocol.book.accounts import commons_account
from protocol.book.book import Book
from protocol.book.currency import LevySide, LevyTerms
from protocol.book.issuer_groups import IssuerGroups
from protocol.book.ledger import Account
from protocol.book.money import BASIS_POINTS
from protocol.book.refusals import Refused, refuse


def levy_terms(book: Book, account: Account) -> LevyTerms:
    """Return by which terms a member's account bears a levy: the highest of its groups' own, or those of all."""
    currency, groups = book.currencies[account.currency], book.of(IssuerGroups).by_name
    own = (terms for name, terms in sorted(currency.levies.items()) if account.member in groups[name].members)
    return max(own, key=lambda terms: terms.basis_points, default=currency.levy)


def payer_levy(book: Book, payer: Account, payee: Account | None, amount_minor: int, brought_minor: int = 0) -> int:
    """Return what a payer bears on top of an amount; the payee is None where it is abroad.

    `brought_minor` is what the same entry has brought to the commons before. Gifts to the commons bear nothing.
    """
    if payer.member is None or (payee is not None and payee.member is None):
        return 0
    return _halves(book, payer, amount_minor, brought_minor)[0]


def payee_levy(book: Book, payee: Account, amount_minor: int, of_payer_minor: int = 0, brought_minor: int = 0) -> int:
    """Return what is taken of what a payee gets; `of_payer_minor` is what the payer of it bears."""
    if payee.member is None:
        return 0
    levy = _halves(book, payee, amount_minor, brought_minor)[1]
    if not levy or not levy_terms(book, payee).until_repaid:
        return levy
    return max(0, min(levy, _debt(book, payee) - brought_minor - of_payer_minor))


def _halves(book: Book, account: Account, amount_minor: int, brought_minor: int) -> tuple[int, int]:
    """Return the payer's part of a levy, and the payee's; if to be repaid, together no more than the debt."""
    terms = levy_terms(book, account)
    levy = amount_minor * terms.basis_points // BASIS_POINTS
    if levy and terms.until_repaid:
        levy = max(0, min(levy, _debt(book, account) - brought_minor))
    of_payer = {LevySide.PAYEE: 0, LevySide.PAYER: levy, LevySide.BOTH: levy // 2}[terms.side]
    return of_payer, levy - of_payer


def _debt(book: Book, account: Account) -> int:
    return -book.ledger.accounts[commons_account(account.currency)].balance_minor


def levies_of(
    book: Book, payer: Account, paid: Iterable[tuple[Account, int]], brought_minor: int = 0
) -> list[tuple[int, int]]:
    """Return what payer and payee bear of each of several payments that one entry makes, in their order."""
    found: list[tuple[int, int]] = []
    for payee, minor in paid if payer.member is not None else ():
        of_payer = payer_levy(book, payer, payee, minor, brought_minor)
        of_payee = payee_levy(book, payee, minor, of_payer, brought_minor)
        brought_minor += of_payer + of_payee
        found.append((of_payer, of_payee))
    return found


def most_payable(book: Book, payer: Account) -> int | None:
    """Return the most that an account may pay now, so that it can bear the levy on top; None: any."""
    room = payer.headroom_minor
    if room is None or room <= 0 or not payer_levy(book, payer, None, room):
        return room
    least, beyond = 0, room
    while beyond - least > 1:
        amount = (least + beyond) // 2
        fits = amount + payer_levy(book, payer, None, amount) <= room
        least, beyond = (amount, beyond) if fits else (least, amount)
    return least


def beyond_room(book: Book, payer: Account, amount_minor: int, levy_minor: int) -> Refused | None:
    """Return LIMIT_EXCEEDED where an account may not pay an amount and the levy on top; for the author alone to ask."""
    refused = book.ledger.debit_refusal(payer, amount_minor + levy_minor)
    if refused is None or not levy_minor:
        return refused
    return refuse(refused.reason, **{**refused.figures, "available": max(0, most_payable(book, payer) or 0)})
