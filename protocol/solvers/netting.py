# SPDX-License-Identifier: AGPL-3.0-or-later
"""The canonical largest set-off of obligations: how much of each can be cancelled when all are seen together.

Who owes as much as it is owed around a circle pays nothing: the debts go, and each party's net position stays.
Everybody who computes the largest set-off of the same obligations under the same salt gets the same, to the
unit, in whatever order they are read and by whatever solver (docs/decisions/0017).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar

from protocol.solvers.circulation import Certificate, Graph, Solver, is_cheapest, solve
from protocol.solvers.mincost import by_size

OBLIGATIONS_TOTAL_MAX = 2**60
"""The most that all obligations may come to, in units: with credit on both sides a solver's 64 bits still hold it."""
LOTS_MAX = 64
"""Lots of an arc: the hexadecimal digits of its hash. Where these leave several set-offs, it is a mistake of ours."""
_WORTH = 2
"""What the cancelling of a unit is worth, where one that is drawn for it costs 1: docs/decisions/0017."""
_HUB = 0
"""The circle of mutual credit as a party; its octets are none, a party's own are never so few."""

PartyName = bytes | str
"""By what a party or an obligation is known. Names are sorted by their octets, bytes before text."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """What one party owes another, in whole units, more than 0; no other obligation has its id."""

    id: PartyName
    debtor: PartyName
    creditor: PartyName
    amount: int


@dataclass(frozen=True, slots=True)
class Headroom:
    """How far a party's balance in a circle of mutual credit may fall, and how far rise, for a greater set-off.

    Neither is below 0.
    """

    of: PartyName
    fall_max: int
    rise_max: int


@dataclass(frozen=True, slots=True)
class SetOff:
    """How much of each obligation is cancelled, and by how much balances change (a fall is negative).

    Obligations and parties without a share are left out.
    """

    cleared: Mapping[PartyName, int]
    changes: Mapping[PartyName, int]
    certificate: Certificate


def set_off(
    obligations: Iterable[Obligation], salt: bytes, headrooms: Iterable[Headroom] = (), solver: Solver = by_size
) -> SetOff:
    """Return the canonical largest set-off: the most cancelled, for that the least drawn, and then by lot.

    A party has one headroom at most. All obligations come to OBLIGATIONS_TOTAL_MAX at most: whoever takes them
    from others makes sure of it.
    """
    case = Case(obligations, headrooms, salt)
    return case.told(solve(case.graph, case.lots, solver))


def verify_netting(
    obligations: Iterable[Obligation], salt: bytes, found: SetOff, headrooms: Iterable[Headroom] = ()
) -> bool:
    """Tell, without a solver, whether this is the canonical largest set-off."""
    case = Case(obligations, headrooms, salt)
    certificate = found.certificate
    if len(certificate.potentials) > LOTS_MAX + 1 or not is_cheapest(case.graph, case.lots, certificate):
        return False
    told = case.told(certificate)
    return told.cleared == found.cleared and told.changes == found.changes


def octets(name: PartyName) -> bytes:
    """Return the octets by which a name is sorted and hashed, different for each name."""
    return b"\x01" + name.encode() if isinstance(name, str) else b"\x00" + name


class Case:
    """Obligations as arcs from debtor to creditor, one for each pair; drawn credit comes from the hub of the circle.

    What a party's balance falls by comes to it from the hub, what it rises by goes there. A way passes the hub
    once, so that a unit of debt is worth more than the credit that its cancelling may take. `number` tells which node a
    party is.
    """

    hub: ClassVar[int] = _HUB
    worth: ClassVar[int] = _WORTH

    def __init__(self, obligations: Iterable[Obligation], headrooms: Iterable[Headroom], salt: bytes) -> None:
        self._obligations = list(obligations)
        debtors, creditors = [one.debtor for one in self._obligations], [one.creditor for one in self._obligations]
        amounts = [one.amount for one in self._obligations]
        assert min(amounts, default=1) > 0
        self._names: list[PartyName] = ["", *sorted({*debtors, *creditors}, key=octets)]  # by number, after the hub's
        self.number = number = {name: at for at, name in enumerate(self._names) if at != _HUB}
        nodes = len(self._names)
        self._pairs = [
            number[debtor] * nodes + number[creditor] for debtor, creditor in zip(debtors, creditors, strict=True)
        ]
        capacities: dict[int, int] = {}
        for pair, amount in zip(self._pairs, amounts, strict=True):
            capacities[pair] = capacities.get(pair, 0) + amount
        assert sum(capacities.values()) <= OBLIGATIONS_TOTAL_MAX
        costs = dict.fromkeys(capacities, -_WORTH)
        owes, owed = [0] * nodes, [0] * nodes
        for pair, amount in capacities.items():
            owes[pair // nodes] += amount
            owed[pair % nodes] += amount
        for room in headrooms:
            # Nobody draws more than it owes, nor is left with more than it is owed.
            party = number.get(room.of)
            if party is None:
                continue
            for pair, most, cost in (
                (_HUB * nodes + party, min(room.fall_max, owes[party]), 1),
                (party * nodes + _HUB, min(room.rise_max, owed[party]), 0),
            ):
                if most:
                    capacities[pair], costs[pair] = most, cost
        self._arcs = sorted(capacities)
        self.graph = Graph(
            nodes,
            [pair // nodes for pair in self._arcs],
            [pair % nodes for pair in self._arcs],
            [capacities[pair] for pair in self._arcs],
            [costs[pair] for pair in self._arcs],
        )
        self._salted = sha256(b"mutirao/v1/set-off\0" + len(salt).to_bytes(4, "big") + salt)

    def lots(self, arcs: Sequence[int], number: int) -> list[int]:
        """Return some arcs' lots of a number: this hexadecimal digit of the hash of salt, debtor and creditor."""
        assert number < LOTS_MAX, "lots left several set-offs"
        lots: list[int] = []
        for arc in arcs:
            tail, head = self._octets(self.graph.tails[arc]), self._octets(self.graph.heads[arc])
            hashed = self._salted.copy()
            hashed.update(len(tail).to_bytes(4, "big") + tail + head)
            lots.append(int(hashed.hexdigest()[number], 16))
        return lots

    def _octets(self, party: int) -> bytes:
        return b"" if party == _HUB else octets(self._names[party])

    def told(self, certificate: Certificate) -> SetOff:
        """Return what a circulation means: each pair's share goes to its obligations in the order of their ids."""
        left = {pair: carried for pair, carried in zip(self._arcs, certificate.flow, strict=True) if carried}
        changes: dict[PartyName, int] = {}
        for pair, carried in left.items():
            tail, head = divmod(pair, self.graph.nodes)
            if _HUB in (tail, head):
                changes[self._names[tail or head]] = carried if head == _HUB else -carried
        owed = [at for at, pair in enumerate(self._pairs) if pair in left]
        cleared: dict[PartyName, int] = {}
        for at in sorted(owed, key=lambda at: octets(self._obligations[at].id)):
            one, pair = self._obligations[at], self._pairs[at]
            share = min(left[pair], one.amount)
            if share:
                cleared[one.id] = share
                left[pair] -= share
        return SetOff(cleared, changes, certificate)
