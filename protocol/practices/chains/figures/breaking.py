# SPDX-License-Identifier: AGPL-3.0-or-later
"""What breaks if an enterprise stops: it buys nothing, and its customers buy outside."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.declaration import Doc, OneOf
from protocol.practices.chains.engine.shares import fragility, shares_of
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
    stops = tuple(
        StoppedShown(
            enterprise=one.stopped,
            share=share_text(one.share),
            inside=money_text(one.inside),
            bought=money_text(one.bought),
            warnings=(SINGLE_SUPPLIER,) if one.stopped in alone else (),
            alone_with=tuple(alone.get(one.stopped, ())),
        )
        for one in fragility(chain)
    )
    return FragilityShown(share_text(shares_of(chain).all), stops)
