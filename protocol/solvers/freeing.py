# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one more debt would free: how much more the largest set-off would cancel, if one party owed another more.

It is read off the residual graph of the set-off that is known. A new debt leads from debtor to creditor, so it is
cancelled by whatever still leads from the creditor back to the debtor: the cheapest ways are taken first, as long as
what they cancel is worth more than what they undo. The potentials that show the set-off make every step a search for
the shortest way, and nothing is solved anew (docs/decisions/0017).

Between networks a link holds one net debt: what one owes goes first off what it is owed. That part needs no circle, but
a circle may have counted on it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

from protocol.solvers.circulation import Solver, solve
from protocol.solvers.mincost import by_size
from protocol.solvers.netting import Case, Headroom, Obligation, PartyName


@dataclass(slots=True)
class _Arc:
    """A way that units may still go; `debts` is by how many cancelled debts a unit on it adds, `back` its reverse."""

    tail: int
    head: int
    left: int
    cost: int
    debts: int
    back: int


class Freeing:
    """The largest set-off of some obligations, and what of more debt would be freed beside it; books nothing."""

    def __init__(
        self, obligations: Iterable[Obligation], headrooms: Iterable[Headroom] = (), solver: Solver = by_size
    ) -> None:
        rooms = {room.of: room for room in headrooms}
        case = Case(obligations, rooms.values(), b"")
        graph, found = case.graph, solve(case.graph, case.lots, solver)
        self._left = _Left(case.number, rooms, list(found.potentials[0]), [[] for _ in range(graph.nodes)])
        self.cleared = 0
        """What is cancelled as it is, in units of debt."""
        for tail, head, capacity, cost, carried in zip(
            graph.tails, graph.heads, graph.capacities, graph.costs, found.flow, strict=True
        ):
            is_debt = Case.hub not in (tail, head)
            self._left.join(_Arc(tail, head, capacity - carried, cost, int(is_debt), 0), carried)
            if is_debt:
                self._left.totals[tail, head] = capacity
                self.cleared += carried

    def freed(self, debtor: PartyName, creditor: PartyName, amount: int, *, nets: bool = False) -> int:
        """Return how much more would be cancelled if one owed another so much more; its own part counts.

        With `nets`, what the creditor owes the debtor is paid back by it first, and both count as freed. That may take
        from a circle more than it frees, and then it is less than 0.
        """
        assert amount > 0 and debtor != creditor
        trial = _Trial(self._left.copy(), debtor, creditor)
        freed = trial.paid_back(amount) if nets else 0
        left = amount - trial.returned
        return freed + (trial.owed_more(left) if left else 0)


@dataclass(slots=True)
class _Left:
    """The residual graph: its arcs, which leave each node, what all debts of a pair come to, and potentials."""

    number: dict[PartyName, int]
    rooms: dict[PartyName, Headroom]
    potentials: list[int]
    leaving: list[list[int]]
    arcs: list[_Arc] = field(default_factory=list[_Arc])
    totals: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])

    def copy(self) -> "_Left":
        arcs = [_Arc(one.tail, one.head, one.left, one.cost, one.debts, one.back) for one in self.arcs]
        leaving = [list(some) for some in self.leaving]
        return _Left(self.number, self.rooms, list(self.potentials), leaving, arcs, self.totals)

    def join(self, arc: _Arc, carried: int) -> None:
        """Add an arc and its reverse."""
        arc.back = len(self.arcs) + 1
        self.leaving[arc.tail].append(len(self.arcs))
        self.leaving[arc.head].append(len(self.arcs) + 1)
        self.arcs += (arc, _Arc(arc.head, arc.tail, carried, -arc.cost, -arc.debts, len(self.arcs)))

    def room(self, party: PartyName) -> Headroom:
        return self.rooms.get(party, Headroom(party, 0, 0))


class _Trial:
    """A residual graph of its own, on which one more debt is tried."""

    def __init__(self, left: _Left, debtor: PartyName, creditor: PartyName) -> None:
        self._left = left
        self._arcs, self._leaving, self._potentials = left.arcs, left.leaving, left.potentials
        self._debtor, self._creditor = self._at(debtor), self._at(creditor)
        self._names = debtor, creditor
        self.returned = 0

    def _at(self, party: PartyName) -> int:
        """Return a party's number; one that has no debts yet becomes a node without ways."""
        at = self._left.number.get(party)
        return self._new(0) if at is None else at

    def _new(self, potential: int) -> int:
        self._potentials.append(potential)
        self._leaving.append([])
        return len(self._leaving) - 1

    def paid_back(self, amount: int) -> int:
        """Return what is freed by paying back a debt of the creditor's; the set-off makes room for it."""
        owed = self._left.totals.get((self._creditor, self._debtor), 0)
        self.returned = returned = min(amount, owed)
        if not returned:
            return 0
        at = next(
            at
            for at in self._leaving[self._creditor]
            if self._arcs[at].debts == 1 and self._arcs[at].head == self._debtor
        )
        way, back = self._arcs[at], self._arcs[self._arcs[at].back]
        idle = min(returned, way.left)
        way.left -= idle
        undone = returned - idle
        # Nothing goes this way any more but what is left, and nothing comes back by it.
        left, way.left, held = way.left, 0, back.left - undone
        back.left = 0
        freed = 2 * returned - undone
        for units, debts, _ in self._ways(self._creditor, self._debtor, undone):
            freed += units * debts
        way.left, back.left = left, held
        return freed

    def owed_more(self, amount: int) -> int:
        """Return what is freed by a new debt of so much, as long as freeing is worth what it undoes."""
        source, target = self._ends(amount)
        freed = 0
        for units, debts, cost in self._ways(source, target, amount):
            if cost >= Case.worth:
                break
            freed += units * (debts + 1)
        return freed

    def _ends(self, amount: int) -> tuple[int, int]:
        """Return where the new debt ends and begins: it draws on its own part of the parties' headroom as well."""
        debtor, creditor = self._names
        totals = self._left.totals
        potentials = self._potentials
        falls = self._left.room(debtor).fall_max
        rises = self._left.room(creditor).rise_max
        owes = sum(units for (tail, _), units in totals.items() if tail == self._debtor)
        owed = sum(units for (_, head), units in totals.items() if head == self._creditor)
        falls = min(falls, owes + amount) - min(falls, owes)
        rises = min(rises, owed + amount) - min(rises, owed)
        source = self._new(
            max(potentials[self._creditor], potentials[Case.hub] if rises else potentials[self._creditor])
        )
        target = self._new(
            min(potentials[self._debtor], potentials[Case.hub] + 1 if falls else potentials[self._debtor])
        )
        ways = [(source, self._creditor, amount, 0), (self._debtor, target, amount, 0)]
        ways += [(source, Case.hub, rises, 0)] * bool(rises) + [(Case.hub, target, falls, 1)] * bool(falls)
        for tail, head, left, cost in ways:
            self._left.join(_Arc(tail, head, left, cost, 0, 0), 0)
        return source, target

    def _ways(self, source: int, target: int, most: int) -> Iterator[tuple[int, int, int]]:
        """Yield the cheapest ways between two nodes, one after the other: units, debts cancelled by each, its cost."""
        while most > 0:
            came = self._search(source, target)
            if came is None:
                return
            way = list(self._back(came, source, target))
            units = min(most, *(self._arcs[at].left for at in way))
            for at in way:
                arc = self._arcs[at]
                arc.left -= units
                self._arcs[arc.back].left += units
            most -= units
            yield units, sum(self._arcs[at].debts for at in way), sum(self._arcs[at].cost for at in way)

    def _back(self, came: dict[int, int], source: int, target: int) -> Iterator[int]:
        node = target
        while node != source:
            yield came[node]
            node = self._arcs[came[node]].tail

    def _search(self, source: int, target: int) -> dict[int, int] | None:
        """Return by which arc each node is reached most cheaply, and move the potentials on (Dijkstra, Johnson)."""
        potentials = self._potentials
        least, came, done = {source: 0}, dict[int, int](), set[int]()
        waiting = [(0, source)]
        while waiting:
            far, node = heappop(waiting)
            if node in done:
                continue
            done.add(node)
            if node == target:
                break
            for at in self._leaving[node]:
                arc = self._arcs[at]
                if not arc.left or arc.head in done:
                    continue
                further = far + arc.cost + potentials[node] - potentials[arc.head]
                assert further >= far, "potentials show the set-off"
                if further < least.get(arc.head, further + 1):
                    least[arc.head], came[arc.head] = further, at
                    heappush(waiting, (further, arc.head))
        if target not in done:
            return None
        reached = least[target]
        for node in range(len(potentials)):
            potentials[node] += min(least.get(node, reached), reached) if node in done else reached
        return came
