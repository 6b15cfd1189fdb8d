# SPDX-License-Identifier: AGPL-3.0-or-later
"""The canonical largest set-off of obligations: how much of each can be cancelled when all are seen together.

Who owes as much as it is owed around a circle pays nothing: the debts go, and each party's net position stays.
Everybody who computes the largest set-off of the same obligations under the same salt gets the same, to the
unit, in whatever order they are read and by whatever solver (docs/decisions/0017).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from protocol.settlement.circulation import Certificate, Graph, Solver, is_cheapest, is_only, solve

OBLIGATIONS_TOTAL_MAX = 2**60
"""The most that all obligations may come to, in units: with credit on both sides a solver's 64 bits still hold it."""
SALTINGS_MAX = 8
"""How often chance may leave several set-offs equal before we take it for a mistake of ours."""
_HASH_BITS = 20
_HUB = b""
"""The circle of mutual credit as a party: a party's own octets are never so few."""

Name = bytes | str
"""By what a party or an obligation is known. Names are sorted by their octets, bytes before text."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """What one party owes another, in whole units, more than 0; no other obligation has its id."""

    id: Name
    debtor: Name
    creditor: Name
    amount: int


@dataclass(frozen=True, slots=True)
class Headroom:
    """How far a party's balance in a circle of mutual credit may fall, and how far rise, for a greater set-off."""

    of: Name
    fall_max: int
    rise_max: int


@dataclass(frozen=True, slots=True)
class SetOff:
    """How much of each obligation is cancelled, and by how much balances change (a fall is negative).

    Obligations and parties without a share are left out.
    """

    cleared: Mapping[Name, int]
    changes: Mapping[Name, int]
    certificates: tuple[Certificate, ...]


@dataclass(frozen=True, slots=True)
class Arc:
    """A way for so many units from one party's octets to another's; each costs so many steps (below 0: it is worth).

    Of two arcs between the same parties in the same direction the steps differ.
    """

    tail: bytes
    head: bytes
    capacity: int
    steps: int


def set_off(
    obligations: Iterable[Obligation], salt: bytes, headrooms: Iterable[Headroom] = (), solver: Solver | None = None
) -> SetOff:
    """Return the canonical largest set-off: the most cancelled, for that the least drawn, and then by hash.

    A party has one headroom at most. All obligations come to OBLIGATIONS_TOTAL_MAX at most: whoever takes them
    from others makes sure of it.
    """
    case = _Case(obligations, headrooms)
    return case.told(canonical(case.arcs, salt, solver))


def verify(obligations: Iterable[Obligation], salt: bytes, found: SetOff, headrooms: Iterable[Headroom] = ()) -> bool:
    """Tell, without a solver, whether this is the canonical largest set-off."""
    case = _Case(obligations, headrooms)
    if not is_canonical(case.arcs, salt, found.certificates):
        return False
    told = case.told(found.certificates)
    return told.cleared == found.cleared and told.changes == found.changes


def canonical(arcs: Sequence[Arc], salt: bytes, solver: Solver | None = None) -> tuple[Certificate, ...]:
    """Return the circulation of the fewest steps that the salt makes the only one, by certificates in order.

    The last one is that circulation; each before it shows that an earlier salting left several equal.
    """
    certificates: list[Certificate] = []
    for salting in range(SALTINGS_MAX):
        graph = graph_of(arcs, salt, salting)
        certificates.append(solve(graph, solver))
        if is_only(graph, certificates[-1]):
            return tuple(certificates)
    raise AssertionError("chance left several set-offs equal under each salting")


def is_canonical(arcs: Sequence[Arc], salt: bytes, certificates: Sequence[Certificate]) -> bool:
    """Tell, without a solver, whether these are what `canonical` returns or as good."""
    if not 0 < len(certificates) <= SALTINGS_MAX:
        return False
    last = len(certificates) - 1
    for salting, certificate in enumerate(certificates):
        graph = graph_of(arcs, salt, salting)
        if not is_cheapest(graph, certificate) or is_only(graph, certificate) != (salting == last):
            return False
    return True


def graph_of(arcs: Sequence[Arc], salt: bytes, salting: int = 0) -> Graph:
    """Return the graph of some arcs, with costs that let a hash decide between circulations of equal steps.

    A step costs more than all the hashes on a way that meets no party twice, so that fewer steps always win.
    """
    parties = sorted({party for arc in arcs for party in (arc.tail, arc.head)})
    number = {party: at for at, party in enumerate(parties)}
    step = (len(parties) << _HASH_BITS) + 1
    salted = sha256(b"mutirao/v1/set-off\0" + bytes((salting,)) + len(salt).to_bytes(4, "big") + salt)
    kept = sorted((arc for arc in arcs if arc.capacity > 0), key=lambda arc: (arc.tail, arc.head, arc.steps))
    costs: list[int] = []
    for arc in kept:
        hashed = salted.copy()
        hashed.update(
            arc.steps.to_bytes(4, "big", signed=True) + len(arc.tail).to_bytes(4, "big") + arc.tail + arc.head
        )
        costs.append(arc.steps * step + (int.from_bytes(hashed.digest()[:4], "big") >> (32 - _HASH_BITS)))
    return Graph(
        len(parties),
        [number[arc.tail] for arc in kept],
        [number[arc.head] for arc in kept],
        [arc.capacity for arc in kept],
        costs,
    )


def octets(name: Name) -> bytes:
    """Return the octets by which a name is sorted and hashed, different for each name."""
    return b"\x01" + name.encode() if isinstance(name, str) else b"\x00" + name


class _Case:
    """Obligations as arcs from debtor to creditor, one for each pair; drawn credit comes from the hub of the circle.

    What a party's balance falls by comes to it from the hub, what it rises by goes there. A way passes the hub
    once, so that a unit of debt is worth more than the credit that its cancelling may take.
    """

    def __init__(self, obligations: Iterable[Obligation], headrooms: Iterable[Headroom]) -> None:
        self._name: dict[bytes, Name] = {}
        known: dict[Name, bytes] = {}
        pairs: dict[tuple[bytes, bytes], list[Obligation]] = {}
        owes: dict[bytes, int] = {}
        owed: dict[bytes, int] = {}
        for one in obligations:
            assert one.amount > 0 and one.debtor != one.creditor
            for party in (one.debtor, one.creditor):
                if party not in known:
                    known[party] = octets(party)
                    self._name[known[party]] = party
            debtor, creditor = known[one.debtor], known[one.creditor]
            pairs.setdefault((debtor, creditor), []).append(one)
            owes[debtor] = owes.get(debtor, 0) + one.amount
            owed[creditor] = owed.get(creditor, 0) + one.amount
        assert sum(owes.values()) <= OBLIGATIONS_TOTAL_MAX
        rooms = {octets(room.of): room for room in headrooms}
        worth = 3 if rooms else 1  # above twice the number of circles: docs/decisions/0017
        arcs = [
            Arc(debtor, creditor, sum(one.amount for one in ones), -worth) for (debtor, creditor), ones in pairs.items()
        ]
        for party, room in rooms.items():
            # Nobody draws more than it owes, nor is left with more than it is owed.
            arcs.append(Arc(_HUB, party, min(room.fall_max, owes.get(party, 0)), 1))
            arcs.append(Arc(party, _HUB, min(room.rise_max, owed.get(party, 0)), 0))
        self._pairs = pairs
        self.arcs = sorted((arc for arc in arcs if arc.capacity > 0), key=lambda arc: (arc.tail, arc.head))

    def told(self, certificates: tuple[Certificate, ...]) -> SetOff:
        """Return what a circulation means: each pair's share goes to its obligations in the order of their ids."""
        cleared: dict[Name, int] = {}
        changes: dict[Name, int] = {}
        for arc, carried in zip(self.arcs, certificates[-1].flow, strict=True):
            if _HUB in (arc.tail, arc.head):
                name = self._name[arc.tail or arc.head]
                changes[name] = changes.get(name, 0) + (carried if arc.head == _HUB else -carried)
                continue
            left = carried
            if not left:
                continue
            for one in sorted(self._pairs[arc.tail, arc.head], key=lambda one: octets(one.id)):
                share = min(left, one.amount)
                if share:
                    cleared[one.id] = share
                left -= share
        return SetOff(cleared, {name: change for name, change in changes.items() if change}, certificates)
