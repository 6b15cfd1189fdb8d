# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of groups of users-issuers, and what every node refuses of them and of what they keep."""

from dataclasses import replace

from riacho import Riacho, hora

from protocol.book.accounts import commons_account
from protocol.book.currency import LevySide
from protocol.book.money import Amount
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices.money.commons.entries import PaidOut
from protocol.practices.money.currencies.views import CreateCurrency, SetLevy
from protocol.practices.money.issuer_groups import (
    AdmitIssuers,
    CurrencyKept,
    IssuerGroupMade,
    IssuersAdmitted,
    IssuersRemoved,
    KeepCurrency,
    MakeIssuerGroup,
    RemoveIssuers,
)
from protocol.practices.money.masses import MassPaid, PayMany
from protocol.practices.money.mixed import MixedPaid, PayMixed
from protocol.practices.money.openings import BalanceOpened, BalancesOpened
from protocol.practices.money.payments.entries import Paid, Pay, ReversePayment
from protocol.practices.money.payments.views import PostPayment, VoidPayment
from protocol.practices.people.members.views import Approve, Resume, Suspend

NOTHING = bytes(16)
NOBODY = "B" * 16


def issuers(told: Riacho) -> None:
    """Bia and Caio issue PAR and take it; Ana is outside, and Dora comes and goes."""
    told.do("currencies.create", CreateCurrency("PAR", "Par", Amount(100_00, "PAR", 2)))
    for handle in ("ana", "bia", "caio"):
        told.do("members.approve", Approve("PAR"), handle)
    told.do("issuer-groups.create", MakeIssuerGroup("par", "Who issues and takes PAR"))
    told.do("issuer-groups.admit", AdmitIssuers(("bia", "caio", "gilberto")), "par")
    told.do("issuer-groups.remove", RemoveIssuers(("gilberto",)), "par")
    ana, bia = told.id_of("ana"), told.id_of("bia")
    refused_naming(told)
    told.refuse("a currency kept in which members of none owe", CurrencyKept("par", "LUA"), "BALANCE_OPEN")
    told.do("issuer-groups.keep", KeepCurrency("PAR"), "par")
    told.do("payments.create", Pay("caio", par(40_00), f"{bia}.PAR"), who="bia")
    told.refuse("a member who owes, let go", IssuersRemoved("par", (bia,)), "BALANCE_OPEN")
    for says, code, body in (
        ("no group", "NOT_FOUND", CurrencyKept("none", "PAR")),
        ("no currency", "CURRENCY_UNKNOWN", CurrencyKept("par", "NADA")),
        ("a closed currency", "CURRENCY_CLOSED", CurrencyKept("par", "SOL")),
        ("a currency that is kept", "STATE_CONFLICT", CurrencyKept("par", "PAR")),
    ):
        told.refuse(f"{says}, kept", body, code)
    outside = (
        ("paid to who is outside", Paid(None, Pay(f"{ana}.PAR", par(1), f"{bia}.PAR", payment=NOTHING))),
        ("what the commons pays to who is outside", PaidOut(NOTHING, f"{ana}.PAR", 1, None)),
        (
            "an opening balance of who is outside",
            BalancesOpened("PAR", (BalanceOpened(f"{ana}.PAR", 1), BalanceOpened(commons_account("PAR"), -1))),
        ),
    )
    for says, body in outside:
        told.refuse(says, body, "NOT_IN_GROUP")
    mixed(told)
    masses(told)
    levies(told)


def levies(told: Riacho) -> None:
    """Half of what is paid in PAR goes to the commons: on either side, to the last unit, and by a group's own terms."""
    for side, code in ((LevySide.PAYER, None), (LevySide.BOTH, None), (LevySide.BOTH, "par")):
        told.do("currencies.set-levy", SetLevy(5_000, until_repaid=False, side=side, group=code), "PAR")
        for minor in (1, 2, 3, 4):
            told.do("payments.create", Pay("caio", par(minor), "bia"), who="bia")
    bia, caio = (f"{told.id_of(handle)}.PAR" for handle in ("bia", "caio"))
    most = Pay(caio, par(4), bia, payment=NOTHING, max_debit=par(4))
    told.refuse("a payment that costs more with its levy", Paid(None, most), "MAX_DEBIT_EXCEEDED")
    for verb, wish in (("post", PostPayment()), ("void", VoidPayment())):
        id = told.do("payments.create", Pay("caio", par(7), "bia", pending=True), who="bia").id
        told.do(f"payments.{verb}", wish, id, who="caio")
    first = told.do("payments.create", Pay("caio", par(7), "bia"), who="bia").id
    consent = told.sign("payments.reverse", ReversePayment(parse_uuid(first) or b""), "caio new")
    told.do("payments.reverse", Brought(consent), first, who="caio")
    first = told.do("payments.create", Pay("caio", par(7), "bia"), who="bia").id
    for minor in (3, 4):
        told.pay("caio", bia, minor, name="caio new", amount=par(minor), payer_account=caio, refunds=parse_uuid(first))
    told.do("mass-payments.create", PayMany(b"caio,0.07", "PAR", "half a day", payer="bia"), who="bia")
    for group in (None, "par"):
        told.do("currencies.set-levy", SetLevy(0, group=group), "PAR")


def mixed(told: Riacho) -> None:
    """Bia pays Caio in PAR and HORA at once, by word; and what nobody pays so."""
    ana, bia, caio = (told.id_of(handle) for handle in ("ana", "bia", "caio"))
    told.do("mixed-payments.create", PayMixed("caio", (par(1_00), hora(2_00))), who="bia")
    paid = told.said(MixedPaid).word
    assert paid is not None
    fine = replace(paid, payment=NOTHING)
    for says, code, changed in (
        ("in one currency", "MALFORMED", {"amounts": (par(1),)}),
        ("in a currency twice", "MALFORMED", {"amounts": (par(1), par(2))}),
        ("in no currency", "MALFORMED", {"amounts": (par(1), replace(hora(1), asset_code=None))}),
        ("of nobody's", "MALFORMED", {"payer": None}),
        ("without an id", "MALFORMED", {"payment": None}),
        ("of a stranger's", "MEMBER_UNKNOWN", {"payer": NOBODY}),
        ("to a stranger", "MEMBER_UNKNOWN", {"payee": NOBODY}),
        ("by word for who has a key", "FORBIDDEN", {"payer": ana}),
        ("to another network", "ORDER_MISMATCH", {"payee": "bia@serra"}),
        ("at a quote", "ORDER_MISMATCH", {"invoice": bytes(32)}),
        ("that there is", "PAYMENT_EXISTS", {"payment": paid.payment}),
        ("with a leg of nothing", "AMOUNT_NOT_POSITIVE", {"amounts": (par(0), hora(1))}),
        ("with a leg of too many decimals", "SCALE_EXCEEDED", {"amounts": (par(1), replace(hora(1), asset_scale=3))}),
        ("with a leg beyond int64", "AMOUNT_TOO_LARGE", {"amounts": (par(1), hora(2**63 - 1))}),
        ("with a leg in no account", "CURRENCY_MISMATCH", {"amounts": (par(1), replace(par(1), asset_code="LUA"))}),
        ("with a leg to an account of one currency", "CURRENCY_MISMATCH", {"payee": f"{caio}.HORA"}),
        ("with a leg outside its group", "NOT_IN_GROUP", {"payee": ana}),
        ("to oneself", "SAME_ACCOUNT", {"payee": bia}),
    ):  # fmt: skip
        told.refuse(f"a payment in several currencies {says}", MixedPaid(None, replace(fine, **changed)), code)


def masses(told: Riacho) -> None:
    """Bia pays Caio by a file, and what nobody pays so."""
    ana, bia, caio = (told.id_of(handle) for handle in ("ana", "bia", "caio"))
    told.do("mass-payments.create", PayMany(b"caio,1.00", "PAR", "a day's work", payer="bia"), who="bia")
    paid = told.said(MassPaid)
    fine = replace(paid, mass=NOTHING)
    for says, code, changed in (
        ("from no account", "ACCOUNT_UNKNOWN", {"payer": "holds.PAR"}),
        ("to no account", "ACCOUNT_UNKNOWN", {"payees": (NOBODY,)}),
        ("to nobody", "MALFORMED", {"payees": (), "amounts": ()}),
        ("of too few amounts", "MALFORMED", {"amounts": ()}),
        ("whose first entry is not there", "NOT_FOUND", {"part": 1}),
        ("that is paid", "STATE_CONFLICT", {"mass": paid.mass}),
        ("by word for who has a key", "FORBIDDEN", {"payer": f"{ana}.PAR"}),
        ("to oneself", "SAME_ACCOUNT", {"payees": (bia,)}),
        ("to who is outside its group", "NOT_IN_GROUP", {"payees": (ana,)}),
        ("of more than a balance can count", "AMOUNT_TOO_LARGE", {"amounts": (2**63 - 1,)}),
    ):
        told.refuse(f"a mass payment {says}", replace(fine, **changed), code)
    assert caio in paid.payees


def refused_naming(told: Riacho) -> None:
    """Refuse a group twice, and whom none can let in or out."""
    bia, ana = told.id_of("bia"), told.id_of("ana")
    told.refuse("a group that there is", IssuerGroupMade("par", "again"), "DUPLICATE")
    for kind, says in ((IssuersAdmitted, "let into"), (IssuersRemoved, "let out of")):
        told.refuse(f"{says} no group", kind("none", (bia,)), "NOT_FOUND")
        told.refuse(f"nobody {says} a group", kind("par", ()), "MALFORMED")
        told.refuse(f"a member {says} a group twice", kind("par", (bia, bia)), "MALFORMED")
        told.refuse(f"a stranger {says} a group", kind("par", (NOBODY,)), "MEMBER_UNKNOWN")
    told.refuse("a member of a group let into it", IssuersAdmitted("par", (bia,)), "DUPLICATE")
    told.refuse("a member of none let out of a group", IssuersRemoved("par", (ana,)), "NOT_IN_GROUP")
    told.do("members.suspend", Suspend(), "ana")
    told.refuse("who is suspended let into a group", IssuersAdmitted("par", (ana,)), "MEMBER_NOT_ACTIVE")
    told.do("members.resume", Resume(), "ana")


def par(minor: int) -> Amount:
    """Return an amount of what is kept."""
    return Amount(minor, "PAR", 2)
