# SPDX-License-Identifier: AGPL-3.0-or-later
"""Into what a month of a company is shared, and what moves by it."""

from protocol.book.accounts import account_id, commons_account
from protocol.book.book import Book
from protocol.book.ledger import Posting
from protocol.book.money import BASIS_POINTS
from protocol.practices.governance.companies.entries import SurplusAllocated
from protocol.practices.governance.companies.state import SET_ASIDE, Company, MonthShared, Shared, hours_in
from protocol.solvers.apportionment import apportioned_by_name


def sharing(book: Book, company: Company, body: SurplusAllocated) -> MonthShared:
    """Return into what a month's surplus is shared; what workers owe of advances is taken off what they are paid.

    Ties of the largest remainder are drawn from the company's id and the month. Who has left the network takes no
    part. Asserts nothing of the amounts: `check` has looked at them.
    """
    if body.surplus <= 0:
        covered = -min(company.reserve_minor, -body.surplus)
        return MonthShared(body.period, body.surplus, covered, 0, 0, 0, ())
    covered = min(company.uncovered_minor, body.surplus)
    rest = body.surplus - covered - body.reserve - body.network - body.education
    hours = hours_in(book, company, body.period)
    weights = {worker: count * company.pay.get(worker, 100) for worker, count in hours.items()}
    seed = f"{company.member} {body.period}".encode()
    shares: list[Shared] = []
    for worker, share in apportioned_by_name(rest, weights, seed).items():
        kept = share * body.capital // BASIS_POINTS
        repaid = min(company.advances.get(worker, 0), share - kept)
        shares.append(Shared(worker, hours[worker], share, kept, repaid, share - kept - repaid))
    parts = (body.reserve, body.network, body.education)
    return MonthShared(body.period, body.surplus, covered, *parts, tuple(shares))


def shared_postings(company: Company, month: MonthShared) -> tuple[Posting, ...]:
    """Return what moves when a month is shared out: from the company to all who get a part, or from its reserve."""
    pot, commons = SET_ASIDE.of(company.currency), commons_account(company.currency)
    kept = month.reserve_minor + month.education_minor + sum(one.kept_minor for one in month.shares)
    loss = -month.covered_minor if month.surplus_minor <= 0 else 0
    parts = [(pot, kept - loss), (commons, month.network_minor)]
    parts += [(account_id(one.worker, company.currency), one.paid_minor) for one in month.shares]
    moved = sum(minor for _, minor in parts)
    postings = [Posting(name, minor, "surplus", None, company.account) for name, minor in parts if minor]
    return (Posting(company.account, -moved, "surplus"), *postings) if moved else tuple(postings)
