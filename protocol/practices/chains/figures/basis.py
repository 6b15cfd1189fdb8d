# SPDX-License-Identifier: AGPL-3.0-or-later
"""What figures are reckoned of: a chain and who could be founded in it, as the book has them at this moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from protocol.practices.chains.book_chain import (
    average_of,
    candidates_made,
    chain_made,
    inside_key,
    paid_monthly,
)
from protocol.practices.chains.engine.chain import HOUSEHOLDS, ZERO, ProductiveChain
from protocol.practices.chains.engine.missing import Candidate, MissingLinks
from protocol.practices.chains.entries import SupplyEvidence
from protocol.practices.chains.state import ChainInputs

EvidenceWords = Mapping[str, Fraction]
"""How much of something rests on which kind of evidence, by its word."""


@dataclass(frozen=True, slots=True)
class ChainEvidence:
    """What purchases rest on, in the unit of account: all of a buyer, and those outside of an item."""

    by_buyer: Mapping[str, EvidenceWords] = field(default_factory=dict[str, EvidenceWords])
    by_item: Mapping[str, EvidenceWords] = field(default_factory=dict[str, EvidenceWords])

    @property
    def all(self) -> EvidenceWords:
        """What all purchases rest on."""
        sums: dict[str, Fraction] = {}
        for words in self.by_buyer.values():
            for word, value in words.items():
                _add(sums, word, value)
        return sums


@dataclass(frozen=True)
class ChainBasis:
    """A chain, its candidates, and what the book knows beside them.

    `evidence` is what purchases rest on; `makers` who inside sells an item; `states` how far a candidate has come;
    `income` what a member earns in a month (None: nobody has said it).
    """

    chain: ProductiveChain
    candidates: Sequence[Candidate] = ()
    evidence: ChainEvidence = ChainEvidence()
    makers: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    states: Mapping[str, str] = field(default_factory=dict[str, str])
    income: Fraction | None = None

    @cached_property
    def links(self) -> MissingLinks:
        """All candidates in the chain; raises ChainFault."""
        return MissingLinks(self.chain, self.candidates)

    @cached_property
    def workable(self) -> MissingLinks:
        """Those candidates that would sell as much as they need to work."""
        sells = zip(self.links.candidates, self.links.sells, strict=True)
        able = [one for one, sold in sells if sold and sold >= one.minimum]
        return self.links if len(able) == len(self.candidates) else MissingLinks(self.chain, able)


@dataclass(frozen=True)
class ChainNow:
    """What a book says of its chain at a moment, and what a member lives on in a month (0: nobody has said it)."""

    inputs: ChainInputs
    income: int
    network: str = ""
    """The network's handle, empty where it has none."""
    called: str = ""
    """What the network is called: its name, else its handle."""

    @cached_property
    def basis(self) -> ChainBasis:
        """What figures are reckoned of; raises ChainFault."""
        chain = chain_made(self.inputs)
        return ChainBasis(
            chain,
            tuple(candidates_made(self.inputs)),
            evidence_of(self.inputs, chain),
            makers_of(self.inputs),
            {one.said.key: one.state.value for one in self.inputs.recipes.values()},
            income=Fraction(self.income) if self.income else None,
        )


def evidence_of(inputs: ChainInputs, chain: ProductiveChain) -> ChainEvidence:
    """Return what purchases rest on: payments in the book as far as they go, told or not, then what was told."""
    months = len({one.said.period for one in inputs.supply.values()} - {None}) or 1
    paid = paid_monthly(inputs)
    by_buyer: dict[str, dict[str, Fraction]] = {}
    by_item: dict[str, dict[str, Fraction]] = {}
    for one in inputs.supply.values():
        relation = one.said
        buyer = HOUSEHOLDS if relation.buyer is None else inside_key(inputs, relation.buyer)
        supplier = None if relation.supplier is None else inside_key(inputs, relation.supplier)
        if buyer is not None:
            word, value = relation.evidence.value, average_of(relation, months)
            proved = ZERO if supplier is None else min(value, paid.get((buyer, supplier), ZERO))
            if supplier is not None and proved:
                paid[buyer, supplier] -= proved
                _add(by_buyer.setdefault(buyer, {}), SupplyEvidence.ENTRY.value, proved)
            if value > proved:
                _add(by_buyer.setdefault(buyer, {}), word, value - proved)
            if supplier is None:
                _add(by_item.setdefault(relation.item, {}), word, value)
    for buyer in chain.buyers:
        found = by_buyer.setdefault(buyer, {})
        untold = chain.bought_inside(buyer) + chain.bought_outside(buyer) - sum(found.values(), ZERO)
        if untold > 0:
            _add(found, SupplyEvidence.ENTRY.value, untold)
    return ChainEvidence(by_buyer, by_item)


def _add(sums: dict[str, Fraction], word: str, value: Fraction) -> None:
    sums[word] = sums.get(word, ZERO) + value


def makers_of(inputs: ChainInputs) -> dict[str, frozenset[str]]:
    """Return by item who inside sells it."""
    found: dict[str, set[str]] = {}
    for one in inputs.supply.values():
        key = None if one.said.supplier is None else inside_key(inputs, one.said.supplier)
        if key is not None:
            found.setdefault(one.said.item, set()).add(key)
    return {item: frozenset(makers) for item, makers in found.items()}
