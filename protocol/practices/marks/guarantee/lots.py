# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who visits a plot: drawn from numbers that nobody could choose, so that everybody can draw it again.

When a visit is called, its entry fixes who may be drawn, and names a public draw that is still to be held, such as a
state lottery on a day. Its numbers and the id of that entry are the seed (RFC 3797 draws committees so). Whoever keeps
the ledger can try many entries before it signs one, but not against numbers that nobody knows; a false number can be
seen in any newspaper. Each member's lot is a SHA-256 of seed and id, and the least lots go.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from protocol.practices.marks.guarantee.entries import CertifierKind

SEATS = ((CertifierKind.PEER, 3), (CertifierKind.CONSUMER, 1))
"""How many of each kind visit, each of another household."""
DIGITS_MIN = 8
"""With fewer digits there are so few outcomes that an entry could be found which favours somebody."""


@dataclass(frozen=True, slots=True)
class LotEntrant:
    """Who may be drawn, as what, and its household, named by one of its members."""

    member: str
    kind: CertifierKind
    household: str


def draw_seed(called: bytes, numbers: str) -> bytes:
    """Return the seed of a draw: of the id of the entry that called the visit, and of the public numbers."""
    return sha256(b"mutirao/v1/visitors\0" + called + numbers.encode()).digest()


def visitor_lot(seed: bytes, member: str) -> bytes:
    """Return a member's lot."""
    return sha256(b"mutirao/v1/visitor\0" + seed + member.encode()).digest()


def drawn_visitors(
    entrants: Iterable[LotEntrant], seed: bytes, home: str, barred: frozenset[str], excused: Sequence[str]
) -> tuple[LotEntrant, ...]:
    """Return who visits, those of each kind in the order of their lots.

    `home` is the household that is visited, `barred` are those who must not, and `excused` those who could not go, in
    that order: whoever is excused makes room for the next, and nobody else is touched.
    """
    ranked = sorted(entrants, key=lambda one: (visitor_lot(seed, one.member), one.member))
    fit = [one for one in ranked if one.household != home and one.member not in barred]
    found: list[LotEntrant] = []
    gone: set[str] = set()
    for name in ("", *excused):
        gone.add(name)
        found = [one for one in found if one.member != name]
        found.extend(_next(fit, found, gone))
    return tuple(sorted(found, key=lambda one: [kind for kind, _ in SEATS].index(one.kind)))


def _next(fit: Sequence[LotEntrant], found: Sequence[LotEntrant], gone: set[str]) -> Iterator[LotEntrant]:
    """Yield who takes the free seats."""
    houses = {one.household for one in found}
    for kind, seats in SEATS:
        free = seats - sum(one.kind is kind for one in found)
        for one in fit:
            if free and one.kind is kind and one.household not in houses and one.member not in gone:
                houses.add(one.household)
                free -= 1
                yield one


def seats_filled(visitors: Iterable[LotEntrant]) -> tuple[int, int]:
    """Return how many peers and consumers are among them."""
    kinds = [one.kind for one in visitors]
    return kinds.count(CertifierKind.PEER), kinds.count(CertifierKind.CONSUMER)
