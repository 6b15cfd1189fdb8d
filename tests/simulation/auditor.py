# SPDX-License-Identifier: AGPL-3.0-or-later
"""What must always be so (PROTOCOL 9): every property by name, in one table, and the auditor who checks it.

The auditor knows all nodes at once, which no node does. It computes from records and entries by its own
formulas, so that a rule broken in the protocol's code is not broken here as well. A dishonest node is not
audited: what counts is what the honest ones have of it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Any

from simulation.siege import WAITS_SECONDS_MAX
from simulation.world import Node, World

from crdt.link.record import Record
from crdt.link.side import Side
from protocol.book.accounts import commons_account, exchange_account, holds_account
from protocol.book.book import Book
from protocol.book.payments import PAYMENTS, PaymentState
from protocol.book.promised import Promised
from protocol.book.publishing import ITEM_LIFE_MS_MAX
from protocol.book.refusals import Refused
from protocol.book.signed import leg_id
from protocol.book.timezones import DAY_MS
from protocol.book.wishes import read_said
from protocol.events import Input, Received
from protocol.lanes.directory import Directory
from protocol.lanes.entry import COMMONS, IDENTITY, LEDGER, LINK_PREFIX, Entry, EntryFault, decode_body, parse
from protocol.lanes.weights import Weighed
from protocol.peers.boards import Boards, HeldBoard
from protocol.peers.budgets import BUDGETS
from protocol.peers.messages import Entries, LinkNews, PeerFault, unpack
from protocol.peers.pinning import CLOCKS_APART_MS_MAX
from protocol.peers.ties import Tie
from protocol.practices import PRACTICES
from protocol.practices.between.abroad.entries import (
    Arrived,
    Forwarded,
    HoldReturned,
    Passed,
    Reconciled,
    Refunded,
    Rerouted,
    Sent,
    Settled,
)
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.checkpoints.state import Checkpoints
from protocol.practices.between.clearing.circles import Circle, read_circle
from protocol.practices.between.clearing.entries import PPM, CircleBegun, Cleared, Failed, Turned
from protocol.practices.between.clearing.probes import Probes
from protocol.practices.between.clearing.remembered import Rounds
from protocol.practices.between.clearing.state import CircleState, Clearing, Initiated
from protocol.practices.between.faults.seen import Faults
from protocol.practices.between.faults.unclaimed import WaitingClaims
from protocol.practices.between.federations.charters import Charters
from protocol.practices.between.links.entries import link_account
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.talk import Sendings
from protocol.practices.between.mixed.entries import MixedArrived, MixedSent
from protocol.practices.between.networks.replicas import Replicas
from protocol.practices.between.quotes.answers import Relays
from protocol.practices.between.quotes.invoices import invoice_hash, read_invoice
from protocol.practices.between.quotes.state import Quotes
from protocol.practices.between.rests import RestSwept
from protocol.practices.between.writeoffs.state import WrittenOff
from protocol.practices.governance.boards import Seated
from protocol.practices.governance.motions.entries import Ballot, MotionExecuted, Voted
from protocol.practices.money.commons.entries import Collected
from protocol.practices.money.dues.entries import DuesSet
from protocol.replica import Replica
from protocol.wire.keys import id_text

LOOKED_AT = (b"abroad/", b"clearing/", b"commons/collected", b"rests/swept")
STORED_BY_ONE_INPUT_MAX = 64
"""What one wish or one second may make a node store, beside what a frame brings."""
ANSWERED_WITHIN_MS = 15_000


NO_HELLO = "no hello"
"""Why a peer is dropped that has said nothing yet, as may be after a jump of the clock: no word of its is refused."""
NOT_CERTIFIED = "a node that its network has not certified"
"""Why a home is dropped that has lost its rotation with an old copy: it is let in once others have told of that."""


class Broken(AssertionError):
    """A property does not hold."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name}: {what}")
        self.name = name


BY_THE_GROUP = (DuesSet, Seated)
"""Kinds of entries that nobody writes without a motion, whatever the group's parameters say."""
BOOKED = ("currencies", "members", "mandates", "passing")
"""What a book keeps of the economy, beside its accounts and the rows of tables."""
MORE_THAN_FOLDED: frozenset[type[Any]] = frozenset(
    {Charters, Checkpoints, Directory, Faults, Forwards, Links, Probes, Quotes, Relays, Rounds, Sendings, WaitingClaims}
)
"""States that keep what was looked up, seen or is under way: of these the part that is folded is told by name."""

Found = Iterator[str]


@dataclass(frozen=True, slots=True)
class Property:
    """Something that is always so, and when that is looked at.

    `entry` is asked of each entry that an honest home writes into its ledger about payments abroad and clearing, `step`
    of each honest node after each of its inputs, `healed` when all is mended and time has passed, `end` at
    the end besides. Each yields what speaks against it. `honest_only` are those that a dishonest neighbour
    can keep from coming true without anybody's loss.
    """

    name: str
    promise: str
    entry: "Callable[[Auditor, Node, Any], Found] | None" = None
    step: "Callable[[Auditor, Node], Found] | None" = None
    healed: "Callable[[Auditor], Found] | None" = None
    end: "Callable[[Auditor], Found] | None" = None
    honest_only: bool = False


@dataclass(slots=True)
class Shown:
    """A single entry of another network that a node is about to be shown, where it holds another at its place."""

    network: bytes
    lane: str


class Auditor:
    """Remembers what it has seen and checks all properties; raises Broken at the first that does not hold."""

    def __init__(self, world: World, dishonest: frozenset[str] = frozenset()) -> None:
        self.world = world
        self.dishonest = dishonest
        self.homes: dict[bytes, Node] = {
            node.network: node for node in world.nodes.values() if node.keyring is not None
        }
        self.notes: defaultdict[str, dict[Any, Any]] = defaultdict(dict)
        """What a property remembers, by its name; each key begins with a node's name or a network."""
        self.restored: set[str] = set()
        self.unsteady: set[bytes] = set()
        """Links on which a rate was ever another than 1."""
        self.stored: Sequence[Entry] = ()
        """What the node that is looked at has stored in this step."""
        self.heard: Sequence[Input] = ()
        self.twin: Shown | None = None
        self.drops: list[tuple[str, str]] = []
        """Whom honest nodes have just dropped, and why."""
        self._was_recovering = False
        """Whether the node that is looked at was recovering before this step."""
        self.checked = 0

    def is_honest(self, name: str) -> bool:
        return name not in self.dishonest

    def honest(self) -> list[Node]:
        return [node for node in self.world.nodes.values() if node.name not in self.dishonest]

    def honest_homes(self) -> list[Node]:
        return [node for node in self.honest() if node.keyring is not None]

    def catches_up(self, node: Node) -> bool:
        """Tell whether a node has just been given its own books by others, many entries at once."""
        return node.keyring is None or self._was_recovering or node.replica.recovering

    def is_dismissed(self, node: Node) -> bool:
        """Tell whether a replica has been sent away by its home."""
        places = self.homes[node.network].replica.book.of(Replicas).places.values()
        return any(place.transport == node.transport and place.dismissed for place in places)

    def note(self, name: str) -> dict[Any, Any]:
        return self.notes[name]

    def forget(self, node: Node) -> None:
        """Forget what was known of a network that has lost entries: what they said may be said anew."""
        self.restored.add(node.name)
        for name, notes in self.notes.items():
            if name != "RESTORE-NO-SELF-FORK":
                for key in [key for key in notes if key[0] in (node.name, node.network)]:
                    del notes[key]

    # When something has happened.

    def before(self, node: Node, inputs: Sequence[Input]) -> None:
        """Look at what a node is about to hear."""
        self.twin = None
        self._was_recovering = node.replica.recovering
        if self.dishonest and node.name not in self.dishonest and len(inputs) == 1 and isinstance(inputs[0], Received):
            self.twin = self.twin_in(node, inputs[0].frame)

    def after(self, node: Node, inputs: Sequence[Input], stored: Sequence[Entry]) -> None:
        """Check what one node has done."""
        if node.name in self.dishonest:
            return
        self.stored, self.heard = stored, inputs
        self.checked += 1
        for entry in stored:
            if entry.header.lane == LEDGER and entry.network == node.network and _is_looked_at(entry):
                body, _ = decode_body(entry.body_bytes, node.replica.book.kinds)
                if not self.catches_up(node):
                    for one in PROPERTIES:
                        if one.entry is not None:
                            self._demand(one, one.entry(self, node, body), node)
        for one in PROPERTIES:
            if one.step is not None:
                self._demand(one, one.step(self, node), node)

    def healed(self) -> None:
        """Check what is so once everything is mended and time has passed."""
        for one in PROPERTIES:
            if one.healed is not None and not (one.honest_only and self.dishonest):
                self._demand(one, one.healed(self))

    def ended(self) -> None:
        """Check what is looked at once, at the end."""
        for one in PROPERTIES:
            if one.end is not None and not (one.honest_only and self.dishonest):
                self._demand(one, one.end(self))

    def _demand(self, one: Property, found: Found, node: Node | None = None) -> None:
        for what in found:
            raise Broken(one.name, what if node is None else f"{node.name}: {what}")

    # What the world knows.

    def links(self, node: Node) -> list[Link]:
        return [link for link in node.replica.book.of(Links).by_id.values() if link.mine is not None]

    def partner(self, link: Link) -> Node | None:
        """Return the honest home at the other end of a link; None where there is none."""
        home = self.homes.get(link.partner)
        return home if home is not None and home.name not in self.dishonest else None

    def far(self, link: Link) -> Link | None:
        """Return a link as its honest other end has it."""
        home = self.partner(link)
        return None if home is None else home.replica.book.of(Links).by_id.get(link.id)

    def shores(self) -> dict[str, str]:
        """Return for each honest home the first that it hears of without a cheat between them."""
        shores: dict[str, str] = {}
        for home in self.honest_homes():
            reached = [home]
            while reached:
                one = reached.pop()
                if one.name not in shores:
                    shores[one.name] = home.name
                    reached += filter(None, map(self.partner, self.links(one)))
        return shores

    def twin_in(self, node: Node, frame: bytes) -> Shown | None:
        try:
            match unpack(frame):
                case LinkNews(record):
                    entry = parse(record)
                case Entries((wire,)):
                    entry = parse(wire)
                case _:
                    return None
        except (PeerFault, ValueError):
            return None
        journal, lane = node.replica.journal, entry.header.lane
        held = journal.held.head(entry.network, lane)
        if held is None or entry.network == node.network or entry.id == held.id or node.replica.recovering:
            return None
        if (held.position.epoch, held.position.seq) != (entry.header.epoch, entry.header.seq):
            return None
        try:
            journal.directory.verify(entry)
        except EntryFault:
            return None
        return Shown(entry.network, lane)


# Money.


def _invariants(audit: Auditor, node: Node) -> Found:
    yield from node.replica.book.complaints()


def _zero_sum(audit: Auditor, node: Node) -> Found:
    sums = node.replica.book.ledger.sums()
    if any(sums.values()):
        yield f"the balances sum to {sums}"


def _promises_counted(audit: Auditor, node: Node) -> Found:
    book, expected = node.replica.book, defaultdict[tuple[str, bool], int](int)
    forwards = book.of(Forwards)

    def may(link: bytes | None, currency: str, change: int) -> None:
        account = exchange_account(currency) if link is None else link_account(link, currency)
        if change:
            expected[account, change > 0] += abs(change)

    for one in forwards.open_out.values():
        may(one.link_in, one.currency, -one.worth)
        may(one.link_out, one.currency, one.cost)
        may(None, one.currency, one.worth - one.cost)
    for payment, under_way in forwards.under_way.items():
        currency = book.payments[payment].payer.rpartition(".")[2]
        for part in under_way.parts.values():
            may(part.link, currency, part.debit)
    for circle in book.of(Clearing).initiated.values():
        turns = circle.turned is None and circle.reason is None
        if turns:
            may(circle.circle.legs[0].link, circle.currency, -circle.worth)
        if circle.is_open:
            may(circle.circle.legs[-1].link, circle.currency, circle.cost)
            may(None, circle.currency, -circle.cost)
        if turns or circle.is_open:
            may(None, circle.currency, circle.worth)
        if turns and circle.is_open:
            expected[holds_account(circle.currency), True] += circle.worth
    for risk in book.of(WrittenOff).at_risk.values():
        may(risk.link, risk.currency, risk.cost)
        expected[commons_account(risk.currency), False] += risk.cost
    promised = book._states.get(Promised) or Promised()  # to ask for it would begin it: an auditor changes nothing
    counted = {(account, True): most for account, most in promised.up.items()}
    counted |= {(account, False): most for account, most in promised.down.items()}
    if counted != expected:
        yield f"open holds may bring {dict(expected)}, and {counted} is counted"


def _member_limit(audit: Auditor, node: Node) -> Found:
    if audit.catches_up(node):
        return
    seen = audit.note("MEMBER-LIMIT")
    for account in node.replica.book.ledger.accounts.values():
        if account.least_minor is None:
            continue
        balance = account.balance_minor
        # What an old copy begins with may lie below a limit that was lowered before.
        before = seen.get((node.name, account.id), balance if node.name in audit.restored else 0)
        if balance < account.least_minor and balance < before:
            yield f"{account.id} fell to {balance}, below {account.least_minor}"
        seen[node.name, account.id] = balance


def _mirror(audit: Auditor, node: Node) -> Found:
    if _takes_alone(node):
        return
    book = node.replica.book
    for link in audit.links(node):
        if link.is_lost:
            continue
        side, known = link.side, book.of(Forwards).on(link.id)
        if (known.paid, known.received) != (side.partner.claimed, side.own.claimed):
            yield (
                f"the ledger knows {known.paid} paid and {known.received} received on {_short(link)}, "
                f"the records say {side.partner.claimed} and {side.own.claimed}"
            )
        home = audit.partner(link)
        if home is not None and not _takes_alone(home):
            far = home.replica.book.of(Links).by_id.get(link.id)
            if far is not None and not far.is_lost:
                there = home.replica.book.of(Forwards).on(link.id)
                if known.paid > there.received or known.received < there.paid:
                    yield f"{_short(link)}: paid {known.paid}, but {home.name} received {there.received}"
        settings = link.settings
        if (settings.num, settings.den) != (1, 1):
            audit.unsteady.add(link.id + node.network)
        account = book.ledger.accounts.get(link_account(link.id, settings.currency))
        if account is not None and link.id + node.network not in audit.unsteady:
            debt = side.partner.claimed - side.own.claimed
            if account.balance_minor != debt:
                yield f"mirror account {account.balance_minor} of {_short(link)}, and a net debt of {debt}"


def _takes_alone(node: Node) -> bool:
    """Tell whether a node takes its partners' records without answering them: it signs nothing at present."""
    return node.keyring is None or node.replica.recovering or node.replica.comparing


def _creditor_limit(audit: Auditor, node: Node) -> Found:
    if node.keyring is None:
        return
    seen = audit.note("CREDITOR-LIMIT")
    for link in audit.links(node):
        side = link.side
        if seen.get((node.name, link.id)) is side or _is_half(node, link):
            continue
        seen[node.name, link.id] = side
        limit = side.own.granted - side.partner.returned
        owed = side.own.claimed - side.partner.claimed
        may_owe = side.partner.placed - side.own.waived_sum - side.partner.claimed
        if max(owed, may_owe) > limit:
            yield f"{_short(link)}: the partner owes {owed} and may owe {may_owe} of {limit}"


def _is_half(node: Node, link: Link) -> bool:
    """Tell whether a node that comes back from an old copy has found one side's newest record, not yet the other's."""
    return node.replica.recovering or link.is_lost or link.is_half


def _true_limit(audit: Auditor, node: Node) -> Found:
    if node.keyring is None:
        return
    for link in audit.links(node):
        far = audit.far(link)
        if far is None:
            continue
        one = _newest(link.side.own, far.side.partner)
        other = _newest(far.side.own, link.side.partner)
        for debtor, creditor in ((one, other), (other, one)):
            limit = creditor.granted - debtor.returned
            owed = creditor.claimed - debtor.claimed
            may_owe = debtor.placed - creditor.waived_sum - debtor.claimed
            if max(owed, may_owe) > limit:
                yield f"{_short(link)}: {owed} owed and {may_owe} at most, of {limit} that was granted"


def _passable(audit: Auditor, node: Node) -> Found:
    directory = node.replica.journal.directory
    for entry in audit.stored:
        if entry.network == node.network or entry.header.lane in (IDENTITY, LEDGER) or _is_of_thief(directory, entry):
            continue
        try:
            directory.verify(entry)
        except EntryFault as fault:
            yield f"an entry of {entry.header.lane} that no other would take by itself: {fault}"


def _is_of_thief(directory: Directory, entry: Entry) -> bool:
    """Tell whether the key of an epoch that others have ended since has signed an entry in a later one."""
    signed_in = directory.networks[entry.network].identity.signed_in(entry)
    return signed_in is not None and signed_in < entry.header.epoch


def _stay_together(audit: Auditor, node: Node) -> Found:
    while audit.drops:
        peer, reason = audit.drops.pop()
        here = audit.world.nodes.get(peer)
        if here is None or not audit.is_honest(peer) or reason == NO_HELLO or audit.is_dismissed(here):
            continue
        if reason != NOT_CERTIFIED or here.name not in audit.restored or _is_certified(node, here):
            yield f"an honest peer, {peer}, was dropped: {reason}"


def _is_certified(node: Node, home: Node) -> bool:
    """Tell whether a node knows another by the key of its transport."""
    known = node.replica.journal.directory.networks.get(home.network)
    return known is not None and known.identity.transport == home.transport


def _accept_stable(audit: Auditor, node: Node) -> Found:
    for fault in node.replica.book.of(Faults).by_id.values():
        if (accused := audit.homes.get(fault.network)) is not None and audit.is_honest(accused.name):
            yield f"{accused.name} is honest and held guilty: {fault.detail}"
    seen = audit.note("ACCEPT-STABLE")
    for link in audit.links(node) if node.keyring is not None else ():
        if audit.partner(link) is not None and link.side.frozen and (node.name, link.id) not in seen:
            yield f"{_short(link)} with an honest partner is frozen"


def _honest_loss_entry(audit: Auditor, node: Node, body: Any) -> Found:
    links = node.replica.book.of(Links).by_id
    if node.replica.recovering:
        return
    match body:
        case Passed(link_out=link_out, hold_out=hold_out):
            forward = audit.note("NO-HONEST-LOSS").get((node.name, "forward", link_out, hold_out))
            if forward is not None:
                link = links[forward.link_in]
                if forward.hold_in not in link.side.own.claims and not link.reopened:
                    yield f"{_short(links[link_out])}: what went on was claimed, what came for it was not"
                if forward.circle is not None:
                    _circle_costs(audit, node, forward)
        case Forwarded():
            audit.note("NO-HONEST-LOSS")[node.name, "forward", body.link_out, body.hold_out] = body
        case Refunded(payment=payment, hold=hold) | Rerouted(payment=payment, hold=hold):
            yield from _part_given_back(audit, node, payment, hold)
        case HoldReturned(link_out=link_out, hold_out=hold_out):
            yield from _given_back(node, links[link_out], hold_out)
        case Cleared(id):
            _circle_costs(audit, node, node.replica.book.of(Clearing).initiated[id])
        case Failed(id):
            circle = node.replica.book.of(Clearing).initiated[id]
            yield from _given_back(node, links[circle.link_out], circle.hold)
        case Collected(account):
            # What fees and rounding have brought goes to the commons.
            place = (node.name, account.partition(".")[2])
            seen = audit.note("NO-HONEST-LOSS")
            seen[place] = min(0, seen.get(place, 0))
        case RestSwept(account):
            # What rates have left of a closed link, or what a partner owes that is written off: stewards take it on.
            code = account.partition(".")[2]
            seen, balance = audit.note("NO-HONEST-LOSS"), node.replica.book.ledger.accounts[exchange_account(code)]
            seen[node.name, code] = min(seen.get((node.name, code), 0), balance.balance_minor)
            audit.unsteady.update(id + node.network for id in links if link_account(id, code) == account)
        case Reconciled() if node.name not in audit.restored:
            yield "the commons carries a loss, and nobody was restored"
        case _:
            pass


def _circle_costs(audit: Auditor, node: Node, one: Forwarded | Initiated) -> None:
    """Expect that a circle costs what it was joined at; POSITION-KEPT looks at whether that was agreed to."""
    seen, place = audit.note("NO-HONEST-LOSS"), (node.name, one.currency)
    seen[place] = seen.get(place, 0) - max(0, one.cost - one.worth)


def _part_given_back(audit: Auditor, node: Node, payment: bytes, hold: bytes) -> Found:
    part = audit.note("PAID=>PREIMAGE").get((node.name, "part", payment, hold))
    if part is not None:
        yield from _given_back(node, node.replica.book.of(Links).by_id[part.link], hold)


def _given_back(node: Node, link: Link, hold: bytes) -> Found:
    """Tell of a hold, not one for which the commons stands, that is given back while the partner may claim it."""
    stands = (link.id, hold) in node.replica.book.of(WrittenOff).at_risk
    if hold not in link.side.partner.waived and not link.reopened and not stands:
        yield f"{_short(link)}: a hold is given back before the partner waived it"


def _honest_loss_step(audit: Auditor, node: Node) -> Found:
    if node.keyring is None:
        return
    book, seen = node.replica.book, audit.note("NO-HONEST-LOSS")
    for code in book.currencies:
        balance = book.ledger.accounts[exchange_account(code)].balance_minor
        if balance < seen.get((node.name, code), 0) and not node.replica.recovering:
            yield f"exchange.{code} fell to {balance} from {seen[node.name, code]}"
        seen[node.name, code] = balance
    if node.replica.recovering:
        # It may have got back what it said on one link, and not yet what it said before on another.
        return
    links = book.of(Links).by_id
    for (link_in, hold), forward in book.of(Forwards).by_in.items():
        link_out = links[forward.link_out]
        if hold in links[link_in].side.own.waived and not links[link_in].reopened:
            out = link_out.side
            if forward.hold_out in out.own.holds and not _settles(out.partner, forward.hold_out):
                yield f"{_short(links[link_in])}: waives what came while what went on over {_short(link_out)} is open"


def _paid_preimage(audit: Auditor, node: Node, body: Any) -> Found:
    if not isinstance(body, Cleared):
        yield from _payment_preimage(audit, node, body)
    elif sha256(body.preimage).digest() != node.replica.book.of(Clearing).initiated[body.circle].circle.condition:
        yield "a circle is cleared without the preimage"


def _payment_preimage(audit: Auditor, node: Node, body: Any) -> Found:
    seen = audit.note("PAID=>PREIMAGE")
    links = node.replica.book.of(Links).by_id
    match body:
        case Sent() | MixedSent():
            seen.update(_sent_by(node, body))
        case Rerouted(payment=payment, part=part):
            seen[node.name, "part", payment, part.hold] = part
        case Settled(payment=payment, preimage=preimage):
            sent = seen.get((node.name, payment))
            invoice = None if sent is None else read_invoice(sent.invoice)
            if invoice is not None:
                if sha256(preimage).digest() != invoice.condition:
                    yield "a payer is debited for good without the preimage"
                payee = audit.homes.get(invoice.network)
                known = payee is not None and audit.is_honest(payee.name) and payee.name not in audit.restored
                if payee is not None and known and (payee.name, "arrived", invoice.nonce) not in seen:
                    yield f"a payer has paid, and {payee.name} knows nothing of it"
        case Forwarded():
            held = links[body.link_out].side.own.holds.get(body.hold_out)
            if held is not None:
                seen[node.name, body.link_out, body.hold_out] = held.condition
        case Passed(link_out=link_out, hold_out=hold_out, preimage=preimage):
            condition = seen.get((node.name, link_out, hold_out))
            if condition is not None and sha256(preimage).digest() != condition:
                yield "a network between pays without the preimage"
        case Arrived() | MixedArrived():
            invoice = read_invoice(body.invoice)
            if invoice is None or sha256(body.preimage).digest() != invoice.condition:
                yield "a payee is credited without the preimage"
            else:
                seen[node.name, "arrived", invoice.nonce] = True
        case _:
            pass


def _sent_by(node: Node, body: Sent | MixedSent) -> dict[Any, Any]:
    """Return what is to be known of payments that leave, each currency's by itself."""
    said, found = read_said(body), dict[Any, Any]()
    assert not isinstance(said, Refused)
    for number, part in enumerate(body.parts):
        payment = said.wish.payment if isinstance(body, Sent) else leg_id(said.wish.payment, number)
        found |= {(node.name, payment): body, (node.name, "part", payment, part.hold): part}
    return found


def _once(audit: Auditor, node: Node, body: Any) -> Found:
    seen = audit.note("ONCE-PER-INVOICE")
    match body:
        case Arrived() | MixedArrived():
            invoice = read_invoice(body.invoice)
            key = None if invoice is None else (node.name, "arrived", invoice.nonce)
        case Sent() | MixedSent():
            key = (node.name, "sent", sha256(body.invoice).digest())
        case Settled(payment=payment, hold=hold) | Refunded(payment=payment, hold=hold) | Rerouted(payment, hold):
            key = (node.name, "closed", payment, hold)
        case Forwarded():
            key = (node.name, "forwarded", body.link_in, body.hold_in)
            if node.name in audit.restored:
                return  # One that the ledger had lost is written again.
        case _:
            return
    if key in seen:
        yield f"{type(body).__name__} twice for one {'invoice' if key and key[1] in ('arrived', 'sent') else 'hold'}"
    seen[key] = True


def _quoted(audit: Auditor, node: Node, body: Any) -> Found:
    if isinstance(body, Sent):
        quoted = audit.note("QUOTED=>DEBITED").get((node.name, invoice_hash(body.invoice)))
        if quoted is not None and quoted != body.debit:
            yield f"the payer was quoted {quoted} and debited {body.debit}"
    if isinstance(body, Rerouted):
        under_way = node.replica.book.of(Forwards).under_way[body.payment]
        agreed = sum(part.debit for part in under_way.sent.parts)
        if under_way.debit_minor > agreed:
            yield f"the payer has agreed to {agreed} and is debited {under_way.debit_minor}"
    if isinstance(body, Forwarded) and body.circle is None:
        link_in, link_out = (node.replica.book.of(Links).by_id[id] for id in (body.link_in, body.link_out))
        mine, out = link_in.settings, link_out.settings
        cost = -(-body.amount_out * out.num // out.den) + out.fee
        if body.amount_in * mine.num < cost * mine.den and node.name not in audit.restored:
            yield f"forwards {body.amount_out} for {body.amount_in}, below its own price"


# Clearing.


def _joined(body: Any) -> Circle | None:
    """Return the circle that an entry joins, by a hold that its network places."""
    data = body.circle if isinstance(body, CircleBegun | Forwarded) else None
    return None if data is None else read_circle(data)


def _circle_once(audit: Auditor, node: Node, body: Any) -> Found:
    circle = _joined(body)
    if circle is not None and node.name not in audit.restored:
        seen = audit.note("CIRCLE-ONCE")
        if (node.name, circle.id) in seen:
            yield "one circle is joined twice"
        seen[node.name, circle.id] = True


def _owed_and_free(audit: Auditor, node: Node, body: Any) -> Found:
    book = node.replica.book
    links = book.of(Links).by_id
    if isinstance(body, Turned):
        turned = book.of(Clearing).initiated[body.circle]
        link = links[turned.circle.legs[0].link]
        left = _left_of_debt(link.side)
        if turned.is_open and not link.reopened and left < 0:
            yield f"{_short(link)}: what has come round is claimed, and turns the debt round by {-left}"
    circle = _joined(body)
    at = None if circle is None else circle.place_of(node.network)
    if circle is None or at is None:
        return
    into, out = circle.legs[at], circle.legs[at - 1]
    link_in, link_out = links[into.link], links[out.link]
    still_to_come = into.amount if isinstance(body, CircleBegun) else 0
    if not link_in.reopened and _left_of_debt(link_in.side) < still_to_come:
        yield f"{_short(link_in)}: a circle takes {into.amount} of a debt that is promised already or not owed"
    hold = body.hold_out if isinstance(body, Forwarded) else circle.id[:16]
    known = audit.note("OWED-AND-FREE").get((node.name, out.link), ())
    promised = sum(one.amount for id, one in link_out.side.holds_out.items() if id in known or id == hold)
    if not link_out.reopened and promised > -link_out.side.net_debt:
        yield f"{_short(link_out)}: {promised} is promised of {-link_out.side.net_debt} that are owed"


def _note_promises(audit: Auditor, node: Node) -> Found:
    """Keep what is promised, so that the next step shows what it has added."""
    for link in audit.links(node):
        audit.note("OWED-AND-FREE")[node.name, link.id] = frozenset(link.side.holds_out)
    return iter(())


def _left_of_debt(side: Side) -> int:
    """Return what is owed on a link less all that is about to be claimed of it."""
    return side.partner.claimed - side.own.claimed - sum(hold.amount for hold in side.holds_in.values())


def _position_kept(audit: Auditor, node: Node, body: Any) -> Found:
    circle = _joined(body)
    at = None if circle is None else circle.place_of(node.network)
    if circle is None or at is None:
        return
    into, out = circle.legs[at], circle.legs[at - 1]
    mine, theirs = (node.replica.book.of(Links).by_id[leg.link].settings for leg in (into, out))
    worth, cost = into.amount * mine.num // mine.den, -(-out.amount * theirs.num // theirs.den)
    if (body.worth, body.cost) != (worth, cost):
        yield f"a circle is booked at {body.worth} for {body.cost}, not at {worth} for {cost}"
    settings = node.replica.book.of(Clearing).settings
    rounding = -(-mine.num // mine.den) - (-theirs.num // theirs.den)
    if settings is not None and cost - worth > rounding + cost * settings.loss_ppm // PPM:
        yield f"a circle costs {cost} and is worth {worth}: more than rounding, and more than was agreed to"


def _circle_whole(audit: Auditor) -> Found:
    cleared: defaultdict[tuple[bytes, bytes], set[str]] = defaultdict(set)
    failed: defaultdict[tuple[bytes, bytes], set[str]] = defaultdict(set)
    names = {network: home.name for network, home in audit.homes.items()}
    members: dict[tuple[bytes, bytes], set[str]] = {}
    for node in audit.honest_homes():
        book = node.replica.book
        joined = [(one.circle, one.state is CircleState.CLEARED) for one in book.of(Clearing).initiated.values()]
        for forward in book.of(Forwards).circles.values():
            circle = read_circle(forward.circle or b"")
            assert circle is not None
            joined.append((circle, isinstance(book.of(Forwards).ended.get((forward.link_in, forward.hold_in)), bytes)))
        for circle, is_cleared in joined:
            key = circle.id, circle.condition
            members[key] = {names[leg.network] for leg in circle.legs}
            (cleared if is_cleared else failed)[key].add(node.name)
    for key, who in cleared.items():
        if who != members[key] and not members[key] & audit.restored:
            yield f"a circle is cleared at {sorted(who)}, and not at all of {sorted(members[key])}"


# Records.


def _settled_stays(audit: Auditor, node: Node) -> Found:
    if node.keyring is None:
        return
    seen = audit.note("SETTLED-STAYS")
    for link in audit.links(node):
        partner = link.side.partner
        before, how = seen.get((node.name, link.id), (None, {}))
        if before is partner:
            continue
        if before is not None and (partner.claimed < before.claimed or partner.waived_sum < before.waived_sum):
            yield f"{_short(link)}: what was settled is settled no more"
        now = dict.fromkeys(partner.claims, "claimed") | dict.fromkeys(partner.waived, "waived")
        for hold, was in how.items():
            if now.get(hold, was) != was:
                yield f"{_short(link)}: a hold was {was}, and is {now[hold]} now"
        # What neither record shows any more, both have forgotten: its id may serve again.
        kept = {hold: was for hold, was in how.items() if hold in link.side.own.holds}
        seen[node.name, link.id] = (partner, kept | now)


def _fork_seen(audit: Auditor, node: Node) -> Found:
    twin, journal = audit.twin, node.replica.journal
    links = journal.book.of(Links).with_partner(twin.network) if twin is not None else []
    if (
        twin is not None
        and node.keyring is not None
        and any(isinstance(one, Received) and one.peer in journal_sessions(node) for one in audit.heard)
    ):
        shown = [link for link in links if twin.lane == LINK_PREFIX + id_text(link.id)]
        is_proved = (
            all(link.side.frozen for link in shown) if shown else journal.held.is_forked(twin.network, twin.lane)
        )
        if not is_proved and (shown or not twin.lane.startswith(LINK_PREFIX)):
            yield f"two entries at one place of {twin.lane} were seen, and nothing follows from it"
    if node.keyring is None:
        return
    seen = audit.note("FORK-SEEN=>PROOF")
    for link in audit.links(node):
        if link.side.frozen and not _is_half(node, link):
            placed = seen.setdefault((node.name, link.id), link.side.own.placed)
            if link.side.own.placed > placed and not link.reopened:
                yield f"{_short(link)}: new holds for a partner that is proved to have forked"


def journal_sessions(node: Node) -> dict[str, Any]:
    """Return who is connected to a node and has not just been dropped."""
    return {
        peer: session for peer, session in node.replica.gossip.sessions.by_peer.items() if session.network is not None
    }


def _no_self_fork(audit: Auditor, node: Node) -> Found:
    seen = audit.note("RESTORE-NO-SELF-FORK")
    for entry in audit.stored:
        home = audit.homes.get(entry.network)
        if home is None or not audit.is_honest(home.name):
            continue
        header = entry.header
        place = (entry.network, header.lane, header.epoch, header.seq)
        if seen.setdefault(place, entry.id) != entry.id:
            yield f"{home.name} has said two things at {header.lane} {header.epoch}/{header.seq}"


def _bounded(audit: Auditor, node: Node) -> Found:
    room = STORED_BY_ONE_INPUT_MAX
    for one in audit.heard:
        if isinstance(one, Received):
            room += one.frame.count(b"\x58") // 2 + 8
    if len(audit.stored) > room:
        yield f"stores {len(audit.stored)} entries at once"


def _bounded_by_standing(audit: Auditor, node: Node) -> Found:
    """Look at what is kept of networks that nobody has a node of: nothing ties them to anybody."""
    homes = {one.network for one in audit.world.nodes.values()}
    weights, most = node.replica.journal.held.weights, BUDGETS[Tie.STRANGER]
    made_up = [weights.of(one) for one in node.replica.journal.directory.networks if one not in homes]
    if not all(kept.fits(most.each) for kept in made_up):
        yield f"keeps {max(made_up)} of one stranger"
    if not sum_of(made_up).fits(most.together):
        yield f"keeps {sum_of(made_up)} of strangers together"


def _live_under_strangers(audit: Auditor, node: Node) -> Found:
    waits = audit.world.kept_waiting.get(node.name, 0.0)
    if waits > WAITS_SECONDS_MAX:
        yield f"a wish waits while strangers are heard for {1_000 * waits:.1f} ms"


def sum_of(weighed: Iterable[Weighed]) -> Weighed:
    """Return what all of these weigh together."""
    ones = tuple(weighed)
    return Weighed(sum(one.entries for one in ones), sum(one.bytes for one in ones))


def _stands(audit: Auditor, node: Node) -> Found:
    """Raised by the world itself, where a node fails."""
    return iter(())


# When all is mended.


def _answered(audit: Auditor) -> Found:
    for (name, request), (at, operation) in audit.note("ANSWERED").items():
        if audit.world.now - at > ANSWERED_WITHIN_MS and audit.is_honest(name):
            yield f"{name} was asked {operation} (request {request}) and never answered"


def _no_hold_left(audit: Auditor) -> Found:
    for node in audit.honest_homes():
        book = node.replica.book
        waiting: defaultdict[str, int] = defaultdict(int)
        for payment in book.payments.values():
            if payment.state is PaymentState.PENDING:
                if payment.abroad is not None:
                    yield f"{node.name}: a payment is under way"
                elif payment.debit_minor is not None:
                    waiting[book.ledger.accounts[payment.payer].currency] += payment.debit_minor
        for code in book.currencies:
            if book.ledger.accounts[holds_account(code)].balance_minor != waiting[code]:
                yield f"{node.name}: holds.{code} is {book.ledger.accounts[holds_account(code)].balance_minor}"
        for link in audit.links(node):
            if link.side.holds_in or link.side.holds_out:
                yield f"{node.name}: holds are open on {_short(link)}"
        if book.of(Forwards).by_in or book.of(Clearing).by_hold:
            yield f"{node.name}: a forward or a circle is open"


def _converge(audit: Auditor) -> Found:
    heads: dict[tuple[str, bytes, str], Any] = {}
    shores = audit.shores()
    for node in audit.honest():
        if audit.is_dismissed(node):
            continue
        shore = shores[audit.homes[node.network].name]
        if node.replica.recovering:
            yield f"{node.name} is still recovering"
        for place, head in node.replica.journal.held.heads().items():
            author = audit.homes.get(place[0])
            is_told = place[1] in (IDENTITY, COMMONS) and author is not None and author.name not in audit.dishonest
            if is_told and author is not None and heads.setdefault((shore, *place), head.id) != head.id:
                yield f"{node.name} has another head of {author.name}'s {place[1]}"
    for node in audit.honest():
        home = audit.homes[node.network]
        if node is not home and not audit.is_dismissed(node) and _ledger_of(node) != _ledger_of(home):
            yield f"{node.name} has another ledger than {home.name}"
    for node in audit.honest_homes():
        for link in audit.links(node):
            far = audit.far(link)
            if far is None or far.mine is None:
                continue
            if link.side.partner_digest != far.side.own_digest:
                yield f"{node.name} does not have the newest record of {_short(link)}"
            if _debt(link.side) != -_debt(far.side):
                yield f"{_short(link)}: {_debt(link.side)} here, {_debt(far.side)} there"


def _silence(audit: Auditor) -> Found:
    sizes = {node.name: len(node.disk) for node in audit.honest()}
    seen = audit.note("BOUNDED-STORAGE")
    if seen.get(("silence",)) != sizes:
        seen["silence",] = sizes
        yield "nodes go on storing while nobody asks for anything"


def _merge_laws(audit: Auditor) -> Found:
    for node in audit.honest():
        if node.replica.recovering:
            continue
        again = Replica(node.network, PRACTICES, chance=bytes, keyring=node.keyring)
        list(again.load(_shuffled(node.disk, node.network, Random(len(node.disk)))))
        lived, folded = _book_of(node.replica), _book_of(again)
        for name, rows in again.book.tables.items():
            # In memory or on the disk, a row is what the entries make it.
            lived[name], folded[name] = node.rows_of(rows.table), dict(rows)
        for what, value in lived.items():
            if folded[what] != value:
                yield f"{node.name}: the same entries in another order give other {what}"
        kinds = vars(node.replica.book)["_states"].keys() - MORE_THAN_FOLDED
        for kind in (one for one in kinds if not getattr(one, "TRANSIENT", False)):
            if node.replica.book.of(kind) != again.book.of(kind):
                yield f"{node.name}: the same entries in another order give other {kind.__name__}"


def boards_apart(audit: Auditor) -> Found:
    """Look whether who may see an item of an honest home holds what that home says by now, and nobody else anything."""
    skews = [node.skew_ms for node in audit.world.nodes.values()]
    latest, earliest = audit.world.now + max(skews), audit.world.now + min(skews)
    homes = {home.network: home for home in audit.honest_homes() if not home.replica.recovering}
    for home in homes.values():
        said = home.replica.book.of(Boards).of.get(home.network, HeldBoard()).items
        for one in (held.item for held in said.values()):
            if one.said.not_after < max(latest, audit.world.now) + DAY_MS:
                continue  # Clocks may be apart: whoever's is ahead has let go of it.
            if one.said.not_after > min(earliest, audit.world.now) + ITEM_LIFE_MS_MAX + CLOCKS_APART_MS_MAX:
                continue  # Whoever's clock is behind does not keep it yet: its last hour lies too far ahead there.
            for node in homes.values():
                held = node.replica.book.of(Boards).get(home.network, one.said.item)
                if not home.replica.home.pinning.is_for(node.network, one):
                    if held is not None:
                        yield f"{node.name} holds an item of {home.name} that is not for it"
                elif held is None or held.version != one.version:
                    yield f"{node.name} holds of an item of {home.name} what is not the newest"


def _shuffled(entries: Sequence[Entry], own: bytes, dice: Random) -> Iterator[Entry]:
    """Yield entries in any order between the lanes of a network's own: its ledger knows nothing of its links.

    What others say keeps its order, since what counts of a cheat's words depends on which came first; and what is
    signed by a key comes after the event that named it.
    """
    lanes: dict[str, list[Entry]] = {}
    for entry in entries:
        lane = entry.header.lane
        if entry.network == own and lane == IDENTITY:
            yield from _mixed(lanes, dice)
            lanes = {}
            yield entry
        else:
            mine = entry.network == own and lane in (LEDGER, COMMONS)
            lanes.setdefault(lane if mine else "", []).append(entry)
    yield from _mixed(lanes, dice)


def _mixed(lanes: Mapping[str, Sequence[Entry]], dice: Random) -> Iterator[Entry]:
    queues = [list(reversed(lane)) for lane in lanes.values()]
    order = [number for number, queue in enumerate(queues) for _ in queue]
    dice.shuffle(order)
    for number in order:
        yield queues[number].pop()


def _ledger_of(node: Node) -> Any:
    return _accounts_of(node.replica.book), {id: one.state for id, one in node.rows_of(PAYMENTS).items()}


def _accounts_of(book: Book) -> Any:
    return {one.id: (one.balance_minor, one.held_minor, one.least_minor) for one in book.ledger.accounts.values()}


def _book_of(replica: Replica) -> dict[str, Any]:
    book = replica.book
    directory = book.of(Directory).networks
    forwards, clearing = book.of(Forwards), book.of(Clearing)
    return {
        "accounts": _accounts_of(book),
        # Once a link has gone on, nothing follows any more from what the partner has fenced or said in place of that.
        "links": {
            link.id: (link.side, link.mine, link.theirs, link.is_lost and link.fenced)
            for link in book.of(Links).by_id.values()
        },
        # Of a network that has forked everybody keeps what came first, and the proof.
        "networks": {
            id: (one.identity.epochs, None if one.forked else one.profile, one.forked) for id, one in directory.items()
        },
        "forwards": (forwards.by_in, forwards.open_out, forwards.paid, forwards.ended, forwards.under_way),
        **{name: getattr(book, name) for name in BOOKED},
        "circles": ({one.id: one for one in clearing.initiated.values()}, clearing.rounds, clearing.settings),
    }


def _group_decides(audit: Auditor, node: Node) -> Found:
    """Look at what only a group may write: more members said yes than no, and it is one of the entries announced."""
    noted = audit.note("GROUP-DECIDES")
    for entry in audit.stored:
        if entry.header.lane != LEDGER or entry.network != node.network or audit.catches_up(node):
            continue
        body, _ = decode_body(entry.body_bytes, node.replica.book.kinds)
        if isinstance(body, Voted):
            said = read_said(body)
            assert not isinstance(said, Refused)
            members = node.replica.book.members.values()
            voter = said.wish.member
            if said.envelope is not None:
                voter = next(one.id for one in members if said.envelope.key in one.keys)
            noted[node.network, "votes", said.wish.motion, voter] = said.wish.ballot
        if isinstance(body, MotionExecuted):
            votes = [vote for (*_, motion, _), vote in _votes(noted, node.network) if motion == body.motion]
            if votes.count(Ballot.YES) > votes.count(Ballot.NO):
                noted[node.network, "until"] = entry.header.seq + body.entries
        if isinstance(body, BY_THE_GROUP) and entry.header.seq > noted.get((node.network, "until"), -1):
            yield f"{body.KIND} at {entry.header.seq} stands under no motion that was carried"


# Helpers.


def _votes(noted: Mapping[Any, Any], network: bytes) -> Iterator[tuple[Any, Any]]:
    for key, value in noted.items():
        if key[:2] == (network, "votes"):
            yield key, value


def _is_looked_at(entry: Entry) -> bool:
    return any(kind in entry.body_bytes for kind in LOOKED_AT)


def _newest(one: Record, other: Record) -> Record:
    return one if one.position >= other.position else other


def _settles(record: Record, hold: bytes) -> bool:
    return hold in record.claims or hold in record.waived


def _debt(side: Side) -> int:
    return side.partner.claimed - side.own.claimed


def _short(link: Link) -> str:
    return f"link {id_text(link.id)[:8]}"


PROPERTIES: tuple[Property, ...] = (
    Property("STANDS", "no input makes a node fail", step=_stands),
    Property("ZERO-SUM", "the balances of each currency sum to zero in every book", step=_zero_sum),
    Property("INVARIANTS", "what practices declare to be always so is so in every book", step=_invariants),
    Property("PROMISED-COUNTED", "what open holds may yet bring each account is counted, no more and no less",
             step=_promises_counted),
    Property("MEMBER-LIMIT", "no member's debit takes an account below its limit", step=_member_limit),
    Property(
        "MIRROR=IN-FLIGHT", "ledger and records of a link agree, and differ between partners by unseen claims only",
        step=_mirror,
    ),
    Property("CREDITOR-LIMIT", "by its own numbers nobody is owed more than it granted", step=_creditor_limit),
    Property("TRUE-LIMIT", "by the newest records of two honest partners neither may owe more than its limit",
             step=_true_limit),
    Property("PASSABLE", "what an honest node holds of others an honest node takes, in any pieces", step=_passable),
    Property(
        "HONEST-STAY-TOGETHER", "no honest node drops an honest one, whatever anybody says", step=_stay_together
    ),
    Property("ACCEPT-STABLE", "no honest network is held guilty, and no link with one is frozen", step=_accept_stable),
    Property(
        "NO-HONEST-LOSS", "who passes on is paid for what it pays, and nothing is given back that may be claimed yet",
        entry=_honest_loss_entry, step=_honest_loss_step,
    ),
    Property("PAID=>PREIMAGE", "nobody pays or is credited but against the preimage", entry=_paid_preimage),
    Property("ONCE-PER-INVOICE", "an invoice is sent, paid and credited once", entry=_once),
    Property("QUOTED=>DEBITED", "the payer is debited what was quoted, and nobody forwards below its price",
             entry=_quoted),
    Property("CIRCLE-ONCE", "a network joins a circle once, whoever initiates it", entry=_circle_once),
    Property("OWED-AND-FREE", "a circle takes of a debt what is owed and not promised yet: it turns none round",
             entry=_owed_and_free, step=_note_promises),
    Property("POSITION-KEPT", "a circle leaves every net position, but for rounding and what was agreed to lose",
             entry=_position_kept),
    Property("CIRCLE-WHOLE", "a circle that clears anything clears it at all its networks",
             healed=_circle_whole, honest_only=True),
    Property("FORK-SEEN=>PROOF", "who is shown two entries at one place keeps the proof and gives no new credit",
             step=_fork_seen),
    Property("SETTLED-STAYS", "what was claimed or waived is so for good", step=_settled_stays),
    Property("RESTORE-NO-SELF-FORK", "no honest network says two things at one place, whatever copy it came back from",
             step=_no_self_fork),
    Property("GROUP-DECIDES", "what only the group may write follows a motion with more yes than no",
             step=_group_decides),
    Property("BOUNDED-STORAGE", "what one input makes a node store is bounded, and silence stores nothing",
             step=_bounded, healed=_silence, honest_only=True),
    Property("BOUNDED-BY-STANDING", "of strangers no more is kept than their budget, of each and of all together",
             step=_bounded_by_standing),
    Property("LIVE-UNDER-STRANGERS", "a wish waits for one short turn of strangers at most, whatever they bring",
             step=_live_under_strangers),
    Property("ANSWERED", "every wish is answered, if the node lives on", healed=_answered),
    Property("NO-HOLD-LEFT", "when all are honest and well, no hold stays open",
             healed=_no_hold_left, honest_only=True),
    Property("CONVERGE", "when all are well, all have the same entries and both ends of a link agree",
             healed=_converge),
    Property("BOARDS-MEET", "who may see an item holds its newest version, and nobody else has it",
             healed=boards_apart),
    Property("MERGE-LAWS", "the same entries in another order give the same book", end=_merge_laws),
)  # fmt: skip
