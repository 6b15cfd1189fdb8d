# SPDX-License-Identifier: AGPL-3.0-or-later
"""Largest remainder: whole units shared out by weight, and who gets the odd ones where remainders are alike.

Each first gets the whole part of its exact share. The units that are left go one each to the largest remainders. Where
remainders are alike a draw decides, from a seed that all know and nobody chose, such as the id of what is shared out:
never the order in which somebody was written down. All is reckoned in integers; no float decides who gets a unit.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256


def apportioned(total_minor: int, weights: Sequence[int], seed: bytes) -> list[int]:
    """Return `total_minor` (minor units, from 0) shared out by weights (from 0), which sums to it exactly.

    Ties are drawn from the seed and the place in the list: whoever wants the same from any order uses
    `apportioned_by_name`. A weight of 0 gets nothing; where all weights are 0 nothing is shared.
    """
    return _shared(total_minor, weights, [_lot(seed, b"%d" % place) for place in range(len(weights))])


def apportioned_by_name(total_minor: int, weights: Mapping[str, int], seed: bytes) -> dict[str, int]:
    """Return the same by name, in the order of the names; ties are drawn from the seed and the names alone."""
    names = sorted(weights)
    shares = _shared(total_minor, [weights[name] for name in names], [_lot(seed, name.encode()) for name in names])
    return dict(zip(names, shares, strict=True))


def _shared(total_minor: int, weights: Sequence[int], lots: Sequence[bytes]) -> list[int]:
    assert total_minor >= 0 and all(weight >= 0 for weight in weights), "a negative amount is not shared out"
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    shares, remainders = zip(*(divmod(total_minor * weight, whole) for weight in weights), strict=True)
    found, odd = list(shares), total_minor - sum(shares)
    for place in sorted(range(len(weights)), key=lambda at: (-remainders[at], lots[at]))[:odd]:
        found[place] += 1
    return found


def _lot(seed: bytes, name: bytes) -> bytes:
    return sha256(b"mutirao/v1/apportioned\0" + len(seed).to_bytes(4, "big") + seed + name).digest()
