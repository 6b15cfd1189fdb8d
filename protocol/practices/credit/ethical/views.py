# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ethical banks as members see them: where the money is, what a deposit does, what loans are known for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.arrivals import since
from protocol.book.declaration import READERS, At, Desk, Doc, Errand, Ref, Seers, TextRef, Urgency
from protocol.book.money import Amount
from protocol.book.personal import NOTE_CHARS_MAX
from protocol.book.publishing import SEEN_BY_MAX
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.practices.credit.ethical.entries import (
    ENTERPRISE_CHARS_MAX,
    SCORE_MAX,
    SCORES_MAX,
    SECTORS_NAMED_MAX,
    SectorLetter,
    SocialCriterion,
)
from protocol.practices.credit.ethical.state import (
    FLOOR,
    NOTICE_DAYS,
    EthicalBank,
    EthicalBanks,
    floor_minor,
    lent_by_sector,
    matured_minor,
)
from protocol.practices.credit.funds.state import Fund, Funds
from protocol.practices.credit.loans.state import LOANS
from protocol.solvers.apportionment import apportioned_by_name
from protocol.wire.shape import AtMost, Range

_LIQUID, _OTHER = "liquid", "not published"


@dataclass(frozen=True, slots=True)
class DeclareBank:
    """Let a fund be an ethical bank: it keeps a part of what is saved, and tells what money does; the group votes."""


@dataclass(frozen=True, slots=True)
class PreferSectors:
    """Say to which sectors your savings should go; none: to any."""

    sectors: Annotated[
        tuple[SectorLetter, ...], AtMost(SECTORS_NAMED_MAX), Doc("letters of ISIC sections: A agriculture, ...")
    ] = ()
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who saves; default: you")] = None


@dataclass(frozen=True, slots=True)
class GiveNotice:
    """Say that you will withdraw so much of your savings, once the days of notice are over."""

    amount: Annotated[Amount, Doc("how much")]
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who saves; default: you")] = None


@dataclass(frozen=True, slots=True)
class ScoreTold:
    """How well a loan does by a criterion, and from where that is known."""

    criterion: Annotated[SocialCriterion, Doc("labour, ecology, ownership, need or openness")]
    score: Annotated[int, Range(0, SCORE_MAX), Doc("of 100")]
    source: Annotated[str | None, AtMost(NOTE_CHARS_MAX), Doc("from where it is known; erasable")] = None


@dataclass(frozen=True, slots=True)
class AssessLoan:
    """Say in which sector a loan works and what it does to people and land; it takes the place of what was said."""

    sector: Annotated[SectorLetter, Doc("the letter of the ISIC section")]
    scores: Annotated[tuple[ScoreTold, ...], AtMost(SCORES_MAX), Doc("scores with their sources")] = ()


@dataclass(frozen=True, slots=True)
class PublishLoan:
    """Let all know to which enterprise a loan was paid out; persons are never published."""

    enterprise: Annotated[str, AtMost(ENTERPRISE_CHARS_MAX), Doc("the enterprise's name")]
    seers: Annotated[Seers, Doc("who reads it: your group, the members of federations, or everybody")] = Seers.EVERYBODY
    federations: Annotated[tuple[str, ...], AtMost(SEEN_BY_MAX), Doc("which federations, by id")] = ()


@dataclass(frozen=True, slots=True)
class EthicalBanksWanted:
    """The funds that are ethical banks."""


@dataclass(frozen=True, slots=True)
class SectorUseShown:
    """What of the money is where, and what of the saver's own is."""

    sector: Annotated[str, Doc("a letter of ISIC; liquid: it waits; not published: it is lent, and not told to whom")]
    amount: Annotated[Amount, Doc("how much of the bank's money")]
    own: Annotated[Amount, Doc("how much of yours, by its part")]
    wanted: Annotated[Amount, Doc("how much of what is saved its savers want there")]


@dataclass(frozen=True, slots=True)
class PublishedLoanShown:
    """A loan that all may know of."""

    loan: Annotated[str, Doc("its id")]
    enterprise: Annotated[str, Doc("who has borrowed")]
    sector: Annotated[str, Doc("a letter of ISIC")]
    owed: Annotated[Amount, Doc("what is still owed of what was lent")]


@dataclass(frozen=True, slots=True)
class EthicalBankShown:
    """An ethical bank: what is saved, lent and kept, and what it does."""

    id: Annotated[str, Doc("the id of the fund")]
    title: Annotated[str, Doc("what it is called")]
    saved: Annotated[Amount, Doc("what its savers have there")]
    liquid: Annotated[Amount, Doc("what it holds now")]
    floor: Annotated[str, Doc("the part of what is saved that is not lent")]
    can_lend: Annotated[Amount, Doc("what it can lend now")]
    notice_days: Annotated[int, Doc("how many days before a saver withdraws she says so")]
    uses: Annotated[tuple[SectorUseShown, ...], Doc("where the money is, sector by sector")]
    published: Annotated[tuple[PublishedLoanShown, ...], Doc("the loans that are published")]
    own: Annotated[Amount, Doc("your own savings there")]
    sectors: Annotated[tuple[str, ...], Doc("the sectors that you have named")]
    can_withdraw: Annotated[Amount | None, Doc("what you can withdraw by the notices you gave; null: none is needed")]


@dataclass(frozen=True, slots=True)
class ScoreShown:
    """How well a loan does by a criterion."""

    criterion: Annotated[SocialCriterion, Doc("by which criterion")]
    score: Annotated[int, Doc("of 100")]
    source: Annotated[TextRef | None, Doc("from where it is known")]


@dataclass(frozen=True, slots=True)
class EthicalLoanShown:
    """What a loan is known for."""

    id: Annotated[str, Doc("its id")]
    sector: Annotated[str, Doc("a letter of ISIC")]
    scores: Annotated[tuple[ScoreShown, ...], Doc("its scores")]
    enterprise: Annotated[str | None, Doc("to which enterprise it was paid out; null: it is not published")]


def view_bank(desk: Desk, name: str) -> EthicalBankShown | Refused:
    bank = desk.book.of(EthicalBanks).by_fund.get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if bank is None else _shown(desk, bank)


def view_banks(desk: Desk, wanted: EthicalBanksWanted, after: int) -> Iterable[tuple[int, EthicalBankShown]]:
    del wanted
    banks = list(desk.book.of(EthicalBanks).by_fund.values())
    return ((cursor, _shown(desk, bank)) for cursor, bank in since(banks, after))


def _shown(desk: Desk, bank: EthicalBank) -> EthicalBankShown:
    book = desk.book
    fund, member = book.of(Funds).by_id[bank.fund], desk.actor.member or ""
    days = book.parameter(NOTICE_DAYS)

    def amount(minor: int) -> Amount:
        return book.amount(fund.currency, minor)

    return EthicalBankShown(
        id=uuid_text(fund.id),
        title=fund.title,
        saved=amount(fund.saved_minor),
        liquid=amount(fund.free_minor),
        floor=FLOOR.kind.show(book.parameter(FLOOR), 0),
        can_lend=amount(max(0, fund.free_minor - floor_minor(book, fund))),
        notice_days=days,
        uses=tuple(_uses(desk, bank, fund, fund.savings.get(member, 0))),
        published=tuple(_published(desk, bank, fund)),
        own=amount(fund.savings.get(member, 0)),
        sectors=bank.preferred.get(member, ()),
        can_withdraw=amount(matured_minor(book, bank, member, desk.now)) if days else None,
    )


def _uses(desk: Desk, bank: EthicalBank, fund: Fund, own_minor: int) -> Iterator[SectorUseShown]:
    """Yield where a bank's money is, and a saver's part of it: her deposit, shared out by largest remainder."""
    sectors = lent_by_sector(desk.book, bank)
    places = {**sectors, _LIQUID: max(0, fund.free_minor), _OTHER: max(0, fund.lent_minor - sum(sectors.values()))}
    own, wanted = apportioned_by_name(own_minor, places, fund.id), _wanted(bank, fund)

    def amount(minor: int) -> Amount:
        return desk.book.amount(fund.currency, minor)

    for name in dict.fromkeys((*places, *wanted)):
        minors = places.get(name, 0), own.get(name, 0), wanted.get(name, 0)
        if any(minors):
            yield SectorUseShown(name, *(amount(minor) for minor in minors))


def _wanted(bank: EthicalBank, fund: Fund) -> dict[str, int]:
    """Return how much of what is saved savers want in each sector: each saver's in equal parts, whole units."""
    found: dict[str, int] = {}
    for member, sectors in bank.preferred.items():
        shares = apportioned_by_name(fund.savings.get(member, 0), dict.fromkeys(sectors, 1), fund.id + member.encode())
        for sector, minor in shares.items():
            found[sector] = found.get(sector, 0) + minor
    return dict(sorted(found.items()))


def _published(desk: Desk, bank: EthicalBank, fund: Fund) -> Iterator[PublishedLoanShown]:
    book = desk.book
    for name, said in bank.published.items():
        sector = book.of(EthicalBanks).assessed[name].sector
        loan = book.rows(LOANS).get(name)
        owed = 0 if loan is None else loan.balance_minor
        yield PublishedLoanShown(uuid_text(name), said.enterprise, sector, book.amount(fund.currency, owed))


def view_assessed(desk: Desk, name: str) -> EthicalLoanShown | Refused:
    banks, loan = desk.book.of(EthicalBanks), desk.book.rows(LOANS).get(parse_uuid(name) or b"")
    assessed = None if loan is None else banks.assessed.get(loan.id)
    if loan is None or assessed is None:
        return refuse(NOT_FOUND)
    bank = banks.by_fund.get(loan.fund)
    said = None if bank is None else bank.published.get(loan.id)
    if said is None and desk.actor.role not in READERS and desk.actor.member != loan.borrower:
        return refuse(NOT_FOUND)
    scores = (
        ScoreShown(one.criterion, one.score, None if one.source is None else TextRef(one.source))
        for one in assessed.scores
    )
    return EthicalLoanShown(name, assessed.sector, tuple(scores), None if said is None else said.enterprise)


def week(desk: Desk) -> Iterator[Errand]:
    """Yield which banks are near their floor: less than a quarter of the floor's amount is left to lend."""
    book = desk.book
    for bank in book.of(EthicalBanks).by_fund.values():
        fund = book.of(Funds).by_id[bank.fund]
        floor = floor_minor(book, fund)
        left = fund.free_minor - floor
        if fund.saved_minor and 4 * left < floor:
            yield Errand(
                uuid_text(fund.id), fund.title, "ethical-banks.near_floor", f"{fund.title} is near its floor",
                "ethical-banks.show", Urgency.NEAR_LIMIT, figure=book.amount(fund.currency, left),
            )  # fmt: skip


def today(desk: Desk) -> Iterator[Errand]:
    """Yield what a saver can withdraw now, of what she has given notice of."""
    book, member = desk.book, desk.actor.member or ""
    for bank in book.of(EthicalBanks).by_fund.values():
        if member not in bank.notices:
            continue
        fund, days = book.of(Funds).by_id[bank.fund], book.parameter(NOTICE_DAYS)
        ready = matured_minor(book, bank, member, desk.now)
        until: At = min(given for given, _ in bank.notices[member]) + days * DAY_MS
        said = "can be withdrawn" if ready else "can be withdrawn soon"
        minor = ready or sum(minor for _, minor in bank.notices[member])
        yield Errand(
            uuid_text(fund.id), fund.title, "ethical-banks.withdraw" if ready else "ethical-banks.noticed",
            f"Savings of yours in {fund.title} {said}", "funds.withdraw" if ready else "ethical-banks.show",
            Urgency.DATE, figure=book.amount(fund.currency, minor), until_ms=None if ready else until,
        )  # fmt: skip
