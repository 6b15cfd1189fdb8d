# SPDX-License-Identifier: AGPL-3.0-or-later
"""Missing links, the most useful first; and what would be otherwise with some of them, without writing anything."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated

from protocol.book.declaration import Doc, OneOf
from protocol.book.refusals import Refused, refuse
from protocol.practices.chains.engine.chain import HOUSEHOLDS, ZERO, ProductiveChain
from protocol.practices.chains.engine.founded import founded
from protocol.practices.chains.engine.missing import Candidate, MissingLink, MissingLinks
from protocol.practices.chains.engine.shares import shares_of
from protocol.practices.chains.engine.solving import answers
from protocol.practices.chains.entries import MissingLinkState
from protocol.practices.chains.figures.basis import ChainBasis
from protocol.practices.chains.figures.refusals import BUYERS_TAKEN_TWICE, CANDIDATE_UNKNOWN, SHARE_BEYOND_ONE
from protocol.practices.chains.figures.sharing import spenders_of, words_shown
from protocol.practices.chains.written import (
    CANDIDATES_WRITTEN_CHARS_MAX,
    MONTHS_PLACES,
    WrittenDecimal,
    decimal_text,
    money_text,
    read_shares,
    share_text,
)
from protocol.wire.shape import AtMost, Range

LINKS_SHOWN_MAX = 200
LINK_STATES = tuple(state.value for state in MissingLinkState)
"""How far a missing link has come: the first while nobody has said anything."""

CandidatesWritten = Annotated[str, AtMost(CANDIDATES_WRITTEN_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class MissingLinksWanted:
    """What could be made inside that is bought outside, the most useful first."""

    income: Annotated[WrittenDecimal | None, Doc("what a member earns in a month; without it no jobs are told")] = None
    most: Annotated[int, Range(1, LINKS_SHOWN_MAX), Doc("links shown at most")] = 50


@dataclass(frozen=True, slots=True)
class SimulateWanted:
    """What would be otherwise with some candidates founded; nothing is written."""

    candidates: Annotated[
        CandidatesWritten,
        Doc("who is founded, with the share of the item's purchases it would get: mill,soap=0.6; alone: as pledged"),
    ]


@dataclass(frozen=True, slots=True)
class MissingLinkShown:
    """A candidate, and what it would bring by itself in a month."""

    candidate: Annotated[str, Doc("its short key")]
    item: Annotated[str, Doc("what it would make")]
    state: Annotated[str, OneOf(LINK_STATES), Doc("how far it has come")]
    pledged: Annotated[str, Doc("the share of what is bought outside that would be bought of it")]
    sells: Annotated[str, Doc("X: what it would sell, as far as it can make")]
    stays: Annotated[str, Doc("c: what of a unit spent with it stays")]
    retains: Annotated[str, Doc("R = X c: what would stay at first order; links are ranked by it, then by jobs")]
    keeps: Annotated[str, Doc("by how much leakage falls exactly, with all that follows")]
    jobs: Annotated[str | None, Doc("people whom its wages would feed; null where no income is known")]
    jobs_elsewhere: Annotated[str | None, Doc("the same with those of whom it buys, and of whom these buy")]
    investment: str
    payback_months: Annotated[str | None, Doc("until its surplus has paid the investment; null where it has none")]
    minimum: Annotated[str, Doc("below so much turnover it cannot work")]
    is_blocked: Annotated[bool, Doc("whether it would sell less than that")]
    rests_on: Annotated[Mapping[str, str], Doc("which share of what is bought of its item rests on what")]


@dataclass(frozen=True, slots=True)
class MissingLinksShown:
    """Who could make inside what is bought outside; blocked ones last."""

    leakage: Annotated[str, Doc("bought outside in a month, of everything")]
    income: Annotated[str | None, Doc("what a member earns in a month: jobs are counted by it")]
    links: tuple[MissingLinkShown, ...]


@dataclass(frozen=True, slots=True)
class BuyerFigures:
    """A buyer at one time, in a month."""

    share: Annotated[str, Doc("the share that is bought inside")]
    stays: Annotated[str | None, Doc("c: what of a unit spent with it stays")]
    lm3: Annotated[str, Doc("the local multiplier over three rounds")]
    full: Annotated[str | None, Doc("the same over all rounds")]
    turnover: Annotated[str | None, Doc("what it sells; null for households")]


@dataclass(frozen=True, slots=True)
class BuyerChanged:
    """What would be otherwise for a buyer; null while it is not there."""

    buyer: Annotated[str, Doc("an enterprise by its short key, or households")]
    before: BuyerFigures | None
    after: BuyerFigures | None


@dataclass(frozen=True, slots=True)
class ChainFigures:
    """A chain at one time, in a month."""

    leakage: Annotated[str, Doc("bought outside")]
    share: Annotated[str, Doc("the share that is bought inside")]
    outside_items: Annotated[int, Doc("how many different items are bought outside")]


@dataclass(frozen=True, slots=True)
class SimulationShown:
    """Before, and as it would be, where as much is bought for use as before."""

    founded: Annotated[tuple[str, ...], Doc("who would be there")]
    blocked: Annotated[tuple[str, ...], Doc("who of them would sell less than it needs to work")]
    keeps: Annotated[str, Doc("by how much leakage falls")]
    before: ChainFigures
    after: ChainFigures
    buyers: tuple[BuyerChanged, ...]


def missing_links_shown(income: Fraction | None, most: int, basis: ChainBasis) -> MissingLinksShown:
    """Return candidates by rank."""
    links = basis.links
    monthly = basis.income if income is None else income
    ranked = links.ranked(monthly or Fraction(1))
    wages = wages_with(basis.chain)

    def elsewhere(one: MissingLink) -> Fraction:
        return one.sells * sum((share * wages[name] for name, share in one.candidate.recipe.inside.items()), ZERO)

    shown = [
        MissingLinkShown(
            candidate=one.candidate.name,
            item=one.candidate.item,
            state=basis.states.get(one.candidate.name, LINK_STATES[0]),
            pledged=share_text(one.candidate.pledged),
            sells=money_text(one.sells),
            stays=share_text(one.retains),
            retains=money_text(one.first_order),
            keeps=money_text(one.keeps),
            jobs=decimal_text(one.jobs, 2) if monthly else None,
            jobs_elsewhere=decimal_text(elsewhere(one) / monthly, 2) if monthly else None,
            investment=money_text(one.candidate.investment),
            payback_months=None if one.payback is None else decimal_text(one.payback, MONTHS_PLACES),
            minimum=money_text(one.candidate.minimum),
            is_blocked=one.is_blocked,
            rests_on=words_shown(basis.evidence.by_item.get(one.candidate.item, {})),
        )
        for one in ranked[:most]
    ]
    leakage = shares_of(basis.chain).leakage
    return MissingLinksShown(money_text(leakage), None if not monthly else money_text(monthly), tuple(shown))


def wages_with(chain: ProductiveChain) -> Mapping[str, Fraction]:
    """Return what of a unit spent with each enterprise becomes wages there, with those of whom it buys, and so on."""
    (wages,) = answers(chain.rows, (chain.shares(lambda _, one: one.wages),))
    return dict(zip(chain.names, wages, strict=True))


def chosen_links(written: str, basis: ChainBasis) -> MissingLinks | Refused:
    """Return the candidates that somebody has written down, with other pledges where these are written too."""
    told = read_shares(written, "candidates")
    if isinstance(told, Refused):
        return told
    known = {one.name: one for one in basis.candidates}
    chosen: list[Candidate] = []
    for name, pledged in told.items():
        if name not in known:
            return refuse(CANDIDATE_UNKNOWN, candidate=name[:64])
        if pledged is not None and not 0 <= pledged <= 1:
            return refuse(SHARE_BEYOND_ONE, field="candidates", value=f"{name}={share_text(pledged)}")
        one = known[name]
        chosen.append(one if pledged is None else replace(one, pledged=pledged))
    links = MissingLinks(basis.chain, chosen)
    return links if links.fits(range(len(chosen))) else refuse(BUYERS_TAKEN_TWICE, item=item_beyond(links))


def simulated(written: str, basis: ChainBasis) -> SimulationShown | Refused:
    """Return the chain before, and with these candidates founded; raises ChainFault."""
    links = chosen_links(written, basis)
    if isinstance(links, Refused):
        return links
    before, after = basis.chain, founded(links, range(len(links.candidates)))
    sells = zip(links.candidates, links.sells, strict=True)
    was, is_ = _buyers(before), _buyers(after)
    return SimulationShown(
        founded=tuple(one.name for one in links.candidates),
        blocked=tuple(one.name for one, sold in sells if not sold or sold < one.minimum),
        keeps=money_text(shares_of(before).leakage - shares_of(after).leakage),
        before=_figures(before),
        after=_figures(after),
        buyers=tuple(BuyerChanged(one, was.get(one), is_.get(one)) for one in {**was, **is_}),
    )


def _figures(chain: ProductiveChain) -> ChainFigures:
    shares = shares_of(chain)
    return ChainFigures(money_text(shares.leakage), share_text(shares.all), len(shares.by_item))


def _buyers(chain: ProductiveChain) -> Mapping[str, BuyerFigures]:
    shares = shares_of(chain).of
    return {
        one.spender: BuyerFigures(
            share_text(shares[one.spender]),
            one.stays,
            one.lm3,
            one.full,
            None if one.spender == HOUSEHOLDS else money_text(chain.enterprises[one.spender].turnover),
        )
        for one in spenders_of(chain)
    }


def item_beyond(links: MissingLinks) -> str:
    """Return of which item these candidates would sell more than is bought."""
    taken: dict[str, Fraction] = {}
    for one, share in zip(links.candidates, links.pledged, strict=True):
        taken[one.item] = taken.get(one.item, ZERO) + share
    return next(item for item, share in taken.items() if share > 1)
