# SPDX-License-Identifier: AGPL-3.0-or-later
"""Broken variants of the protocol's code, in one table: the simulator is trusted because it catches them all.

Each is a patch of the code in this process, and says in which kind of world it is looked for, and by which
property it is caught. What is not caught would be a hole in the auditor, or in the stories.
"""

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch
from weakref import WeakSet

from simulation.siege import WORDS
from simulation.story import WEIGHTS, Setting, draw_setting, draw_steps, play

from crdt.link import draft as drafts
from crdt.link import rules as link_rules
from crdt.link.draft import Draft, LinkRefusal
from crdt.link.record import Hold
from crdt.link.side import Side
from node.loop import turns
from node.loop.inbox import Inbox, QueuedInput
from protocol.book import book
from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Write
from protocol.book.ledger import Ledger
from protocol.book.money import Rate
from protocol.book.promised import Promised
from protocol.book.refusals import ORDER_MISMATCH, PEER_UNREACHABLE, Reason
from protocol.lanes.directory import Directory, is_public
from protocol.lanes.entry import COMMONS, Entry
from protocol.lanes.held import HeldLanes
from protocol.lanes.records import LanePlace
from protocol.peers.budgets import Budgets
from protocol.peers.compare import Compare
from protocol.peers.messages import Item
from protocol.peers.sessions import Session
from protocol.peers.standing import Standing
from protocol.peers.taking import Taking
from protocol.practices.between.abroad import arriving, holds, rules, sending
from protocol.practices.between.abroad import entries as abroad
from protocol.practices.between.abroad.entries import Refunded
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.clearing import asking, joining, rounds, turning
from protocol.practices.between.clearing.circles import Circle
from protocol.practices.between.clearing.entries import Failed
from protocol.practices.between.clearing.rounds import CIRCLE_LIFE_MS
from protocol.practices.between.clearing.state import Clearing
from protocol.practices.between.links import state, talk
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.steps import Claim, Waive
from protocol.practices.between.links.talk import LinkTalk
from protocol.practices.between.quotes.state import Quotes
from protocol.practices.between.routes.paths import Path
from protocol.practices.governance import boards
from protocol.practices.money.dues import rules as dues
from protocol.replica import Replica
from protocol.timer import Timer

DRAIN = Inbox.drain
STEPS = 300
"""How many steps a story has in which a mutant is looked for."""
SEEDS = 120
"""In how many stories at most a mutant is looked for."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken variant: what of the code it replaces, (owner, name, new), and the property that catches it.

    `weights` are kinds of steps that come more often, `cheat` is the strategy of one of the networks, `shape` how
    they are linked: as drawn, as a diamond over which payments are split, as a slope down which all money goes, or as a
    ring that clears; or as drawn, with a replica for each home. Where `nouns` are told, two networks wish for all that
    is declared of them.
    """

    story: str
    caught_by: str
    patches: tuple[tuple[Any, str, Any], ...]
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    cheat: str | None = None
    shape: str = "drawn"
    nouns: frozenset[str] = frozenset()

    @contextmanager
    def loose(self) -> Iterator[None]:
        """Let the variant run in place of the code."""
        with ExitStack() as stack:
            for owner, name, new in self.patches:
                stack.enter_context(patch.object(owner, name, new))
            yield

    def setting(self, seed: int) -> Setting:
        """Return the world of a seed in which it is looked for."""
        setting = draw_setting(seed, self.cheat)
        weights = {**WEIGHTS, **setting.weights, **self.weights}
        if self.shape == "diamond":
            links = tuple((one, other, 24, "1", 0) for one, other in ((0, 1), (0, 2), (1, 3), (2, 3)))
            return Setting(4, links, weights)
        if self.shape == "slope":
            return Setting(3, ((0, 1, 60, "1", 0), (1, 2, 60, "1", 0)), weights, leans=True)
        if self.nouns:
            return Setting(2, ((0, 1, 200, "1", 0),), {"wish": 60.0, "tick": 5.0, **self.weights}, nouns=self.nouns)
        if self.shape == "copied":
            return dataclasses.replace(setting, weights=weights, copies=1)
        if self.shape == "ring":
            links = tuple((one, (one + 1) % 3, 200, "1", 0) for one in range(3))
            return Setting(3, links, self.weights, clears=True)
        return dataclasses.replace(setting, weights=weights)


@dataclass(frozen=True, slots=True)
class Caught:
    """By which property a mutant was caught, with which seed and after how many steps."""

    property: str
    seed: int
    steps: int


def hunt(mutant: Mutant, first: int = 1, seeds: int = SEEDS, steps: int = STEPS) -> Caught | None:
    """Play stories with a mutant until a property breaks."""
    with mutant.loose():
        for seed in range(first, first + seeds):
            setting = mutant.setting(seed)
            ended = play(seed, setting, draw_steps(seed, setting, steps))
            if ended.broken is not None:
                return Caught(ended.broken.name, seed, ended.at)
    return None


def row(name: str, caught: Caught | None) -> str:
    """Return the line of a mutant in the table of the handbook."""
    where = "nothing | - | -" if caught is None else f"{caught.property} | {caught.seed} | {caught.steps}"
    return f"| {name} | {MUTANTS[name].story} | {where} |"


# The variants. Each is the original with one thing wrong.


def _drain_in_order(inbox: Inbox) -> list[QueuedInput]:
    """Take wishes where no peer has brought anything: one queue for all."""
    wishes, inbox._wishes = inbox._wishes, deque()
    batch = DRAIN(inbox)
    inbox._wishes = wishes
    return batch if len(inbox._turns) else DRAIN(inbox)


def _any_item(compare: Compare, place: LanePlace) -> Item | None:
    """Compare the heads of all lanes, whoever has ended the epoch in which they were signed."""
    head = compare.journal.held.head(*place)
    if head is None or head.id is None or not (is_public(place[1]) or place[0] == compare.journal.network):
        return None
    return Item(*place, head.position.epoch, head.position.seq, head.id)


def _overdrawn_for_ever(link: Link) -> bool:
    used = link.side.own.placed - link.side.partner.waived_sum - link.side.own.claimed
    return link.is_lost and link.grant_known is not None and used > max(0, link.grant_known - link.side.own.returned)


def _headroom_by_pending(side: Side) -> int:
    """Count what the partner has promised us as if it were ours already."""
    pending = sum(hold.amount for hold in side.holds_in.values())
    return side.limit - (side.own.placed - side.partner.waived_sum - side.own.claimed) + pending


def _headroom_without_open(side: Side) -> int:
    """Check the limit against what is owed, and forget what is promised."""
    return side.limit - side.net_debt


def _lower_own_grant(draft: Draft, amount: int) -> LinkRefusal | None:
    """Give back by overwriting a limit: the last word counts."""
    own = draft.side.own
    if not 0 < amount <= own.granted:
        return LinkRefusal.LIMIT_EXCEEDED
    draft.side = dataclasses.replace(draft.side, own=dataclasses.replace(own, granted=own.granted - amount))
    return None


def _claim_double(draft: Draft, hold_id: bytes, preimage: bytes) -> LinkRefusal | None:
    refusal = _CLAIM(draft, hold_id, preimage)
    if refusal is None:
        own, amount = draft.side.own, draft.side.partner.holds[hold_id].amount
        draft.side = dataclasses.replace(draft.side, own=dataclasses.replace(own, claimed=own.claimed + amount))
    return refusal


def _refund_by_timer(desk: Desk, link: Link) -> Iterator[Plan]:
    """Give the payer its money back when a partner has been silent for a while."""
    yield from _RESOLVE(desk, link)
    forwards = desk.book.of(Forwards)
    for (on, hold), payment in list(forwards.part_of.items()):
        if on == link.id and desk.now - desk.book.payments[payment].at_ms > 5_000:
            yield Plan("", (Write(Refunded(payment, hold, PEER_UNREACHABLE.code)),))


def _waive_while_open(desk: Desk, link: Link) -> Iterator[Plan]:
    """Waive what came while what it became is open, where the next network cannot be reached."""
    yield from _RESOLVE(desk, link)
    book = desk.book
    for forward in list(book.of(Forwards).by_in.values()):
        link_in, link_out = (book.of(state.Links).by_id[id] for id in (forward.link_in, forward.link_out))
        gone = not arriving.is_reachable(book, link_out.partner)
        if gone and not link_in.is_lost and forward.hold_in in link_in.now.holds_in:
            yield Plan("", steps=(Waive(link_in.id, forward.hold_in, PEER_UNREACHABLE.code),))


def _reroute_while_open(desk: Desk, link: Link) -> Iterator[Plan]:
    """Send a payment another way while the hold on the first is open."""
    yield from _RESOLVE(desk, link)
    forwards = desk.book.of(Forwards)
    for (on, hold), payment in list(forwards.part_of.items()):
        if on == link.id and desk.now - desk.book.payments[payment].at_ms > 2_000:
            under_way = forwards.under_way[payment]
            plan = sending.rerouted(desk, under_way, hold, PEER_UNREACHABLE.code)
            if plan is not None:
                yield plan


def _credit_before_claim(desk: Desk, link: Link, hold: bytes, onward: Any) -> Plan | Reason:
    plan = _ARRIVE(desk, link, hold, onward)
    return dataclasses.replace(plan, steps=()) if isinstance(plan, Plan) else plan


def _claim_each_part(desk: Desk, link: Link, hold: bytes, onward: Any) -> Plan | Reason:
    """Claim a part as it comes, before the others are there."""
    plan = _ARRIVE(desk, link, hold, onward)
    invoice = arriving.read_invoice(onward.invoice)
    if not onward.is_part or not isinstance(plan, Plan) or plan.steps or invoice is None:
        return plan
    return Plan("", steps=(Claim(link.id, hold, arriving.preimage_of(desk.secret, invoice.nonce)),))


def _forget_the_claim(desk: Desk, link: Link) -> Iterator[Plan]:
    """Pay who claims, and do not claim from who has promised."""
    for plan in _SETTLED(desk, link):
        yield dataclasses.replace(plan, steps=tuple(one for one in plan.steps if not isinstance(one, Claim)))


def _part_at_the_rate_of_now(payment: bytes, number: int, path: Path) -> abroad.Part:
    """Debit something else than what was quoted."""
    part = _PART(payment, number, path)
    return dataclasses.replace(part, debit=max(1, part.debit - 1))


def _born_whole(replica: Replica, *args: Any, **named: Any) -> None:
    """Start from an old copy as if nothing had been lost."""
    _BORN(replica, *args, **{**named, "recovering": False})


def _circle_again(book: Book, circle: Circle, now: int, hold: bytes | None = None) -> Reason | None:
    """Join a circle whether or not it was joined before."""
    forwards, clearing = book.of(Forwards), book.of(Clearing)
    with patch.object(forwards, "circles", {}), patch.object(clearing, "initiated", {}):
        return _REFUSAL(book, circle, now, hold)


def _circle_at_any_price(book: Book, circle: Circle, now: int, hold: bytes | None = None) -> Reason | None:
    refused = _REFUSAL(book, circle, now, hold)
    return None if refused is ORDER_MISMATCH else refused


def _circle_by_timer(desk: Desk, link: Link) -> Iterator[Plan]:
    """Give a circle up when it has not come round for a while, though the hold is out."""
    yield from _RESOLVE(desk, link)
    for one in list(desk.book.of(Clearing).by_hold.values()):
        if one.link_out == link.id and desk.now > one.circle.not_after_ms - CIRCLE_LIFE_MS + 3_000:
            yield Plan("", (Write(Failed(one.id, PEER_UNREACHABLE.code)),))


def _refusing(new: Any) -> tuple[tuple[Any, str, Any], ...]:
    """Replace the rule of who may join a circle wherever it is asked."""
    return tuple((place, "against_circle", new) for place in (rounds, asking, turning))


def _owing(new: Any) -> tuple[tuple[Any, str, Any], ...]:
    """Replace what is left of a debt wherever it is counted."""
    return tuple((place, "debt_left", new) for place in (joining, turning))


def _debt_with_pending(link: Link) -> int:
    return link.now.net_debt + sum(hold.amount for hold in link.now.holds_in.values())


_CLAIM, _RESOLVE, _SETTLED, _ARRIVE, _PART = (
    Draft.claim, holds.resolve, holds._settled, arriving._arrive, sending._part,
)  # fmt: skip
_BORN, _PLACE, _REFUSAL = Replica.__init__, Draft.place, joining.against_circle


def _none(*_args: Any, **_named: Any) -> None:
    return None


def _yes(*_args: Any) -> bool:
    return True


def _floor(rate: Rate, amount: int) -> int:
    return amount * rate.num // rate.den


def _floor_foreign(rate: Rate, amount: int) -> int:
    return amount * rate.den // rate.num


def _rules_without(*names: str) -> tuple[Callable[..., Any], ...]:
    return tuple(rule for rule in link_rules.ACCEPT_RULES if rule.__name__ not in names)


def _refusal_of_the_first_look(book: Any, circle: Any, now: int, hold: bytes | None = None) -> Reason | None:
    """Look at the debts when a circle is asked about, and not again when its hold comes."""
    return None if hold is not None else _REFUSAL(book, circle, now, hold)


def _place_whatever_is_owed(draft: Draft, hold_id: bytes, hold: Hold, *, clears: bool = False) -> LinkRefusal | None:
    """Place a hold that clears within the limit alone."""
    return _PLACE(draft, hold_id, hold, clears=False)


def _debt_unreserved(link: Link) -> int:
    """Count on a debt of which a part is promised already."""
    return link.now.net_debt


def _clearable_unreserved(link: Link, *, owed: bool) -> int:
    return -link.now.net_debt if owed else link.now.net_debt


def _debt_never_short(link: Link) -> int:
    """Claim what comes round whatever is owed by then."""
    return link.side.limit


_verify = Directory.verify


def _verify_all_but_the_commons(directory: Directory, entry: Entry) -> None:
    """Take whatever is said in a network's name in public."""
    if entry.header.lane != COMMONS:
        _verify(directory, entry)


def _take_by_the_last(taking: Taking, _session: Session, new: list[Entry]) -> None:
    """Take a run of whatever lane where the last of it is signed."""
    taking.journal.directory.verify(new[-1])
    taking.journal.need(new)
    for entry in new:
        taking.journal.take(entry)


def _wish_first(timer: Timer) -> None:
    """Answer what has come before a start a second later: wishes come in between."""
    if timer in _GONE_ON:
        _go_on(timer)
    _GONE_ON.add(timer)


_GONE_ON = WeakSet[Timer]()
_go_on = Timer._go_on  # pyright: ignore[reportPrivateUsage]

RING = {"pay": 30.0, "pay much": 8.0, "pay round": 8.0, "clear": 8.0, "tick": 16.0, "let pass": 30.0, "weather": 2.0}
RESTORES = {"back up": 6.0, "restore": 5.0, "tick": 12.0}
TROUBLES = (
    "cut", "mend", "kill", "die", "weather", "fill", "empty", "rate", "cap", "skew", "scheme", "pay home", "pay again",
)  # fmt: skip
CALM = dict.fromkeys(TROUBLES, 0.0)
"""Nothing but payments, and what a mutant needs."""


MUTANTS: Mapping[str, Mutant] = {
    "the last word on a limit counts": Mutant(
        "who grants a limit lowers it by saying so, and a lower one is believed", "CREDITOR-LIMIT",
        ((Draft, "give_back", _lower_own_grant),
         (link_rules, "ACCEPT_RULES", _rules_without("_only_counts_up"))), {"give back": 12}),
    "pending holds counted": Mutant(
        "what the partner has promised counts as room before it is claimed", "TRUE-LIMIT",
        ((Side, "headroom", property(_headroom_by_pending)),),
        {"pay": 90.0, "cap": 8.0, "let pass": 40.0}, shape="slope"),
    "open holds not counted": Mutant(
        "a hold is placed against the debt alone, whatever else is promised", "TRUE-LIMIT",
        ((Side, "headroom", property(_headroom_without_open)),), {"pay": 90.0, "cap": 8.0}, shape="slope"),
    "limit not checked": Mutant(
        "a partner's record is taken whatever it comes to owe", "CREDITOR-LIMIT",
        ((link_rules, "ACCEPT_RULES", _rules_without("_stays_within_our_grant")),), cheat="lie about limits"),
    "payer refunded by timer": Mutant(
        "the payer's node frees its own hold when the partner is silent", "NO-HONEST-LOSS",
        ((holds, "resolve", _refund_by_timer),)),
    "waived while open": Mutant(
        "what came is waived while what it became is open", "NO-HONEST-LOSS",
        ((holds, "resolve", _waive_while_open),), {"cut": 8}),
    "rerouted while open": Mutant(
        "a payment goes another way while the first may be claimed yet", "NO-HONEST-LOSS",
        ((holds, "resolve", _reroute_while_open),), shape="diamond"),
    "restored without a handshake": Mutant(
        "a node goes on from an old copy as if nothing were lost", "MIRROR=IN-FLIGHT",
        ((Replica, "__init__", _born_whole),), RESTORES),
    "an epoch opened again": Mutant(
        "a node that was restored twice opens an epoch that its mark knows, and its backup does not",
        "RESTORE-NO-SELF-FORK",
        ((Standing, "lacks_epochs", False),), {**RESTORES, "back up": 1.0, "restore": 12.0, "cut": 8.0}),
    "restored without a fence": Mutant(
        "the partner of a node that lost entries goes on taking its older records", "NO-HOLD-LEFT",
        ((Side, "fence", lambda side, _epoch: side),), RESTORES),
    "an earlier fence counts": Mutant(
        "a node goes on by the fence that the partner raised for an epoch before the newest", "MIRROR=IN-FLIGHT",
        ((Link, "is_found", property(lambda link: link.fenced > link.side.own.epoch)),), RESTORES),
    "what is held not told": Mutant(
        "two that have both lost entries do not tell each other what they hold", "NO-HOLD-LEFT",
        ((LinkTalk, "hear_held", _none),), RESTORES),
    "one record shown": Mutant(
        "who came back from a replica is shown one record of its partner's, whatever its own rests on", "CONVERGE",
        ((talk, "RECORDS_SHOWN_MAX", 1),), {**RESTORES, "cut": 8.0, "raise": 6.0}, shape="copied"),
    "an old grant counts": Mutant(
        "what a partner had granted before a rotation is held against it in a later restore", "ACCEPT-STABLE",
        ((Link, "is_overdrawn", property(_overdrawn_for_ever)),),
        {**CALM, "pay much": 15.0, "back up": 4.0, "restore": 4.0, "tick": 12.0, "rotate": 3.0, "raise": 8.0,
         "give back": 0.0}, shape="slope"),
    "ended records compared": Mutant(
        "a home waits for its replica to have what only a partner can show it", "CONVERGE",
        ((Compare, "item", _any_item),), {**RESTORES, "rotate": 4.0}, shape="copied"),
    "preimage not checked": Mutant(
        "a claim is believed without the preimage", "PAID=>PREIMAGE",
        ((drafts, "fits", _yes), (link_rules, "fits", _yes), (rules, "_fits", _yes)), cheat="wrong preimage"),
    "fork ignored": Mutant(
        "two entries at one place have no consequence", "FORK-SEEN=>PROOF",
        ((Side, "freeze", lambda side: side), (HeldLanes, "is_forked", lambda *_: False)), cheat="equivocate"),
    "rounded for the payer": Mutant(
        "what a forward costs is rounded down", "QUOTED=>DEBITED",
        ((Rate, "up", _floor), (Rate, "foreign_up", _floor_foreign))),
    "ack not checked": Mutant(
        "a record may acknowledge what was never written", "HONEST-STAY-TOGETHER",
        ((link_rules, "ACCEPT_RULES", _rules_without("_acknowledges_what_we_wrote")),), RESTORES),
    "wishes before claims": Mutant(
        "a node that begins to sign grants a wish before it has answered its partners' claims", "MIRROR=IN-FLIGHT",
        ((Timer, "_go_on", _wish_first),)),
    "credited before the claim": Mutant(
        "the payee is credited in one transaction and claims in another", "MIRROR=IN-FLIGHT",
        ((arriving, "_arrive", _credit_before_claim),)),
    "claimed twice": Mutant(
        "a claim counts double", "MIRROR=IN-FLIGHT", ((Draft, "claim", _claim_double),)),
    "paid and not claimed": Mutant(
        "who passes on pays the next network and does not claim from the one before", "NO-HONEST-LOSS",
        ((holds, "_settled", _forget_the_claim),)),
    "rate changed unsigned": Mutant(
        "what is said in a network's name of its rates counts without its signature", "ACCEPT-STABLE",
        ((Directory, "verify", _verify_all_but_the_commons),), cheat="forge"),
    "one signature for a run": Mutant(
        "of what others say in public the last signature alone is checked", "PASSABLE",
        ((Taking, "_take_linked", _take_by_the_last),), cheat="sign the last alone"),
    "price changed": Mutant(
        "the payer is debited something else than what was quoted", "QUOTED=>DEBITED",
        ((sending, "_part", _part_at_the_rate_of_now),)),
    "own price not kept": Mutant(
        "a hold goes on for less than the rate of now asks for", "QUOTED=>DEBITED",
        ((arriving, "needed_in", lambda *_: 0),), {"rate": 12}),
    "a part claimed alone": Mutant(
        "a part of a payment is claimed before the others are there", "MIRROR=IN-FLIGHT",
        ((arriving, "_arrive", _claim_each_part),), {"pay much": 30}, shape="diamond"),
    "a gate passed without its motion": Mutant(
        "what only the group may write is written by an officer, and every reader takes it", "GROUP-DECIDES",
        ((book, "gate_of", _none), (dues, "ungated", _none), (boards, "ungated", _none)),
        nouns=frozenset({"dues", "boards"})),
    "a quote serves twice": Mutant(
        "an invoice that is paid can be paid again", "ONCE-PER-INVOICE",
        ((Quotes, "use", _none),), {"pay again": 12}),
    "member's limit not checked": Mutant(
        "a member pays more than it may owe", "MEMBER-LIMIT",
        ((Ledger, "debit_refusal", _none),), {"pay home": 20}),
    "a promise counted for good": Mutant(
        "what has ended goes on counting as what open holds may bring", "PROMISED-COUNTED",
        ((Promised, "end", _none),)),
    "a debt promised twice": Mutant(
        "clearing counts what is about to be paid of a debt as if it were room", "OWED-AND-FREE",
        _owing(_debt_with_pending), RING, shape="ring"),
    "a circle joined twice": Mutant(
        "initiators do not wait for each other, and who is asked does not look whether it has joined", "CIRCLE-ONCE",
        (*_refusing(_circle_again), (rounds, "TAKEOVER_MS", 0)), RING, shape="ring"),
    "a circle freed by a clock": Mutant(
        "an initiator gives up a circle whose hold is out", "NO-HONEST-LOSS",
        ((holds, "resolve", _circle_by_timer),), RING, shape="ring"),
    "a circle at any price": Mutant(
        "a circle is joined whatever it costs", "POSITION-KEPT",
        _refusing(_circle_at_any_price), {**RING, "rate": 8}, shape="ring"),
    "nothing sent again": Mutant(
        "a record that got lost is never sent again", "NO-HOLD-LEFT",
        ((LinkTalk, "remind", _none),), {"weather": 8}),
    "all strangers heard": Mutant(
        "whatever a stranger says is kept", "BOUNDED-BY-STANDING",
        ((Budgets, "fitting", lambda _, run, **__: run),), {"scheme": 20}, cheat="flood"),
    "wishes behind strangers": Mutant(
        "a wish waits until what strangers have brought before it is heard", "LIVE-UNDER-STRANGERS",
        ((Inbox, "drain", _drain_in_order),), {"scheme": 20}, cheat="besiege"),
    "a frame at one go": Mutant(
        "a stranger's frame is handled as a whole, however much it tells", "LIVE-UNDER-STRANGERS",
        ((turns, "FAR_ENTRIES_MAX", WORDS),), {"scheme": 20}, cheat="besiege"),
    "a turn without an end": Mutant(
        "what strangers cost the loop does not end their turn", "LIVE-UNDER-STRANGERS",
        ((turns, "FAR_TURN_SECONDS", 60.0),), {"scheme": 20}, cheat="besiege"),
}  # fmt: skip

CLEARING: Mapping[str, Mutant] = {
    "debt not looked at again": Mutant(
        "a hold that clears is passed on though the debt was paid back since the circle was agreed", "OWED-AND-FREE",
        (*_refusing(_refusal_of_the_first_look), (Draft, "place", _place_whatever_is_owed))),
    "debt turned round": Mutant(
        "who began a circle claims what has come round though its debt was paid back in between", "OWED-AND-FREE",
        (*_refusing(_refusal_of_the_first_look), (Draft, "place", _place_whatever_is_owed),
         *_owing(_debt_never_short))),
    "promise not reserved": Mutant(
        "a debt that one circle is about to clear is promised to another", "OWED-AND-FREE",
        (*_owing(_debt_unreserved), (joining, "clearable", _clearable_unreserved),
         (rounds, "clearable", _clearable_unreserved),
         (Draft, "place", _place_whatever_is_owed))),
    "pending decrease counted": Mutant(
        "what a circle is about to clear counts as room before it is cleared", "TRUE-LIMIT",
        ((Side, "headroom", property(_headroom_by_pending)),)),
}  # fmt: skip
"""Variants of clearing that are searched for in small worlds alone."""
