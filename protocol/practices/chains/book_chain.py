# SPDX-License-Identifier: AGPL-3.0-or-later
"""The productive chain that a book tells of, as the engine takes it: in whole units of account, of a month.

What is told without a month is bought each month; what is told of months is averaged over all months that anything is
told of. What members that stand for enterprises pay each other in the book is bought too, where it is more than was
told. Enterprises that are outside are no part of the chain: what is bought of them is bought outside.
"""

from collections.abc import Iterator
from fractions import Fraction

from protocol.book.book import Book
from protocol.practices.chains.engine.chain import HOUSEHOLDS, ZERO, ChainFault, Enterprise, ProductiveChain
from protocol.practices.chains.engine.missing import Candidate, Recipe
from protocol.practices.chains.entries import (
    ACCOUNT_SCALE,
    SHARE_PARTS,
    EnterpriseSaid,
    EnterpriseStatus,
    RecipeSaid,
    SupplyRelation,
)
from protocol.practices.chains.state import ChainInputs, inputs_of

_MINOR = 10**ACCOUNT_SCALE
_Bought = dict[tuple[str, str], int]


def chain_of(book: Book) -> ProductiveChain:
    """Return the chain of a network, enterprises by their short keys; raises ChainFault."""
    return chain_made(inputs_of(book))


def candidates_of(book: Book) -> list[Candidate]:
    """Return who could be founded, by their short keys, in the order in which they were told."""
    return candidates_made(inputs_of(book))


def name_in_chain(book: Book, id: str) -> str:
    """Return what an enterprise, a candidate or an item is called in print: an enterprise of a member by its handle."""
    inputs = inputs_of(book)
    found = inputs.by_key.get(id)
    member = None if found is None else inputs.enterprises[found].said.member
    return id if member is None or member not in book.members else book.members[member].handle


def chain_made(inputs: ChainInputs) -> ProductiveChain:
    """Return the chain that figures make; raises ChainFault.

    What payments in the book prove beyond what was told counts too, as far as the buyer's turnover goes.
    """
    told = chain_told(inputs)
    proved = paid_monthly(inputs)
    inside = dict(told.inside)
    room = {
        name: one.turnover - told.bought_inside(name) - told.bought_outside(name) - one.wages - one.surplus
        for name, one in told.enterprises.items()
    }
    for place, value in proved.items():
        more = value - inside.get(place, ZERO)
        if place[0] != HOUSEHOLDS:
            more = min(more, room[place[0]])
        if more > 0:
            inside[place] = inside.get(place, ZERO) + more
            room[place[0]] = room.get(place[0], ZERO) - more
    if inside == told.inside:
        return told
    try:
        return ProductiveChain(told.enterprises, inside, told.outside)
    except ChainFault:
        return told  # payments alone make no group one that only buys from itself


def chain_told(inputs: ChainInputs) -> ProductiveChain:
    """Return the chain that was told, without what payments prove; raises ChainFault."""
    steady, dated = (_Bought(), _Bought()), (_Bought(), _Bought())
    months = set[int]()
    for one in inputs.supply.values():
        relation = one.said
        buyer = HOUSEHOLDS if relation.buyer is None else inside_key(inputs, relation.buyer)
        if relation.period is not None:
            months.add(relation.period)
        if buyer is not None:
            supplier = None if relation.supplier is None else inside_key(inputs, relation.supplier)
            sums = steady if relation.period is None else dated
            bought, other = (sums[0], supplier) if supplier is not None else (sums[1], relation.item)
            bought[buyer, other] = bought.get((buyer, other), 0) + relation.value
    inside, outside = (_monthly(each, some, len(months) or 1) for each, some in zip(steady, dated, strict=True))
    return ProductiveChain(dict(_enterprises(inputs)), inside, outside)


def paid_monthly(inputs: ChainInputs) -> dict[tuple[str, str], Fraction]:
    """Return what buyers pay to sellers inside in an average month, by payments in the book."""
    months = len({month for _, _, month in inputs.paid}) or 1
    sums: dict[tuple[str, str], int] = {}
    for (buyer, seller, _), minor in inputs.paid.items():
        place = HOUSEHOLDS if buyer is None else inside_key(inputs, buyer), inside_key(inputs, seller)
        if place[0] is not None and place[1] is not None:
            sums[place[0], place[1]] = sums.get((place[0], place[1]), 0) + minor
    return {place: value_of_minor(minor) / months for place, minor in sorted(sums.items()) if minor > 0}


def candidates_made(inputs: ChainInputs) -> list[Candidate]:
    """Return who could be founded by what recipes say."""
    return [candidate_made(inputs, one.said) for one in inputs.recipes.values()]


def inside_key(inputs: ChainInputs, enterprise: bytes) -> str | None:
    """Return the short key of an enterprise of the chain, None of one that is outside."""
    said = inputs.enterprises[enterprise].said
    return said.key if is_inside(said) else None


def is_inside(said: EnterpriseSaid) -> bool:
    """Tell whether an enterprise is of the chain: one on its way there is."""
    return said.status is not EnterpriseStatus.OUTSIDE


def value_of_minor(minor: int) -> Fraction:
    """Return a value in whole units of account."""
    return Fraction(minor, _MINOR)


def average_of(relation: SupplyRelation, months: int) -> Fraction:
    """Return what a relation is worth in an average month, of so many that anything is told of."""
    return value_of_minor(relation.value) / (1 if relation.period is None else months)


def _enterprises(inputs: ChainInputs) -> Iterator[tuple[str, Enterprise]]:
    for one in inputs.enterprises.values():
        said = one.said
        if is_inside(said):
            figures = (value_of_minor(minor) for minor in (said.turnover, said.wages, said.surplus))
            yield said.key, Enterprise(*figures)


def _monthly(steady: _Bought, dated: _Bought, months: int) -> dict[tuple[str, str], Fraction]:
    found = {place: value_of_minor(minor) for place, minor in steady.items()}
    for place, minor in dated.items():
        found[place] = found.get(place, ZERO) + value_of_minor(minor) / months
    return found


def candidate_made(inputs: ChainInputs, said: RecipeSaid) -> Candidate:
    """Return who could be founded by a recipe."""
    inside, outside = dict[str, Fraction](), dict[str, Fraction]()
    for one in said.shares:
        key = None if one.enterprise is None else inside_key(inputs, one.enterprise)
        shares, other = (inside, key) if key is not None else (outside, one.item)
        shares[other] = shares.get(other, ZERO) + Fraction(one.share, SHARE_PARTS)
    recipe = Recipe(inside, outside, Fraction(said.wages, SHARE_PARTS), Fraction(said.surplus, SHARE_PARTS))
    return Candidate(
        said.key,
        said.item,
        Fraction(said.pledged, SHARE_PARTS),
        recipe,
        value_of_minor(said.investment),
        value_of_minor(said.minimum),
        None if said.capacity is None else value_of_minor(said.capacity),
    )
