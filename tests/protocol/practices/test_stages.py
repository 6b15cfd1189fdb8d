# SPDX-License-Identifier: AGPL-3.0-or-later
"""Of two reasons that both hold for one wish, the one of the earlier stage is told: all pairs that go together."""

from copy import deepcopy
from dataclasses import replace
from types import ModuleType

import pytest

from node.http.codes import reasons_for
from protocol.book import wishes
from protocol.book.declaration import MotionWish
from protocol.book.money import AMOUNT_MINOR_MAX, Amount
from protocol.book.operations import always_readable
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_MALFORMED,
    AMOUNT_NOT_POSITIVE,
    AMOUNT_TOO_LARGE,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    ORDER_EXPIRED,
    ORDER_MISMATCH,
    PAYEE_LIMIT_EXCEEDED,
    SAME_ACCOUNT,
    SCALE_EXCEEDED,
    SIGNATURE_INVALID,
    STATE_CONFLICT,
    TEXT_NOT_NFC,
    WRONG_NETWORK,
    Refused,
)
from protocol.book.signed import parse_uuid
from protocol.book.uuids import drawn_id
from protocol.practices.governance.motions import moving
from protocol.practices.governance.motions import rules as motion_rules
from protocol.practices.governance.motions.entries import Ballot, MakeMotion
from protocol.practices.governance.motions.refusals import MOTION_CLOSED, MOTION_UNKNOWN, RECUSED
from protocol.practices.money.currencies import CloseCurrency, SetLevy
from protocol.practices.money.payments import paying
from protocol.practices.money.payments.paying import MAX_DEBIT_EXCEEDED, REQUEST_CLOSED
from protocol.practices.money.requests import rules as requests
from protocol.practices.money.requests.views import AskPayment, CancelRequest
from protocol.practices.money.schedules import rules as schedules
from protocol.practices.money.schedules.entries import Rhythm
from protocol.practices.money.schedules.rules import SCHEDULE_LOCAL_ONLY
from protocol.practices.people.authority import KEY_CAP_EXCEEDED, KEY_TAKEN, MANDATE_UNKNOWN, PAYMENT_EXISTS
from protocol.practices.people.invitations import INVITATION_UNKNOWN
from protocol.practices.people.members import Leave, SetLimits, Suspend
from protocol.practices.people.members import rules as members
from protocol.practices.people.names import HANDLE_TAKEN
from tests.protocol.practices.desk import ANYBODY, DAY_MS, Group, keys_of
from tests.protocol.practices.spoilers import Attempt, Case, Spoiler, case, field_is, fields_are, happened, spoiler


def hours(minor: int, code: str | None = "HORA", scale: int = 2) -> Amount:
    return Amount(minor, code, scale)


def group() -> Group:
    """Ana, Bia and Dona with keys, Caio without, who has paid; each may owe 100.00 in two currencies."""
    found = Group()
    found.currency()
    found.currency("FLOR", ceiling=50_00)
    found.admit("ana", "bia", "dona")
    found.admit("caio", custodial=True)
    found.add_key("ana", keys_of("ana's till"), 1_00)
    found.pay("ana", "bia", 1_00)
    found.pay("ana", "bia", 1_00)
    found.pay("bia", "ana", 2_00)
    return found


def account(one: Group, handle: str, currency: str = "HORA") -> str:
    return f"{one.member(handle).id}.{currency}"


def suspended(handle: str) -> Spoiler:
    return happened(MEMBER_NOT_ACTIVE, f"state-of-{handle}", "steward", "members.suspend", Suspend(), handle)


def amounts(name: str = "amount", code: str = "HORA") -> tuple[Spoiler, ...]:
    """Return what makes an amount none that can be paid."""
    return (
        field_is(AMOUNT_NOT_POSITIVE, name, hours(0, code)),
        field_is(SCALE_EXCEEDED, name, hours(1, code, 3)),
        field_is(AMOUNT_TOO_LARGE, name, hours(AMOUNT_MINOR_MAX, code, 0)),
        field_is(CURRENCY_MISMATCH, name, hours(1_00, "ECO")),
    )


CLOSED = happened(CURRENCY_CLOSED, "currency", "steward", "currencies.close", CloseCurrency(), "HORA")


def signed_payment() -> Case:
    one = group()
    request = one.do("bia", "payment-requests.create", AskPayment(hours(2_00), payer="ana")).id
    for_dona = one.do("bia", "payment-requests.create", AskPayment(hours(2_00), payer="dona")).id
    known = next(iter(one.book.payments))
    fields = {
        "payee": account(one, "bia"),
        "amount": hours(2_00),
        "payer": account(one, "ana"),
        "payment": drawn_id(one.chance),
        "request": bytes.fromhex(request.replace("-", "")),
    }
    return case(
        "payments.create, signed",
        Attempt(one, "ana", "payments.create", fields, keys=keys_of("ana")),
        (
            *amounts(),
            field_is(ORDER_MISMATCH, "amount", hours(3_00), "request"),
            fields_are(MALFORMED, payment=bytes(16)),
            fields_are(PAYMENT_EXISTS, payment=known),
            fields_are(MEMBER_UNKNOWN, payee="nobody"),
            field_is(ORDER_MISMATCH, "payee", account(one, "dona"), "request"),
            fields_are(SAME_ACCOUNT, payee=account(one, "ana"), request=None),
            fields_are(CURRENCY_MISMATCH, payee=account(one, "bia", "FLOR"), request=None),
            field_is(ACCOUNT_UNKNOWN, "payer", "nobody", "amount max_debit request"),
            fields_are(FORBIDDEN, payer=account(one, "dona")),
            fields_are(MANDATE_UNKNOWN, mandate=bytes(16)),
            fields_are(NOT_FOUND, request=bytes(16)),
            fields_are(FORBIDDEN, request=bytes.fromhex(for_dona.replace("-", ""))),
            fields_are(ORDER_MISMATCH, invoice=bytes(32)),
            field_is(ORDER_MISMATCH, "pending", True, "request"),
            fields_are(MAX_DEBIT_EXCEEDED, max_debit=hours(1)),
            fields_are(SCALE_EXCEEDED, max_debit=hours(1, scale=3)),
            fields_are(LIMIT_EXCEEDED, amount=hours(200_00), request=None),
            happened(REQUEST_CLOSED, "state-of-request", "bia", "payment-requests.cancel", CancelRequest(), request),
            spoiler(KEY_CAP_EXCEEDED, "key order_seq", lambda it: setattr(it, "keys", keys_of("ana's till"))),
            suspended("ana"),
            suspended("bia"),
            CLOSED,
        ),
    )


def told_payment() -> Case:
    one = group()
    fields = {"payee": "bia", "amount": hours(2_00), "payer": "caio", "payment": drawn_id(one.chance)}
    limit = SetLimits(balance_limit=hours(1_00))
    return case(
        "payments.create, told",
        Attempt(one, "caio", "payments.create", fields),
        (
            *amounts(),
            fields_are(PAYMENT_EXISTS, payment=next(iter(one.book.payments))),
            fields_are(MALFORMED, payment=bytes(16)),
            fields_are(MEMBER_UNKNOWN, payee="nobody"),
            fields_are(SAME_ACCOUNT, payee="caio"),
            fields_are(FORBIDDEN, payer="dona"),
            field_is(MANDATE_UNKNOWN, "mandate", bytes(16), "payer who"),
            fields_are(NOT_FOUND, request=bytes(16)),
            fields_are(ORDER_MISMATCH, condition=bytes(32)),
            fields_are(MAX_DEBIT_EXCEEDED, max_debit=hours(1)),
            fields_are(LIMIT_EXCEEDED, amount=hours(200_00)),
            happened(PAYEE_LIMIT_EXCEEDED, "limit-of-bia", "steward", "members.set-limits", limit, "bia"),
            spoiler(FORBIDDEN, "who", lambda it: setattr(it, "who", "dona")),
            suspended("caio"),
            suspended("bia"),
            CLOSED,
        ),
    )


def asked() -> Case:
    one = group()
    fields = {"amount": hours(2_00), "payee": "bia", "payer": "ana"}
    return case(
        "payment-requests.create",
        Attempt(one, "bia", "payment-requests.create", fields),
        (
            *amounts(),
            field_is(MEMBER_UNKNOWN, "payee", "nobody", "who amount"),
            fields_are(MEMBER_UNKNOWN, payer="nobody"),
            fields_are(SAME_ACCOUNT, payer="bia"),
            fields_are(MALFORMED, not_after=one.now - 1),
            spoiler(MALFORMED, "note", lambda it: it.fields.update(note="n" * 999)),
            spoiler(FORBIDDEN, "who", lambda it: setattr(it, "who", "dona")),
            suspended("bia"),
            happened(MEMBER_NOT_ACTIVE, "state-of-ana payer", "ana", "members.leave", Leave("ana"), "ana"),
            CLOSED,
        ),
    )


def scheduled(*, signed: bool) -> Case:
    one = group()
    who = "ana" if signed else "caio"
    fields = {
        "payee": account(one, "bia") if signed else "bia",
        "amount": hours(2_00),
        "first_at": one.now + DAY_MS,
        "rhythm": Rhythm.DAILY,
        "times": 3,
        "payer": account(one, who) if signed else who,
        "schedule": drawn_id(one.chance),
    }
    attempt = Attempt(one, who, "scheduled-payments.create", fields, keys=keys_of("ana") if signed else None)
    known = Attempt(one, who, attempt.operation, {**fields, "schedule": drawn_id(one.chance)}, keys=attempt.keys)
    one.do(who, attempt.operation, known.made())
    spoilers = [
        *amounts(),
        fields_are(MALFORMED, rhythm=Rhythm.ONCE),
        fields_are(MALFORMED, schedule=bytes(16)),
        field_is(DUPLICATE, "schedule", known.fields["schedule"], "order_seq"),
        fields_are(ORDER_EXPIRED, first_at=one.now - 30 * DAY_MS),
        fields_are(MEMBER_UNKNOWN, payee="nobody"),
        fields_are(SCHEDULE_LOCAL_ONLY, payee="bia@serra"),
        fields_are(SAME_ACCOUNT, payee=fields["payer"]),
        fields_are(FORBIDDEN, payer=account(one, "dona") if signed else "dona"),
        suspended(who),
        suspended("bia"),
        CLOSED,
    ]
    if signed:
        spoilers.append(field_is(ACCOUNT_UNKNOWN, "payer", "nobody", "amount key"))
        spoilers.append(spoiler(FORBIDDEN, "key order_seq", lambda it: setattr(it, "keys", keys_of("ana's till"))))
    else:
        spoilers.append(spoiler(FORBIDDEN, "who", lambda it: setattr(it, "who", "dona")))
    return case(f"scheduled-payments.create, {'signed' if signed else 'told'}", attempt, spoilers)


def approved() -> Case:
    one = group()
    one.currency("ECO")
    return case(
        "members.approve",
        Attempt(one, "steward", "members.approve", {"currency": "ECO", "credit_limit": hours(9_00, "ECO")}, "dona"),
        (
            spoiler(MEMBER_UNKNOWN, "subject", lambda it: setattr(it, "subject", "nobody")),
            fields_are(CURRENCY_UNKNOWN, currency="NIL", credit_limit=None, balance_limit=None),
            fields_are(DUPLICATE, currency="HORA", credit_limit=None, balance_limit=None),
            fields_are(AMOUNT_MALFORMED, credit_limit=hours(-1, "ECO")),
            fields_are(SCALE_EXCEEDED, credit_limit=hours(1, "ECO", 3)),
            fields_are(AMOUNT_MALFORMED, balance_limit=hours(-1, None)),
            fields_are(CURRENCY_MISMATCH, balance_limit=hours(1, "FLOR")),
            happened(STATE_CONFLICT, "state-of-dona", "steward", "members.suspend", Suspend(), "dona"),
            happened(CURRENCY_CLOSED, "state-of-eco", "steward", "currencies.close", CloseCurrency(), "ECO"),
        ),
    )


def limited() -> Case:
    one = group()
    return case(
        "members.set-limits",
        Attempt(one, "steward", "members.set-limits", {"credit_limit": hours(9_00), "currency": "HORA"}, "dona"),
        (
            spoiler(MEMBER_UNKNOWN, "subject", lambda it: setattr(it, "subject", "nobody")),
            fields_are(CURRENCY_MISMATCH, currency="NIL", credit_limit=hours(1, None), balance_limit=None),
            fields_are(AMOUNT_MALFORMED, credit_limit=hours(-1)),
            fields_are(SCALE_EXCEEDED, balance_limit=hours(1, scale=3)),
            spoiler(
                MALFORMED,
                "any_balance balance_limit",
                lambda it: it.fields.update(any_balance=True, balance_limit=hours(1)),
            ),
            happened(STATE_CONFLICT, "state-of-dona", "dona", "members.leave", Leave("dona"), "dona"),
        ),
    )


def joined() -> Case:
    one = group()
    joining = one.joining("elio")
    forged = replace(joining, signature=bytes(64))
    return case(
        "members.join",
        Attempt(one, ANYBODY, "members.join", {"code": one.invite(), "handle": "elio", "joining": joining}),
        (
            fields_are(INVITATION_UNKNOWN, code="2222-2222-2222-2222"),
            fields_are(MALFORMED, handle="e"),
            fields_are(HANDLE_TAKEN, handle="ana", joining=None),
            fields_are(ORDER_MISMATCH, handle="fabio"),
            fields_are(SIGNATURE_INVALID, joining=forged),
            fields_are(MALFORMED, joining=replace(joining, data=b"")),
            fields_are(KEY_TAKEN, joining=one.joining("elio", keys_of("ana"))),
            fields_are(WRONG_NETWORK, joining=one.joining("elio", network=bytes(32))),
            spoiler(TEXT_NOT_NFC, "name", lambda it: it.fields.update(name="E\u0301lio")),
        ),
    )


def proposed() -> Case:
    one = group()
    levy = MotionWish("currencies.set-levy", "HORA", SetLevy(100))
    suspend = MotionWish("members.suspend", "nobody", Suspend())
    return case(
        "motions.create",
        Attempt(one, "ana", "motions.create", {"text": "A levy", "wishes": (levy,), "public": True}),
        (
            fields_are(MALFORMED, text="t" * 999),
            fields_are(TEXT_NOT_NFC, text="Le\u0301vy"),
            fields_are(MALFORMED, closes=one.now - 1),
            fields_are(MEMBER_UNKNOWN, wishes=(suspend,)),
            suspended("ana"),
            happened(CURRENCY_CLOSED, "wishes", "steward", "currencies.close", CloseCurrency(), "HORA"),
        ),
    )


def voted() -> Case:
    one = group()
    suspend = MotionWish("members.suspend", "ana", Suspend())
    about_ana = one.do("bia", "motions.create", MakeMotion("Ana", (suspend,))).id
    name = one.do("bia", "motions.create", MakeMotion("A shed")).id
    motion = parse_uuid(name) or b""
    return case(
        "motions.vote",
        Attempt(one, "ana", "motions.vote", {"motion": motion, "ballot": Ballot.YES}, name, keys=keys_of("ana")),
        (
            field_is(MOTION_UNKNOWN, "motion", bytes(16), "subject member"),
            spoiler(ORDER_MISMATCH, "subject", lambda it: setattr(it, "subject", about_ana)),
            spoiler(
                RECUSED,
                "motion subject",
                lambda it: (it.fields.update(motion=parse_uuid(about_ana)), setattr(it, "subject", about_ana)),
            ),
            fields_are(FORBIDDEN, member=one.member("bia").id),
            Spoiler(
                MOTION_CLOSED,
                frozenset({"now"}),
                lambda it: it.group.pass_time(it.group.now + 30 * DAY_MS),
                happens=True,
            ),
            suspended("ana"),
        ),
    )


CASES = {
    one.name: one
    for one in (
        signed_payment(),
        told_payment(),
        asked(),
        scheduled(signed=True),
        scheduled(signed=False),
        approved(),
        limited(),
        joined(),
        proposed(),
        voted(),
    )
}
SPOILT = [pytest.param(one, two, id=f"{one.name}: {two}") for one in CASES.values() for two in one.spoilers]


@pytest.mark.parametrize("name", CASES)
def test_what_nothing_spoils_is_granted(name: str) -> None:
    assert CASES[name].spoilt() is None


@pytest.mark.parametrize(("one", "spoilt"), SPOILT)
def test_each_spoiler_gives_the_one_reason_that_it_names(one: Case, spoilt: Spoiler) -> None:
    assert one.spoilt(spoilt) is spoilt.reason


def told_wrongly(case: Case) -> list[str]:
    """Return what is told of pairs of reasons out of the order of their stages."""
    wrong: list[str] = []
    for one, two in case.pairs():
        found, first = case.spoilt(one, two), min(one.reason.stage, two.reason.stage)
        if found not in (one.reason, two.reason) or found.stage is not first:
            wrong.append(f"{one} and {two}: {found}")
    return wrong


@pytest.mark.parametrize("name", CASES)
def test_of_two_reasons_the_one_of_the_earlier_stage_is_told(name: str) -> None:
    assert not told_wrongly(CASES[name])


@pytest.mark.parametrize(("one", "spoilt"), SPOILT)
def test_the_document_names_every_reason_of_an_operation(one: Case, spoilt: Spoiler) -> None:
    assert spoilt.reason in reasons_for(one.operation)


# What would tell a stage out of order is noticed.


def hindmost(*refusals: Refused | None) -> Refused | None:
    """Return the last refusal, whatever its stage: a broken variant of protocol.book.refusals.foremost."""
    return next((refused for refused in reversed(refusals) if refused is not None), None)


@pytest.mark.parametrize(
    ("room", "name"),
    [
        (wishes, "payments.create, signed"),
        (paying, "payments.create, signed"),
        (paying, "payments.create, told"),
        (requests, "payment-requests.create"),
        (schedules, "scheduled-payments.create, signed"),
        (schedules, "scheduled-payments.create, told"),
        (members, "members.join"),
        (moving, "motions.create"),
        (motion_rules, "motions.vote"),
    ],
)
def test_a_room_that_tells_its_last_reason_is_noticed(
    monkeypatch: pytest.MonkeyPatch, room: ModuleType, name: str
) -> None:
    monkeypatch.setattr(room, "foremost", hindmost)
    assert told_wrongly(CASES[name])


FORMED = [name for name, one in CASES.items() if one.operation.form is not always_readable]


@pytest.mark.parametrize("name", FORMED)
def test_a_form_that_is_asked_too_late_is_noticed(name: str) -> None:
    one = CASES[name]
    group = deepcopy(one.attempt.group)
    group.operations[one.attempt.operation] = replace(one.operation, form=always_readable)
    assert told_wrongly(replace(one, attempt=replace(one.attempt, group=group), after={}))
