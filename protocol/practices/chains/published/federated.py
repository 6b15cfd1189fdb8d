# SPDX-License-Identifier: AGPL-3.0-or-later
"""A federation's missing links, ranked on the sums that its networks tell: the same items give the same list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from protocol.practices.chains.book_chain import value_of_minor
from protocol.practices.chains.engine.chain import ZERO
from protocol.practices.chains.entries import SHARE_PARTS
from protocol.practices.chains.published.bodies import CandidateSaid, OutsideTold


@dataclass(frozen=True, slots=True)
class OutsideOfAll:
    """What networks buy outside of an item in a month, in units of account, and how many tell of it."""

    item: str
    value: Fraction
    networks: int


@dataclass(frozen=True, slots=True)
class FederationLink:
    """A candidate of a network, and what it would bring if all of the federation bought of it as pledged."""

    network: bytes
    said: CandidateSaid
    sells: Fraction
    retains: Fraction
    """What would stay at first order."""
    wages: Fraction
    is_blocked: bool


def outside_of_all(told: Iterable[tuple[bytes, OutsideTold]]) -> list[OutsideOfAll]:
    """Return what is bought outside of each item, the most first: of each network an average of its months."""
    months: dict[bytes, set[int | None]] = {}
    sums: dict[tuple[str, bytes], Fraction] = {}
    for network, body in told:
        months.setdefault(network, set()).add(body.period)
        for one in body.sums:
            place = one.item, network
            sums[place] = sums.get(place, ZERO) + value_of_minor(one.value)
    found: dict[str, tuple[Fraction, int]] = {}
    for (item, network), value in sums.items():
        before, networks = found.get(item, (ZERO, 0))
        found[item] = before + value / len(months[network]), networks + 1
    ranked = sorted(found.items(), key=lambda pair: (-pair[1][0], pair[0]))
    return [OutsideOfAll(item, value, networks) for item, (value, networks) in ranked]


def federation_links(
    candidates: Iterable[tuple[bytes, CandidateSaid]], wanted: Mapping[str, Fraction]
) -> list[FederationLink]:
    """Return candidates for what all buy outside: those first that keep most, then those that pay most wages."""
    found: list[FederationLink] = []
    for network, said in candidates:
        sells = wanted.get(said.item, ZERO) * Fraction(said.pledged, SHARE_PARTS)
        if said.capacity is not None:
            sells = min(sells, value_of_minor(said.capacity))
        retains, wages = (sells * Fraction(share, SHARE_PARTS) for share in (said.retains, said.wages))
        is_blocked = not sells or sells < value_of_minor(said.minimum)
        found.append(FederationLink(network, said, sells, retains, wages, is_blocked))
    return sorted(found, key=lambda one: (one.is_blocked, -one.retains, -one.wages, one.said.key, one.network))
