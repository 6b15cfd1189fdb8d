# SPDX-License-Identifier: AGPL-3.0-or-later
"""Kiosks as all members see them, and how they are wished for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.arrivals import since
from protocol.book.declaration import At, Desk, Doc, Ref
from protocol.book.money import Amount
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import Key, parse_uuid, uuid_text
from protocol.practices.credit.kiosks.entries import STATEMENTS_MAX, KioskName
from protocol.practices.credit.kiosks.state import Kiosk, Kiosks, newest_place, reserve_behind
from protocol.practices.credit.kiosks.statements import SignedStatement
from protocol.practices.credit.reserves.views import state_amount
from protocol.practices.money.currencies.entries import Code
from protocol.wire.keys import id_text
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class RegisterKiosk:
    """Let whoever holds a key issue a guaranteed currency out of reach, within the rights that it is sent."""

    reserve: Annotated[Code, Ref("reserves"), Doc("the code of the guaranteed currency")]
    name: Annotated[KioskName, Doc("what the kiosk is called, for all members to see")]
    public_key: Annotated[Key, Doc("its public key: `mutirao kiosk new FILE` makes one")]


@dataclass(frozen=True, slots=True)
class SendRights:
    """Give a kiosk rights to issue, out of the network's own."""

    amount: Annotated[Amount, Doc("how much it may issue more")]


@dataclass(frozen=True, slots=True)
class FillKioskTill:
    """Take state money from the reserve's bank into a kiosk's till, or back."""

    amount: Annotated[Amount, Doc("how much state money; below zero, what goes back to the bank")]


@dataclass(frozen=True, slots=True)
class SyncKiosk:
    """Take in what a kiosk has signed; what was taken in before changes nothing."""

    statements: Annotated[
        tuple[SignedStatement, ...], AtMost(STATEMENTS_MAX), Doc("its statements, in the order of their places")
    ]


@dataclass(frozen=True, slots=True)
class KiosksWanted:
    """All kiosks."""


@dataclass(frozen=True, slots=True)
class KioskShown:
    """Who issues a guaranteed currency out of reach; `mutirao kiosk load` gives it to the kiosk."""

    id: Annotated[str, Doc("its id")]
    network: Annotated[str, Doc("the id of the network")]
    reserve: Annotated[str, Doc("the code of the currency")]
    name: Annotated[str, Doc("what it is called")]
    key: Annotated[bytes, Doc("its public key")]
    given: Annotated[Amount, Doc("all rights that it was ever sent, or got back by redemptions")]
    rights: Annotated[Amount, Doc("how much it may still issue, as far as it was heard")]
    issued: Annotated[Amount, Doc("how much it has issued")]
    till: Annotated[Amount, Doc("the state money in its till")]
    till_filled: Annotated[Amount, Doc("all state money that was brought to it, less what went back")]
    unmet: Annotated[Amount, Doc("state money that it paid for currency which nobody gave back: it owes that")]
    ratio: Annotated[str, Doc("how much may be issued for state money: 1:1")]
    fee_basis_points: Annotated[int, Doc("what stays as the fund of what is redeemed, in hundredths of a percent")]
    place: Annotated[int, Doc("how many statements of it were taken in")]
    head: Annotated[bytes | None, Doc("the digest of the newest of them")]
    synced_at: Annotated[At | None, Doc("when the newest of them came")]
    forked_at: Annotated[int | None, Doc("the place at which it has signed twice, for which it is frozen")]
    risk: Annotated[Amount, Doc("the most that it can have issued twice: the rights that it held there")]
    proof: Annotated[tuple[bytes, ...], Doc("the two statements at that place, as it has signed them")]


def view_one(desk: Desk, name: str) -> KioskShown | Refused:
    found = desk.book.of(Kiosks).by_id.get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if found is None else _shown(desk, found)


def view_all(desk: Desk, wanted: KiosksWanted, after: int) -> Iterable[tuple[int, KioskShown]]:
    del wanted
    found = since(list(desk.book.of(Kiosks).by_id.values()), after)
    return ((cursor, _shown(desk, one)) for cursor, one in found)


def _shown(desk: Desk, kiosk: Kiosk) -> KioskShown:
    book, reserve = desk.book, reserve_behind(desk.book, kiosk)
    _, head = reserve.rights.newest.get(kiosk.id, (0, b""))

    def amount(minor: int) -> Amount:
        return book.amount(kiosk.currency, minor)

    return KioskShown(
        id=uuid_text(kiosk.id),
        network=id_text(book.network),
        reserve=kiosk.currency,
        name=kiosk.name,
        key=kiosk.key,
        given=amount(kiosk.given_minor),
        rights=amount(reserve.rights.held(kiosk.id)),
        issued=amount(kiosk.issued_minor),
        till=state_amount(book, reserve, kiosk.till_minor),
        till_filled=state_amount(book, reserve, kiosk.till_minor + kiosk.paid_minor),
        unmet=state_amount(book, reserve, kiosk.unmet_minor),
        ratio=f"{reserve.terms.num}:{reserve.terms.den}",
        fee_basis_points=reserve.terms.fee,
        place=newest_place(reserve, kiosk),
        head=head or None,
        synced_at=kiosk.synced_ms,
        forked_at=kiosk.forked_at,
        risk=amount(kiosk.risk_minor),
        proof=tuple(one for one in kiosk.proof if one),
    )
