# SPDX-License-Identifier: AGPL-3.0-or-later
"""Paying thousands in one go: a benefit, wages of a day's work, what a group shares out.

The id follows from what is asked, so that the same file is paid once, however often it is sent. All entries of it are
written in one transaction: a node that is killed amid has written all of them or none.
"""

from collections.abc import Sequence
from typing import NamedTuple

from protocol.book.accounts import account_id, commons_account
from protocol.book.addresses import resolve_account
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Plan, Role, Write, ungated
from protocol.book.issuer_groups import outside
from protocol.book.ledger import Account, Posting
from protocol.book.levies import beyond_room, levies_of
from protocol.book.members import Auth
from protocol.book.money import payable
from protocol.book.personal import text_refusal
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MALFORMED,
    NOT_FOUND,
    SAME_ACCOUNT,
    STATE_CONFLICT,
    Reason,
    Refused,
    Stage,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.uuids import derived_id
from protocol.lanes.entry import Millis
from protocol.practices.money.commons.state import GATE, alone_minor, note
from protocol.practices.money.daycaps import beyond_day_cap
from protocol.practices.money.masses.entries import MASS_PAYEES_MAX, MASS_TITLE_CHARS_MAX, MassPaid, RowRefused
from protocol.practices.money.masses.reading import MassRow, content_of, read_rows
from protocol.practices.money.masses.state import MASSES, MassPayment
from protocol.practices.money.masses.views import MassPaymentShown, PayMany, mass_shown
from protocol.practices.people.authority import spoken_for

ROWS_REFUSED = Reason(
    "ROWS_REFUSED",
    Stage.RULE,
    422,
    "Some rows of the file cannot be paid",
    "{refused} of {rows} rows cannot be paid, the first of them row {row} ({code}). Nothing was paid.",
    heading="{refused} rows cannot be paid",
    ways=(
        "see which: mutirao mass-payments preview, with the same file",
        "correct the file",
        "pay the others: --skip-refused",
    ),
)


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, MassPaid)
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def _against(book: Book, body: MassPaid, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    payer = book.ledger.accounts.get(body.payer)
    if payer is None or (payer.member is None and payer.id != commons_account(payer.currency)):
        return refuse(ACCOUNT_UNKNOWN, member=body.payer)
    if not body.payees or len(body.payees) != len(body.amounts) or len(set(body.payees)) < len(body.payees):
        return refuse(MALFORMED, field="payees", expected="each once, with an amount")
    known = book.rows(MASSES).get(body.mass)
    if (refused := _out_of_turn(known, body)) or (refused := _unable_to_pay(book, payer)):
        return refused
    before = frozenset(known.payees) if known is not None else frozenset[str]()
    for name, minor in zip(body.payees, body.amounts, strict=True):
        payee = book.ledger.accounts.get(account_id(name, payer.currency))
        refused = refuse(ACCOUNT_UNKNOWN, member=name) if payee is None else unable_to_get(book, payer, payee, minor)
        if refused or name in before:
            return refused or refuse(DUPLICATE, member=name)
    total = sum(body.amounts)
    debit = total + _payer_levy(book, payer, body.payees, body.amounts)
    refused = book.ledger.uncountable((payer.id, -debit), (commons_account(payer.currency), debit))
    if refused or payer.member is not None or total <= alone_minor(book, payer.currency, at_ms):
        return refused
    return ungated(book, GATE)


def _out_of_turn(known: MassPayment | None, body: MassPaid) -> Refused | None:
    if known is None:
        return refuse(NOT_FOUND) if body.part else None
    goes_on = not known.done and body.part == known.parts
    same = (known.payer, known.title, known.content) == (body.payer, body.title, body.content)
    return None if goes_on and same else refuse(STATE_CONFLICT, state="paid" if known.done else "another")


def _unable_to_pay(book: Book, payer: Account) -> Refused | None:
    if payer.member is not None:
        member = book.members[payer.member]
        if member.auth is not Auth.CUSTODIAL:
            return refuse(FORBIDDEN, allowed="the member's own key, one payment at a time")
        if inactive := member.inactive():
            return inactive
    if book.currencies[payer.currency].closed:
        return refuse(CURRENCY_CLOSED, currency=payer.currency)
    return outside(book, payer)


def unable_to_get(book: Book, payer: Account, payee: Account, minor: int) -> Refused | None:
    """Return why an account cannot be paid so much now: the same answer on every node; no limits."""
    if payee is payer:
        return refuse(SAME_ACCOUNT)
    assert payee.member is not None
    inactive = book.members[payee.member].inactive()
    return inactive or outside(book, payee) or book.ledger.uncountable((payee.id, minor + payee.held_minor))


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, MassPaid)
    payer, masses = book.ledger.accounts[body.payer], book.rows(MASSES)
    if body.part == 0:
        masses.add(MassPayment(body.mass, entered.seq, entered.at_ms, body.payer, body.title, body.content))
    mass = masses.change(body.mass)
    mass.parts, mass.done = mass.parts + 1, body.last
    mass.payees, mass.amounts = mass.payees + body.payees, mass.amounts + body.amounts
    mass.refused_rows += tuple(one.row for one in body.refused)
    mass.refused_codes += tuple(one.code for one in body.refused)
    total = sum(body.amounts)
    if payer.member is None:
        note(book, payer.currency, total, entered.at_ms)
    accounts = [account_id(name, payer.currency) for name in body.payees]
    return (
        Posting(payer.id, -total, "mass-payment"),
        *(
            Posting(account, minor, "mass-payment", None, payer.id)
            for account, minor in zip(accounts, body.amounts, strict=True)
        ),
        *_levied(book, payer, accounts, body.amounts),
    )


def _levied(book: Book, payer: Account, accounts: Sequence[str], amounts: Sequence[int]) -> list[Posting]:
    """Return what each payment brings to the commons, as any payment between members does."""
    commons, postings = commons_account(payer.currency), list[Posting]()
    paid = [(book.ledger.accounts[name], minor) for name, minor in zip(accounts, amounts, strict=True)]
    for name, levies in zip(accounts, levies_of(book, payer, paid), strict=False):
        for bearer, levy in zip((payer.id, name), levies, strict=True):
            if levy:
                postings.append(Posting(bearer, -levy, "levy", None, commons))
                postings.append(Posting(commons, levy, "levy", None, bearer))
    return postings


def _payer_levy(book: Book, payer: Account, payees: Sequence[str], amounts: Sequence[int]) -> int:
    """Return what the payer bears on top of all amounts that it pays to these members, rounded down for each."""
    accounts = (book.ledger.accounts[account_id(name, payer.currency)] for name in payees)
    return sum(of_payer for of_payer, _ in levies_of(book, payer, zip(accounts, amounts, strict=True)))


class Judged(NamedTuple):
    """What a file comes to now: who pays, and for each row its payee, or why it is refused."""

    payer: Account
    content: bytes
    rows: tuple[MassRow, ...]
    payees: tuple[Account | Refused, ...]

    @property
    def refused(self) -> tuple[RowRefused, ...]:
        """The rows that cannot be paid."""
        return tuple(
            RowRefused(row.row, found.reason.code)
            for row, found in zip(self.rows, self.payees, strict=True)
            if isinstance(found, Refused)
        )

    @property
    def paid(self) -> tuple[tuple[str, int], ...]:
        """Whom the others pay, by member id, and how much (minor units)."""
        return tuple(
            (found.member or "", row.minor)
            for row, found in zip(self.rows, self.payees, strict=True)
            if not isinstance(found, Refused) and isinstance(row.minor, int)
        )


def plan_pay_many(desk: Desk, wish: PayMany) -> Plan | Refused:
    book = desk.book
    judged = _judged(desk, wish)
    if isinstance(judged, Refused):
        return judged
    mass = derived_id(judged.content)
    if book.rows(MASSES).get(mass) is not None:
        return Plan(uuid_text(mass))
    refused, paid = judged.refused, judged.paid
    if (refused and not wish.skip_refused) or not paid or len(refused) > MASS_PAYEES_MAX:
        first = refused[0]
        return refuse(ROWS_REFUSED, refused=len(refused), rows=len(judged.rows), row=first.row, code=first.code)
    bodies = _bodies(judged, mass, wish.title)
    against = _against(book, bodies[0], desk.now) or _short(book, judged, desk.now)
    return against or Plan(uuid_text(mass), tuple(Write(body) for body in bodies))


def _bodies(judged: Judged, mass: bytes, title: str) -> list[MassPaid]:
    """Return the entries that one mass payment makes: all of them go into one transaction."""
    paid, bodies = judged.paid, list[MassPaid]()
    for part, at in enumerate(range(0, len(paid), MASS_PAYEES_MAX)):
        some, last = paid[at : at + MASS_PAYEES_MAX], at + MASS_PAYEES_MAX >= len(paid)
        payees, amounts = tuple(name for name, _ in some), tuple(minor for _, minor in some)
        refused = judged.refused if last else ()
        bodies.append(MassPaid(mass, judged.payer.id, title, judged.content, part, payees, amounts, refused, last))
    return bodies


def view_preview(desk: Desk, wish: PayMany) -> MassPaymentShown | Refused:
    """Show what a file comes to, row by row, and pay nothing."""
    judged = _judged(desk, wish)
    if isinstance(judged, Refused):
        return judged
    mass = MassPayment(derived_id(judged.content), 0, desk.now, judged.payer.id, wish.title, judged.content)
    paid, refused = judged.paid, judged.refused
    mass.payees, mass.amounts = tuple(name for name, _ in paid), tuple(minor for _, minor in paid)
    mass.refused_rows, mass.refused_codes = tuple(one.row for one in refused), tuple(one.code for one in refused)
    return mass_shown(desk.book, mass)


def _judged(desk: Desk, wish: PayMany) -> Judged | Refused:
    book = desk.book
    currency = book.currencies.get(wish.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=wish.currency[:12])
    if refused := text_refusal("title", wish.title, MASS_TITLE_CHARS_MAX):
        return refused
    payer = _payer(desk, wish.payer, currency.code)
    rows = read_rows(wish.file, currency.scale)
    if isinstance(payer, Refused) or isinstance(rows, Refused):
        return payer if isinstance(payer, Refused) else rows if isinstance(rows, Refused) else refuse(MALFORMED)
    if refused := _unable_to_pay(book, payer):
        return refused
    seen: set[str] = set()
    payees = tuple(_payee(book, payer, row, seen) for row in rows)
    return Judged(payer, content_of(payer.id, wish.title, rows), rows, payees)


def _payer(desk: Desk, address: str, code: str) -> Account | Refused:
    """Return the account that pays, if whoever asks may speak for it."""
    if address in ("commons", commons_account(code)):
        allowed = desk.actor.role is Role.STEWARD
        return desk.book.ledger.accounts[commons_account(code)] if allowed else refuse(FORBIDDEN, allowed="stewards")
    payer = spoken_for(desk, address, code, allowed="the payer")
    if isinstance(payer, Account) and payer.currency != code:
        return refuse(CURRENCY_MISMATCH, currency=payer.currency)
    return payer


def _payee(book: Book, payer: Account, row: MassRow, seen: set[str]) -> Account | Refused:
    """Return whom a row pays, or why it cannot; no payee stands in two rows."""
    if isinstance(row.minor, Refused):
        return row.minor
    payee = resolve_account(book, row.address, payer.currency)
    if isinstance(payee, Refused):
        return payee
    if payee.currency != payer.currency:
        return refuse(CURRENCY_MISMATCH, currency=payee.currency)
    if payee.member is None:
        return refuse(ACCOUNT_UNKNOWN, member=row.address)
    if payee.id in seen:
        return refuse(DUPLICATE, member=row.address)
    seen.add(payee.id)
    refused = payable(row.minor) or unable_to_get(book, payer, payee, row.minor)
    return refused or book.ledger.credit_refusal(payee, row.minor) or payee


def _short(book: Book, judged: Judged, now: Millis) -> Refused | None:
    """Return why the payer cannot pay all of it: for the author alone to ask."""
    payer, payees, amounts = judged.payer, [name for name, _ in judged.paid], [minor for _, minor in judged.paid]
    total = sum(amounts)
    if payer.member is not None:
        levy = _payer_levy(book, payer, payees, amounts)
        return beyond_room(book, payer, total, levy) or beyond_day_cap(book, payer, total, now)
    if total > alone_minor(book, payer.currency, now):
        return ungated(book, GATE)
    left = max(0, payer.balance_minor)
    if total <= left:
        return None
    return refuse(
        LIMIT_EXCEEDED,
        available=left,
        missing=total - left,
        limit=0,
        projected_balance=payer.balance_minor - total,
        currency=payer.currency,
    )
