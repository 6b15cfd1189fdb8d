# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mass payments as whoever pays sees them: a report by row."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import READERS, At, Desk, Doc, Entered, FromFile, News, OneOf, Ref, RowsWanted
from protocol.book.money import Amount, decimal
from protocol.book.refusals import FORBIDDEN, NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.money.currencies.entries import Code
from protocol.practices.money.masses.entries import MASS_FILE_BYTES_MAX, MASS_TITLE_CHARS_MAX, MassPaid
from protocol.practices.money.masses.state import MASSES, MassPayment
from protocol.practices.people.authority import may_see
from protocol.wire.shape import AtMost

ROW_PAID, ROW_REFUSED = "paid", "refused"


@dataclass(frozen=True, slots=True)
class PayMany:
    """Pay all whom a file names, in one go: the same file for the same payer and title is paid once."""

    file: Annotated[
        bytes, AtMost(MASS_FILE_BYTES_MAX), FromFile, Doc("CSV: a handle or an account and an amount in each row")
    ]
    currency: Annotated[Code, Ref("currencies"), Doc("the currency's code")]
    title: Annotated[str, AtMost(MASS_TITLE_CHARS_MAX), Doc("what it is, seen by all members: Benefit of December")]
    payer: Annotated[str, AtMost(64), Doc("who pays: commons, or the handle or account of who has no key")] = "commons"
    skip_refused: Annotated[bool, Doc("pay the other rows where some are refused; else nothing is paid")] = False


@dataclass(frozen=True, slots=True)
class MassReportWanted:
    """A mass payment."""

    id: Annotated[str, AtMost(64), Ref("mass-payments"), Doc("its id")]


@dataclass(frozen=True, slots=True)
class MassPaymentsWanted:
    """Mass payments, oldest first; for those who read all, everybody's."""


@dataclass(frozen=True, slots=True)
class MassRowShown:
    """What became of a row of the file."""

    row: Annotated[int, Doc("its number, from 1")]
    payee: Annotated[str | None, Doc("the payee's handle; null: not told of a row that was refused")]
    amount: Annotated[str | None, Doc("what it gets, with its decimals")]
    state: Annotated[str, OneOf((ROW_PAID, ROW_REFUSED)), Doc("whether it is paid")]
    reason: Annotated[str | None, Doc("why it was refused")]


@dataclass(frozen=True, slots=True)
class MassSummary:
    """A mass payment, in short."""

    id: Annotated[str, Doc("its id, which follows from what was asked")]
    title: Annotated[str, Doc("what it is")]
    payer: Annotated[str, Doc("who pays: commons, or a handle")]
    total: Annotated[Amount, Doc("what is paid in all")]
    paid: Annotated[int, Doc("how many are paid")]
    refused: Annotated[int, Doc("how many rows were refused")]
    paid_at: Annotated[At | None, Doc("when; null: nothing is paid, as this is only a look at it")]


@dataclass(frozen=True, slots=True)
class MassPaymentShown:
    """A mass payment, with what became of each row."""

    id: Annotated[str, Doc("its id, which follows from what was asked")]
    title: Annotated[str, Doc("what it is")]
    payer: Annotated[str, Doc("who pays: commons, or a handle")]
    total: Annotated[Amount, Doc("what is paid in all")]
    paid: Annotated[int, Doc("how many are paid")]
    refused: Annotated[int, Doc("how many rows were refused")]
    paid_at: Annotated[At | None, Doc("when; null: nothing is paid, as this is only a look at it")]
    rows: Annotated[tuple[MassRowShown, ...], Doc("what became of each row of the file")]


def news(book: Book, entered: Entered) -> Iterable[News]:
    del book
    body = entered.body
    assert isinstance(body, MassPaid)
    yield News("mass-payment.paid", uuid_text(body.mass), body.payees)


def view_one(desk: Desk, name: str) -> MassPaymentShown | Refused:
    mass = desk.book.rows(MASSES).get(parse_uuid(name) or b"")
    if mass is None:
        return refuse(NOT_FOUND)
    owner = desk.book.owner_of(mass.payer) or None
    return mass_shown(desk.book, mass) if may_see(desk.actor, owner) else refuse(FORBIDDEN, allowed="the payer")


def view_report(desk: Desk, wanted: MassReportWanted) -> MassPaymentShown | Refused:
    return view_one(desk, wanted.id)


def view_all(desk: Desk, wanted: MassPaymentsWanted, after: int, limit: int) -> RowsWanted | Refused:
    del wanted
    if desk.actor.role not in READERS:
        return refuse(FORBIDDEN, allowed="those who read all")
    return RowsWanted(MASSES, after, limit, lambda mass: summary(desk.book, mass))


def summary(book: Book, mass: MassPayment) -> MassSummary:
    """Return a mass payment in short."""
    code = mass.payer.rpartition(".")[2]
    total = book.amount(code, sum(mass.amounts))
    at_ms = mass.at_ms if mass.parts else None
    name = book.name_of(mass.payer)
    return MassSummary(
        uuid_text(mass.id), mass.title, name, total, len(mass.payees), len(mass.refused_rows), at_ms
    )  # fmt: skip


def mass_shown(book: Book, mass: MassPayment) -> MassPaymentShown:
    """Return a mass payment with all its rows, in the order of the file."""
    brief, scale = summary(book, mass), book.currencies[mass.payer.rpartition(".")[2]].scale
    refused = dict(zip(mass.refused_rows, mass.refused_codes, strict=True))
    paid = iter(zip(mass.payees, mass.amounts, strict=True))
    rows: list[MassRowShown] = []
    for number in range(1, len(mass.payees) + len(refused) + 1):
        if number in refused:
            rows.append(MassRowShown(number, None, None, ROW_REFUSED, refused[number]))
        else:
            payee, minor = next(paid)
            rows.append(MassRowShown(number, book.members[payee].handle, decimal(minor, scale), ROW_PAID, None))
    return MassPaymentShown(
        brief.id, brief.title, brief.payer, brief.total, brief.paid, brief.refused, brief.paid_at, tuple(rows)
    )  # fmt: skip
