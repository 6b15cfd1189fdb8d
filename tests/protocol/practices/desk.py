# SPDX-License-Identifier: AGPL-3.0-or-later
"""A group at its desk: one network's book, in which a story takes a few lines, without a node around it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from hashlib import sha256
from itertools import islice
from typing import Any, ClassVar

from protocol.book.agenda import due_plans
from protocol.book.book import Book
from protocol.book.declaration import (
    Act,
    Actor,
    Create,
    Desk,
    Entered,
    EntriesWanted,
    List,
    ListOf,
    Lookup,
    News,
    Operation,
    Plan,
    Practice,
    Role,
    RowsWanted,
    Show,
    operation_name,
)
from protocol.book.ledger import Line
from protocol.book.members import Auth, Member
from protocol.book.money import Amount
from protocol.book.payments import Payment
from protocol.book.plans import ItemsWanted
from protocol.book.private import items_of, private_by_entry
from protocol.book.refusals import FORBIDDEN, Reason, Refused
from protocol.book.signed import Envelope, Signed, parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.lanes.claims import Inception
from protocol.lanes.entry import IDENTITY, LEDGER, NO_NETWORK, Body, Entry, decode_body, encode_body, seal
from protocol.lanes.identity import promise
from protocol.peers.home import KEEPS
from protocol.practices import PRACTICES
from protocol.practices.money.currencies.views import CreateCurrency
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.payments.paying import PAY_ABROAD
from protocol.practices.people.devices import AddKey
from protocol.practices.people.invitations import Invite
from protocol.practices.people.joinings import Joining
from protocol.practices.people.members.entries import Leave
from protocol.practices.people.members.views import Approve, Join
from protocol.wire.codec import encode
from protocol.wire.keys import KeyPair
from protocol.wire.shape import to_map

DAY_MS = 24 * 60 * 60 * 1_000
ENVELOPE = {one.name for one in fields(Envelope)}
"""What of a signed wish is told in its envelope."""
STEWARD = Actor(Role.STEWARD)
ANYBODY = Actor(Role.ANYONE)


def keys_of(name: str) -> KeyPair:
    """Return the key pair that a name stands for, the same each time."""
    return KeyPair.from_seed(sha256(name.encode()).digest())


HOT = keys_of("the network")
INCEPTION = seal(
    HOT,
    network=NO_NETWORK,
    lane=IDENTITY,
    epoch=0,
    seq=0,
    prev=None,
    body=encode_body(
        Inception(
            HOT.public, promise(keys_of("the next").public), (keys_of("cold").public,), 1, keys_of("transport").public
        ),
        1_780_000_000_000,
    ),
    salt=bytes(16),
)
NETWORK = INCEPTION.id


def fresh_book() -> Book:
    """Return the book of a group by itself: nobody carries its payments abroad."""
    book = Book(NETWORK, PRACTICES)
    del book._filled[PAY_ABROAD]
    return book


class Refusal(AssertionError):
    """A wish was refused that a story took for granted."""


@dataclass
class Group:
    """A network's book, its clock and its chance, both deterministic; whoever acts is told by name."""

    book: Book = field(default_factory=fresh_book)
    now: int = 1_790_000_000_000
    written: list[Entered] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    news: list[News] = field(default_factory=list)
    texts: dict[bytes, str] = field(default_factory=dict)
    drawn: int = 0
    seqs: dict[str, int] = field(default_factory=dict)

    practices: ClassVar[tuple[Practice, ...]] = PRACTICES

    def __post_init__(self) -> None:
        self.operations: dict[str, Operation] = {
            operation_name(one): one for feature in self.book.practices for one in feature.operations
        }

    # What a replica does.

    def chance(self, count: int) -> bytes:
        self.drawn += 1
        return sha256(b"chance %d" % self.drawn).digest()[:count]

    def desk(self, actor: Actor = STEWARD) -> Desk:
        return Desk(self.book, actor, self.now, self.chance, HOT.sign)

    def plan(self, name: str, actor: Actor, wish: Any, subject: str | None = None) -> Plan | Refused:
        """Plan an operation, without carrying it out."""
        operation = self.operations[name]
        if actor.role not in operation.who:
            return Refused(FORBIDDEN)
        assert isinstance(operation, Create) or (isinstance(operation, Act) and subject is not None), name
        planned = self.book.plan(self.desk(actor), operation, subject or "", wish)
        assert isinstance(planned, Plan | Refused)
        return planned

    def carry_out(self, plan: Plan) -> None:
        """Write what a plan says, through the form in which it travels."""
        for write in plan.writes:
            entry = self.seal(write.body, write.lane)
            entered = self.entered(entry)
            reason = self.book.check(entered)
            assert reason is None, f"the plan was granted, but every node refuses the entry: {reason} {write.body}"
            self.fold(entry, entered)
        for item in items_of(private_by_entry(self.practices), self.book, plan, self.now):
            self.texts[item.digest] = item.value.decode()
            for keeping in self.book.fillings(KEEPS):
                if item.kind.startswith(keeping.prefix):
                    keeping.take(self.book, item)
        for owner in plan.erases:
            for keeping in self.book.fillings(KEEPS):
                keeping.erase(self.book, owner)

    def seal(self, body: Body, lane: str = LEDGER) -> Entry:
        """Return the entry that the network signs at the next place of the lane."""
        prev = self.entries[-1].id if self.entries else None
        data = encode_body(body, self.now)
        return seal(
            HOT,
            network=NETWORK,
            lane=lane,
            epoch=0,
            seq=len(self.entries),
            prev=prev,
            body=data,
            salt=self.chance(16),
        )

    def entered(self, entry: Entry) -> Entered:
        """Return an entry as any node reads it."""
        body, at_ms = decode_body(entry.body_bytes, self.book.kinds)
        return Entered(body, NETWORK, entry.header.lane, 0, entry.header.seq, entry.id, at_ms)

    def fold(self, entry: Entry, entered: Entered) -> None:
        self.entries.append(entry)
        self.written.append(entered)
        self.lines += self.book.apply(entered)
        self.news += self.book.news(entered)
        assert not list(self.book.complaints())

    def check(self, body: Body) -> Reason | None:
        """Return what any node says of an entry that is not from this group's own plans."""
        return self.book.check(self.entered(self.seal(body)))

    def pass_time(self, until: int) -> None:
        """Let the clock go on, and do what is due: each plan is carried out before the next is asked for."""
        self.now = until
        for plan in due_plans(self.desk(ANYBODY)):
            self.carry_out(plan)
        for feature in self.book.practices:
            if feature.due is not None:
                for plan in feature.due(self.desk(ANYBODY)):
                    self.carry_out(plan)
                    for beside in plan.beside:
                        for after in beside.then(self.desk(ANYBODY), beside.reckoning.work(beside.reckoning.of)):
                            self.carry_out(after)

    # Who acts.

    def actor(self, name: str) -> Actor:
        if name == "steward":
            return STEWARD
        return Actor(Role.MEMBER, self.member(name).id)

    def member(self, handle: str) -> Member:
        return self.book.members[self.book.member_by_handle[handle]]

    def account(self, handle: str, currency: str = "HORA") -> Any:
        return self.book.ledger.accounts[f"{self.member(handle).id}.{currency}"]

    def balance(self, handle: str, currency: str = "HORA") -> int:
        if handle in ("commons", "holds", "exchange"):
            return self.book.ledger.accounts[f"{handle}.{currency}"].balance_minor
        return self.account(handle, currency).balance_minor

    # What they wish.

    def ask(self, who: str | Actor, name: str, wish: Any, subject: str | None = None) -> Any:
        """Ask for an operation and return what is shown, or the refusal; a plan changes nothing by itself."""
        actor = self.actor(who) if isinstance(who, str) else who
        before = snapshot(self.book)
        planned = self.plan(name, actor, wish, subject)
        assert snapshot(self.book) == before, "a plan changed the book"
        if isinstance(planned, Refused):
            return planned
        self.carry_out(planned)
        if planned.answer is not None:
            return planned.answer
        return self.view(actor, f"{planned.noun or name.partition('.')[0]}.show", planned.shows)

    def receipt(self, who: str, payment: Payment) -> Any:
        """Return the receipt of a payment, as the runtime completes it from storage."""
        wanted = self.view(who, "receipts.show", uuid_text(payment.id))
        if isinstance(wanted, Refused):
            return wanted
        assert isinstance(wanted, EntriesWanted)
        return wanted.show((INCEPTION.wire,), tuple(self.entries[seq].wire for seq in wanted.ledger_seqs))

    def do(self, who: str | Actor, name: str, wish: Any, subject: str | None = None) -> Any:
        """Ask for an operation that the story takes for granted."""
        shown = self.ask(who, name, wish, subject)
        if isinstance(shown, Refused):
            raise Refusal(f"{name}: {shown}")
        return shown

    def refusal(self, who: str | Actor, name: str, wish: Any, subject: str | None = None) -> Reason:
        """Ask for an operation that is refused, and return why."""
        shown = self.ask(who, name, wish, subject)
        assert isinstance(shown, Refused), shown
        return shown.reason

    def view(self, who: str | Actor, name: str, subject: str) -> Any:
        operation = self.operations[name]
        assert isinstance(operation, Show)
        return operation.view(self.desk(self.actor(who) if isinstance(who, str) else who), subject)

    def list(self, who: str, name: str, wanted: Any, *, limit: int = 50) -> list[Any] | Refused:
        """Return all items of a list, read page by page."""
        operation = self.operations[name]
        assert isinstance(operation, List)
        items: list[Any] = []
        after = 0
        while True:
            desk = self.desk(self.actor(who))
            asked = None if operation.rows is None else operation.rows(desk, wanted, after, limit)
            assert not isinstance(asked, ItemsWanted), "no list of a practice that is asked here is of private items"
            if asked is not None:
                found = asked if isinstance(asked, Refused) else listed(self.book, asked)
            else:
                assert operation.view is not None
                found = operation.view(desk, wanted, after)
            if isinstance(found, Refused):
                return found
            page = list(islice(found, limit))
            if not page:
                return items
            assert [cursor for cursor, _ in page] == sorted({cursor for cursor, _ in page})
            assert page[0][0] > after
            items += [item for _, item in page]
            after = page[-1][0]

    def statement(self, who: str, address: str, wanted: Any = None) -> Any:
        """Return an account's statement, or the part of it that is wanted, as a member sees it."""
        operation = self.operations["accounts.entries"]
        assert isinstance(operation, ListOf)
        lookup = operation.view(self.desk(self.actor(who)), address, wanted or operation.wanted(), 0, 50)
        if isinstance(lookup, Refused):
            return lookup
        assert isinstance(lookup, Lookup)
        payments, requests = self.book.payments, self.book.requests
        since_ms, until_ms = lookup.since_ms or 0, lookup.until_ms or 2**63
        lines = [one for one in self.lines if one.account == lookup.account and since_ms <= one.at_ms < until_ms]
        shown: list[Any] = []
        for line in lines:
            payment = payments.get(line.payment)
            asked = None if payment is None or payment.request is None else requests.get(payment.request)
            shown.append(lookup.show(line, payment, asked))
        return shown[::-1] if lookup.newest_first else shown

    # Stories begin with these.

    def currency(self, code: str = "HORA", *, limit: int = 100_00, ceiling: int | None = None, scale: int = 2) -> None:
        balance_limit = None if ceiling is None else Amount(ceiling, None, scale)
        self.do(
            "steward",
            "currencies.create",
            CreateCurrency(code, code.title(), Amount(limit, None, scale), scale=scale, balance_limit=balance_limit),
        )

    def invite(self) -> str:
        return self.do("steward", "invitations.create", Invite()).code

    def joining(self, handle: str, keys: KeyPair | None = None, **changed: Any) -> Signed:
        keys = keys or keys_of(handle)
        data = encode(to_map(replace(Joining(NETWORK, handle, keys.public), **changed)))
        return Signed(data, keys.sign(Joining.KIND, data))

    def add_key(self, handle: str, new: KeyPair, cap_minor: int | None = None, *, by: KeyPair | None = None) -> None:
        """Let a member have one key more, by its first key or another."""
        wish = AddKey(self.member(handle).id, self.joining(handle, new), cap_minor)
        self.do(handle, "members.add-key", Brought(self.sign("members.add-key", wish, by or keys_of(handle))), handle)

    def join(self, handle: str, *, custodial: bool = False) -> Member:
        joining = None if custodial else self.joining(handle)
        self.do(ANYBODY, "members.join", Join(self.invite(), handle, handle.title(), joining))
        return self.member(handle)

    def admit(self, *handles: str, custodial: bool = False, limit: int | None = None) -> None:
        """Let members join and be approved, with an account in each currency."""
        wishes = (
            [Approve()] if limit is None else [Approve(code, Amount(limit, code, 2)) for code in self.book.currencies]
        )
        for handle in handles:
            self.join(handle, custodial=custodial)
            for wish in wishes:
                self.do("steward", "members.approve", wish, handle)

    def departure(self, handle: str, keys: KeyPair | None = None) -> Signed:
        """Return that a member leaves, as its first key or another signs it."""
        return self.sign("members.leave", Leave(self.member(handle).id), keys or keys_of(handle))

    def leave(self, handle: str, keys: KeyPair | None = None) -> None:
        """Let a member go in peace: a steward brings its word, or what its first key or another signs."""
        signed = self.member(handle).auth is Auth.SELF
        wish = Brought(self.departure(handle, keys)) if signed else Leave(handle)
        self.do("steward", "members.leave", wish, handle)

    def next_seq(self, key: str) -> int:
        self.seqs[key] = self.seqs.get(key, 0) + 1
        return self.seqs[key]

    def sign(self, operation: str, wish: Any, keys: KeyPair, /, **changed: Any) -> Signed:
        """Return a wish that a key signed: under its next number, for a day."""
        told: dict[str, Any] = {
            "network": NETWORK,
            "operation": operation,
            "fields": encode(to_map(wish)),
            "key": keys.public,
            "order_seq": self.next_seq(keys.public.hex()) if "order_seq" not in changed else 0,
            "not_after_ms": self.now + DAY_MS,
        }
        data = encode(to_map(Envelope(**(told | changed))))
        return Signed(data, keys.sign(Envelope.KIND, data))

    def order(
        self,
        payer: str,
        payee: str,
        amount: int,
        /,
        *,
        keys: KeyPair | None = None,
        currency: str = "HORA",
        **changed: Any,
    ) -> Signed:
        """Return a payment that a member signed: by its first key, for amounts in minor units."""
        told = {name: changed.pop(name) for name in ENVELOPE & changed.keys()}
        terms: dict[str, Any] = {
            "payee": payee,
            "amount": amount,
            "payer": f"{self.member(payer).id}.{currency}",
            "payment": drawn_id(self.chance),
            **changed,
        }
        for name in ("amount", "max_debit"):
            if isinstance(terms.get(name), int):
                terms[name] = Amount(terms[name], currency, self.book.currencies[currency].scale)
        return self.sign("payments.create", Pay(**terms), keys or keys_of(payer), **told)

    def wish(self, payer: str, payee: str, amount: int, /, **changed: Any) -> Pay | Brought:
        """Return how a member pays: by an order if it has a key, else by its word."""
        if self.member(payer).auth is Auth.SELF:
            return Brought(self.order(payer, payee, amount, **changed))
        return Pay(payer=payer, payee=payee, amount=Amount(amount, "HORA", 2), **changed)

    def pay(self, payer: str, payee: str, amount: int, /, **changed: Any) -> Payment:
        """Pay as members do, and return the payment in the book."""
        shown = self.do(payer, "payments.create", self.wish(payer, payee, amount, **changed))
        name = parse_uuid(shown.id)
        assert name is not None
        return self.book.payments[name]

    def refuses(self, payer: str, payee: str, amount: int, /, **changed: Any) -> Reason:
        """Return why a member may not pay."""
        return self.refusal(payer, "payments.create", self.wish(payer, payee, amount, **changed))

    def payments(self, who: str, name: str, payment: Payment, wish: Any) -> Any:
        """Ask for an act on a payment."""
        return self.ask(who, f"payments.{name}", wish, uuid_text(payment.id))


def listed(book: Book, wanted: RowsWanted) -> Iterator[tuple[int, Any]]:
    """Yield what a list shows of the rows of a book that nobody has stored: all are in memory."""
    found = {
        cursor: row
        for index, value in wanted.by or ((None, b""),)
        for cursor, row in book.rows(wanted.table).since(wanted.after, index, value)
        if wanted.by != ()
    }
    for cursor, row in sorted(found.items()):
        if wanted.wanted is None or wanted.wanted(row):
            yield cursor, wanted.show(row)


def copy_of(entries: Iterable[Entered]) -> Book:
    """Return the book that another node makes of the same entries, each checked first."""
    book = fresh_book()
    for entered in entries:
        assert book.check(entered) is None
        book.apply(entered)
    return book


def _kept(state: Any) -> dict[str, Any]:
    return asdict(state) if is_dataclass(state) and not isinstance(state, type) else dict(vars(state))


def snapshot(book: Book) -> Any:
    """Return all that a book says, as plain values that can be compared; what is TRANSIENT follows from no entry."""
    states: Sequence[tuple[str, Any]] = sorted(
        (kind.__qualname__, kept)
        for kind, state in book._states.items()
        if not getattr(kind, "TRANSIENT", False) and (kept := _kept(state)) != _kept(kind())
    )
    return (
        {name: asdict(account) for name, account in book.ledger.accounts.items()},
        {name: asdict(member) for name, member in book.members.items()},
        dict(book.member_by_handle),
        dict(book.member_by_key),
        {name: asdict(currency) for name, currency in book.currencies.items()},
        {name: asdict(mandate) for name, mandate in book.mandates.items()},
        {name: asdict(payment) for name, payment in book.payments.items()},
        {name: asdict(request) for name, request in book.requests.items()},
        book.head,
        states,
    )
