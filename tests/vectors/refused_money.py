# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every node refuses of money: a line for each kind and each reason, at the end of the trace."""

from dataclasses import replace
from typing import Any

from riacho import DAY_MS, Riacho, hora

from protocol.book.money import Amount
from protocol.book.signed import occurrence_id
from protocol.practices.money.commons import PaidOut
from protocol.practices.money.currencies import CurrencyClosed, CurrencyCreated, DefaultsSet, LevySet
from protocol.practices.money.currencies.entries import CurrencyKeptHome
from protocol.practices.money.dues.entries import DuesSet, DuesTaken
from protocol.practices.money.obligations import Consented, ConsentRevoked, GiveConsent
from protocol.practices.money.openings import BalanceOpened, BalancesOpened
from protocol.practices.money.payments.entries import Paid, Pay, Posted, Reversed, ReversePayment, Voided
from protocol.practices.money.requests import Declined, RequestCancelled, Requested
from protocol.practices.money.schedules.entries import (
    Continued,
    Missed,
    Paused,
    Ran,
    Rhythm,
    ScheduleCancelled,
    Scheduled,
    SchedulePayment,
)
from protocol.practices.money.setoffs.entries import SetOffMade, Share

NOBODY = "B" * 16
NOTHING = bytes(16)
INT64_MAX = 2**63 - 1
SOME_MS = 2**46


def in_fim(told: Riacho) -> dict[str, Any]:
    """Return what makes a payment of Bia's to Ana one in the closed currency."""
    bia, ana = (f"{told.id_of(one)}.FIM" for one in ("bia", "ana"))
    return {"payer": bia, "payee": ana, "amount": Amount(1, "FIM", 2)}


def in_lua(told: Riacho) -> dict[str, Any]:
    """Return what makes a payment of Bia's one in a currency in which Fia has no account."""
    return {"payer": f"{told.id_of('bia')}.LUA", "payee": "fia", "amount": Amount(1, "LUA", 2)}


def currencies(told: Riacho) -> None:
    """Refuse what becomes of currencies."""
    fine = CurrencyCreated("MEL", "Mel", "mel", 2, 0, None)
    told.refuse("a currency that there is", replace(fine, code="HORA"), "DUPLICATE")
    told.refuse("a currency with a code in small letters", replace(fine, code="mel"), "MALFORMED")
    told.refuse("a currency whose code begins with a digit", replace(fine, code="2MEL"), "MALFORMED", SOME_MS)
    told.refuse("a currency whose code is a truth", replace(fine, code="TRUE"), "MALFORMED", SOME_MS)
    told.refuse("a levy in no currency", LevySet("NADA", 0, until_repaid=False), "CURRENCY_UNKNOWN")
    nobody = LevySet("HORA", 1, until_repaid=False, group="nobody")
    told.refuse("a levy for a group that is none", nobody, "NOT_FOUND")
    told.refuse("a levy in a closed currency", LevySet("SOL", 0, until_repaid=False), "CURRENCY_CLOSED")
    limits = DefaultsSet("SOL", -1, None, any_balance=False, everyone=False)
    told.refuse("limits in a closed currency", limits, "CURRENCY_CLOSED")
    told.refuse("no currency, closed", CurrencyClosed("NADA"), "CURRENCY_UNKNOWN")
    told.refuse("no currency, kept home", CurrencyKeptHome("NADA"), "CURRENCY_UNKNOWN")
    told.refuse("a closed currency, kept home", CurrencyKeptHome("SOL"), "CURRENCY_CLOSED")
    told.refuse("a currency kept home with open balances", CurrencyKeptHome("LUA"), "BALANCE_OPEN")
    told.refuse("a currency closed twice", CurrencyClosed("SOL"), "CURRENCY_CLOSED")
    told.refuse("a currency closed with open balances", CurrencyClosed("LUA"), "BALANCE_OPEN")
    told.refuse("a currency closed while something passes through", CurrencyClosed("HORA"), "STATE_CONFLICT")


def payments(told: Riacho, ids: dict[str, bytes]) -> None:
    """Refuse payments, and what becomes of them."""
    ana, bia, ines, hugo, rosa = (told.id_of(one) for one in ("ana", "bia", "ines", "hugo", "rosa"))
    fine = Pay(f"{rosa}.HORA", hora(1_00), f"{bia}.HORA", payment=NOTHING)
    under = replace(fine, mandate=ids["mandate"])
    for says, changed, code in (
        ("without an id", {"payment": None}, "MALFORMED"),
        ("in too many decimals", {"amount": replace(hora(1), asset_scale=3)}, "SCALE_EXCEEDED"),
        ("in another currency", {"amount": replace(hora(1), asset_code="LUA")}, "CURRENCY_MISMATCH"),
        ("of too much", {"amount": replace(hora(INT64_MAX), asset_scale=0)}, "AMOUNT_TOO_LARGE"),
        ("of more than a balance can count", {"amount": hora(INT64_MAX)}, "AMOUNT_TOO_LARGE"),
        ("of less than nothing", {"amount": hora(-1)}, "AMOUNT_NOT_POSITIVE"),
        ("from no account", {"payer": f"{NOBODY}.HORA"}, "ACCOUNT_UNKNOWN"),
        ("from the commons", {"payer": "commons.HORA"}, "ACCOUNT_UNKNOWN"),
        ("to the holds", {"payee": "holds.HORA"}, "ACCOUNT_UNKNOWN"),
        ("to a handle that names its network", {"payee": "ana@riacho"}, "ORDER_MISMATCH"),
        ("under an invoice", {"invoice": bytes(32)}, "ORDER_MISMATCH"),
        ("under a condition", {"condition": bytes(32)}, "ORDER_MISMATCH"),
        ("of more than the most", {"max_debit": hora(99)}, "MAX_DEBIT_EXCEEDED"),
        ("to an account in another currency", {"payee": f"{ana}.LUA"}, "CURRENCY_MISMATCH"),
        ("to who has none in the currency", in_lua(told), "CURRENCY_MISMATCH"),
        ("of less than int64 can count", {"amount": replace(hora(-INT64_MAX), asset_scale=0)}, "AMOUNT_TOO_LARGE"),
        ("from who is suspended", {"payer": f"{ines}.HORA"}, "MEMBER_NOT_ACTIVE"),
        ("to who is suspended", {"payee": f"{ines}.HORA"}, "MEMBER_NOT_ACTIVE"),
        ("to who has left", {"payee": f"{hugo}.HORA"}, "MEMBER_NOT_ACTIVE"),
        ("in a closed currency", in_fim(told), "CURRENCY_CLOSED"),
        ("of no request", {"request": NOTHING}, "NOT_FOUND"),
        ("of a request that another is asked", {"request": ids["of another"]}, "FORBIDDEN"),
        ("of a request, to another", {"request": ids["owed by bia"], "payee": f"{ana}.HORA"}, "ORDER_MISMATCH"),
        ("of a request, in part", {"request": ids["owed by bia"], "amount": hora(99)}, "ORDER_MISMATCH"),
        ("of a request, pending", {"request": ids["owed by bia"], "pending": True}, "ORDER_MISMATCH"),
        ("of a request that is paid", {"request": ids["owed and paid"]}, "REQUEST_CLOSED"),
        ("under no mandate", {"mandate": NOTHING}, "MANDATE_UNKNOWN"),
        ("under another's mandate", {"mandate": ids["mandate"], "payer": f"{ana}.HORA"}, "FORBIDDEN"),
    ):  # fmt: skip
        told.refuse(f"a payment {says}", Paid(None, replace(fine, **changed)), code)
    signed = told.order("ana", f"{bia}.HORA", 1, name="ana new", mandate=NOTHING)
    told.refuse("a signed payment under no mandate", Paid(signed, None), "MANDATE_UNKNOWN")
    late = Paid(None, replace(fine, request=ids["owed by bia"]))
    told.refuse("a payment of a request past its date", late, "REQUEST_CLOSED", told.world.now + 400 * DAY_MS)
    told.refuse(
        "a payment under a revoked mandate", Paid(None, replace(under, mandate=ids["revoked"])), "STATE_CONFLICT"
    )
    told.refuse("a payment under a mandate that is over", Paid(None, under), "MANDATE_EXCEEDED", SOME_MS)

    told.refuse("no payment, posted", Posted(NOTHING), "PAYMENT_UNKNOWN")
    told.refuse("a payment posted to who is suspended", Posted(ids["pending"]), "MEMBER_NOT_ACTIVE")
    told.refuse("a payment between networks, posted", Posted(ids["under way"]), "STATE_CONFLICT")
    told.refuse("no payment, voided", Voided(NOTHING), "PAYMENT_UNKNOWN")
    told.refuse("a payment voided twice", told.said(Voided), "STATE_CONFLICT")

    def back(payment: bytes) -> Reversed:
        return Reversed(None, ReversePayment(payment))

    told.refuse("no payment, paid back", back(NOTHING), "PAYMENT_UNKNOWN")
    told.refuse("a payment paid back twice", back(ids["reversed"]), "STATE_CONFLICT")
    told.refuse("a payment paid back while it is pending", back(ids["pending"]), "STATE_CONFLICT")
    by_key = Reversed(told.sign("payments.reverse", ReversePayment(ids["to commons"]), "ana new"), None)
    told.refuse("what the commons got, paid back by a member", by_key, "FORBIDDEN")
    told.refuse("a payment paid back by who has left", back(ids["of hugo"]), "MEMBER_NOT_ACTIVE")
    told.refuse("a payment paid back in a closed currency", back(ids["in FIM"]), "CURRENCY_CLOSED")


def requests(told: Riacho, ids: dict[str, bytes]) -> None:
    """Refuse payment requests."""
    ana, bia, ines, hugo = (told.id_of(one) for one in ("ana", "bia", "ines", "hugo"))
    fine = Requested(NOTHING, f"{bia}.HORA", 1, ana, None, None)
    for says, changed, code in (
        ("for no account", {"payee": f"{NOBODY}.HORA"}, "ACCOUNT_UNKNOWN"),
        ("for the commons", {"payee": "commons.HORA"}, "ACCOUNT_UNKNOWN"),
        ("of nothing", {"amount": 0}, "AMOUNT_NOT_POSITIVE"),
        ("for who is suspended", {"payee": f"{ines}.HORA"}, "MEMBER_NOT_ACTIVE"),
        ("of who has left", {"payer": hugo}, "MEMBER_NOT_ACTIVE"),
        ("of nobody", {"payer": NOBODY}, "MEMBER_UNKNOWN"),
        ("of oneself", {"payer": bia}, "SAME_ACCOUNT"),
        ("that there is", {"request": ids["open"]}, "DUPLICATE"),
        ("in a closed currency", {"payee": f"{bia}.FIM"}, "CURRENCY_CLOSED"),
    ):
        told.refuse(f"a request {says}", replace(fine, **changed), code)
    told.refuse("no request, declined", Declined(NOTHING), "NOT_FOUND")
    told.refuse("a request of anybody, declined", Declined(ids["of anybody"]), "FORBIDDEN")
    told.refuse("a request declined twice", told.said(Declined), "REQUEST_CLOSED")
    told.refuse("a request of who has left, cancelled", RequestCancelled(ids["request of hugo"]), "REQUEST_CLOSED")
    told.refuse(
        "a request that who has left was asked, cancelled",
        RequestCancelled(ids["request asked of hugo"]),
        "REQUEST_CLOSED",
    )
    told.refuse("no request, cancelled", RequestCancelled(NOTHING), "NOT_FOUND")
    told.refuse("a request cancelled twice", told.said(RequestCancelled), "REQUEST_CLOSED")


def schedules(told: Riacho, ids: dict[str, bytes]) -> None:
    """Refuse standing orders, and what becomes of them."""
    ana, bia, ines = (told.id_of(one) for one in ("ana", "bia", "ines"))
    at_ms, known = told.world.now, ids["schedule"]
    fine = SchedulePayment(ana, hora(1), at_ms + 1, Rhythm.DAILY, 2, f"{bia}.HORA", NOTHING)
    for says, changed, code in (
        ("without an id", {"schedule": None}, "MALFORMED"),
        ("from no account", {"payer": f"{NOBODY}.HORA"}, "ACCOUNT_UNKNOWN"),
        ("in too many decimals", {"amount": replace(hora(1), asset_scale=3)}, "SCALE_EXCEEDED"),
        ("in another currency", {"amount": replace(hora(1), asset_code="LUA")}, "CURRENCY_MISMATCH"),
        ("of too much", {"amount": replace(hora(INT64_MAX), asset_scale=0)}, "AMOUNT_TOO_LARGE"),
        ("of nothing", {"amount": hora(0)}, "AMOUNT_NOT_POSITIVE"),
        ("by word from who has a key", {"payer": f"{ana}.HORA"}, "FORBIDDEN"),
        ("to another network", {"payee": "ana@serra"}, "SCHEDULE_LOCAL_ONLY"),
        ("to nobody", {"payee": NOBODY}, "MEMBER_UNKNOWN"),
        ("to who has no account", {"payee": told.id_of("teo")}, "ACCOUNT_UNKNOWN"),
        ("that there is", {"schedule": known}, "DUPLICATE"),
        ("that runs once, twice", {"rhythm": Rhythm.ONCE}, "MALFORMED"),
        ("that began two days ago", {"first_at": at_ms - 2 * DAY_MS}, "ORDER_EXPIRED"),
        ("from who is suspended", {"payer": f"{ines}.HORA"}, "MEMBER_NOT_ACTIVE"),
        ("to who is suspended", {"payee": ines}, "MEMBER_NOT_ACTIVE"),
        ("to oneself", {"payee": bia}, "SAME_ACCOUNT"),
        ("to an account in another currency", {"payee": f"{ana}.LUA"}, "CURRENCY_MISMATCH"),
        ("in a closed currency", in_fim(told), "CURRENCY_CLOSED"),
    ):  # fmt: skip
        told.refuse(f"a standing order {says}", Scheduled(None, replace(fine, **changed)), code)
    capped = told.sign("scheduled-payments.create", replace(fine, payer=f"{ana}.HORA", payee=bia), "ana purse")
    told.refuse("a standing order by a key with a cap", Scheduled(capped, None), "FORBIDDEN")
    ended = told.said(ScheduleCancelled).schedule
    for kind, says in ((Paused, "paused"), (Continued, "continued"), (ScheduleCancelled, "cancelled")):
        told.refuse(f"no standing order, {says}", kind(NOTHING), "NOT_FOUND")
        told.refuse(f"a standing order that has ended, {says}", kind(ended), "STATE_CONFLICT")
    told.refuse("a standing order continued though it runs", Continued(known), "STATE_CONFLICT")
    later = at_ms + 100 * DAY_MS
    for says, named in (("run", Ran(known, 0)), ("missed", Missed(known, 0, "LIMIT_EXCEEDED"))):
        told.refuse(f"no standing order, {says}", replace(named, schedule=NOTHING), "NOT_FOUND")
        told.refuse(f"a standing order that has ended, {says}", replace(named, schedule=ended), "STATE_CONFLICT", later)
        told.refuse(f"an occurrence {says} before its day", named, "STATE_CONFLICT")
        told.refuse(f"an occurrence {says} out of its turn", replace(named, occurrence=1), "STATE_CONFLICT", later)
    told.refuse("an occurrence paid to who is suspended", Ran(ids["to ines"], 0), "MEMBER_NOT_ACTIVE", later)
    ended_too = Ran(ids["schedule in FIM"], 0)
    told.refuse("an occurrence paid in a closed currency", ended_too, "CURRENCY_CLOSED", later)
    # Put down by hand: no client may choose such an id.
    told.write(Paid(None, Pay(f"{ana}.HORA", hora(1), f"{bia}.HORA", payment=occurrence_id(ended_too.schedule, 0))))
    told.refuse("an occurrence whose payment is there", ended_too, "PAYMENT_EXISTS", later)


def consents(told: Riacho, ids: dict[str, bytes]) -> None:
    """Refuse consents to set-offs, and set-offs."""
    ana, bia, ines = (told.id_of(one) for one in ("ana", "bia", "ines"))
    fine = GiveConsent(told.world.now + DAY_MS, f"{bia}.HORA", consent=NOTHING)
    for says, changed, code in (
        ("without an id", {"consent": None}, "MALFORMED"),
        ("for no account", {"account": f"{NOBODY}.HORA"}, "ACCOUNT_UNKNOWN"),
        ("in too many decimals", {"draw": replace(hora(1), asset_scale=3)}, "SCALE_EXCEEDED"),
        ("in an amount of another currency", {"draw": replace(hora(1), asset_code="LUA")}, "CURRENCY_MISMATCH"),
        ("of less than nothing", {"draw": hora(-1)}, "AMOUNT_NOT_POSITIVE"),
        ("of too much", {"draw": replace(hora(INT64_MAX), asset_scale=0)}, "AMOUNT_TOO_LARGE"),
        ("by word for who has a key", {"account": f"{ana}.HORA"}, "FORBIDDEN"),
        ("to set off no request", {"requests": (NOTHING,)}, "NOT_FOUND"),
        ("to set off what another owes", {"requests": (ids["of another"],)}, "ORDER_MISMATCH"),
        ("that there is", {"consent": ids["consent"]}, "DUPLICATE"),
        ("that is over", {"not_after": told.world.now - 1}, "ORDER_EXPIRED"),
        ("in another currency", {"currency": "LUA"}, "CURRENCY_MISMATCH"),
        ("of who is suspended", {"account": f"{ines}.HORA"}, "MEMBER_NOT_ACTIVE"),
    ):
        told.refuse(f"a consent {says}", Consented(None, replace(fine, **changed)), code)
    capped = told.sign("set-off-consents.create", replace(fine, account=f"{ana}.HORA"), "ana purse")
    told.refuse("a consent by a key with a cap", Consented(capped, None), "FORBIDDEN")
    told.refuse("no consent, revoked", ConsentRevoked(NOTHING), "NOT_FOUND")
    told.refuse("a consent revoked twice", told.said(ConsentRevoked), "STATE_CONFLICT")

    def made(*shares: tuple[bytes, int], **changed: Any) -> SetOffMade:
        parts = tuple(Share(*one) for one in shares)
        return replace(SetOffMade(NOTHING, "HORA", parts), **changed)

    owed = ids["open"]
    told.refuse("a set-off of a request twice", made((owed, 1), (owed, 1)), "MALFORMED")
    told.refuse("a share of nothing", made((owed, 0)), "AMOUNT_NOT_POSITIVE")
    told.refuse("a set-off in no currency", made((owed, 1), currency="NADA"), "CURRENCY_UNKNOWN")
    told.refuse("a set-off in a closed currency", made((owed, 1), currency="FIM"), "CURRENCY_CLOSED")
    told.refuse("a set-off in another currency", made((owed, 1), currency="LUA"), "CURRENCY_MISMATCH")
    told.refuse("a set-off that there is", replace(told.said(SetOffMade), currency="HORA"), "DUPLICATE")
    told.refuse("a set-off of no request", made((NOTHING, 1)), "NOT_FOUND")
    told.refuse("a set-off of a request that is paid", made((ids["owed and paid"], 1)), "REQUEST_CLOSED")
    told.refuse("a set-off with who is suspended", made((ids["owed by ines"], 1)), "MEMBER_NOT_ACTIVE")
    unnamed = made((ids["owed by rosa"], 1))
    told.refuse("a set-off of a request that its debtor has not named", unnamed, "CONSENT_EXCEEDED")
    # Put down by hand: it takes all that Rosa lets her balance fall by.
    told.write(SetOffMade(bytes(range(16)), "HORA", (Share(ids["asked of rosa"], 5_00),)))
    told.refuse("a set-off beyond what is left of a consent", made((ids["asked of rosa"], 1)), "CONSENT_EXCEEDED")
    told.refuse("a set-off without consent", made((ids["open"], 1)), "CONSENT_EXCEEDED")


def commons(told: Riacho, ids: dict[str, bytes]) -> None:
    """Refuse what the commons pays, opening balances and dues."""
    ana, bia, ines = (told.id_of(one) for one in ("ana", "bia", "ines"))
    told.refuse(
        "what the commons pays to who is suspended", PaidOut(NOTHING, f"{ines}.HORA", 1, None), "MEMBER_NOT_ACTIVE"
    )
    told.refuse(
        "what the commons pays in a closed currency", PaidOut(NOTHING, f"{bia}.FIM", 1, None), "CURRENCY_CLOSED"
    )
    much = PaidOut(NOTHING, f"{bia}.HORA", 10**9, None)
    told.refuse("what the commons pays without a vote", much, "MOTION_NEEDED")
    closed = BalancesOpened("SOL", (BalanceOpened(f"{told.id_of('dora')}.SOL", -1), BalanceOpened("commons.SOL", 1)))
    told.refuse("opening balances in a closed currency", closed, "CURRENCY_CLOSED")
    fine = DuesSet(NOTHING, "the hall", "HORA", 2_00, 1, None, 203_001, ())
    for says, changed, code in (
        ("in no currency", {"currency": "NADA"}, "CURRENCY_UNKNOWN"),
        ("of nobody", {"members": (NOBODY,)}, "MEMBER_UNKNOWN"),
        ("that there are", {"dues": told.said(DuesSet).dues}, "DUPLICATE"),
        ("of one member twice", {"members": (ana, ana)}, "DUPLICATE"),
        ("that begin in a month 13", {"first": 203_013}, "MALFORMED"),
        ("in a closed currency", {"currency": "FIM"}, "CURRENCY_CLOSED"),
    ):
        told.refuse(f"dues {says}", replace(fine, **changed), code)
    told.refuse("no dues, taken", DuesTaken(NOTHING, 203_001, (), last=True), "NOT_FOUND")
    in_fim = DuesTaken(ids["dues in FIM"], told.said(DuesSet).first, (), last=True)
    told.refuse("dues taken in a closed currency", in_fim, "CURRENCY_CLOSED", SOME_MS)


def refused(told: Riacho, ids: dict[str, bytes]) -> None:
    """Refuse all of it."""
    currencies(told)
    payments(told, ids)
    requests(told, ids)
    schedules(told, ids)
    consents(told, ids)
    commons(told, ids)
