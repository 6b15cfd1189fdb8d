# SPDX-License-Identifier: AGPL-3.0-or-later
"""What breaks if an enterprise stops: it buys nothing, and its customers buy outside."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from protocol.book.declaration import Doc, OneOf
from protocol.practices.chains.engine.chain import ZERO
from protocol.practices.chains.engine.shares import shares_of, without
from protocol.practices.chains.figures.basis import ChainBasis
from protocol.practices.chains.written import money_text, share_text

SINGLE_SUPPLIER = "SINGLE_SUPPLIER"
"""Warns that nobody else inside sells an item."""


@dataclass(frozen=True, slots=True)
class FragilityWanted:
    """What breaks if one stops: each enterprise, the worst first."""


@dataclass(frozen=True, slots=True)
class StoppedShown:
    """What would be left without an enterprise."""

    enterprise: Annotated[str, Doc("its short key")]
    share: Annotated[str, Doc("the network's share that would still be bought inside")]
    inside: Annotated[str, Doc("bought inside then, in a month")]
    bought: Annotated[str, Doc("bought in all then")]
    warnings: Annotated[tuple[str, ...], OneOf((SINGLE_SUPPLIER,), more=True), Doc("what to look at")]
    alone_with: Annotated[tuple[str, ...], Doc("items that nobody else inside sells")]


@dataclass(frozen=True, slots=True)
class FragilityShown:
    """How much the chain hangs on each enterprise."""

    share: Annotated[str, Doc("the network's share as it is")]
    stops: tuple[StoppedShown, ...]


def fragility_shown(basis: ChainBasis) -> FragilityShown:
    """Return what is left without each, the worst first."""
    chain = basis.chain
    alone: dict[str, list[str]] = {}
    for item, makers in sorted(basis.makers.items()):
        if len(makers) == 1:
            alone.setdefault(min(makers), []).append(item)
    found: list[tuple[Fraction, str, StoppedShown]] = []
    for name in chain.names:
        left = without(chain, name)
        shares = shares_of(left)
        inside = sum(left.inside.values(), ZERO)
        items = tuple(alone.get(name, ()))
        shown = StoppedShown(
            enterprise=name,
            share=share_text(shares.all),
            inside=money_text(inside),
            bought=money_text(inside + shares.leakage),
            warnings=(SINGLE_SUPPLIER,) if items else (),
            alone_with=items,
        )
        found.append((shares.all, name, shown))
    found.sort(key=lambda one: one[:2])
    return FragilityShown(share_text(shares_of(chain).all), tuple(shown for _, _, shown in found))
