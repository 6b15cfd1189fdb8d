# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much is bought inside, what leaks, and what of a unit that is spent stays."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from protocol.book.declaration import Doc
from protocol.practices.chains.engine.chain import HOUSEHOLDS, ProductiveChain
from protocol.practices.chains.engine.retained import full_multipliers, lm3, output_multipliers, retained
from protocol.practices.chains.engine.shares import shares_of
from protocol.practices.chains.figures.basis import ChainBasis, EvidenceWords
from protocol.practices.chains.written import money_text, share_text
from protocol.wire.shape import Range

LEAKS_SHOWN_MAX = 1_000


@dataclass(frozen=True, slots=True)
class SharesWanted:
    """How much is bought inside, by buyer and in all, and what leaks."""


@dataclass(frozen=True, slots=True)
class RetainedWanted:
    """What of a unit that is spent stays inside, and how often it goes round there."""


@dataclass(frozen=True, slots=True)
class LeaksWanted:
    """What is bought outside, by item and by buyer, the most first."""

    most: Annotated[int, Range(1, LEAKS_SHOWN_MAX), Doc("items shown at most, those that leak most")] = 100


@dataclass(frozen=True, slots=True)
class BuyerShare:
    """How much of what a buyer buys is bought inside."""

    buyer: Annotated[str, Doc("an enterprise by its short key, or households")]
    inside: Annotated[str, Doc("bought inside in a month")]
    outside: Annotated[str, Doc("bought outside in a month")]
    share: Annotated[str, Doc("the share that is bought inside, 0.5313 is 53.13%")]
    rests_on: Annotated[Mapping[str, str], Doc("which share of what it buys rests on what")]


@dataclass(frozen=True, slots=True)
class EvidenceShare:
    """How much of all purchases rests on what."""

    evidence: Annotated[str, Doc("declared by somebody, from an invoice, or from an entry: payments in the book")]
    value: Annotated[str, Doc("purchases in a month that rest on it")]
    share: Annotated[str, Doc("their share of all")]


@dataclass(frozen=True, slots=True)
class SharesShown:
    """How much of a month's purchases is inside, in the chain's unit of account."""

    share: Annotated[str, Doc("the network's share: of all purchases the part that is bought inside")]
    inside: Annotated[str, Doc("bought inside")]
    bought: Annotated[str, Doc("bought in all")]
    leakage: Annotated[str, Doc("bought outside")]
    outside_items: Annotated[int, Doc("how many different items are bought outside")]
    buyers: tuple[BuyerShare, ...]
    evidence: Annotated[tuple[EvidenceShare, ...], Doc("what the purchases rest on")]


@dataclass(frozen=True, slots=True)
class ItemLeak:
    """What is bought outside of an item."""

    item: Annotated[str, Doc("a code of CPC, or a word")]
    leaks: Annotated[str, Doc("bought outside in a month")]
    share: Annotated[str, Doc("its share of the leakage")]
    rests_on: Annotated[Mapping[str, str], Doc("which share of it rests on what: declared, invoice")]


@dataclass(frozen=True, slots=True)
class BuyerLeak:
    """What a buyer buys outside."""

    buyer: Annotated[str, Doc("an enterprise by its short key, or households")]
    leaks: Annotated[str, Doc("bought outside in a month")]
    share: Annotated[str, Doc("its share of the leakage")]


@dataclass(frozen=True, slots=True)
class LeaksShown:
    """What is bought outside in a month, the most first."""

    leakage: Annotated[str, Doc("in all")]
    outside_items: Annotated[int, Doc("how many different items")]
    items: tuple[ItemLeak, ...]
    buyers: tuple[BuyerLeak, ...]


@dataclass(frozen=True, slots=True)
class SpenderRetained:
    """What of a unit stays that is spent with an enterprise, or by households."""

    spender: Annotated[str, Doc("an enterprise by its short key, or households")]
    stays: Annotated[str | None, Doc("c: what of a unit spent with it becomes wages and surplus inside")]
    leaves: Annotated[str | None, Doc("l = 1 - c: what leaves in the end")]
    lm3: Annotated[str, Doc("the local multiplier over three rounds; surplus counts as saved")]
    full: Annotated[str | None, Doc("the same over all rounds; null where something goes round for ever")]
    output: Annotated[str | None, Doc("what enterprises turn over in all for a unit spent with it, without households")]


@dataclass(frozen=True, slots=True)
class RetainedShown:
    """What stays of what is spent, by who spends."""

    spenders: tuple[SpenderRetained, ...]


def shares_shown(basis: ChainBasis) -> SharesShown:
    """Return shares, buyers as the engine orders them."""
    chain = basis.chain
    shares = shares_of(chain)
    inside = sum(chain.inside.values(), Fraction(0))
    evidence, by_buyer = basis.evidence.all, basis.evidence.by_buyer
    told = sum(evidence.values(), Fraction(0))
    return SharesShown(
        share=share_text(shares.all),
        inside=money_text(inside),
        bought=money_text(inside + shares.leakage),
        leakage=money_text(shares.leakage),
        outside_items=len(shares.by_item),
        buyers=tuple(
            BuyerShare(
                buyer,
                money_text(chain.bought_inside(buyer)),
                money_text(chain.bought_outside(buyer)),
                share_text(share),
                words_shown(by_buyer.get(buyer, {})),
            )
            for buyer, share in shares.of.items()
        ),
        evidence=tuple(
            EvidenceShare(word, money_text(value), share_text(value / told))
            for word, value in sorted(evidence.items())
            if value
        ),
    )


def leaks_shown(most: int, basis: ChainBasis) -> LeaksShown:
    """Return what leaks: so many items, and all buyers that buy anything outside."""
    shares = shares_of(basis.chain)

    def part(value: Fraction) -> str:
        return share_text(value / shares.leakage)

    buyers = sorted(((-value, buyer) for buyer, value in shares.by_buyer.items() if value))
    return LeaksShown(
        money_text(shares.leakage),
        len(shares.by_item),
        tuple(
            ItemLeak(item, money_text(value), part(value), words_shown(basis.evidence.by_item.get(item, {})))
            for item, value in list(shares.by_item.items())[:most]
        ),
        tuple(BuyerLeak(buyer, money_text(-less), part(-less)) for less, buyer in buyers),
    )


def words_shown(words: EvidenceWords) -> dict[str, str]:
    """Return which share of something rests on what; nothing where nobody has told."""
    told = sum(words.values(), Fraction(0))
    return {word: share_text(value / told) for word, value in sorted(words.items()) if value}


def retained_shown(basis: ChainBasis) -> RetainedShown:
    """Return what stays of what is spent with each enterprise, households first."""
    return RetainedShown(tuple(spenders_of(basis.chain)))


def spenders_of(chain: ProductiveChain) -> list[SpenderRetained]:
    """Return what stays, by who spends: households where they buy anything, then enterprises."""
    shares, multipliers, full = retained(chain), lm3(chain), full_multipliers(chain)
    output = output_multipliers(chain)

    def told(figures: Mapping[str, Fraction] | None, spender: str) -> str | None:
        return None if figures is None or spender not in figures else share_text(figures[spender])

    return [
        SpenderRetained(
            spender=one,
            stays=told(shares.stays, one),
            leaves=None if one == HOUSEHOLDS else share_text(shares.leaves[one]),
            lm3=share_text(multipliers[one]),
            full=told(full, one),
            output=told(output, one),
        )
        for one in chain.buyers
    ]
