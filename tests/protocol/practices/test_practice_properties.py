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

from protocol.book.book import Auth, Member, PaymentState
from protocol.book.money import Amount
from protocol.book.refusals import Rejection
from protocol.book.signed import (
    Consent,
    Enrolment,
    Joining,
    Mandate,
    Order,
    Rebinding,
    Rhythm,
    Signed,
    StandingOrder,
    sign,
    uuid_text,
)
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
    Scheduled,
    SchedulePayment,
    Schedules,
)
from protocol.practices.people.invitations import Invited
from protocol.practices.people.mandates import GiveMandate
from protocol.practices.people.members import Joined, Leave, Left, Resume, SetLimits, Suspend, Suspended
from protocol.wire.keys import KeyPair
from protocol.wire.shape import AtMost, Length, Range
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
        ask(group, actor, f"payments.{verb}", wish, nth(group.book.payments, place))

    def reverse(group: Group) -> None:
        payment = nth(group.book.payments, place)
        keys = keys_of(payee)
        consent = Consent(
            NETWORK, bytes.fromhex(payment.replace("-", "")), keys.public, group.next_seq(keys.public.hex()), 2**47
        )
        ask(group, "steward", "payments.reverse", ReversePayment(sign(keys, consent)), payment)

    def member(group: Group) -> None:
        verb, wish = draw_member
        ask(group, actor, f"members.{verb}", wish, payee)

    def levy(group: Group) -> None:
        ask(group, "steward", "currencies.set-levy", SetLevy(place * 500, pending), "HORA")

    def request(group: Group) -> None:
        ask(group, payer, "payment-requests.create", AskPayment(Amount(amount, "HORA", 2)))

    def answer(group: Group) -> None:
        verb, wish = draw_answer
        if verb == "pay" and group.member(payer).auth is Auth.SELF:
            wish = PayRequest(order=group.order(payer, payee, amount))
        ask(group, payer, f"payment-requests.{verb}", wish, nth(group.book.requests, place))

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

    draw_settle = draw(
        st.sampled_from((("post", PostPayment()), ("void", VoidPayment()), ("reverse", ReversePayment())))
    )
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

KINDS: tuple[type[Body], ...] = tuple(kind for feature in PRACTICES for kind in feature.entries)
WEIGHTS: dict[type[Body], int] = {Paid: 30, Scheduled: 20, Joined: 20, Suspended: 1, Left: 1}
"""How often a kind is written, where not 6 times: those that must fit in many ways more, those that end much less."""
SIGNED: dict[str, tuple[type[Any], ...]] = {
    "order": (Order, StandingOrder),
    "consent": (Consent,),
    "signed": (Mandate,),
    "rebinding": (Rebinding,),
    "enrolment": (Enrolment,),
    "joining": (Joining,),
}


def lived_in() -> Group:
    """A group with one of each thing: payments, requests, a schedule, a mandate, members of every state."""
    group = founded()
    keys = keys_of("ana")
    group.pay("ana", "bia", 10_00)
    group.pay("ana", "caio", 10_00)
    group.pay("caio", "dora", 10_00, pending=True)
    mandate = Mandate(
        NETWORK, group.account("ana").id, keys.public, 3, bytes([1] * 16), group.member("bia").id, 90_00, 2**47
    )
    group.do("ana", "members.mandate", GiveMandate(sign(keys, mandate)), "ana")
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
        if "word" in found and self.tame():
            # By signature, or by word of mouth.
            given, other = self.random.sample(["word", next(name for name in SIGNED if name in found)], 2)
            terms = self.filled(given, without_none(hints[given]))
            found |= {given: self.of_member(terms, self.random.choice(("caio", "dora"))), other: None}
        if "joining" in found and self.tame():
            member = self.random.choice([*self.group.book.members.values()])
            handle = found.get("handle", member.handle)
            keys = keys_of(self.random.choice(("new", "newer")))
            found["joining"] = sign(keys, Joining(NETWORK, handle, keys.public))
            if kind is Joined:
                found["member"] = "".join(self.random.choices("ABC", k=16))
            else:
                found |= {"member": member.id} | self.changes_of_keys(found, member, keys)
        return kind(**found)

    def of_member(self, terms: Any, handle: str) -> Any:
        """Return terms about the account of a member, where they are about an account."""
        names = [one.name for one in fields(terms) if one.name in ("payer", "account")]
        if not names or handle not in ("ana", "bia", "caio", "dora"):
            return terms
        return replace(terms, **dict.fromkeys(names, self.group.account(handle).id))

    def changes_of_keys(self, found: dict[str, Any], member: Member, new: KeyPair) -> dict[str, Any]:
        """Return what a member signs about its own keys, in place of what anybody might."""
        keys = keys_of(member.handle)
        number = self.random.randrange(1, 9)
        if "rebinding" in found:
            said = Rebinding(NETWORK, member.id, keys.public, number, keys.public, new.public)
            return {"rebinding": sign(keys, said)}
        if "enrolment" in found:
            return {"enrolment": sign(keys, Enrolment(NETWORK, member.id, keys.public, number, new.public, None))}
        return {}

    def filled(self, name: str, hint: Any) -> Any:
        """Return a value of a field's type, of its meaning most of the time."""
        arguments = get_args(hint)
        if type(None) in arguments:
            return None if self.random.random() < 0.85 else self.filled(name, without_none(hint))
        bounds: tuple[Any, ...] = ()
        while get_origin(hint) is Annotated:
            bounds += hint.__metadata__
            hint = get_args(hint)[0]
        if hint is Signed:
            return self.signed(self.random.choice(SIGNED[name]))  # a standing order where an order belongs, too
        if hint is bool:
            return self.random.random() < 0.3
        if hint in (Rejection, Rhythm):
            return self.random.choice(list(hint))
        if get_origin(hint) is tuple:
            return tuple(self.built(get_args(hint)[0]) for _ in range(self.random.randrange(3)))
        if hint not in (bytes, str, int):
            return self.built(hint)
        known = self.known(name, hint)
        if not self.tame() or not known:
            known = {bytes: [bytes(16), bytes(32)], str: ["", "gil", "A" * 16], int: [0, 1, -1, 2**47, 2**63 - 1]}[hint]
        fitting = [value for value in known if fits(value, bounds)]
        return self.random.choice(fitting or [value for value in wildest(bounds, hint) if fits(value, bounds)])

    def signed(self, kind: type[Any]) -> Signed:
        said = self.built(kind)
        handle = self.random.choice(("ana", "ana", "bia", "elis", "new"))
        keys = keys_of(handle)
        if self.tame():
            said = self.of_member(replace(said, key=keys.public), handle)
        return sign(keys, said)

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
                "amount": [1, 10_00, 60_00],
                "cap": [5_00, 60_00],
                "max_debit": [10_00, 2**63 - 1],
                "first_at_ms": [self.group.now],
                "not_after_ms": [self.group.now, 2**47],
                "occurrence": [0, 1, 2],
            }.get(name, [0, 1, 100])
        schedules = book.of(Schedules).by_id
        ids = {
            "network": [NETWORK],
            "payee_network": [NETWORK],
            "key": [keys_of(who).public for who in ("ana", "bia")],
            "new_key": [keys_of("new").public],
            "gives_way": [keys_of("ana").public],
            "code": [body.code for body in (one.body for one in self.group.written) if isinstance(body, Invited)],
            "payment": [*book.payments, *(self.random.randbytes(16) for _ in range(4))],
            "request": [*book.requests, self.random.randbytes(16)],
            "mandate": [*book.mandates, self.random.randbytes(16)],
            "schedule": [*schedules, self.random.randbytes(16)],
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
    return [bytes(size) for size in sizes] if hint is bytes else [0, 1, -1, ""]


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
