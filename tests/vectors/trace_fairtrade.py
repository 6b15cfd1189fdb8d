# SPDX-License-Identifier: AGPL-3.0-or-later
"""What fair trade says to a ledger: cost sheets, advances of orders, a premium; and what every node refuses of it."""

from dataclasses import replace

from riacho import DAY_MS, NODE, Riacho, hora
from trace_orders import placed

from protocol.book.members import Auth, MemberState
from protocol.book.money import Amount
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.market.cost_sheets import CostKind
from protocol.practices.market.fairtrade.entries import (
    CostSheetPublished,
    CostTold,
    PayPremium,
    PremiumOpened,
    PremiumPaid,
    PremiumSpent,
    PublishCostSheet,
    ReferenceNoted,
)
from protocol.practices.market.fairtrade.premiums import OpenPremium, SpendPremium
from protocol.practices.market.fairtrade.references import NoteReference
from protocol.practices.market.orders.entries import (
    OrderAccepted,
    OrderCancelled,
    OrderDelivered,
)
from protocol.practices.market.orders.wishes import DisputeOrder, OrderOutcome, SettleOrder
from protocol.practices.money.payments.entries import ReversePayment
from protocol.practices.money.requests.entries import Requested
from protocol.practices.money.requests.views import PayRequest

NOTHING, NOBODY = bytes(16), "X" * 16
SHEET = PublishCostSheet(
    "Coffee",
    (
        CostTold("seedlings", hora(1_60), CostKind.INPUTS, source="invoice 12"),
        CostTold("picking", hora(15_00), CostKind.LABOUR, "0.12", "time book"),
    ),
    unit="kg",
    code="01610",
    currency="HORA",
    fund="5%",
    advance="50%",
)


def fair_trade(told: Riacho) -> None:
    """Nena signs what her coffee costs, Otto tells it; both have a premium; Quim sells for half in advance."""
    sheets(told)
    advances(told)
    premium(told)
    references(told)


def sheets(told: Riacho) -> None:
    """Costs, told and told again."""
    told.wish("cost-sheets.publish", SHEET, "nena")
    first = told.said(CostSheetPublished).sheet
    told.wish("cost-sheets.publish", replace(SHEET, fund="0%", sheet=first), "nena")
    told.do("cost-sheets.publish", SHEET, who="otto")
    otto, nena = told.id_of("otto"), told.id_of("nena")
    word = replace(SHEET, member=otto)
    for says, id, wish, code in (
        ("under an id that was used", first, word, "DUPLICATE"),
        ("in the place of none", NOTHING, replace(word, sheet=NOTHING), "NOT_FOUND"),
        ("in the place of another than it names", NOTHING, replace(word, sheet=first), "NOT_FOUND"),
        ("in the place of another's", first, replace(word, sheet=first), "FORBIDDEN"),
        ("by word for who has a key", NOTHING, replace(SHEET, member=nena), "FORBIDDEN"),
        ("of nobody", NOTHING, replace(SHEET, member=NOBODY), "MEMBER_UNKNOWN"),
        ("of who has left", NOTHING, replace(SHEET, member=told.id_of("ursula")), "MEMBER_NOT_ACTIVE"),
    ):
        told.refuse(f"a cost sheet {says}", CostSheetPublished(id, None, wish), code)
    stranger = told.sign("cost-sheets.publish", word, "nena")
    told.refuse("a cost sheet that another's key signs", CostSheetPublished(NOTHING, stranger, None), "FORBIDDEN")


def advances(told: Riacho) -> None:
    """Orders of 8.00 of which half is paid first: one is cancelled, one brings less, one is paid, one never comes."""
    off, less, paid, never = (bytes([number]) * 16 for number in range(0xE1, 0xE5))
    otto, quim, account = told.id_of("otto"), told.id_of("quim"), told.account("quim")
    for order in (off, less, paid, never):
        told.write(replace(placed(told, "open"), order=order, buyer=otto, seller=quim, advance=50_00))
        request = bytes([order[0] + 8]) * 16
        accepted = OrderAccepted(order, None, 4_00, request)
        if order == off:
            told.refuse("an advance of a cent more", replace(accepted, amount=4_01), "MALFORMED")
            told.refuse("an advance that no request asks for", replace(accepted, request=None), "MALFORMED")
            told.refuse("a request for no advance", replace(accepted, amount=None), "MALFORMED")
            told.accept("no advance is asked for", OrderAccepted(order, None))
        told.write(Requested(request, account, 4_00, otto, None, None))
        told.write(accepted)
    told.write(OrderCancelled(off, by_buyer=True, said_ms=None))
    asks, asked = bytes([33]) * 16, OrderDelivered(less, 500, 2_00, bytes([33]) * 16, None)
    told.refuse(
        "less than an advance that nobody has paid, and nothing asked for", replace(asked, request=None), "MALFORMED"
    )
    just = replace(asked, quantity=1_000, amount=4_00, request=None)
    told.accept("just what the advance has paid", just)
    told.refuse("just what the advance has paid, asked for again", replace(just, request=asks), "MALFORMED")
    told.accept("more than the advance has paid", replace(asked, quantity=1_001, amount=4_00 + 0, request=None))
    told.write(Requested(asks, account, 2_00, otto, None, None))
    told.write(asked)
    for order in (paid, never):
        told.do("payment-requests.pay", PayRequest(), uuid_text(bytes([order[0] + 8]) * 16), "otto")
    kept = OrderDelivered(paid, 500, 2_00, None, None)
    told.refuse("less than an advance that was paid, asked for again", replace(kept, request=asks), "MALFORMED")
    told.write(kept)
    told.do("orders.dispute", DisputeOrder("Nothing came"), uuid_text(never), "otto")
    told.do("orders.settle", SettleOrder(OrderOutcome.CANCELLED), uuid_text(never))
    payment = told.do("orders.show", None, uuid_text(never)).advance_payment
    told.do("payments.reverse", ReversePayment(parse_uuid(payment) or NOTHING), payment, "quim")


def premium(told: Riacho) -> None:
    """All let the growers have a premium; Pia pays into it, and the growers spend of it."""
    carried(told, told.do("premiums.open", OpenPremium("Growers", "HORA", ("nena", "otto")), who="pia").id)
    opened = told.said(PremiumOpened)
    new = replace(opened, premium=NOTHING)
    for says, body, code in (
        ("under an id that was used", opened, "DUPLICATE"),
        ("in no currency", replace(new, currency="NADA"), "CURRENCY_UNKNOWN"),
        ("of nobody", replace(new, producers=(NOBODY,)), "MEMBER_UNKNOWN"),
        ("without producers", replace(new, producers=()), "MALFORMED"),
        ("of one twice", replace(new, producers=opened.producers[:1] * 2), "MALFORMED"),
        ("that nobody has voted for", new, "MOTION_NEEDED"),
    ):
        told.refuse(f"a premium {says}", body, code)
    id, name = opened.premium, uuid_text(opened.premium)
    told.do("premiums.pay", PayPremium(id, hora(5_00)), name, "pia")
    told.wish("premiums.pay", PayPremium(id, hora(1_00)), "nena", name)
    word = PayPremium(id, hora(1), told.id_of("pia"))
    for says, wish, code in (
        ("to no premium", replace(word, premium=NOTHING), "NOT_FOUND"),
        ("by nobody", replace(word, member=NOBODY), "MEMBER_UNKNOWN"),
        ("by word of who has a key", replace(word, member=told.id_of("nena")), "FORBIDDEN"),
        ("by who has left", replace(word, member=told.id_of("ursula")), "MEMBER_NOT_ACTIVE"),
        ("in another currency", replace(word, amount=Amount(1, "FLOR", 2)), "CURRENCY_MISMATCH"),
        ("of a part of a cent", replace(word, amount=Amount(1, "HORA", 3)), "SCALE_EXCEEDED"),
        ("of nothing", replace(word, amount=hora(0)), "AMOUNT_NOT_POSITIVE"),
        ("of what no book counts", replace(word, amount=hora(2**63 - 1)), "AMOUNT_TOO_LARGE"),
    ):
        told.refuse(f"paid into a premium {says}", PremiumPaid(None, wish), code)
    carried(told, told.do("premiums.spend", SpendPremium("quim", hora(4_00), "A roof"), name, "otto").id)
    spent = told.said(PremiumSpent)
    told.refuse("spent of no premium", replace(spent, premium=NOTHING), "NOT_FOUND")
    told.refuse("spent for nobody", replace(spent, payee=NOBODY), "ACCOUNT_UNKNOWN")
    told.refuse("spent by no vote of the producers", spent, "MOTION_NEEDED")


def references(told: Riacho) -> None:
    """What coffee costs elsewhere."""
    day = told.world.now - DAY_MS
    told.do("reference-prices.note", NoteReference("Coffee, New York", "01610", hora(4_10), "ICO", day, "kg"))
    noted = told.said(ReferenceNoted)
    told.refuse("a reference under an id that was used", noted, "DUPLICATE")
    told.refuse("a reference in no currency", replace(noted, reference=NOTHING, currency="NADA"), "CURRENCY_UNKNOWN")


def carried(told: Riacho, motion: str) -> None:
    """Let all vote yes who may, by word, and Nena by her key; and the days pass."""
    id, shown = parse_uuid(motion) or NOTHING, told.do("motions.show", None, motion)
    book = told.world.nodes[NODE].replica.book
    eligible = [one for one in book.members.values() if one.state is MemberState.ACTIVE]
    for member in eligible:
        is_grower = member.handle in ("nena", "otto")
        if member.handle in shown.recused or (shown.electorate != "members" and not is_grower):
            continue
        if member.handle == "nena":
            told.wish("motions.vote", Vote(id, Ballot.YES), "nena", motion)
        elif member.auth is Auth.CUSTODIAL:
            told.do("motions.vote", Vote(id, Ballot.YES), motion, member.handle)
    told.world.now += 8 * DAY_MS
    told.world.tick(1)
    assert told.do("motions.show", None, motion).state == "executed"
