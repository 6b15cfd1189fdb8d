# SPDX-License-Identifier: AGPL-3.0-or-later
"""All that flows in a chain in an average month, one row for each: for those who coordinate, since rows are single."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.declaration import Doc
from protocol.practices.chains.outputs.basis import ChainSource
from protocol.practices.chains.telling import UNIT_OF_ACCOUNT
from protocol.practices.chains.written import money_text

OUTSIDE_SUPPLIER = "outside"
"""Who sells what is bought outside the chain."""


@dataclass(frozen=True, slots=True)
class FlowsWanted:
    """All that is bought in an average month, inside and outside."""


@dataclass(frozen=True, slots=True)
class FlowListed:
    """What somebody buys of somebody."""

    buyer: Annotated[str, Doc("an enterprise by its short key, or households")]
    supplier: Annotated[str, Doc("an enterprise by its short key, or outside")]
    item: Annotated[str, Doc("what is bought outside; empty inside, where all that one buys of another is summed")]
    value: Annotated[str, Doc("in a month, in the chain's unit of account")]


@dataclass(frozen=True, slots=True)
class FlowsShown:
    """What is bought in a month: inside first, then outside, by who buys."""

    network: str
    unit: str
    flows: tuple[FlowListed, ...]


def flows_shown(outputs: ChainSource) -> FlowsShown:
    """Return all flows of a chain."""
    inside = (
        FlowListed(buyer, supplier, "", money_text(value))
        for (buyer, supplier), value in sorted(outputs.chain.inside.items())
        if value
    )
    outside = (
        FlowListed(buyer, OUTSIDE_SUPPLIER, item, money_text(value))
        for (buyer, item), value in sorted(outputs.chain.outside.items())
        if value
    )
    return FlowsShown(outputs.network, UNIT_OF_ACCOUNT, (*inside, *outside))


def table_of_flows(shown: FlowsShown) -> list[tuple[str, ...]]:
    """Return flows as a table with its head."""
    head = ("buyer", "supplier", "item", "value")
    return [head, *((one.buyer, one.supplier, one.item, one.value) for one in shown.flows)]
