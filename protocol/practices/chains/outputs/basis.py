# SPDX-License-Identifier: AGPL-3.0-or-later
"""What pictures and sheets are made of: a chain as the book has it now, with what everybody in it is called."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from protocol.book.declaration import TextRef
from protocol.practices.chains.book_chain import average_of, inside_key, is_inside
from protocol.practices.chains.engine.chain import ZERO, ProductiveChain
from protocol.practices.chains.engine.missing import Candidate
from protocol.practices.chains.entries import EnterpriseStatus, MissingLinkState, SegmentKind
from protocol.practices.chains.figures.basis import ChainNow
from protocol.practices.chains.pictures.pictured import ChainPictured, EnterprisePictured
from protocol.practices.chains.pictures.words import PictureLanguage
from protocol.practices.chains.state import ChainInputs
from protocol.practices.market.item_codes import ITEM_CODES

NO_LONGER_MISSING = (MissingLinkState.STABLE.value, MissingLinkState.FAILED.value)
NameTexts = tuple[tuple[str, TextRef], ...]
"""Who has a name that somebody may have erased, by short key."""


@dataclass(frozen=True)
class ChainSource:
    """A chain, who could be founded in it, and what is bought of other networks; `enterprises` without their names."""

    chain: ProductiveChain
    candidates: tuple[Candidate, ...] = ()
    enterprises: Mapping[str, EnterprisePictured] = field(default_factory=dict[str, EnterprisePictured])
    abroad: Mapping[str, Fraction] = field(default_factory=dict[str, Fraction])
    """What is bought of each other network, by its handle."""
    network: str = ""
    """The network's handle."""
    called: str = ""
    """The network's name, where it has one."""
    settled: frozenset[str] = frozenset()
    """Candidates that are missing no more: they are stable, or have failed."""
    income: Fraction = ZERO
    """What a member lives on in a month; 0: nobody has said it."""

    def pictured(self, names: Mapping[str, str | None], language: PictureLanguage) -> ChainPictured:
        """Return the chain as pictures tell it; who has no name is called by its short key, codes by their names."""
        shown = {
            key: EnterprisePictured(names.get(key) or one.name, one.segment, one.in_transition)
            for key, one in self.enterprises.items()
        }
        codes = {code for _, code in self.chain.outside}
        items = {code: getattr(ITEM_CODES[code], language) for code in codes if code in ITEM_CODES}
        return ChainPictured(self.chain, shown, items, self.network)

    def candidate(self, key: str, names: Mapping[str, str | None]) -> str:
        """Return what a candidate is called."""
        return names.get(key) or readable_key(key)


def source_of(now: ChainNow) -> ChainSource:
    """Return what a book has of its chain; raises ChainFault."""
    inputs = now.inputs
    months = len({one.said.period for one in inputs.supply.values()} - {None}) or 1
    abroad: dict[str, Fraction] = {}
    for one in inputs.supply.values():
        relation = one.said
        is_bought = relation.buyer is None or inside_key(inputs, relation.buyer) is not None
        if relation.abroad is not None and is_bought:
            other = relation.abroad.partition("/")[0]
            abroad[other] = abroad.get(other, ZERO) + average_of(relation, months)
    enterprises = {
        one.said.key: EnterprisePictured(
            readable_key(one.said.key),
            _stands_in(one.said.segments),
            one.said.status is EnterpriseStatus.TRANSITION,
        )
        for one in inputs.enterprises.values()
        if is_inside(one.said)
    }
    settled = frozenset(name for name, state in now.basis.states.items() if state in NO_LONGER_MISSING)
    income = now.basis.income or ZERO
    chain, candidates = now.basis.chain, tuple(now.basis.candidates)
    return ChainSource(chain, candidates, enterprises, abroad, now.network, now.called, settled, income)


def names_of_chain(inputs: ChainInputs) -> NameTexts:
    """Return the names of enterprises and candidates, by short key, as texts that the store may still have."""
    said: Iterable[tuple[str, bytes | None]] = (
        *((one.said.key, one.said.name) for one in inputs.enterprises.values() if is_inside(one.said)),
        *((one.said.key, one.said.name) for one in inputs.recipes.values()),
    )
    return tuple((key, TextRef(digest)) for key, digest in said if digest is not None)


def readable_key(key: str) -> str:
    """Return a short key as a name: soap-2 is Soap 2."""
    words = key.replace("-", " ")
    return f"{words[:1].upper()}{words[1:]}"


def _stands_in(segments: Sequence[SegmentKind]) -> str:
    """Return in which segment an enterprise is drawn: the first but consumption, which all but producers serve too."""
    first = next((one for one in segments if one is not SegmentKind.CONSUMPTION), None)
    return (first or next(iter(segments), SegmentKind.PRODUCTION)).value
