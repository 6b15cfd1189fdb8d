# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a network tells of its chain, reckoned from its own figures and from what its suppliers' networks have told."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import islice

from protocol.lanes.entry import Body
from protocol.practices.chains.book_chain import average_of, candidate_made, chain_made, inside_key, paid_monthly
from protocol.practices.chains.engine.chain import HOUSEHOLDS, ZERO, ProductiveChain
from protocol.practices.chains.engine.solving import answers
from protocol.practices.chains.entries import SHARE_PARTS, SupplyRelation
from protocol.practices.chains.published.bodies import (
    CandidateSaid,
    CandidatesTold,
    OutsideTold,
    OutsideValue,
    RetainedBasis,
    RetainedShare,
    RetainedTold,
    told_together,
)
from protocol.practices.chains.state import ChainInputs

OUTSIDE_BUYERS_MIN = 3
"""Of an item that fewer have bought in a month nothing is told: a single purchase would show."""
OUTSIDE_MONTHS_MAX = 3
"""So many of the newest months are told."""
RETAINED_TOLD_MAX = 80
"""Items of the network's board with shares that stay, which offers share."""
OUTSIDE_TOLD_MAX = 24
CANDIDATES_TOLD_MAX = 24

HeardShare = Callable[[str], int | None]
"""Finds what an enterprise of another network (network/key) retains, in parts of a million."""


def told_bodies(inputs: ChainInputs, heard: HeardShare) -> Iterator[Body]:
    """Yield what a network tells of its chain. Raises ChainFault."""
    shares = retained_shares(inputs, heard)
    yield from islice(told_together(shares, RetainedTold), RETAINED_TOLD_MAX)
    outside = (
        body
        for period, sums in outside_sums(inputs)
        for body in told_together(sums, lambda rows, month=period: OutsideTold(month, rows))
    )
    yield from islice(outside, OUTSIDE_TOLD_MAX)
    by_key = {one.key: Fraction(one.share, SHARE_PARTS) for one in shares}
    candidates = (_said(inputs, one.said.key, by_key) for one in inputs.recipes.values())
    yield from islice(told_together(candidates, CandidatesTold), CANDIDATES_TOLD_MAX)


def retained_shares(inputs: ChainInputs, heard: HeardShare) -> list[RetainedShare]:
    """Return what stays with each enterprise, by its short key, rounded to a millionth.

    What is bought of other networks counts with what their suppliers have told; of whom nothing was heard, nothing
    stays.
    """
    chain = chain_made(inputs)
    months = len({one.said.period for one in inputs.supply.values()} - {None}) or 1
    abroad: dict[str, Fraction] = {}
    known: set[str] = set()
    for one in inputs.supply.values():
        relation = one.said
        buyer = None if relation.buyer is None else inside_key(inputs, relation.buyer)
        if buyer is None:
            continue
        known.add(buyer)
        share = None if relation.abroad is None else heard(relation.abroad)
        if share is not None:
            bought = average_of(relation, months) * Fraction(share, SHARE_PARTS)
            abroad[buyer] = abroad.get(buyer, ZERO) + bought
    kept = chain.shares(lambda name, one: one.wages + one.surplus + abroad.get(name, ZERO))
    (stays,) = answers(chain.rows, (kept,))
    proved = _proved(inputs, chain) - abroad.keys()
    return [
        RetainedShare(
            name,
            millionths(share),
            RetainedBasis.PROVED
            if name in proved
            else RetainedBasis.RECKONED
            if name in known
            else RetainedBasis.DECLARED,
        )
        for name, share in zip(chain.names, stays, strict=True)
    ]


def millionths(share: Fraction) -> int:
    """Return a share in whole parts of a million, the nearest."""
    return max(0, min(SHARE_PARTS, round(share * SHARE_PARTS)))


def _proved(inputs: ChainInputs, chain: ProductiveChain) -> set[str]:
    """Return who buys inside nothing that payments in the book do not prove."""
    paid = paid_monthly(inputs)
    proved = {place for place, value in chain.inside.items() if paid.get(place, ZERO) >= value}
    return {buyer for buyer, _ in chain.inside} - {place[0] for place in chain.inside.keys() - proved}


def outside_sums(inputs: ChainInputs) -> Iterator[tuple[int | None, list[OutsideValue]]]:
    """Yield by month what is bought outside of each item that at least three bought, what is bought most first.

    What is bought each month is in each; all households together are one buyer, as are the enterprises of one member.
    """
    relations = [one.said for one in inputs.supply.values() if _is_outside(inputs, one.said)]
    months = sorted({one.period for one in relations if one.period is not None})[-OUTSIDE_MONTHS_MAX:]
    for month in months or [None]:
        sums: dict[str, int] = {}
        buyers: dict[str, set[str]] = {}
        for one in relations:
            if one.period in (None, month):
                sums[one.item] = sums.get(one.item, 0) + one.value
                buyers.setdefault(one.item, set()).add(_whose(inputs, one))
        told = [
            OutsideValue(item, value)
            for item, value in sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
            if len(buyers[item]) >= OUTSIDE_BUYERS_MIN
        ]
        if told:
            yield month, told


def _is_outside(inputs: ChainInputs, one: SupplyRelation) -> bool:
    if one.abroad is not None or (one.buyer is not None and inside_key(inputs, one.buyer) is None) or not one.value:
        return False
    return one.supplier is None or inside_key(inputs, one.supplier) is None


def _whose(inputs: ChainInputs, one: SupplyRelation) -> str:
    if one.buyer is None:
        return HOUSEHOLDS
    said = inputs.enterprises[one.buyer].said
    return said.key if said.member is None else f"member {said.member}"


def _said(inputs: ChainInputs, key: str, shares: dict[str, Fraction]) -> CandidateSaid:
    said = inputs.recipes[inputs.recipe_by_key[key]].said
    recipe = candidate_made(inputs, said).recipe
    spent: Iterable[Fraction] = (share * shares[name] for name, share in recipe.inside.items())
    retains = recipe.wages + recipe.surplus + sum(spent, ZERO)
    return CandidateSaid(
        said.key,
        said.item,
        said.pledged,
        millionths(retains),
        said.wages,
        said.surplus,
        said.investment,
        said.minimum,
        said.capacity,
    )
