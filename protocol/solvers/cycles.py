# SPDX-License-Identifier: AGPL-3.0-or-later
"""A circulation as cycles, the shortest first: what a few parties can settle among themselves.

The fewer must be there at once, the likelier it comes about, so a cycle has a greatest number of members.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

CYCLE_MEMBERS_MAX = 20

P = TypeVar("P", bytes, str, int)


@dataclass(frozen=True, slots=True)
class Cycle(Generic[P]):
    """Parties of whom each owes the next, and the last the first, at least this much; the least party is first."""

    members: tuple[P, ...]
    amount: int


def cycles(
    flow: Mapping[tuple[P, P], int], cap: int = CYCLE_MEMBERS_MAX
) -> tuple[list[Cycle[P]], dict[tuple[P, P], int]]:
    """Take a circulation apart into cycles of at most `cap` members; returns them, and what is left in longer ones.

    Cycles and what is left sum to the flow. The same flow gives the same cycles, in whatever order it is told.
    """
    left = _Left(flow)
    found: list[Cycle[P]] = []
    # What is taken away makes no way shorter: what was once found is ever after the least it can be.
    waiting = [(2, party) for party in left.parties()]
    heapify(waiting)
    while waiting:
        least, party = heappop(waiting)
        members = left.shortest_through(party, cap)
        if members is None:
            continue
        if len(members) > least:
            heappush(waiting, (len(members), party))
            continue
        found.append(Cycle(_turned(members), left.take(members)))
        heappush(waiting, (least, party))
    return found, left.flow()


def _turned(members: tuple[P, ...]) -> tuple[P, ...]:
    first = members.index(min(members))
    return members[first:] + members[:first]


class _Left(Generic[P]):
    """What is left of a flow, by who owes and by who is owed, each in order."""

    def __init__(self, flow: Mapping[tuple[P, P], int]) -> None:
        self._owes: dict[P, dict[P, int]] = {}
        self._owed_by: dict[P, dict[P, None]] = {}
        for tail, head in sorted(flow):
            assert tail != head and flow[tail, head] >= 0
            if flow[tail, head]:
                self._owes.setdefault(tail, {})[head] = flow[tail, head]
                self._owed_by.setdefault(head, {})[tail] = None

    def parties(self) -> Iterator[P]:
        yield from self._owes

    def flow(self) -> dict[tuple[P, P], int]:
        return {(tail, head): amount for tail, heads in self._owes.items() for head, amount in heads.items()}

    def take(self, members: tuple[P, ...]) -> int:
        """Take away as much as the whole cycle carries; returns how much."""
        arcs = list(zip(members, (*members[1:], members[0]), strict=True))
        amount = min(self._owes[tail][head] for tail, head in arcs)
        for tail, head in arcs:
            self._owes[tail][head] -= amount
            if not self._owes[tail][head]:
                del self._owes[tail][head]
                del self._owed_by[head][tail]
        return amount

    def shortest_through(self, party: P, cap: int) -> tuple[P, ...] | None:
        """Return a shortest cycle of at most `cap` members that begins at a party; searched from both ends."""
        onward: dict[P, P | None] = {party: None}
        back: dict[P, P | None] = {party: None}
        ahead, behind = [party], [party]
        for _ in range(cap):
            if not ahead or not behind:
                return None
            forward = len(ahead) <= len(behind)
            leads, seen, others = (self._owes, onward, back) if forward else (self._owed_by, back, onward)
            reached: list[P] = []
            for near in ahead if forward else behind:
                for far in leads.get(near, {}):
                    if far in others:
                        first, second = (near, far) if forward else (far, near)
                        return (*reversed(list(_way(onward, first))), *_back_home(back, second))
                    if far not in seen:
                        seen[far] = near
                        reached.append(far)
            if forward:
                ahead = reached
            else:
                behind = reached
        return None


def _way(came_from: Mapping[P, P | None], party: P | None) -> Iterator[P]:
    """Yield the parties from one back to where the search began."""
    while party is not None:
        yield party
        party = came_from[party]


def _back_home(came_from: Mapping[P, P | None], party: P) -> Iterator[P]:
    """Yield the parties from one on to the beginning, without the beginning."""
    way = list(_way(came_from, party))
    yield from way[:-1]
