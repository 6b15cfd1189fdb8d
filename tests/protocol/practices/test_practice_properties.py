# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is always so, whatever members wish and whatever a dishonest node writes."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import fields, replace
from random import Random
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from protocol.book.book import Auth, PaymentState
from protocol.book.declaration import OwnId
from protocol.book.money import Amount
from protocol.book.refusals import Rejection
from protocol.book.signed import Envelope, Signed, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.lanes.entry import Body
from protocol.practices import PRACTICES
from protocol.practices.money.currencies import SetLevy
from protocol.practices.money.payments.declaration import PostPayment, ReversePayment, VoidPayment
from protocol.practices.money.payments.rules import Paid
from protocol.practices.money.requests import AskPayment, CancelRequest, DeclineRequest, PayRequest
from protocol.practices.money.schedules import (
    CancelSchedule,
    PauseSchedule,
    ResumeSchedule,
    Rhythm,
    Scheduled,
    SchedulePayment,
    Schedules,
)
from protocol.practices.people.invitations import Invited
from protocol.practices.people.joinings import sign_joining
from protocol.practices.people.mandates import GiveMandate
from protocol.practices.people.members import Joined, Leave, Left, Resume, SetLimits, Suspend, Suspended
from protocol.wire.codec import encode
from protocol.wire.shape import AtMost, Length, PersonalText, Range, split_optional, to_map
from tests.protocol.practices.desk import DAY_MS, NETWORK, Group, copy_of, keys_of, snapshot

HANDLES = ("ana", "bia", "caio", "dora")


def founded() -> Group:
    """Ana and Bia with keys, Caio and Dora without, who may each owe 50.00 and hold 80.00."""
    group = Group()
    group.currency(limit=50_00, ceiling=80_00)
    group.admit("ana", "bia")
    group.admit("caio", "dora", custodial=True)
    return group


FOUNDED = founded()

# Random wishes. Each does something with a group, or is refused.

Deed = Callable[[Group], None]
who = st.sampled_from(HANDLES)
actors = st.sampled_from((*HANDLES, "steward"))
amounts = st.integers(-1, 60_00)


def ask(group: Group, actor: str, name: str, wish: Any, subject: str | None = None) -> None:
    group.ask(actor, name, wish, subject)


def nth(items: Any, place: int) -> str:
    """Return the id of one of the things there are, or of none."""
    names = list(items)
    return uuid_text(names[place % len(names)] if names else bytes(16))


@st.composite
def deeds(draw: DrawFn) -> Deed:
    actor, payer, payee, amount = draw(actors), draw(who), draw(who), draw(amounts)
    place, pending = draw(st.integers(0, 7)), draw(st.booleans())

    def pay(group: Group) -> None:
        ask(group, actor if pending else payer, "payments.create", group.wish(payer, payee, amount, pending=pending))

    def settle(group: Group) -> None:
        verb, wish = draw_settle
        name = nth(group.book.payments, place)
        ask(group, actor, f"payments.{verb}", wish or ReversePayment(bytes.fromhex(name.replace("-", ""))), name)

    def reverse(group: Group) -> None:
        payment = nth(group.book.payments, place)
        wish = ReversePayment(bytes.fromhex(payment.replace("-", "")))
        signed = group.sign("payments.reverse", wish, keys_of(payee))
        ask(group, "steward", "payments.reverse", Brought(signed), payment)

    def member(group: Group) -> None:
        verb, wish = draw_member
        ask(group, actor, f"members.{verb}", wish, payee)

    def levy(group: Group) -> None:
        ask(group, "steward", "currencies.set-levy", SetLevy(place * 500, pending), "HORA")

    def request(group: Group) -> None:
        ask(group, payer, "payment-requests.create", AskPayment(Amount(amount, "HORA", 2)))

    def answer(group: Group) -> None:
        verb, wish = draw_answer
        name = nth(group.book.requests, place)
        if verb == "pay" and group.member(payer).auth is Auth.SELF:
            order = group.order(payer, payee, amount, request=bytes.fromhex(name.replace("-", "")))
            ask(group, payer, "payments.create", Brought(order))
        else:
            ask(group, payer, f"payment-requests.{verb}", wish, name)

    def schedule(group: Group) -> None:
        wish = SchedulePayment(
            payee=payee,
            amount=Amount(amount, "HORA", 2),
            first_at=group.now + place * DAY_MS // 2,
            rhythm=Rhythm.DAILY,
            times=place + 1,
        )
        ask(group, payer, "scheduled-payments.create", wish)

    def change(group: Group) -> None:
        verb, wish = draw_change
        schedules = group.book.of(Schedules)
        ask(group, payer, f"scheduled-payments.{verb}", wish, nth(schedules.by_id, place))

    def sleep(group: Group) -> None:
        group.pass_time(group.now + (place + 1) * DAY_MS // 3)

    draw_settle = draw(st.sampled_from((("post", PostPayment()), ("void", VoidPayment()), ("reverse", None))))
    limits = SetLimits(Amount(abs(amount), "HORA", 2), Amount(draw(st.integers(0, 90_00)), "HORA", 2))
    draw_member = draw(
        st.sampled_from(
            (
                ("suspend", Suspend()),
                ("resume", Resume()),
                ("resume", Resume()),
                ("leave", Leave()),
                ("set-limits", limits),
            )
        )
    )
    draw_answer = draw(
        st.sampled_from((("pay", PayRequest()), ("decline", DeclineRequest()), ("cancel", CancelRequest())))
    )
    draw_change = draw(
        st.sampled_from((("pause", PauseSchedule()), ("resume", ResumeSchedule()), ("cancel", CancelSchedule())))
    )
    kinds = (pay, pay, pay, pay, settle, settle, reverse, member, levy, request, answer, schedule, change, sleep)
    return draw(st.sampled_from(kinds))


@settings(max_examples=60)
@given(st.lists(deeds(), max_size=40))
def test_whatever_members_wish_the_books_balance_and_another_node_agrees(wished: list[Deed]) -> None:
    group = deepcopy(FOUNDED)
    for deed in wished:
        before = {name: account.balance_minor for name, account in group.book.ledger.accounts.items()}
        written = len(group.written)
        deed(group)
        agree_with_itself(group)
        for account in group.book.ledger.accounts.values():
            if account.member is None:
                continue
            # A limit that was lowered binds what comes after; a reversal may lift its payer over the ceiling.
            last = group.written[-1].body.KIND if len(group.written) > written else ""
            least, most = account.least_minor, account.most_minor
            assert least is not None and most is not None
            assert account.balance_minor >= min(least, before[account.id]) or last == "members/left"
            assert account.balance_minor <= max(most, before[account.id], 0) or last in TAKES_BACK
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


TAKES_BACK = ("payments/voided", "payments/reversed", "members/left")


def agree_with_itself(group: Group) -> None:
    """Compare what the book says twice: balances and statements, holds and pending payments."""
    book = group.book
    assert set(book.ledger.sums().values()) <= {0}
    statement: Counter[str] = Counter()
    for line in group.lines:
        statement[line.account] += line.amount_minor
        assert line.balance_minor == statement[line.account]
    held: Counter[str] = Counter()
    awaited: Counter[str] = Counter()
    for payment in book.payments.values():
        if payment.state is PaymentState.PENDING:
            held[payment.payer] += payment.amount_minor
            awaited[payment.payee] += payment.amount_minor
    assert group.balance("holds") == sum(held.values())
    for account in book.ledger.accounts.values():
        assert account.balance_minor == statement[account.id]
        assert (account.held_minor, account.awaited_minor) == (held[account.id], awaited[account.id])
        if account.member is not None and book.members[account.member].state == "left":
            assert account.balance_minor == 0


# Entries that no honest node writes: each field is filled from what has its name in the group, now and
# then from what has not, so that often all but one of the rules are kept.

FORGED = frozenset({
    "currencies", "devices", "invitations", "mandates", "members", "payment-requests", "payments", "scheduled-payments",
})  # fmt: skip
"""The practices of which the forger knows enough to make entries that pass."""
KINDS: tuple[type[Body], ...] = tuple(
    kind for feature in PRACTICES if feature.name in FORGED for kind in feature.entries
)
WEIGHTS: dict[type[Body], int] = {Paid: 30, Scheduled: 20, Joined: 20, Suspended: 1, Left: 1}
"""How often a kind is written, where not 6 times: those that must fit in many ways more, those that end much less."""


def lived_in() -> Group:
    """A group with one of each thing: payments, requests, a schedule, a mandate, members of every state."""
    group = founded()
    keys = keys_of("ana")
    group.pay("ana", "bia", 10_00)
    group.pay("ana", "caio", 10_00)
    group.pay("caio", "dora", 10_00, pending=True)
    mandate = GiveMandate(
        group.account("ana").id, group.member("bia").id, Amount(90_00, "HORA", 2), 2**47, drawn_id(bytes)
    )
    group.do("ana", "members.mandate", Brought(group.sign("members.mandate", mandate, keys)), "ana")
    group.add_key("ana", keys_of("phone"), 5_00)
    group.do("bia", "payment-requests.create", AskPayment(Amount(10_00, "HORA", 2)))
    group.do("caio", "payment-requests.create", AskPayment(Amount(10_00, "HORA", 2), payer="ana"))
    milk = SchedulePayment(payee="bia", amount=Amount(1, "HORA", 2), first_at=group.now, rhythm=Rhythm.DAILY, times=3)
    group.do("caio", "scheduled-payments.create", milk)
    group.join("elis")
    group.admit("fia", custodial=True)
    group.do("steward", "members.suspend", Suspend(), "fia")
    group.currency("FLOR")
    group.invite()
    return group


LIVED_IN = lived_in()


class Forger:
    """Whoever fills entries at its pleasure; `wild` is how many fields in a hundred mean nothing at all."""

    def __init__(self, group: Group, random: Random, wild: int) -> None:
        self.group = group
        self.random = random
        self.wild = wild

    def tame(self) -> bool:
        return self.random.randrange(100) >= self.wild

    def built(self, kind: type[Any]) -> Any:
        hints = get_type_hints(kind, include_extras=True)
        found = {one.name: self.filled(one.name, hints[one.name]) for one in fields(kind)}
        if hasattr(kind, "OPERATION") and self.tame():
            # By signature, or by word of mouth.
            found |= dict.fromkeys({"signed", "word"} & found.keys())
            if "word" in found and self.tame() and self.random.random() < 0.5:
                wish = self.filled("word", without_none(hints["word"]))
                found["word"] = self.of_member(wish, self.random.choice(("caio", "dora")))
            else:
                found["signed"] = self.signed(kind)
        if "joining" in found:
            member = self.random.choice([*self.group.book.members.values()])
            keys = keys_of(self.random.choice(("new", "newer")))
            handle = found.get("handle", member.handle)
            found["joining"] = sign_joining(keys, NETWORK, handle) if self.tame() else Signed(b"", bytes(64))
            found["member"] = "".join(self.random.choices("ABC", k=16)) if kind is Joined else member.id
        return kind(**found)

    def of_member(self, terms: Any, handle: str) -> Any:
        """Return terms about the account of a member, where they are about an account."""
        names = [one.name for one in fields(terms) if one.name in ("payer", "account")]
        if not names or handle not in ("ana", "bia", "caio", "dora"):
            return terms
        return replace(terms, **dict.fromkeys(names, self.group.account(handle).id))

    def filled(self, name: str, hint: Any) -> Any:
        """Return a value of a field's type, of its meaning most of the time."""
        hint, optional = split_optional(hint)
        if optional and self.random.random() < (0.05 if OwnId in get_args(hint) else 0.85):
            return None
        bounds: tuple[Any, ...] = ()
        while get_origin(hint) is Annotated:
            bounds += hint.__metadata__
            hint = get_args(hint)[0]
        if hint is Signed:
            return Signed(self.random.randbytes(8), bytes(64))
        if hint is Amount:
            return Amount(self.random.choice((1, 5_00, 10_00, 60_00)), "HORA" if self.tame() else "FLOR", 2)
        if any(isinstance(bound, PersonalText) for bound in bounds):
            return bytes(32)
        if hint is bool:
            return self.random.random() < 0.3
        if hint in (Rejection, Rhythm):
            return self.random.choice(list(hint))
        if get_origin(hint) is tuple:
            return tuple(self.filled(name, get_args(hint)[0]) for _ in range(self.random.randrange(3)))
        if hint not in (bytes, str, int):
            return self.built(hint)
        known = self.known(name, hint)
        if not self.tame() or not known:
            known = {bytes: [bytes(16), bytes(32)], str: ["", "gil", "A" * 16], int: [0, 1, -1, 2**47, 2**63 - 1]}[hint]
        fitting = [value for value in known if fits(value, bounds)]
        return self.random.choice(fitting or [value for value in wildest(bounds, hint) if fits(value, bounds)])

    def signed(self, kind: type[Any]) -> Signed:
        """Return a signed wish of a kind of entry's operation, now and then of another's."""
        of = kind if self.tame() else self.random.choice([one for one in KINDS if hasattr(one, "OPERATION")])
        handle = self.random.choice(("ana", "ana", "bia", "elis", "new"))
        keys, wish = keys_of(handle), self.of_member(self.built(vars(of)["WISH"]), handle)
        if self.tame() and "member" in (one.name for one in fields(wish)):
            book = self.group.book
            member = book.members[book.member_by_key.get(keys.public, self.group.member("ana").id)]
            joining: dict[str, Any] = {}
            if hasattr(wish, "joining"):
                joining["joining"] = sign_joining(keys_of("new"), NETWORK, member.handle)
            wish = replace(wish, member=member.id, **joining)
        told = self.built(Envelope)
        named = {"operation": vars(of)["OPERATION"], "fields": encode(to_map(wish)), "key": keys.public}
        data = encode(to_map(replace(told, **named)))
        return Signed(data, keys.sign(Envelope.KIND, data))

    def known(self, name: str, hint: type[Any]) -> list[Any]:
        """Return what the group knows by this name."""
        book = self.group.book
        accounts = [account.id for account in book.ledger.accounts.values() if account.member]
        if hint is str:
            named: dict[str, list[Any]] = {
                "currency": ["HORA", "FLOR"],
                "code": ["HORA", "FLOR", "ECO"],
                "handle": ["elis", "caio", "gil", "hugo"],
                "payer": [*accounts, *accounts, *book.members],
                "payee": [*accounts, "bia", "commons.HORA"],
                "account": accounts,
            }
            return named.get(name, [*book.members])
        if hint is int:
            return {
                "order_seq": [1, 2, 3, 4, 5, 6, 7],
                "first_at": [self.group.now],
                "not_after": [self.group.now, 2**47],
                "not_after_ms": [self.group.now, 2**47],
                "occurrence": [0, 1, 2],
            }.get(name, [0, 1, 100])
        schedules = book.of(Schedules).by_id
        ids = {
            "network": [NETWORK],
            "key": [keys_of(who).public for who in ("ana", "bia")],
            "gives_way": [keys_of("ana").public],
            "lost": [keys_of("phone").public],
            "code": [body.code for body in (one.body for one in self.group.written) if isinstance(body, Invited)],
            "payment": [*book.payments, *(self.random.randbytes(16) for _ in range(4))],
            "request": [*book.requests, self.random.randbytes(16)],
            "mandate": [*book.mandates, self.random.randbytes(16)],
            "schedule": [*schedules, self.random.randbytes(16)],
            "consent": [self.random.randbytes(16)],
        }
        return ids.get(name, [])


def without_none(hint: Any) -> Any:
    return next((option for option in get_args(hint) if option is not type(None)), hint)


def fits(value: Any, bounds: tuple[Any, ...]) -> bool:
    for bound in bounds:
        match bound:
            case Range(least, most):
                if not least <= value <= most:
                    return False
            case Length(exact):
                if len(value) != exact:
                    return False
            case AtMost(most):
                if len(value) > most:
                    return False
            case _:
                pass
    return True


def wildest(bounds: tuple[Any, ...], hint: type[Any]) -> list[Any]:
    sizes = [bound.exact for bound in bounds if isinstance(bound, Length)]
    return [bytes(size) for size in sizes] if hint is bytes else [""] if hint is str else [0, 1, -1]


def forge(seed: int, accepted: Counter[str]) -> None:
    """Offer some forged entries to a group that is lived in; what every node accepts must balance."""
    random = Random(seed)
    group = deepcopy(LIVED_IN)
    forger = Forger(group, random, wild=random.choice((0, 5, 30)))
    for _ in range(20):
        body = forger.built(random.choices(KINDS, weights=[WEIGHTS.get(kind, 6) for kind in KINDS])[0])
        group.now += random.choice((0, 0, 1, DAY_MS))
        entry = group.seal(body)
        before = snapshot(group.book)
        entered = group.entered(entry)
        reason = group.book.check(entered)
        assert snapshot(group.book) == before, "a check changed the book"
        if reason is None:
            group.fold(entry, entered)
            agree_with_itself(group)
            accepted[body.KIND] += 1
        else:
            assert isinstance(reason, Rejection)
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_whatever_a_node_writes_is_refused_alike_or_balances(seed: int) -> None:
    forge(seed, Counter())


def test_the_forger_writes_entries_of_every_kind_that_pass() -> None:
    accepted: Counter[str] = Counter()
    missing = {kind.KIND for kind in KINDS}
    for seed in range(300):
        forge(seed, accepted)
        missing -= accepted.keys()
        if not missing:
            break
    assert missing == set()


def test_no_two_operations_and_no_two_entries_bear_one_name() -> None:
    assert len(Group().operations) == sum(len(feature.operations) for feature in PRACTICES)
    assert len({kind.KIND for kind in KINDS}) == len(KINDS)
