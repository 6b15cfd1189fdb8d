# SPDX-License-Identifier: AGPL-3.0-or-later
"""The book: what a network's lanes amount to, as far as rules need it in memory.

It is a pure fold: the same entries give the same book, on every replica. What two features need lives
here or in the ledger; what one feature needs is its own state, reached by its type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, TypeVar

from protocol.book import wishes
from protocol.book.accounts import account_id
from protocol.book.currency import Currency
from protocol.book.declaration import (
    Act,
    Create,
    Desk,
    Entered,
    News,
    Plan,
    Practice,
    Waiting,
    operation_name,
    reasons_of,
)
from protocol.book.gates import MotionWish, UnderMotion, gate_of
from protocol.book.ledger import Account, Ledger, Line, Posting, SystemAccount, SystemAccounts
from protocol.book.members import Mandated, Member
from protocol.book.money import Amount
from protocol.book.parameters import Decided, Parameter, declared, value_of
from protocol.book.payments import PAYMENTS, Payment
from protocol.book.refusals import (
    WRONG_NETWORK,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.requests import REQUESTS
from protocol.book.slots import F, Slot
from protocol.book.tables import Fetched, Kept, Name, NotFetched, Rows, Table
from protocol.book.wishes import Said, count, hear, named_by, rests_on_wish, untimely
from protocol.lanes.entry import LEDGER, Body, Millis

CALLED_ABROAD: Slot[Callable[[Book, str], str | None]] = Slot("tells by which name people know an account of others")
S = TypeVar("S")
V = TypeVar("V")
R = TypeVar("R")


class Book:
    """The fold of one network's entries.

    `handle` is the network's own, where it is known.
    """

    def __init__(self, network: bytes, features: Sequence[Practice]) -> None:
        self.network = network
        self.practices = tuple(features)
        self.handle: str | None = None
        self.is_sampled: Callable[[], bool] | None = None
        """While a replica takes in a long range: tells, for each member's signature, whether it is checked."""
        self.examined: tuple[Body | None, Any] = (None, None)
        """The body that was checked last, and what the check has found: its fold, which comes next, begins with it."""
        self.heard_wish: tuple[Said[Any] | None, bool] = (None, False)
        """The newest signed wish that was read, and whether its signature was verified."""
        self.ledger = Ledger()
        self.currencies: dict[str, Currency] = {}
        self.members: dict[str, Member] = {}
        self.member_by_handle: dict[str, str] = {}
        self.member_by_key: dict[bytes, str] = {}
        self.mandates: dict[bytes, Mandated] = {}
        self.tables: dict[str, Rows[Any]] = {
            table.name: Rows(table, self)
            for table in (PAYMENTS, REQUESTS, *(one for feature in features for one in feature.tables))
        }
        self.source: Callable[[Iterable[Name]], Iterable[Fetched]] | None = None
        """What reads stored rows at once, while entries are folded at a start."""
        self.payments = self.rows(PAYMENTS)
        self.requests = self.rows(REQUESTS)
        self.passing: dict[str, int] = {}
        """How many payments of other networks are passing through, by currency: a currency in use stays open."""
        self.head: tuple[int, bytes] | None = None
        self.entry_id: Callable[[int], bytes] = _no_entry
        """Tells the id of the ledger entry at a place before the one that is folded, for whoever holds the lanes."""
        self.audits = False
        """Whether what the network's operator claims of its books is compared with them."""
        self._begun: dict[int, bytes] = {}
        """The payments of the batch in hand, by the place of the entry that began each."""
        self._states: dict[type[Any], Any] = {}
        self._feature_of: dict[type[Body], Practice] = {
            kind: feature for feature in features for kind in feature.entries
        }
        named = [account.name for feature in features for account in feature.accounts]
        self._account_names = frozenset(named)
        assert len(named) == len(self._account_names), f"two practices declare one account: {named}"
        self._filled: dict[Slot[Any], tuple[Any, ...]] = {}
        for one in (filled for feature in features for filled in feature.fills):
            self._filled[one.slot] = (*self._filled.get(one.slot, ()), one.filling)
        self.parameters = declared([parameter for feature in features for parameter in feature.parameters])
        """What practices let the group decide, by name."""
        self.operations = {operation_name(one): one for feature in features for one in feature.operations}
        self.electorates = {name: who for feature in features for name, who in feature.electorates.items()}
        self._families = {name: who for feature in features for name, who in feature.electorates_of.items()}
        self.parties = {noun: whom for feature in features for noun, whom in feature.parties.items()}
        self._vetoes = _by_kind(feature.before for feature in features)
        self._reactions = _by_kind(feature.after for feature in features)
        self.reasons = reasons_of(features)
        self._posted = [feature.posted for feature in features if feature.posted is not None]
        self.kinds: dict[str, type[Body]] = {kind.KIND: kind for kind in self._feature_of}
        self._hears: dict[type[Body], Practice] = {kind: feature for feature in features for kind in feature.words}
        self.words: dict[str, type[Body]] = {kind.KIND: kind for kind in self._hears}

    def of(self, kind: type[S]) -> S:
        """Return a feature's own state, empty at first."""
        state = self._states.get(kind)
        if state is None:
            state = self._states[kind] = kind()
        return state

    def fillings(self, slot: Slot[F]) -> tuple[F, ...]:
        """Return by what practices fill a slot, in their order."""
        return self._filled.get(slot, ())

    def rows(self, table: Table[R]) -> Rows[R]:
        """Return the rows of a table that a practice has declared."""
        return self.tables[table.name]

    def drawn(self, id: bytes) -> bytes:
        """Return an id that chance has just drawn: no table has a row by it, and nothing is read to learn that."""
        for rows in self.tables.values():
            rows.drawn(id)
        return id

    def electors(self, name: str) -> Iterable[str]:
        """Return the ids of the members of an electorate: nobody where there is none of this name."""
        family, of_what, row = name.partition(":")
        if of_what:
            return self._families[family](self, row) if family in self._families else ()
        return self.electorates[name](self) if name in self.electorates else ()

    def need(self, bodies: Iterable[Body]) -> None:
        """Say at once which rows entries name; raises NotFetched where only the store can have some of them."""
        if any(rows.left for rows in self.tables.values()):
            named = (one for body in bodies for one in named_by(body))
            lacking = (Name(*one) for one in named if one[0] in self.tables and self.tables[one[0]].lacks(one[1]))
            names = tuple(dict.fromkeys(lacking))
            if names:
                raise NotFetched(names)

    def visit(self, fetched: Iterable[Fetched]) -> None:
        """Let rows in that the store holds and the batch in hand names."""
        for one in fetched:
            self.tables[one.name.table].visit(one)

    def settle(self) -> list[Kept]:
        """Return the rows that are to be stored since the last time; closed ones leave memory."""
        self._begun.clear()
        return [kept for rows in self.tables.values() for kept in rows.settle()]

    def state(self) -> dict[str, Any]:
        """Return what a snapshot keeps, after `settle`: what was folded, and no state that is TRANSIENT."""
        parts = {name: getattr(self, name) for name in _PARTS}
        folded = {kind: one for kind, one in self._states.items() if not getattr(kind, "TRANSIENT", False)}
        return {**parts, "_states": folded, "tables": {name: rows.state() for name, rows in self.tables.items()}}

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from what `state` has returned."""
        for name in _PARTS:
            setattr(self, name, state[name])
        for name, rows in state["tables"].items():
            self.tables[name].resume(rows)

    def check(self, entered: Entered) -> Reason | None:
        """Tell why an entry may not stand in this book: the same answer on every node."""
        reason = self._judged(entered)
        if reason is None and (refused := self._vetoed(entered)) is not None:
            return refused.reason
        return reason

    def _judged(self, entered: Entered) -> Reason | None:
        """Tell why an entry may not stand, by its own practice."""
        body = entered.body
        practice = self._feature_of[type(body)]
        if not rests_on_wish(body):
            return practice.check(self, entered)
        misplaced = self.misplaced(entered)
        said = hear(self, body) if misplaced is None else misplaced
        if isinstance(said, Refused):
            return said.reason
        reason, late = practice.check(self, entered), untimely(self, said, entered.at_ms)
        if late is None:
            return reason
        refused = foremost(None if reason is None else refuse(reason), late)
        return None if refused is None else refused.reason

    def veto(self, body: Body, at_ms: Millis) -> Refused | None:
        """Return which other practice refuses an entry that is about to be written, None where none does."""
        if type(body) not in self._vetoes:
            return None
        seq, _ = self.head or (-1, b"")
        return self._vetoed(Entered(body, self.network, LEDGER, 0, seq + 1, bytes(32), at_ms))

    def _vetoed(self, entered: Entered) -> Refused | None:
        vetoes = self._vetoes.get(type(entered.body), ())
        return next((refused for veto in vetoes if (refused := veto(self, entered)) is not None), None)

    def apply(self, entered: Entered) -> tuple[Line, ...]:
        """Fold a checked entry in; returns the statement lines that its postings make."""
        if rests_on_wish(entered.body):
            count(self, entered.body)
        practice = self._feature_of[type(entered.body)]
        if practice.accounts:
            self._open_accounts_of(practice, entered.seq)
        under = self.of(UnderMotion)
        if entered.lane == LEDGER and under.left:
            under.left -= 1
        postings = practice.fold(self, entered)
        if entered.lane == LEDGER:
            self.head = (entered.seq, entered.id)
        lines = self._posted_lines(entered, postings) if postings else []
        for react in self._reactions.get(type(entered.body), ()):
            more = react(self, entered)
            lines += self._posted_lines(entered, more)
            postings = (*postings, *more)
        if postings:
            for posted in self._posted:
                posted(self, entered, postings)
        return tuple(lines)

    def _posted_lines(self, entered: Entered, postings: Sequence[Posting]) -> list[Line]:
        """Post, and return the statement lines that this makes."""
        seq, at_ms = entered.seq, entered.at_ms
        lines: list[Line] = []
        for posting, balance in zip(postings, self.ledger.post(postings), strict=True):
            account, amount_minor, kind, payment, counterpart = posting
            lines.append(Line(account, seq, at_ms, kind, payment, counterpart, amount_minor, balance))
        return lines

    def complaints(self) -> Iterator[str]:
        """Yield what is wrong with this book, by the invariants of all practices: nothing, or a node has a bug."""
        for practice in self.practices:
            for name, complaint in practice.invariants:
                found = complaint(self)
                if found is not None:
                    yield f"{practice.name}, {name}: {found}"

    def plan(self, desk: Desk, operation: Create | Act, subject: str, wish: Any) -> Plan | Waiting | Refused:
        """Plan a wish, or put it to the vote where a gate binds whoever asks."""
        motion = gate_of(desk, operation.gate, subject, wish)
        if motion is not None:
            moves = next(practice.moves for practice in self.practices if practice.moves is not None)
            return moves(desk, motion, MotionWish(operation_name(operation), subject, wish))
        planned = wishes.plan(desk, operation, subject, wish)
        return self.vetted(planned, desk.now) if isinstance(planned, Plan) else planned

    def vetted(self, plan: Plan, now: Millis) -> Plan | Refused:
        """Return a plan, or which other practice refuses one of its entries, all looked at as the book is now."""
        for write in plan.writes:
            refused = self.veto(write.body, now)
            if refused is not None:
                return refused
        return plan

    def until_refused(self, plans: Iterable[Plan], now: Millis) -> Iterator[Plan]:
        """Yield what time brings as far as no other practice refuses it: that waits for the next time."""
        for plan in plans:
            if isinstance(self.vetted(plan, now), Refused):
                return
            yield plan

    def trial(self) -> Book:
        """Return a book that stands where this one does: what is folded into it changes nothing here."""
        trial = Book(self.network, self.practices)
        kept = {name: getattr(self, name) for name in (*_PARTS, "tables", "payments", "requests", "_begun")}
        # What refers to this book refers to the trial there.
        vars(trial).update(deepcopy(kept, {id(self): trial}))
        trial.entry_id, trial.audits = self.entry_id, self.audits
        return trial

    def hear(self, word: Entered) -> None:
        """Keep what a network says in its commons."""
        self._hears[type(word.body)].hear(self, word)

    def unhear(self, network: bytes) -> None:
        """Drop all that a network has said in its commons: what stands is heard again."""
        for feature in dict.fromkeys(self._hears.values()):
            feature.unhear(self, network)

    def news(self, entered: Entered) -> Iterable[News]:
        """Return what an entry or a word, just folded, means to subscribers."""
        kind = type(entered.body)
        news = (self._hears if kind in self._hears else self._feature_of)[kind].news
        return () if news is None else news(self, entered)

    def misplaced(self, entered: Entered) -> Refused | None:
        """Return why an entry of the ledger does not stand where such entries stand."""
        if entered.network != self.network or entered.lane != LEDGER:
            return refuse(WRONG_NETWORK)
        return None

    def add_payment(self, payment: Payment) -> None:
        """Keep a new payment."""
        self.payments.add(payment)
        self._begun[payment.arrival] = payment.id

    def owner_of(self, account: str) -> str:
        """Return the member whose account this is; "" where it is nobody's."""
        found = self.ledger.accounts.get(account)
        return "" if found is None else found.member or ""

    def payment_at(self, arrival: int) -> Payment:
        """Return the payment that an entry of the batch in hand, at a place of the lane, began."""
        return self.payments[self._begun[arrival]]

    def open_account(self, member: str, currency: Currency, least: int, most: int | None, arrival: int) -> None:
        """Open a member's account in a currency, with its limits each way (minor units)."""
        self.ledger.open(Account(account_id(member, currency.code), currency.code, member, least, most, arrival))

    def add_currency(self, currency: Currency) -> None:
        """Keep a new currency, and open in it the accounts of all practices that are in use."""
        self.currencies[currency.code] = currency
        for accounts in self.of(SystemAccounts).used.values():
            self._open_system(accounts, currency.code, currency.arrival)

    def _open_accounts_of(self, practice: Practice, seq: int) -> None:
        """Open a practice's own accounts in all currencies at its first entry: old books stay as they were."""
        used = self.of(SystemAccounts).used
        if practice.name not in used:
            used[practice.name] = practice.accounts
            for code in self.currencies:
                self._open_system(practice.accounts, code, seq)

    def _open_system(self, accounts: Iterable[SystemAccount], code: str, arrival: int) -> None:
        for account in accounts:
            self.ledger.open(Account(account.of(code), code, None, None, None, arrival))

    def parameter(self, parameter: Parameter[V], currency: str | None = None) -> V:
        """Return what the group has decided, as of this place of the lane; `currency` where each has its own."""
        assert parameter.of_currency is (currency is not None), parameter.name
        return value_of(self.of(Decided), parameter, currency or "")

    @property
    def account_names(self) -> frozenset[str]:
        """The names of all accounts that practices declare: no new member is called so."""
        return self._account_names

    def amount(self, currency: str, amount_minor: int) -> Amount:
        """Return minor units of a currency as they are shown."""
        return Amount(amount_minor, currency, self.currencies[currency].scale)

    def name_of(self, account: str, seq: int | None = None) -> str:
        """Return by which name people know an account: its member's handle, "commons", a foreign address.

        With a place in the ledger lane it is the name as it was then.
        """
        found = self.ledger.accounts.get(account)
        if found is None:
            return account
        if found.member is None:
            for called in self.fillings(CALLED_ABROAD):
                name = called(self, account)
                if name is not None:
                    return name
            return found.id.partition(".")[0]
        member = self.members[found.member]
        return member.handle if seq is None else member.handle_at(seq)


def _by_kind(declared: Iterable[Mapping[type[Body], F]]) -> dict[type[Body], tuple[F, ...]]:
    """Return what practices do about each kind, in the order in which they are declared."""
    found: dict[type[Body], tuple[F, ...]] = {}
    for one in declared:
        for kind, act in one.items():
            found[kind] = (*found.get(kind, ()), act)
    return found


_PARTS = (
    "handle", "ledger", "currencies", "members", "member_by_handle", "member_by_key", "mandates", "passing", "head",
    "_states",
)  # fmt: skip
"""What of a book a snapshot keeps, besides the rows of tables."""


def _no_entry(seq: int) -> bytes:
    raise LookupError(f"nobody holds the ledger lane for this book: {seq}")
