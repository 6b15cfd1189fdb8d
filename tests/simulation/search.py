# SPDX-License-Identifier: AGPL-3.0-or-later
"""The search of small worlds: every order of events, each state visited once and audited.

The search runs the real code. A state is all that the future depends on: what the nodes have in memory and on disk,
what is on the wires, the clock, what may still befall, and what the auditor remembers. Two states of one mark are
equal. What a node makes of an input in a state is worked out once, in however many orders of events it comes there.
"""

import marshal
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from simulation.auditor import Broken
from simulation.copies import Chance, copied, marked
from simulation.dishonest import MOVES
from simulation.groups import account
from simulation.rows import StoredRow
from simulation.smallworlds import SmallWorld, Wish
from simulation.story import CODES, NAMES, Played, Setting
from simulation.world import Node, World, whole

from protocol.book.declaration import Practice
from protocol.book.tables import Name
from protocol.events import Effect, Input, Received, RowsBrought, Send, SendRange, TimerFired
from protocol.lanes.entry import LINK_PREFIX, Entry, parse
from protocol.lanes.journal import Keyring
from protocol.peers.messages import Entries, Heads, Hello, LinkNews, Wanted, unpack
from protocol.practices import PRACTICES
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.clearing.part import OpenRound, SetClearing
from protocol.practices.between.clearing.remembered import Rounds
from protocol.practices.between.clearing.state import Clearing
from protocol.practices.between.faults.seen import Faults
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.talk import Sendings
from protocol.practices.between.links.wishes import CapLink, GiveBackLink, RaiseLink
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.payments.entries import Pay
from protocol.replica import Replica

Notes = Mapping[str, Mapping[Any, Any]]
Event = tuple[str | int, ...]
"""What happens next: a word, and to whom or by how much."""

LOOKED_FOR = (Links, Sendings, Forwards, Clearing, Faults)
"""What the auditor, and the world itself, look for in books."""
MENDED: Event = ("nothing more befalls",)
"""The last of the events on a way to where things do not come to a good end."""
MEND_SECONDS = 11
"""How long each step of mending takes: past the hour at which a record is sent again."""
MEND_STEPS_MAX = 12
TALK_MAX = 1_000
"""After so many frames in one moment nodes talk without end; it is a cheat who does, and is cut off."""
MEMO_MAX = 20_000
"""Of how many inputs at most it is remembered what a node has made of them."""
NOTES_MAX = 200_000
"""Of how many things at most that the auditor remembers the marks are."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A state of a world, to which it can be put back."""

    nodes: tuple[tuple[Replica, bytes, tuple[Entry, ...], Mapping[Name, StoredRow], int | None, bool], ...]
    wires: tuple[tuple[str, str, bytes], ...]
    joined: frozenset[frozenset[str]]
    now: int
    left: tuple[int, ...]
    wished: frozenset[int]
    notes: Notes
    noted: bytes
    """The mark of the notes."""
    restored: frozenset[str]


@lru_cache(maxsize=4_096)
def is_prompt(frame: bytes) -> bool:
    """Tell whether a frame is delivered at once: what greets, and what spreads public words."""
    message = unpack(frame)
    if isinstance(message, Entries):
        return not any(parse(wire).header.lane.startswith(LINK_PREFIX) for wire in message.entries)
    return isinstance(message, Hello | Heads | Wanted)


@lru_cache(maxsize=4_096)
def is_news(frame: bytes) -> bool:
    """Tell whether a frame brings the record of a link."""
    return isinstance(unpack(frame), LinkNews)


class Searched(Played):
    """A small world that can be put back to any state that it was in."""

    def __init__(self, small: SmallWorld) -> None:
        self.small = small
        self.is_searched = False
        self.marks: dict[str, bytes] = {}
        """Of each node's state: first its book's, then that of all else."""
        self.is_quiet = False
        """Whether the book of the node that has just heard something is as it was, so that nothing is to be audited."""
        self.moving = ""
        """Which cheat makes a move, in a state of its own."""
        self.loaded_now: set[str] = set()
        """Who has started again and was not audited since."""
        self.known: dict[Any, tuple[Replica, bytes, list[Effect]]] = {}
        self.loaded: dict[Any, tuple[Replica, bytes]] = {}
        self.noted: tuple[Notes, bytes] | None = None
        """What the auditor remembers, and its mark, where it has not looked at anything since."""
        self.marked_notes: dict[tuple[str, int, int], tuple[bytes, Any, Any]] = {}
        cheats = {NAMES[number]: "by single moves" for number in small.cheats}
        links = tuple((one, other, limit, "1", 0) for one, other, limit in small.links)
        super().__init__(1, Setting(small.networks, links, {}, dishonest=cheats))
        self.left = dict(small.often)
        self.wished_for: set[int] = set()
        self.inputs = 0
        """How many inputs of nodes were worked out."""
        self._prepare()

    # Before the search.

    def _prepare(self) -> None:
        """Let the limits be drawn whole, get the prices, make the debts; then let it all be searched."""
        small = self.small
        for line, (one, other, *_) in zip(self.lines, small.links, strict=True):
            for number in (one, other):
                self.granted(NAMES[number], "links.cap", CapLink(64, 100), subject=line)
        self.orders = {
            number: self._priced(*(int(one) for one in wish[1:4]))
            for number, wish in enumerate(small.wishes)
            if wish[0] == "pay"
        }
        for debtor, creditor, units in small.debts:
            self.granted(NAMES[debtor], "payments.create", self._priced(debtor, creditor, units))
        if small.clears is not None:
            for name in self.setting.homes:
                self.granted(name, "clearing-terms.set", SetClearing(on=True, publish=True))
        self.tick(12)
        if small.clears in ("proposed", "agreed"):
            self._open_round(agreed=small.clears == "agreed")
        for number in small.copies:
            self.back_up(NAMES[number])
        for name, node in self.nodes.items():
            self._keep_in_mind(name, node.replica)
        self.is_searched = True

    def _open_round(self, *, agreed: bool) -> None:
        """Go as far as the circles that are proposed; where they are `agreed`, as far as their first holds."""
        self.granted(NAMES[0], "clearings.open", OpenRound())
        while not all(node.replica.book.of(Rounds).proposals for node in self.nodes.values()):
            self.tick(1)
        if agreed:
            self.now += 1_000
            for name in self.nodes:
                self.give(name, TimerFired())
            while any(not is_news(frame) for *_, frame in self.wires):
                at = next(at for at, wire in enumerate(self.wires) if not is_news(wire[2]))
                source, target, frame = self.wires.pop(at)
                self.give(target, Received(source, frame))

    def _priced(self, payer: int, payee: int, units: int) -> Pay:
        """Ask for a price; returns the wish that takes it."""
        source, target = NAMES[payer], NAMES[payee]
        address = f"{target}-1@{target}"
        quote = self.granted(source, "quotes.create", AskQuote(address, whole(units), payer=f"{source}-1"))
        assert self.auditor is not None
        self.auditor.note("QUOTED=>DEBITED")[source, quote.invoice] = quote.debit.value
        return Pay(address, whole(units), account(self, source, f"{source}-1"), invoice=quote.invoice)

    # States.

    def keep(self) -> Kept:
        """Return the state in which the world is."""
        assert self.auditor is not None
        return Kept(
            tuple(
                (
                    node.replica,
                    self.marks[name],
                    tuple(node.disk),
                    node.rows.by_name,
                    self.disk(name).copy,
                    self.disk(name).recovering,
                )
                for name, node in self.nodes.items()
            ),
            tuple(sorted(self.wires, key=lambda wire: wire[:2])),
            frozenset(self.joined),
            self.now,
            tuple(self.left.values()),
            frozenset(self.wished_for),
            *self._notes(),
            frozenset(self.auditor.restored),
        )

    def put_back(self, kept: Kept) -> None:
        """Bring the world to a state again."""
        assert self.auditor is not None
        for (name, node), (replica, mark, entries, rows, copy, recovering) in zip(
            self.nodes.items(), kept.nodes, strict=True
        ):
            node.replica, self.marks[name], node.disk, node.rows.by_name = replica, mark, list(entries), rows
            self.disk(name).copy, self.disk(name).recovering = copy, recovering
            node.answers.clear()
            node.events.clear()
        self.wires, self.joined, self.now = list(kept.wires), set(kept.joined), kept.now
        self.left = dict(zip(self.small.often, kept.left, strict=True))
        self.wished_for = set(kept.wished)
        self.auditor.notes.clear()
        self.auditor.notes.update({name: dict(notes) for name, notes in kept.notes.items()})
        self.auditor.restored, self.noted = set(kept.restored), (kept.notes, kept.noted)
        self.auditor.drops.clear()
        self.loaded_now.clear()

    def mark(self, kept: Kept) -> bytes:
        """Return the mark of a state, whatever may still befall."""
        nodes = [
            (mark, sha256(b"".join([entry.id for entry in disk])).digest(), copy, recovering)
            for _, mark, disk, _, copy, recovering in kept.nodes
        ]
        names = (sorted(map(sorted, kept.joined)), sorted(kept.wished), sorted(kept.restored))
        return sha256(marshal.dumps((nodes, kept.noted, names, kept.wires, kept.now), 2)).digest()[:16]

    def _notes(self) -> tuple[Notes, bytes]:
        """Return all that the auditor remembers, and its mark, in whatever order it came to know it."""
        assert self.auditor is not None
        if self.noted is not None:
            return self.noted
        notes = sorted(
            self._marked_note(name, key, value)
            for name, one in self.auditor.notes.items()
            # The side of a link that was looked at last tells what need not be looked at again, and no more.
            if name != "CREDITOR-LIMIT"
            for key, value in one.items()
        )
        known = {name: dict(one) for name, one in self.auditor.notes.items()}
        return known, sha256(b"".join(notes)).digest()

    def _marked_note(self, name: str, key: Any, value: Any) -> bytes:
        """Return the mark of something that the auditor remembers; it is the same thing in many states."""
        at = name, id(key), id(value)
        known = self.marked_notes.get(at)
        if known is None:
            if len(self.marked_notes) >= NOTES_MAX:
                self.marked_notes.clear()
            known = self.marked_notes[at] = marked((name, key, value)), key, value
        return known[0]

    # What nodes make of things is worked out once.

    def handle(self, node: Node, inputs: tuple[Input, ...]) -> list[Effect]:
        if not self.is_searched or node.name == self.moving:
            self.is_quiet = False
            return super().handle(node, inputs)
        assert self.auditor is not None
        # What is brought follows from the disk, which is in the mark.
        key = self.marks[node.name], tuple(one for one in inputs if not isinstance(one, RowsBrought)), self.now
        known = self.known.get(key)
        if known is not None:
            self.auditor.before(node, inputs)
            node.replica, self.marks[node.name], effects = known
        else:
            self.inputs += 1
            replica = node.replica = copied(node.replica)
            effects = super().handle(node, inputs)
            if node.replica is replica:
                self._keep_in_mind(node.name, replica)
                if len(self.known) >= MEMO_MAX:
                    self.known.clear()
                self.known[key] = replica, self.marks[node.name], effects
        has_changed = node.name in self.loaded_now or self.marks[node.name][:32] != key[0][:32]
        self.loaded_now.discard(node.name)
        self.is_quiet = self.auditor.twin is None and not has_changed
        return effects

    def perform(self, node: Node, effects: Sequence[Effect]) -> None:
        if self.is_quiet and all(isinstance(effect, Send | SendRange) for effect in effects):
            World.perform(self, node, effects)
        else:
            self.noted = None
            super().perform(node, effects)

    def lost(self, node: Node) -> None:
        self.noted = None
        super().lost(node)

    def load(self, node: Node, *, recovering: bool) -> None:
        key = node.name, tuple(entry.id for entry in node.disk), recovering, self._chance(node).count
        is_kept = self.is_searched and node.name != self.moving
        known = self.loaded.get(key) if is_kept else None
        self.loaded_now.add(node.name)
        if known is not None:
            node.replica, self.marks[node.name] = known
            return
        count = self._chance(node).count
        super().load(node, recovering=recovering)
        # Chance does not begin anew with a process.
        self._chance(node).count = count
        if is_kept:
            self._keep_in_mind(node.name, node.replica)
            self.loaded[key] = node.replica, self.marks[node.name]

    def _chance(self, node: Node) -> Chance:
        chance = node.replica.home.chance
        assert isinstance(chance, Chance)
        return chance

    def _keep_in_mind(self, name: str, replica: Replica) -> None:
        # What comes to be as soon as somebody looks for it is there from the start, so that looking changes no mark.
        replica.journal.held.heads()
        for kind in LOOKED_FOR:
            replica.book.of(kind)
        for link in replica.book.of(Links).by_id:
            replica.book.of(Forwards).on(link)
        self.marks[name] = marked(replica.book) + marked(replica)

    def _replica(
        self,
        network: bytes,
        keyring: Keyring | None,
        invitation: bytes | None = None,
        *,
        recovering: bool = False,
        opened: int = 0,
        compares: bool = False,
        practices: Sequence[Practice] = PRACTICES,
    ) -> Replica:
        replica = Replica(
            network, practices, chance=Chance(network), keyring=keyring, invitation=invitation, recovering=recovering,
            opened=opened, compares=compares,
        )  # fmt: skip
        # What hides the bodies of entries nobody looks through here; alike, it lets equal entries be equal.
        replica.journal._chance = bytes
        return replica

    def carry(self, source: str, target: str, frame: bytes) -> None:
        if frozenset((source, target)) in self.joined:
            self.wires.append((source, target, frame))

    # Events.

    def events(self) -> Iterator[Event]:
        """Yield what may happen next."""
        small = self.small
        for number in range(len(small.wishes)):
            if number not in self.wished_for:
                yield ("wish", number)
        ways = sorted({wire[:2] for wire in self.wires})
        for source, target in ways:
            yield ("deliver", source, target)
        for word in ("lose", "double"):
            if self.left.get(word):
                yield from ((word, source, target) for source, target in ways)
        for pair in self.pairs:
            if pair not in self.joined:
                yield ("join", *sorted(pair))
            elif self.left.get("cut"):
                yield ("cut", *sorted(pair))
        if self.left.get("tick"):
            yield from (("tick", seconds) for seconds in small.seconds)
        if self.left.get("kill"):
            yield from (("kill", NAMES[number]) for number in small.kills)
        if self.left.get("restore"):
            yield from (("restore", name) for name in map(NAMES.__getitem__, small.copies) if self._can_restore(name))
        if self.left.get("move"):
            for number, moves in small.cheats.items():
                yield from (("move", NAMES[number], move) for move in moves)

    def _can_restore(self, name: str) -> bool:
        copy = self.disk(name).copy
        return copy is not None and copy < len(self.nodes[name].disk) and self.is_remembered(name, copy)

    def happen(self, event: Event) -> None:
        """Let something happen; raises Broken where a property does not hold after it."""
        word, *about = event
        if self.left.get(str(word)):
            self.left[str(word)] -= 1
        match word, about:
            case "wish", [int(number)]:
                self.wished_for.add(number)
                self._wish(number, self.small.wishes[number])
            case "deliver", [str(source), str(target)]:
                self.give(target, Received(source, self._taken(source, target)))
            case "lose", [str(source), str(target)]:
                self._taken(source, target)
            case "double", [str(source), str(target)]:
                frame = self._taken(source, target)
                self.wires.append((source, target, frame))
                self.give(target, Received(source, frame))
            case "cut", [str(one), str(other)]:
                self.cut(one, other)
            case "join", [str(one), str(other)]:
                self.join(one, other)
            case "tick", [int(seconds)]:
                self.now += seconds * 1_000
                for name in self.nodes:
                    self.give(name, TimerFired())
            case "kill", [str(name)]:
                self.kill(name)
            case "restore", [str(name)]:
                self.restore(name)
            case "move", [str(name), str(move)]:
                self._move(self.nodes[name], move)
            case _:
                raise AssertionError(event)
        self._speak_promptly()

    def _taken(self, source: str, target: str) -> bytes:
        """Take the next frame of a way off its wire."""
        at = next(at for at, wire in enumerate(self.wires) if wire[:2] == (source, target))
        return self.wires.pop(at)[2]

    def _speak_promptly(self) -> None:
        while True:
            at = next((at for at, wire in enumerate(self.wires) if is_prompt(wire[2])), None)
            if at is None:
                return
            source, target, frame = self.wires.pop(at)
            self.give(target, Received(source, frame))

    def _wish(self, number: int, wish: Wish) -> None:
        match wish:
            case ("pay", int(payer), *_):
                self._ask(NAMES[payer], "payments.create", self.orders[number])
            case ("pay again", int(which)):
                payer = self.small.wishes[which][1]
                self._ask(NAMES[int(payer)], "payments.create", self.orders[which])
            case ("give back", int(who), int(line), int(units)):
                self._ask(NAMES[who], "links.give-back", GiveBackLink(whole(units, self._unit(line))), self.lines[line])
            case ("raise", int(who), int(line), int(units)):
                self._ask(NAMES[who], "links.raise", RaiseLink(whole(units, self._unit(line))), self.lines[line])
            case ("open round", int(who)):
                self._ask(NAMES[who], "clearings.open", OpenRound(), "")
            case _:
                raise AssertionError(wish)

    def _unit(self, line: int) -> str:
        return CODES[self.small.links[line][0]]

    def _ask(self, name: str, operation: str, wish: Any, subject: str = "") -> None:
        now = self.now
        self._requests = 0
        self.start(name, operation, wish, subject=subject)
        self.now = now

    def _move(self, node: Node, move: str) -> None:
        """Let a cheat do something of its own accord."""
        node.replica = copied(node.replica)
        self.moving = node.name
        MOVES[move](self, node)
        self.moving = ""
        self._keep_in_mind(node.name, node.replica)

    # The end.

    def mend(self) -> None:
        """Let nothing more befall and time pass until all is well; raises Broken if it does not come to that.

        Whence it came is known: it goes on in states of its own, of which nothing is kept.
        """
        for node in self.nodes.values():
            node.replica = copied(node.replica)
        self.is_searched = False
        try:
            self._mend()
        finally:
            self.is_searched = True

    def _mend(self) -> None:
        assert self.auditor is not None
        for step in range(MEND_STEPS_MAX):
            self.redial()
            self._let_talk()
            self.now += MEND_SECONDS * 1_000
            for name in self.nodes:
                self.give(name, TimerFired())
            self._let_talk()
            try:
                self.auditor.healed()
                return
            except Broken:
                if step == MEND_STEPS_MAX - 1:
                    raise

    def _let_talk(self) -> None:
        for _ in range(TALK_MAX):
            if not self.wires:
                return
            self.deliver(1)
        if not self.setting.dishonest:
            raise Broken("STANDS", "the nodes never stop talking")
        for name in self.setting.dishonest:
            for peer in self.peers(name):
                self.cut(name, peer)


# The search.


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to: how many states it has visited, by how many events, how far it went.

    It is complete where every state that can be reached was visited; `path` leads to the first state in which a
    property was found `broken`: no other has a shorter one.
    """

    states: int
    events: int
    mended: int
    depth: int
    complete: bool
    seconds: float
    broken: Broken | None = None
    path: tuple[Event, ...] = ()


def told_of_search(small: SmallWorld, name: str, found: Found) -> str:
    """Return the line that tells what a search came to; where it found something, with the way there."""
    whole = "complete" if found.complete else "bounded"
    line = (
        f"{name:<20} {found.states:>8,} states {found.events:>9,} events  depth {found.depth:>3}  {whole}"
        f"  {found.seconds:6.1f} s"
    )
    if found.broken is None:
        return line
    return "\n".join([line, f"  {found.broken}", *(f"    {spelled(small, event)}" for event in found.path)])


def spelled(small: SmallWorld, event: Event) -> str:
    """Return an event in words, a wish as it is wished."""
    words = ("wish", *small.wishes[int(event[1])]) if event[0] == "wish" else event
    return " ".join(map(str, words))


def search(small: SmallWorld, *, states_max: int | None = None) -> Found:
    """Visit all states of a small world, the nearest first, until a property is broken."""
    return Searching(small, states_max).run()


State = tuple[bytes, tuple[int, ...]]
"""The mark of a state, and how often what may still befall in it."""


class Searching:
    """A search that is going on."""

    def __init__(self, small: SmallWorld, states_max: int | None = None) -> None:
        self.began = time.perf_counter()
        self.small, self.states_max = small, states_max
        self.world = Searched(small)
        self.came: dict[State, tuple[State, Event] | None] = {}
        """By which event, in which state, each state was come to first."""
        self.seen: defaultdict[bytes, list[tuple[int, ...]]] = defaultdict(list)
        """What may still befall in the states of a mark that were come to."""
        self.ahead: deque[tuple[State, Kept, int]] = deque()
        self.mended: set[bytes] = set()
        self.events = self.depth = 0
        self.complete = True

    def run(self) -> Found:
        self._come(None, 0)
        while self.ahead:
            state, kept, depth = self.ahead.popleft()
            self.depth = max(self.depth, depth)
            event: Event | None
            try:
                event = MENDED
                self._mend(state[0], kept)
                event = None
                if self.small.depth is not None and depth >= self.small.depth:
                    self.complete = False
                    continue
                self.world.put_back(kept)
                for event in list(self.world.events()):
                    self.events += 1
                    self.world.happen(event)
                    self._come((state, event), depth + 1)
                    self.world.put_back(kept)
            except Broken as broken:
                return self._found(broken, (*self._path(state), *(() if event is None else (event,))))
        return self._found()

    def _come(self, by: tuple[State, Event] | None, depth: int) -> None:
        """Note the state in which the world is, unless nothing can happen in it that cannot in one known already."""
        kept = self.world.keep()
        mark = self.world.mark(kept)
        if self._is_covered(mark, kept.left):
            return
        if self.states_max is not None and len(self.came) >= self.states_max:
            self.complete = False
            return
        self.seen[mark].append(kept.left)
        self.came[mark, kept.left] = by
        self.ahead.append(((mark, kept.left), kept, depth))

    def _is_covered(self, mark: bytes, left: tuple[int, ...]) -> bool:
        """Tell whether a state of this mark was come to in which as much may befall, or more."""
        return any(all(map(int.__ge__, known, left)) for known in self.seen[mark])

    def _mend(self, mark: bytes, kept: Kept) -> None:
        """Where nothing is on its way, see that all comes to a good end.

        Where a wire is cut that is not so: it may be joined next, and what comes of that is looked at.
        """
        if not kept.wires and len(kept.joined) == len(self.world.pairs) and mark not in self.mended:
            self.mended.add(mark)
            self.world.put_back(kept)
            self.world.mend()

    def _path(self, state: State) -> tuple[Event, ...]:
        path: list[Event] = []
        step = self.came[state]
        while step is not None:
            path.append(step[1])
            step = self.came[step[0]]
        return tuple(reversed(path))

    def _found(self, broken: Broken | None = None, path: tuple[Event, ...] = ()) -> Found:
        complete = self.complete and broken is None
        seconds = time.perf_counter() - self.began
        return Found(len(self.came), self.events, len(self.mended), self.depth, complete, seconds, broken, path)
