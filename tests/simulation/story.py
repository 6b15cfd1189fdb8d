# SPDX-License-Identifier: AGPL-3.0-or-later
"""Stories: a setting and steps, both drawn from a seed, played on real replicas and audited after every step.

A step is a tuple of words and numbers that means something in any state of the world, so that a story with
steps left out is a story too: that is how a failing one is made short.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from functools import partial
from hashlib import sha256
from random import Random
from typing import Any

from simulation.auditor import Auditor, Broken
from simulation.dishonest import STRATEGIES
from simulation.faults import Death, FaultyWorld
from simulation.groups import exchange, linked
from simulation.theft import rotate
from simulation.workload import draw_nouns, draw_wish
from simulation.world import STEWARD, Node, whole

from protocol.book.declaration import PAGE_ITEMS_MAX, Actor, List, Page, operation_name
from protocol.book.refusals import Refused
from protocol.book.signed import parse_uuid
from protocol.events import Asked, Drop, Effect, Input, Received, Store, TimerFired
from protocol.lanes.entry import Entry
from protocol.peers.messages import pack, unpack
from protocol.practices.between.clearing.part import OpenRound, SetClearing
from protocol.practices.between.clearing.rounds import ROUND_EVERY_MS
from protocol.practices.between.links.wishes import CapLink, FreezeLink, GiveBackLink, RaiseLink, SetLinkRate
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.between.quotes.views import QuoteShown
from protocol.practices.money.obligations.entries import GiveConsent
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.requests.views import AskPayment

Step = tuple[str | int, ...]

NAMES = ("riacho", "serra", "encants", "vereda", "sol", "lua", "norte", "sul", "leste", "oeste")
CODES = ("HORA", "FLOR", "ECO", "VALE", "SOL", "LUA", "NOR", "SUL", "LES", "OES")
RATES = ("1", "2", "0.5", "1.25", "1.1", "0.333")
HEALED_WITHIN_SECONDS = 180
MINUTE_MS = 60_000
YEAR_MS = 365 * 86_400_000
LOSS_PPM = 50_000
"""What a network lets a circle cost it where rates differ: a twentieth."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Who is there: how many networks, their links as (one, other, limit, rate, fee), who cheats and how, what may be.

    `weights` tell how often each kind of step comes. Where it `leans`, money goes one way, so that limits are reached;
    where it `clears`, all take part in clearing. Wishes of all kinds are about its `nouns`. Each home has so many
    `copies`: replicas of its books.
    """

    networks: int
    links: tuple[tuple[int, int, int, str, int], ...]
    weights: Mapping[str, float]
    leans: bool = False
    clears: bool = False
    nouns: frozenset[str] = frozenset()
    copies: int = 0
    dishonest: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def homes(self) -> tuple[str, ...]:
        return NAMES[: self.networks]

    def copies_of(self, home: str) -> tuple[str, ...]:
        """Return the replicas of a home; a cheat has none."""
        return () if home in self.dishonest else tuple(f"{home}-copy-{number}" for number in range(self.copies))

    @property
    def nodes(self) -> tuple[str, ...]:
        """The homes, and all their replicas."""
        return (*self.homes, *(copy for home in self.homes for copy in self.copies_of(home)))


WEIGHTS: Mapping[str, float] = {
    "pay": 30, "pay home": 1, "pay much": 3, "pay again": 1, "let pass": 22, "tick": 8, "weather": 1.5,
    "cut": 2, "mend": 3, "kill": 2, "die": 2, "fill": 0.3, "empty": 1, "back up": 1.5, "restore": 0.8,
    "rate": 1.5, "raise": 0.7, "give back": 1, "cap": 0.5, "skew": 0.2, "scheme": 5,
}  # fmt: skip
"""How often a kind of step comes, in a story of which nothing else is known."""
CLEARING: Mapping[str, float] = {
    **WEIGHTS, "pay": 20, "pay round": 6, "clear": 6, "tick": 12, "mend": 6, "empty": 5, "freeze": 0.3, "terms": 0.3,
}  # fmt: skip
"""The same where all clear."""


WISHES: Mapping[str, float] = {"wish": 90, "owe": 2, "clear": 1, "rotate": 0.5, "wait": 0.1}
"""What comes besides where everything that is declared is wished for."""


def draw_setting(seed: int, cheat: str | None = None) -> Setting:
    """Draw who is there: a chain or a ring of networks; one of them cheats, where it is told how."""
    dice = Random(f"setting {seed}")
    networks = dice.choice((2, 3, 3, 4))
    pairs = [(at, at + 1) for at in range(networks - 1)]
    if networks > 2 and dice.random() < 0.6:
        pairs.append((networks - 1, 0))
    links = tuple(
        (one, other, dice.choice((60, 200, 1_000)), dice.choice(RATES), dice.choice((0, 0, 1))) for one, other in pairs
    )
    # Some stories are of one trouble alone: beside others it would seldom come to its point.
    weights = {kind: weight * dice.choice((0, 1, 1, 3)) if weight < 5 else weight for kind, weight in WEIGHTS.items()}
    cheats = {} if cheat is None else {NAMES[seed % networks]: cheat}
    return Setting(networks, links, weights, leans=dice.random() < 0.25, dishonest=cheats)


def draw_ring(seed: int, cheat: str | None = None) -> Setting:
    """Draw who is there where all clear: a ring of networks, and at times a line across it."""
    dice = Random(f"ring {seed}")
    networks = dice.choice((3, 3, 4, 5))
    pairs = [(at, (at + 1) % networks) for at in range(networks)]
    if networks > 3 and dice.random() < 0.5:
        pairs.append((0, 2))
    # Where all rates are 1 a circle costs nobody anything; else it may be refused for its price.
    rates = ("1",) if dice.random() < 0.7 else RATES
    links = tuple(
        (one, other, dice.choice((60, 200, 1_000)), dice.choice(rates), dice.choice((0, 0, 1))) for one, other in pairs
    )
    # It takes networks that hear each other: with every trouble at once hardly a circle would come round.
    weights = {kind: weight * dice.choice((0, 0, 1, 1)) if weight < 5 else weight for kind, weight in CLEARING.items()}
    cheats = {} if cheat is None else {NAMES[seed % networks]: cheat}
    return Setting(networks, links, weights, clears=True, dishonest=cheats)


def draw_wishes(seed: int, cheat: str | None = None) -> Setting:
    """Draw who is there where everything that is declared may be wished for, each time about some things alone."""
    dice = Random(f"wishes {seed}")
    setting = (draw_ring if dice.random() < 0.3 else draw_setting)(seed, cheat)
    weights = {**setting.weights, **WISHES}
    return replace(setting, weights=weights, nouns=draw_nouns(dice, seed), copies=dice.choice((0, 0, 1, 2)))


DRAWN: Mapping[str, Callable[[int, str | None], Setting]] = {
    "": draw_setting, "ring": draw_ring, "wishes": draw_wishes,
}  # fmt: skip
"""Settings by the kind of story."""


def line_of(seed: int, steps: int, cheat: str | None = None, kind: str = "") -> str:
    """Return the line that plays a story again, in the folder tests."""
    cheats = "" if cheat is None else f" --cheat '{cheat}'"
    return f"python -m simulation {seed} {steps}{cheats}" + (f" --{kind}" if kind else "")


def draw_steps(seed: int, setting: Setting, count: int) -> tuple[Step, ...]:
    """Draw what happens."""
    dice = Random(f"steps {seed}")
    kinds, weights = list(setting.weights), list(setting.weights.values())
    return tuple((kind, *(dice.randrange(2**16) for _ in range(5))) for kind in dice.choices(kinds, weights, k=count))


class Played(FaultyWorld):
    """A world in which a story is played under an auditor's eyes."""

    def __init__(self, seed: int, setting: Setting) -> None:
        super().__init__(seed)
        self.piece_entries = (None, 1, 2, 5)[seed % 4]  # what one node takes others take in any pieces
        self.setting = setting
        self.digest = sha256()
        self.auditor: Auditor | None = None
        self.wires_cut: set[frozenset[str]] = set()
        self.cheating = False
        self.wished: dict[tuple[str, int], Callable[[Any], None]] = {}
        """What is to be done with an answer, by who was asked and the number of the request."""
        self.follows: list[Callable[[], None]] = []
        self.outcomes: dict[str, int] = {}
        self.told: dict[tuple[str, str], list[str]] = {}
        """Ids that a node has told, by its name and noun."""
        self._heard: list[Input] = []
        self._settle()
        self.auditor = Auditor(self, frozenset(setting.dishonest))
        self.pairs = [frozenset((NAMES[one], NAMES[other])) for one, other, *_ in setting.links]
        self.pairs += [frozenset((home, copy)) for home in setting.homes for copy in setting.copies_of(home)]
        self.cheats = Random(f"cheats {seed}")
        self.cheating = True

    def _settle(self) -> None:
        """Found the networks and link them, before anything goes wrong."""
        for name, code in zip(self.setting.homes, CODES, strict=False):
            exchange(self, name, code, f"{name}-1", f"{name}-2", limit=1_000)
            if self.setting.clears:
                self.granted(name, "clearing-terms.set", SetClearing(on=True, publish=True, loss_ppm=LOSS_PPM))
        self.lines = [
            linked(self, NAMES[one], NAMES[other], limit, rate=rate, fee=fee)
            for one, other, limit, rate, fee in self.setting.links
        ]
        for home in self.setting.homes:
            for copy in self.setting.copies_of(home):
                self.second(copy, home, self.granted(home, "replicas.invite").code)
                self.join(home, copy)
        self.tick(3)

    # Under the auditor's eyes.

    def handle(self, node: Node, inputs: tuple[Input, ...]) -> list[Effect]:
        audit = self.auditor
        if audit is not None:
            audit.before(node, inputs)
        try:
            return super().handle(node, inputs)
        except Exception as error:
            if node.name in self.setting.dishonest:
                self.kill(node.name)
                return []
            raise Broken("STANDS", f"{node.name} fails at {_told(inputs)}: {error!r}") from error

    def perform(self, node: Node, effects: Sequence[Effect]) -> None:
        if self.auditor is not None and self.auditor.is_honest(node.name):
            self.auditor.drops += [(effect.peer, effect.reason) for effect in effects if isinstance(effect, Drop)]
        super().perform(node, effects)
        if self.auditor is not None:
            stored = [effect.entry for effect in effects if isinstance(effect, Store)]
            self.auditor.after(node, self._heard, stored)

    def give(self, name: str, *inputs: Input) -> None:
        heard = tuple(one for one in inputs if self.hears(name, one))
        before, self._heard = self._heard, list(heard)
        super().give(name, *heard)
        self._heard = before

    def load(self, node: Node, *, recovering: bool, compares: bool = False) -> None:
        del compares  # as a process that has just been started does, whatever was put back
        try:
            super().load(node, recovering=recovering, compares=True)
        except Exception as error:
            if node.name in self.setting.dishonest:
                self._load_what_fits(node)
                return
            raise Broken("STANDS", f"{node.name} cannot start from its own disk: {error!r}") from error

    def _load_what_fits(self, node: Node) -> None:
        """Start a cheat from as much of its disk as contradicts itself nowhere."""
        while True:
            node.replica, fits = self.fresh(node), 0
            try:
                for _ in node.replica.load(node.disk):
                    fits += 1
            except Exception:  # noqa: BLE001 - whatever it is, the cheat has brought it about
                del node.disk[fits:]
            else:
                return

    def store(self, node: Node, entry: Entry) -> None:
        super().store(node, entry)
        self.digest.update(node.name.encode() + entry.id)

    def lost(self, node: Node) -> None:
        if self.auditor is not None:
            self.auditor.forget(node)

    def carry(self, source: str, target: str, frame: bytes) -> None:
        strategy = STRATEGIES.get(self.setting.dishonest.get(source, ""))
        if strategy is None or not self.cheating:
            super().carry(source, target, frame)
            return
        for message in strategy.twist(self, self.nodes[source], self.cheats, unpack(frame)):
            super().carry(source, target, pack(message))

    def hears(self, name: str, one: Input) -> bool:
        strategy = STRATEGIES.get(self.setting.dishonest.get(name, ""))
        if strategy is None or not self.cheating or not isinstance(one, Received):
            return True
        return strategy.hears(unpack(one.frame))

    def deliver(self, frames: int) -> None:
        super().deliver(frames)
        self._follow()

    # Wishes and what follows from their answers.

    def wish(
        self,
        name: str,
        operation: str,
        wish: Any,
        then: Callable[[Any], None],
        *,
        subject: str = "",
        actor: Actor = STEWARD,
    ) -> None:
        """Ask for something, and do something with the answer, should it come."""
        number = self._requests + 1
        self.wished[name, number] = then
        assert self.auditor is not None
        self.auditor.note("ANSWERED")[name, number] = (self.now, operation)
        self.start(name, operation, wish, subject=subject, actor=actor)
        self._follow()

    def answer(self, node: Node, request: int, result: Any) -> None:
        then = self.wished.pop((node.name, request), None)
        if then is None:
            super().answer(node, request, result)
            return
        if self.auditor is not None:
            self.auditor.note("ANSWERED").pop((node.name, request), None)
        self.follows.append(lambda: then(result))

    def forget_requests(self, name: str) -> None:
        for key in [key for key in self.wished if key[0] == name]:
            del self.wished[key]
            if self.auditor is not None:
                self.auditor.note("ANSWERED").pop(key, None)

    def _follow(self) -> None:
        while self.follows:
            self.follows.pop(0)()

    def note(self, result: Any, operation: str = "") -> None:
        """Count how a wish has ended, by its operation where that is told."""
        what = result.reason.code if isinstance(result, Refused) else "done"
        counted = f"{operation} {what}".lstrip()
        self.outcomes[counted] = self.outcomes.get(counted, 0) + 1
        self.digest.update(what.encode())

    # What a network itself names.

    def ids(self, name: str, noun: str, actor: Actor) -> list[str]:
        """Return the ids of what a noun stands for: those that a node lists, or where it lists none, those it told."""
        node = self.nodes[name]
        listed = node.replica.operations.get(f"{noun}.list")
        # A list that is of one thing cannot be asked for without it.
        if not isinstance(listed, List) or any(one.default is MISSING for one in fields(listed.wanted)):
            return self.told.get((name, noun), [])
        self._requests += 1
        self.give(name, Asked(self._requests, operation_name(listed), actor, listed.wanted(), limit=PAGE_ITEMS_MAX))
        page = node.answers.pop(self._requests)
        # It may be refused, or no part of the book.
        items = page.items if isinstance(page, Page) else ()
        return [str(getattr(item, fields(item)[0].name)) for item in items] or self.told.get((name, noun), [])

    def heed(self, name: str, noun: str, result: Any) -> None:
        """Remember what an answer names that no list shows: its own id, a code, and the ids of its parts."""
        if isinstance(result, Refused) or not is_dataclass(result):
            return
        named = [(noun, getattr(result, "id", None)), ("codes", getattr(result, "code", None))]
        for part in fields(result):
            value = getattr(result, part.name)
            named += [(part.name, getattr(one, "id", None)) for one in value] if isinstance(value, tuple) else []
        for kind, text in named:
            if isinstance(text, str):
                self.told.setdefault((name, kind), []).append(text)

    # Steps.

    def play(self, step: Step) -> None:
        """Let one step happen; raises Broken where a property does not hold after it."""
        kind, *numbers = step
        STEPS[str(kind)](self, *(int(number) for number in numbers))
        self.deliver(int(numbers[-1]) % 8)

    def home(self, number: int) -> str:
        return self.setting.homes[number % self.setting.networks]

    def signs(self, name: str) -> bool:
        """Tell whether a home is in a state to grant a wish: it signs, and its disk takes what it signs."""
        replica, disk = self.nodes[name].replica, self.disk(name)
        return not (replica.recovering or replica.comparing or disk.full) and disk.writable

    def anyone(self, number: int) -> str:
        """Return a node, a home or a replica."""
        return self.setting.nodes[number % len(self.setting.nodes)]

    def ends(self, line: int, end: int) -> tuple[str, str, str]:
        """Return a link, the network at one end and that at the other."""
        line %= len(self.lines)
        one, other = (NAMES[number] for number in self.setting.links[line][:2])
        return (self.lines[line], one, other) if end % 2 else (self.lines[line], other, one)

    def pay(self, payer: int, payee: int, units: int, *, twice: bool = False) -> None:
        source, target = self.home(payer), self.home(payee)
        if source == target:
            return
        if self.setting.leans and units % 5:
            source, target = sorted((source, target), key=NAMES.index)
        who, whom = f"{source}-{payer // 16 % 2 + 1}", f"{target}-{payee // 16 % 2 + 1}@{target}"

        def order(quote: Any) -> None:
            self.note(quote)
            if not isinstance(quote, QuoteShown):
                return
            assert self.auditor is not None
            self.auditor.note("QUOTED=>DEBITED")[source, quote.invoice] = quote.debit.value
            wish = Pay(payer=quote.payer, payee=whom, amount=whole(units), invoice=quote.invoice)
            for _ in range(1 + twice):
                self.wish(source, "payments.create", wish, self.note)

        self.wish(source, "quotes.create", AskQuote(whom, whole(units), payer=who), order)

    def tick(self, seconds: int = 1, frames: int | None = None) -> None:
        """Let time pass; only so many frames come through in each second, all where none are named."""
        for _ in range(seconds):
            self.now += 1_000
            self.redial()
            for name in self.nodes:
                self.give(name, TimerFired())
            if frames is None:
                self.run()
            else:
                self.deliver(frames)

    def redial(self) -> None:
        """Connect again whoever was dropped, but not over a wire that is cut."""
        if self.auditor is None:
            return
        for pair in self.pairs:
            if pair not in self.joined and pair not in self.wires_cut:
                one, other = sorted(pair)
                if self.disk(one).writable and self.disk(other).writable:
                    self.join(one, other)

    # The end.

    def heal(self) -> None:
        """End all faults and let time pass until all is well; raises Broken if it does not come to that."""
        assert self.auditor is not None
        self.calm()
        self.wires_cut.clear()
        for name in self.nodes:
            disk = self.disk(name)
            disk.full, disk.dies = False, None
        begun = self.now
        while True:
            self.tick(5)
            try:
                self.auditor.healed()
                break
            except Broken:
                if self.now - begun > HEALED_WITHIN_SECONDS * 1_000:
                    raise
        self.auditor.ended()


def _told(inputs: Sequence[Input]) -> str:
    def one(given: Input) -> str:
        return f"{type(unpack(given.frame)).__name__}" if isinstance(given, Received) else type(given).__name__

    return ", ".join(map(one, inputs))


def _pay(world: Played, payer: int, payee: int, units: int, *_: int) -> None:
    world.pay(payer, payee, units % 12 + 1)


def _pay_much(world: Played, payer: int, payee: int, units: int, *_: int) -> None:
    world.pay(payer, payee, units % 200 + 1)


def _pay_again(world: Played, payer: int, payee: int, units: int, *_: int) -> None:
    world.pay(payer, payee, units % 12 + 1, twice=True)


def _pay_home(world: Played, home: int, who: int, units: int, *_: int) -> None:
    name, first = world.home(home), who % 2
    wish = Pay(payer=f"{name}-{first + 1}", payee=f"{name}-{2 - first}", amount=whole(units % 400 + 1))
    world.wish(name, "payments.create", wish, world.note)


def _owe(world: Played, home: int, units: int, draw: int, *_: int) -> None:
    """Let two members of a network ask each other for something and let that be set off."""
    name = world.home(home)
    ends = [(f"{name}-1", f"{name}-2"), (f"{name}-2", f"{name}-1")]

    def consent(asked: Any, payer: str) -> None:
        world.note(asked)
        request = None if isinstance(asked, Refused) else parse_uuid(asked.id)
        if request is not None:
            until = world.now + YEAR_MS
            wish = GiveConsent(account=payer, requests=(request,), draw=whole(draw % 3 * 10), not_after=until)
            world.wish(name, "set-off-consents.create", wish, world.note)

    for at, (payer, payee) in enumerate(ends):
        wish = AskPayment(whole((units >> 4 * at) % 40 + 1), payee=payee, payer=payer)
        world.wish(name, "payment-requests.create", wish, partial(consent, payer=payer))


def _pay_round(world: Played, units: int, *_: int) -> None:
    """Let each network pay the next one, so that all owe each other in a ring."""
    for home in range(world.setting.networks):
        world.pay(home, home + 1, units % 25 + 1)


def _let_pass(world: Played, frames: int, *_: int) -> None:
    world.deliver(frames % 24)


def _tick(world: Played, seconds: int, frames: int, *_: int) -> None:
    world.tick(seconds % 4 + 1 if seconds % 16 else seconds % 40, frames % 12)


def _wait(world: Played, minutes: int, frames: int, *_: int) -> None:
    """Let hours pass, in which nodes wake once a minute; what is cut apart stays so."""
    for _minute in range(minutes % 167):
        world.now += MINUTE_MS - 1_000
        world.tick(1, None if frames % 3 else frames % 48)


def _weather(world: Played, loss: int, doubling: int, overtaken: int, *_: int) -> None:
    world.loss_percent, world.doubling_percent, world.overtaken_by = loss % 31, doubling % 31, overtaken % 12


def _cut(world: Played, line: int, *_: int) -> None:
    pair = world.pairs[line % len(world.pairs)]
    world.wires_cut.add(pair)
    if pair in world.joined:
        world.cut(*sorted(pair))


def _mend(world: Played, line: int, *_: int) -> None:
    world.wires_cut.discard(world.pairs[line % len(world.pairs)])
    world.redial()


def _kill(world: Played, node: int, *_: int) -> None:
    world.kill(world.anyone(node))


def _die(world: Played, node: int, how: int, *_: int) -> None:
    world.disk(world.anyone(node)).dies = list(Death)[how % len(Death)]


def _fill(world: Played, node: int, *_: int) -> None:
    world.disk(world.anyone(node)).full = True


def _empty(world: Played, node: int, *_: int) -> None:
    world.disk(world.anyone(node)).full = False


def _back_up(world: Played, home: int, *_: int) -> None:
    world.back_up(world.home(home))


def _restore(world: Played, home: int, *_: int) -> None:
    name = world.home(home)
    if name not in world.setting.dishonest:
        world.restore(name)


def _rotate(world: Played, home: int, *_: int) -> None:
    """Let a home's keepers give it its next key, where they find it well."""
    name = world.home(home)
    disk = world.disk(name)
    if name not in world.setting.dishonest and not disk.recovering and not disk.full and disk.writable:
        world.forget_requests(name)
        rotate(world, name)


def _rate(world: Played, line: int, end: int, rate: int, *_: int) -> None:
    link, name, _other = world.ends(line, end)
    world.wish(name, "links.set-rate", SetLinkRate(RATES[rate % len(RATES)], sure=True), world.note, subject=link)


def _raise(world: Played, line: int, end: int, units: int, *_: int) -> None:
    link, name, _other = world.ends(line, end)
    unit = CODES[world.setting.links[line % len(world.lines)][0]]
    world.wish(name, "links.raise", RaiseLink(whole(units % 2_000, unit)), world.note, subject=link)


def _give_back(world: Played, line: int, end: int, units: int, *_: int) -> None:
    link, name, _other = world.ends(line, end)
    unit = CODES[world.setting.links[line % len(world.lines)][0]]
    world.wish(name, "links.give-back", GiveBackLink(whole(units % 40 + 1, unit)), world.note, subject=link)


def _cap(world: Played, line: int, end: int, percent: int, holds: int, *_: int) -> None:
    link, name, _other = world.ends(line, end)
    wish = CapLink((2, 64)[holds % 2], (25, 60, 100)[percent % 3])
    world.wish(name, "links.cap", wish, world.note, subject=link)


def _freeze(world: Played, line: int, end: int, frozen: int, *_: int) -> None:
    link, name, _other = world.ends(line, end)
    world.wish(name, "links.freeze", FreezeLink(frozen % 3 == 0), world.note, subject=link)


def _clear(world: Played, home: int, later: int, seconds: int, frames: int, *_: int) -> None:
    """Open a round, as a rule when another may be opened, and let some time pass."""
    world.now += ROUND_EVERY_MS * min(1, later % 4)
    world.wish(world.home(home), "clearings.open", OpenRound(), world.note)
    world.tick(seconds % 10, None if frames % 3 else frames % 48)


def _terms(world: Played, home: int, how: int, *_: int) -> None:
    wish = SetClearing(on=how % 3 > 0, publish=how % 5 > 0, loss_ppm=LOSS_PPM * (how % 2))
    world.wish(world.home(home), "clearing-terms.set", wish, world.note)


def _skew(world: Played, home: int, years: int, *_: int) -> None:
    world.nodes[world.home(home)].skew_ms = (years % 5 - 2) * YEAR_MS


def _wish(world: Played, home: int, *numbers: int) -> None:
    """Wish for anything that is declared: as a rule of a home that may grant it, though another has been meant."""
    name = world.home(home)
    if numbers[0] % 8:
        name = next(filter(world.signs, (name, *world.setting.homes)), name)
    wished = draw_wish(Random(f"wish {numbers}"), world.setting.nouns, partial(world.ids, name), world.now)

    def note(result: Any) -> None:
        world.note(result, wished.operation)
        world.heed(name, wished.operation.split(".")[0], result)

    world.wish(name, wished.operation, wished.wish, note, subject=wished.subject, actor=wished.actor)


def _scheme(world: Played, which: int, *_: int) -> None:
    cheats = sorted(world.setting.dishonest.items())
    if cheats:
        name, strategy = cheats[which % len(cheats)]
        STRATEGIES[strategy].scheme(world, world.nodes[name], world.cheats)


STEPS: Mapping[str, Callable[..., None]] = {
    "pay": _pay, "pay home": _pay_home, "pay much": _pay_much, "pay again": _pay_again, "let pass": _let_pass,
    "tick": _tick, "wait": _wait, "weather": _weather, "cut": _cut, "mend": _mend, "kill": _kill, "die": _die,
    "fill": _fill, "empty": _empty, "back up": _back_up, "restore": _restore, "rate": _rate, "raise": _raise,
    "give back": _give_back, "cap": _cap, "skew": _skew, "scheme": _scheme,
    "clear": _clear, "pay round": _pay_round, "terms": _terms, "freeze": _freeze, "wish": _wish, "owe": _owe,
    "rotate": _rotate,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ended:
    """How a story ended: its digest, and what was found to be broken after which step, if anything."""

    digest: str
    outcomes: Mapping[str, int]
    checked: int
    broken: Broken | None = None
    at: int = 0


def play(seed: int, setting: Setting, steps: Sequence[Step]) -> Ended:
    """Play a story to its end, or until a property is broken."""
    world = Played(seed, setting)
    done, broken = 0, None
    try:
        for step in steps:
            done += 1
            world.play(step)
        world.heal()
    except Broken as found:
        broken = found
    for node in world.nodes.values():
        for account in node.replica.book.ledger.accounts.values():
            world.digest.update(f"{node.name} {account.id} {account.balance_minor}\n".encode())
    assert world.auditor is not None
    return Ended(world.digest.hexdigest(), world.outcomes, world.auditor.checked, broken, done)


def shrink(seed: int, setting: Setting, steps: Sequence[Step], name: str, tries: int = 400) -> tuple[Step, ...]:
    """Leave steps out for as long as the same property still breaks: halves first, then one after the other."""
    kept = list(steps)
    size = max(1, len(kept) // 2)
    while tries and size:
        at = len(kept)
        while at > 0 and tries:
            tries -= 1
            less = kept[: max(0, at - size)] + kept[at:]
            ended = play(seed, setting, less)
            if ended.broken is not None and ended.broken.name == name:
                kept = less[: ended.at]
            at = min(at - size, len(kept))
        size //= 2
    return tuple(kept)
