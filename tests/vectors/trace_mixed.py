# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of payments in several currencies between networks, and what every node refuses of them."""

from dataclasses import replace

from riacho import NODE, Riacho
from simulation.groups import exchange
from simulation.world import whole

from protocol.book.money import Amount
from protocol.book.signed import leg_id
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.between.links.wishes import AcceptLink, CapLink, ProposeLink
from protocol.practices.between.mixed.asking import AskMixedQuote
from protocol.practices.between.mixed.entries import MixedArrived, MixedSent
from protocol.practices.between.quotes.invoices import encode_invoice, invoice_hash, read_invoice
from protocol.practices.money.currencies.views import CloseCurrency, CreateCurrency
from protocol.practices.money.mixed import PayMixed
from protocol.practices.money.payments.entries import Pay
from protocol.practices.people.invitations import Invite
from protocol.practices.people.members.views import Approve, Join, Resume, Suspend

NOTHING = bytes(16)
NOBODY = "B" * 16
TRIGO_AND_UVA = (Amount(2, "TRIGO", 0), Amount(3, "UVA", 0))


def mixed_abroad(told: Riacho) -> None:
    """Bia and Ana pay Zeca in Colina in two currencies at once; he pays so too, and once it all comes back."""
    world = told.world
    exchange(world, "colina", "TRIGO")
    world.granted("colina", "currencies.create", CreateCurrency("UVA", "Uva", whole(500)))
    code = world.granted("colina", "invitations.create", Invite()).code
    world.granted("colina", "members.join", Join(code, "zeca"))
    world.granted("colina", "members.approve", Approve(), subject="zeca")
    told.do("currencies.create", CreateCurrency("ODE", "Ode", whole(200)))
    for handle in ("ana", "bia", "caio"):
        told.do("members.approve", Approve("ODE"), handle)
    world.join(NODE, "colina")
    world.tick(2)
    for own, foreign in (("HORA", "TRIGO"), ("ODE", "UVA")):
        link = told.do("links.create", ProposeLink("colina", whole(300), own)).id
        world.granted("colina", "links.accept", AcceptLink(whole(300), foreign), subject=link)
        for name in (NODE, "colina"):
            world.granted(name, "links.cap", CapLink(holds_percent=100), subject=link)
    world.tick(2)
    price = told.do("mixed-quotes.create", AskMixedQuote("zeca@colina", TRIGO_AND_UVA, "bia"))
    amounts = tuple(one.amount for one in price.parts)
    told.do("mixed-payments.create", PayMixed("zeca@colina", amounts, "bia", invoice=price.invoice))
    world.tick(2)
    price = told.do("mixed-quotes.create", AskMixedQuote("zeca@colina", TRIGO_AND_UVA), who="ana")
    signed = PayMixed(
        price.payee, amounts, told.id_of("ana"), drawn_id(world.rng.randbytes), None,
        tuple(one.debit for one in price.parts), price.invoice, price.condition,
    )  # fmt: skip
    told.do("mixed-payments.create", Brought(told.sign("mixed-payments.create", signed, "ana new")), who="ana")
    world.tick(2)
    back = (Amount(1, "HORA", 0), Amount(1, "ODE", 0))
    price = world.granted("colina", "mixed-quotes.create", AskMixedQuote("bia@riacho", back, "zeca"))
    wish = PayMixed("bia@riacho", tuple(one.amount for one in price.parts), "zeca", invoice=price.invoice)
    world.granted("colina", "mixed-payments.create", wish)
    world.tick(2)
    # Zeca is suspended after the price: all of it comes back.
    price = told.do("mixed-quotes.create", AskMixedQuote("zeca@colina", TRIGO_AND_UVA, "bia"))
    world.granted("colina", "members.suspend", Suspend(), subject="zeca")
    told.do("mixed-payments.create", PayMixed("zeca@colina", amounts, "bia", invoice=price.invoice))
    world.tick(2)
    refused_leaving(told)
    refused_arriving(told)


def refused_leaving(told: Riacho) -> None:
    """Refuse payments in several currencies that leave."""
    known, bia = told.said(MixedSent), told.id_of("bia")
    told.do("currencies.create", CreateCurrency("TOM", "Tom", whole(1)))
    told.do("members.approve", Approve("TOM"), "bia")
    told.do("currencies.close", CloseCurrency(), "TOM")
    invoice = read_invoice(known.invoice)
    assert known.word is not None and invoice is not None
    first, second = known.parts
    fine = replace(known.word, payment=NOTHING)
    parts = (replace(first, hold=NOTHING), replace(second, hold=leg_id(NOTHING, 1)))

    def again(**changed: object) -> MixedSent:
        own = {name: changed.pop(name) for name in ("payee", "invoice", "parts") if name in changed}
        return replace(known, **{"word": replace(fine, **changed), "parts": parts, **own})  # type: ignore[arg-type]

    def wished(**changed: object) -> MixedSent:
        return replace(known, word=replace(fine, **changed), parts=parts)  # type: ignore[arg-type]

    costs = fine.max_debits
    told.accept("a payment in several currencies that leaves", again())
    for says, code, body in (
        ("twice", "PAYMENT_EXISTS", known),
        ("in one currency", "MALFORMED", wished(amounts=fine.amounts[:1])),
        ("without an id", "MALFORMED", wished(payment=None)),
        ("of a stranger's", "MEMBER_UNKNOWN", wished(payer=NOBODY)),
        ("by word for who has a key", "FORBIDDEN", wished(payer=told.id_of("ana"))),
        ("that may cost who knows what", "MALFORMED", wished(max_debits=())),
        ("from no account", "ACCOUNT_UNKNOWN", wished(max_debits=(costs[0], replace(costs[1], asset_code="MIL")))),
        ("in a closed currency", "CURRENCY_CLOSED", wished(max_debits=(costs[0], replace(costs[1], asset_code="TOM")))),
        ("in what is kept", "NOT_IN_GROUP", wished(max_debits=(costs[0], replace(costs[1], asset_code="PAR")))),
        ("over one link", "MALFORMED", again(parts=parts[:1])),
        ("over the same link twice", "MALFORMED", again(parts=(parts[0], replace(parts[1], link=parts[0].link)))),
        ("over a detour", "MALFORMED", again(parts=(parts[0], replace(parts[1], route=(bytes(32), invoice.network))))),
        ("under another hold", "MALFORMED", again(parts=known.parts)),
        ("with a debit of nothing", "MALFORMED", again(parts=(parts[0], replace(parts[1], debit=0)))),
        ("in less than is asked", "MALFORMED", again(parts=(parts[0], replace(parts[1], amount=1)))),
        ("without an invoice", "MALFORMED", again(invoice=b"")),
        ("for one currency", "MALFORMED", again(invoice=encode_invoice(replace(invoice, also=None)))),
        ("to a member here", "MALFORMED", again(payee=f"{bia}.HORA")),
        ("for another invoice", "ORDER_MISMATCH", wished(invoice=bytes(32))),
        ("for another condition", "ORDER_MISMATCH", wished(condition=bytes(32))),
        ("to somebody else", "ORDER_MISMATCH", wished(payee="mutirao:nowhere/nobody")),
        ("of other amounts", "ORDER_MISMATCH", wished(amounts=(fine.amounts[0], replace(fine.amounts[1], value=1)))),
        ("at a cost of too many decimals", "ORDER_MISMATCH", wished(max_debits=(costs[0], Amount(1, "ODE", 3)))),
        ("for more than it may cost", "MAX_DEBIT_EXCEEDED", wished(max_debits=(costs[0], replace(costs[1], value=1)))),
        (
            "for more than a balance can count",
            "AMOUNT_TOO_LARGE",
            again(parts=(parts[0], replace(parts[1], debit=2**63 - 1))),
        ),
    ):
        told.refuse(f"a payment in several currencies that leaves {says}", body, code)
    told.do("members.suspend", Suspend(), "bia")
    told.refuse("a payment in several currencies of who is suspended", again(), "MEMBER_NOT_ACTIVE")
    told.do("members.resume", Resume(), "bia")


def refused_arriving(told: Riacho) -> None:
    """Refuse payments in several currencies that come."""
    known = told.said(MixedArrived)
    invoice = read_invoice(known.invoice)
    assert invoice is not None and invoice.also is not None
    anew = replace(invoice, nonce=NOTHING)
    fine = replace(known, payment=NOTHING, invoice=encode_invoice(anew))
    first, second = known.legs
    [other] = invoice.also

    def asks(**changed: object) -> MixedArrived:
        return replace(fine, invoice=encode_invoice(replace(anew, **changed)))  # type: ignore[arg-type]

    told.accept("what comes in several currencies", fine)
    assert invoice_hash(known.invoice) != invoice_hash(fine.invoice)
    bia, caio = told.id_of("bia"), f"{told.id_of('caio')}.ODE"
    kept = replace(other, account=f"{bia}.PAR")
    told.do("payments.create", Pay(caio, Amount(1, "ODE", 0), f"{bia}.ODE"), who="bia")
    much = replace(other, account=caio, amount=2**63 - 1)
    for says, code, body in (
        ("twice", "PAYMENT_EXISTS", known),
        ("for an invoice that is paid", "PAYMENT_EXISTS", replace(known, payment=NOTHING)),
        ("for no invoice", "MALFORMED", replace(fine, invoice=b"")),
        ("for one currency", "MALFORMED", asks(also=None)),
        ("to another network", "MALFORMED", asks(network=bytes(32))),
        ("from somebody here", "MALFORMED", asks(payer="ana")),
        ("to no account", "MALFORMED", asks(account=f"{NOBODY}.HORA")),
        ("by one hold", "MALFORMED", replace(fine, legs=(first,))),
        ("by two holds on a link", "MALFORMED", replace(fine, legs=(first, replace(second, link=first.link)))),
        ("without the preimage", "ORDER_MISMATCH", replace(fine, preimage=bytes(32))),
        ("worth less than is asked", "ORDER_MISMATCH", replace(fine, legs=(first, replace(second, worth=1)))),
        ("by a hold of nothing", "ORDER_MISMATCH", replace(fine, legs=(first, replace(second, amount=0)))),
        ("in what is kept", "NOT_IN_GROUP", asks(also=(kept,))),
        (
            "for more than a balance can count",
            "AMOUNT_TOO_LARGE",
            replace(asks(also=(much,)), legs=(first, replace(second, worth=2**63 - 1))),
        ),
    ):
        told.refuse(f"what comes in several currencies {says}", body, code)
