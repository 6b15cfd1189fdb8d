# SPDX-License-Identifier: AGPL-3.0-or-later
"""Obligations and set-offs as members see them, and how a set-off is asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import READERS, At, Desk, Doc
from protocol.book.ledger import Account
from protocol.book.money import Amount
from protocol.book.refusals import FORBIDDEN, NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.lanes.entry import Millis
from protocol.practices.money.currencies.entries import Code
from protocol.practices.money.setoffs.entries import Share
from protocol.practices.money.setoffs.finding import Largest, largest_now, open_between
from protocol.practices.money.setoffs.state import Made, Party, SetOffs, parties_of


@dataclass(frozen=True, slots=True)
class ClearObligations:
    """Set off all that members owe each other in a currency and let be set off, as far as one entry holds it.

    `mutirao obligations show` tells beforehand what comes of it. Where more is left than one entry holds, do it again.
    """


@dataclass(frozen=True, slots=True)
class ObligationsOf:
    """What a member owes and is owed by open payment requests that name their payer, before and after a set-off."""

    member: Annotated[str, Doc("the handle")]
    account: Annotated[str, Doc("the account")]
    owes: Annotated[Amount, Doc("what it is asked to pay")]
    owes_after: Annotated[Amount, Doc("the same after the set-off")]
    owed: Annotated[Amount, Doc("what it asks of others")]
    owed_after: Annotated[Amount, Doc("the same after the set-off")]
    balance: Annotated[Amount, Doc("its balance")]
    balance_after: Annotated[Amount, Doc("the same after the set-off")]


@dataclass(frozen=True, slots=True)
class ObligationsShown:
    """What members owe each other in a currency, and what a set-off would make of it now; or has made of it."""

    id: Annotated[str, Doc("the code of the currency")]
    set_off: Annotated[str | None, Doc("the set-off that was made; null: this only shows what one would do")]
    open: Annotated[Amount, Doc("what all open payment requests that name their payer ask for")]
    consented: Annotated[Amount, Doc("what of that both sides let be set off")]
    cleared: Annotated[Amount, Doc("what of that one entry cancels")]
    drawn: Annotated[Amount, Doc("by how much balances fall for it in all")]
    requests: Annotated[int, Doc("how many payment requests it cancels, or parts of them")]
    next: Annotated[Amount, Doc("what more could be cancelled, but does not fit into one entry")]
    members: Annotated[tuple[ObligationsOf, ...], Doc("each member for whom something changes")]


@dataclass(frozen=True, slots=True)
class SetOffsWanted:
    """Set-offs that you had a part in; for those who read all, every one."""

    currency: Annotated[Code | None, Doc("only set-offs in this currency")] = None


@dataclass(frozen=True, slots=True)
class PartyShown:
    """What a set-off has done to a member."""

    member: Annotated[str, Doc("the handle")]
    account: Annotated[str, Doc("the account")]
    owes_less: Annotated[Amount, Doc("what was cancelled of what it owed")]
    owed_less: Annotated[Amount, Doc("what was cancelled of what it was owed")]
    balance_before: Annotated[Amount, Doc("its balance before")]
    balance_after: Annotated[Amount, Doc("its balance after")]


@dataclass(frozen=True, slots=True)
class ShareShown:
    """What of a payment request was cancelled."""

    request: Annotated[str, Doc("the payment request")]
    payer: Annotated[str, Doc("the handle of who owed it")]
    payee: Annotated[str, Doc("the handle of who was owed")]
    amount: Annotated[Amount, Doc("how much of it was cancelled")]


@dataclass(frozen=True, slots=True)
class SetOffListed:
    """A set-off; its figures are yours, or for those who read all everybody's."""

    id: Annotated[str, Doc("its UUID")]
    currency: Annotated[str, Doc("the code of the currency")]
    created_at: Annotated[At, Doc("when it was made")]
    cleared: Annotated[Amount, Doc("what was cancelled of payment requests")]
    requests: Annotated[int, Doc("of how many payment requests")]
    entry: Annotated[int, Doc("the place in the ledger lane of its entry")]


@dataclass(frozen=True, slots=True)
class SetOffShown:
    """A set-off with its parts; members see their own, and those who read all see everybody's."""

    id: Annotated[str, Doc("its UUID")]
    currency: Annotated[str, Doc("the code of the currency")]
    created_at: Annotated[At, Doc("when it was made")]
    cleared: Annotated[Amount, Doc("what was cancelled of payment requests")]
    members: Annotated[tuple[PartyShown, ...], Doc("what it has done to each member")]
    requests: Annotated[tuple[ShareShown, ...], Doc("what of each payment request was cancelled")]
    entry: Annotated[int, Doc("the place in the ledger lane of its entry")]


def view_obligations(desk: Desk, code: str) -> ObligationsShown | Refused:
    found = largest_now(desk.book, code, desk.now)
    return found if isinstance(found, Refused) else previewed(desk.book, code, desk.now, found, None)


def previewed(book: Book, code: str, now: Millis, found: Largest, set_off: str | None) -> ObligationsShown:
    parties = parties_of(book, found.shares)
    owes: dict[str, int] = {}
    owed: dict[str, int] = {}
    for request, debtor in open_between(book, code, now):
        owes[debtor] = owes.get(debtor, 0) + request.left_minor
        owed[request.payee] = owed.get(request.payee, 0) + request.left_minor

    def amount(minor: int) -> Amount:
        return book.amount(code, minor)

    def row(account: Account, party: Party) -> ObligationsOf:
        owes_minor, owed_minor = owes.get(account.id, 0), owed.get(account.id, 0)
        return ObligationsOf(
            member=book.name_of(account.id),
            account=account.id,
            owes=amount(owes_minor),
            owes_after=amount(owes_minor - party.owes_less_minor),
            owed=amount(owed_minor),
            owed_after=amount(owed_minor - party.owed_less_minor),
            balance=amount(account.balance_minor),
            balance_after=amount(account.balance_minor + party.change_minor),
        )

    return ObligationsShown(
        id=code,
        set_off=set_off,
        open=amount(sum(owes.values())),
        consented=amount(found.consented_minor),
        cleared=amount(sum(share.amount for share in found.shares)),
        drawn=amount(sum(max(0, -party.change_minor) for party in parties.values())),
        requests=len(found.shares),
        next=amount(found.beyond_minor),
        members=tuple(row(book.ledger.accounts[name], party) for name, party in parties.items()),
    )


def view_set_off(desk: Desk, name: str) -> SetOffShown | Refused:
    book = desk.book
    made = book.of(SetOffs).by_id.get(parse_uuid(name) or b"")
    if made is None:
        return refuse(NOT_FOUND)
    accounts, shares = _seen(desk, made)
    if not accounts:
        return refuse(FORBIDDEN, allowed="its members")

    def amount(minor: int) -> Amount:
        return book.amount(made.currency, minor)

    return SetOffShown(
        id=uuid_text(made.id),
        currency=made.currency,
        created_at=made.at_ms,
        cleared=amount(sum(share.amount for share, _ in shares)),
        members=tuple(
            PartyShown(
                member=book.name_of(account),
                account=account,
                owes_less=amount(party.owes_less_minor),
                owed_less=amount(party.owed_less_minor),
                balance_before=amount(party.before_minor),
                balance_after=amount(party.before_minor + party.change_minor),
            )
            for account, party in made.parties.items()
            if account in accounts
        ),
        requests=tuple(
            ShareShown(
                request=uuid_text(share.request),
                payer=book.name_of(debtor),
                payee=book.name_of(creditor),
                amount=amount(share.amount),
            )
            for share, (debtor, creditor) in shares
        ),
        entry=made.arrival,
    )


def view_set_offs(desk: Desk, wanted: SetOffsWanted, after: int) -> Iterable[tuple[int, SetOffListed]]:
    book = desk.book
    set_offs = book.of(SetOffs)
    if desk.actor.role in READERS:
        found = list(set_offs.by_id.values())
    else:
        own = (set_offs.of_account.get(one.id, ()) for one in book.ledger.of_member(desk.actor.member or ""))
        found = sorted((made for some in own for made in some), key=lambda made: made.arrival)
    for cursor, made in since(found, after):
        if wanted.currency in (None, made.currency):
            shares = [share for share, _ in _seen(desk, made)[1]]
            yield (
                cursor,
                SetOffListed(
                    id=uuid_text(made.id),
                    currency=made.currency,
                    created_at=made.at_ms,
                    cleared=book.amount(made.currency, sum(share.amount for share in shares)),
                    requests=len(shares),
                    entry=made.arrival,
                ),
            )


def _seen(desk: Desk, made: Made) -> tuple[frozenset[str], tuple[tuple[Share, tuple[str, str]], ...]]:
    """Return the accounts and the shares of a set-off that whoever asks may see: its own, or all."""
    if desk.actor.role in READERS:
        return frozenset(made.parties), tuple(zip(made.shares, made.ends, strict=True))
    book = desk.book
    own = frozenset(one.id for one in book.ledger.of_member(desk.actor.member or "") if one.id in made.parties)
    return own, tuple(
        (share, ends) for share, ends in zip(made.shares, made.ends, strict=True) if not own.isdisjoint(ends)
    )
