# SPDX-License-Identifier: AGPL-3.0-or-later
"""A year of one network in entries: every kind that may stand in a ledger lane, with the balances after each."""

from dataclasses import replace
from typing import Any

from refused import refusals
from riacho import DAY_MS, NODE, Riacho, hora, key
from simulation.groups import exchange
from simulation.world import whole
from trace_between import abroad, clearing, rests, written_off
from trace_bylaws import bylaws
from trace_campaigns import campaigns
from trace_cards import cards, typed
from trace_chains import chains
from trace_clubs import clubs, refused_of_clubs
from trace_community import community
from trace_companies import companies
from trace_councils import councils
from trace_ethical import ethical
from trace_fairtrade import fair_trade
from trace_governance import decisions
from trace_guarantee import guarantee
from trace_issuers import issuers
from trace_kiosks import kiosks
from trace_labels import labels
from trace_lending import funds
from trace_loans import loans
from trace_mixed import mixed_abroad
from trace_money import commons, dues, openings
from trace_orders import orders
from trace_people import absences, guardians, imports, invitations, names
from trace_pledges import pledges
from trace_purchasing import purchases
from trace_reserves import reserves
from trace_rotations import rotations
from trace_savings import savings
from trace_software import software

from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.signed import Signed, parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.lanes.entry import IDENTITY, LEDGER, decode_body
from protocol.practices import PRACTICES
from protocol.practices.between.abroad.entries import Reconciled
from protocol.practices.between.checkpoints.views import MakeCheckpoint
from protocol.practices.between.links.wishes import LinksWanted
from protocol.practices.between.networks.replicas import DismissReplica, InviteReplica
from protocol.practices.money.currencies.entries import DefaultsSet
from protocol.practices.money.currencies.views import Accounts, CloseCurrency, CreateCurrency, SetDefaults, SetLevy
from protocol.practices.money.obligations.entries import Consented, GiveConsent
from protocol.practices.money.obligations.views import RevokeConsent
from protocol.practices.money.payments.entries import Paid, Pay, Posted, Reversed, ReversePayment
from protocol.practices.money.payments.views import PostPayment, VoidPayment
from protocol.practices.money.requests.views import AskPayment, CancelRequest, DeclineRequest, PayRequest
from protocol.practices.money.schedules.entries import Ran, Rhythm, SchedulePayment
from protocol.practices.money.schedules.views import CancelSchedule, PauseSchedule, ResumeSchedule
from protocol.practices.money.setoffs.entries import SetOffMade, Share
from protocol.practices.money.setoffs.views import ClearObligations
from protocol.practices.people.devices import AddKey, RebindKey, RevokeKey
from protocol.practices.people.mandates import GiveMandate, RevokeMandate
from protocol.practices.people.members.views import Approve, Resume, SetLimits, Suspend
from protocol.wire.keys import parse_id


def fold_trace() -> dict[str, Any]:
    """Return the ledger of a network, with what each entry makes of the balances."""
    told = Riacho()
    world = told.world
    exchange(world, NODE, "HORA")
    for story in (
        members,
        payments,
        limits,
        helpers,
        requests,
        set_offs,
        orders,
        schedules,
        devices,
        cards,
        typed,
        abroad,
        rests,
        written_off,
        clearing,
        endings,
        decisions,
        campaigns,
        openings,
        commons,
        dues,
        funds,
        councils,
        clubs,
        loans,
        ethical,
        imports,
        invitations,
        names,
        absences,
        guardians,
        issuers,
        mixed_abroad,
        companies,
        chains,
        savings,
        rotations,
        pledges,
        reserves,
        kiosks,
        purchases,
        fair_trade,
        labels,
        refusals,
        refused_of_clubs,
        bylaws,
        guarantee,
        software,
        community,
    ):
        story(told)
    node = world.nodes[NODE]
    assert world.zero_sum() and not world.drops
    return {
        "about": "The ledger lane of one network, in order: fold the entries and compare. `balances` are those of all"
        " accounts that are not zero after an entry, in minor units; every currency sums to zero after each. `identity`"
        " is the identity lane, which tells whose signatures to check; `final` is what the book holds at the end."
        " Each of `refused` is rightly signed, follows the first `after` entries, and is refused by every node with"
        " that code; each of `taken` is taken at its place by every node, though it does not stand in the lane."
        " An entry's date is the second field of its body.",
        "network": node.network.hex(),
        "identity": [
            entry.wire.hex() for entry in node.disk if entry.header.lane == IDENTITY and entry.network == node.network
        ],
        **folded(told),
        "refused": told.refused,
        "taken": told.taken,
    }


def folded(told: Riacho) -> dict[str, Any]:
    """Fold the ledger anew, and return its entries with the balances after each, and how it ends."""
    node = told.world.nodes[NODE]
    book = Book(node.network, PRACTICES)
    entries: list[dict[str, Any]] = []
    for entry in node.disk:
        if entry.network != node.network or entry.header.lane != LEDGER:
            continue
        body, at_ms = decode_body(entry.body_bytes, book.kinds)
        entered = Entered(body, node.network, LEDGER, entry.header.epoch, entry.header.seq, entry.id, at_ms)
        reason = book.check(entered)
        assert reason is None, (body, reason)
        book.apply(entered)
        balances = {name: one.balance_minor for name, one in sorted(book.ledger.accounts.items()) if one.balance_minor}
        entries.append({"kind": body.KIND, "balances": balances, "wire": entry.wire.hex()})
    final = {
        "accounts": {
            name: {
                "balance": one.balance_minor,
                "least": one.least_minor,
                "most": one.most_minor,
                "held": one.held_minor,
                "awaited": one.awaited_minor,
            }
            for name, one in sorted(book.ledger.accounts.items())
        },
        "members": {
            name: {"handle": one.handle, "auth": one.auth, "state": one.state}
            for name, one in sorted(book.members.items())
        },
        "payments": {uuid_text(name): one.state for name, one in sorted(book.payments.items())},
    }
    return {"entries": entries, "final": final}


# The story, a feature at a time.


def members(told: Riacho) -> None:
    """Ana and Dora join with keys, Bia and Caio without."""
    for handle, has_key in (("ana", True), ("bia", False), ("caio", False), ("dora", True)):
        told.admit(handle, has_key=has_key)
    told.do("members.set-limits", SetLimits(whole(200), whole(1_000)), "ana")
    told.do("members.suspend", Suspend(), "caio")
    told.do("members.resume", Resume(), "caio")
    told.do("currencies.create", CreateCurrency("SOL", "Sol", whole(10), scale=0))
    told.do("members.approve", Approve("SOL"), "dora")
    told.do("currencies.close", CloseCurrency(), "SOL")


def payments(told: Riacho) -> None:
    """At once, by word, pending and posted or voided, and paid back with and without a signature."""
    told.pay("ana", "bia", 12_50)
    told.say("bia", "ana", 2_50)
    posted = told.pay("ana", "dora", 30_00, pending=True)
    told.do("payments.post", PostPayment(), posted, "dora")
    voided = told.pay("dora", "ana", 5_00, pending=True)
    told.do("payments.void", VoidPayment(), voided)
    paid = told.pay("dora", "ana", 7_00)
    consent = told.sign("payments.reverse", ReversePayment(parse_uuid(paid) or b""), "ana")
    told.do("payments.reverse", Brought(consent), paid, "dora")
    lent = told.pay("ana", "bia", 1_00)
    told.do("payments.reverse", ReversePayment(parse_uuid(lent) or b""), lent, "bia")

    ana, bia = told.account("ana"), told.account("bia")
    name = bytes(16)
    said = told.order("ana", "bia", 1_00)
    told.refuse(
        "an order for another network", Paid(told.order("ana", "bia", 1_00, network=bytes(32)), None), "WRONG_NETWORK"
    )
    told.refuse(
        "an order whose signature is another's",
        Paid(Signed(said.data, key("dora").sign("wish", said.data)), None),
        "SIGNATURE_INVALID",
    )
    last = told.world.nodes[NODE].replica.book.members[told.id_of("ana")].keys[key("ana").public].order_seq
    told.refuse(
        "an order numbered as the last one was",
        Paid(told.order("ana", "bia", 1_00, order_seq=last), None),
        "ORDER_REPLAYED",
    )
    told.refuse(
        "an order numbered below the last one",
        Paid(told.order("ana", "bia", 1_00, order_seq=last - 1), None),
        "ORDER_STALE",
    )
    told.refuse(
        "an order numbered a day and more ahead",
        Paid(told.order("ana", "bia", 1_00, order_seq=told.world.now + DAY_MS + 1), None),
        "ORDER_AHEAD",
    )
    told.refuse(
        "an order of another operation",
        Paid(told.sign("payments.reverse", ReversePayment(name), "ana"), None),
        "MALFORMED",
    )
    fitting = Pay(bia, hora(1_00), ana, payment=name)
    told.refuse(
        "an order whose fields fit and whose operation is another",
        Paid(told.sign("payments.reverse", fitting, "ana"), None),
        "MALFORMED",
    )
    told.refuse("a payment that nobody has wished", Paid(None, None), "MALFORMED")
    told.refuse(
        "an order past its date",
        Paid(told.order("ana", "bia", 1_00, not_after_ms=told.world.now - 1), None),
        "ORDER_EXPIRED",
    )
    told.refuse(
        "an order by a key that nobody registered",
        Paid(told.order("ana", "bia", 1_00, name="thief"), None),
        "KEY_UNKNOWN",
    )
    told.refuse(
        "an order from another's account", Paid(told.order("dora", "bia", 1_00, payer_account=ana), None), "FORBIDDEN"
    )
    told.refuse(
        "a debit of a member with a key, without its order",
        Paid(None, Pay(bia, hora(1_00), ana, payment=name)),
        "FORBIDDEN",
    )
    told.refuse("an amount of zero", Paid(None, Pay(ana, hora(0), bia, payment=name)), "AMOUNT_NOT_POSITIVE")
    told.refuse("a payee that is not there", Paid(None, Pay("zoe", hora(1), bia, payment=name)), "MEMBER_UNKNOWN")
    told.refuse("a payment to oneself", Paid(None, Pay(bia, hora(1), bia, payment=name)), "SAME_ACCOUNT")
    told.refuse(
        "a payment whose id was used",
        Paid(None, Pay(ana, hora(1), bia, payment=parse_uuid(paid) or b"")),
        "PAYMENT_EXISTS",
    )
    told.refuse("posting what was posted", Posted(parse_uuid(posted) or b""), "STATE_CONFLICT")
    told.refuse(
        "paying back for a payee with a key, without its consent",
        Reversed(None, ReversePayment(parse_uuid(posted) or b"")),
        "FORBIDDEN",
    )


def limits(told: Riacho) -> None:
    """No reader checks a limit: what its author has written, stands."""
    told.pay("dora", "bia", 100_00)
    told.do("members.set-limits", SetLimits(whole(10), None, "HORA"), "dora")


def helpers(told: Riacho) -> None:
    """A mandate by signature and one by word; each is used, one is taken back."""
    world = told.world
    name, until = drawn_id(world.rng.randbytes), world.now + 30 * DAY_MS
    told.wish(
        "members.mandate", GiveMandate(told.account("ana"), told.id_of("dora"), whole(20), until, name), "ana", "ana"
    )
    order = told.order("dora", "bia", 6_00, payer_account=told.account("ana"), mandate=name)
    told.do("payments.create", Brought(order), who="dora")
    given = GiveMandate("bia", "caio", whole(15), until)
    name = told.do("members.mandate", given, "bia", "bia").mandates[-1].id
    told.do("payments.create", Pay(payee="dora", amount=whole(4), mandate=parse_uuid(name)), who="caio")
    told.do("members.revoke-mandate", RevokeMandate(name), "bia", "bia")


def requests(told: Riacho) -> None:
    """One is paid, one declined, one cancelled."""
    asked = told.do("payment-requests.create", AskPayment(whole(8)), who="bia")
    order = told.order("ana", told.account("bia"), 8_00, request=parse_uuid(asked.id))
    told.do("payments.create", Brought(order), who="ana")
    again = told.do("payment-requests.create", AskPayment(whole(1)), who="bia")
    told.do("payment-requests.pay", PayRequest(), again.id, "caio")
    declined = told.do("payment-requests.create", AskPayment(whole(9), payer="caio"), who="bia")
    told.do("payment-requests.decline", DeclineRequest(), declined.id, "caio")
    cancelled = told.do("payment-requests.create", AskPayment(whole(10, "HORA")), who="dora")
    told.do("payment-requests.cancel", CancelRequest(), cancelled.id, "dora")


def set_offs(told: Riacho) -> None:
    """Ana, Bia and Caio owe each other around; Ana lets her balance fall a little, so that more is set off."""
    world, not_after_ms = told.world, told.world.now + 30 * DAY_MS
    of_ana, of_bia, of_caio = (
        told.do("payment-requests.create", AskPayment(whole(units), payer=payer), who=payee).id
        for payer, payee, units in (("ana", "bia", 6), ("bia", "caio", 5), ("caio", "ana", 4))
    )
    consent = GiveConsent(
        not_after_ms, told.account("ana"), requests=(parse_uuid(of_ana) or b"",), draw=whole(1),
        consent=drawn_id(world.rng.randbytes),
    )  # fmt: skip
    told.wish("set-off-consents.create", consent, "ana")
    of_bia_by_word = GiveConsent(not_after_ms, requests=(parse_uuid(of_bia) or b"",))
    word = told.do("set-off-consents.create", of_bia_by_word, who="bia").id
    of_caio_by_word = GiveConsent(not_after_ms, requests=(parse_uuid(of_caio) or b"",))
    told.do("set-off-consents.create", of_caio_by_word, who="caio")

    def refuse(says: str, code: str, *shares: tuple[str, int]) -> None:
        parts = sorted((Share(parse_uuid(name) or b"", minor) for name, minor in shares), key=lambda one: one.request)
        told.refuse(says, SetOffMade(bytes(16), "HORA", tuple(parts)), code)

    around = ((of_bia, 4_00), (of_caio, 4_00))
    refuse(
        "a set-off that takes more than a member lets it",
        "CONSENT_EXCEEDED",
        (of_ana, 5_01),
        *around,
    )
    refuse("a set-off of more than is asked", "AMOUNT_TOO_LARGE", (of_ana, 6_01), *around)
    refuse("a set-off of nothing", "MALFORMED")
    unsigned = GiveConsent(not_after_ms, told.account("ana"), consent=bytes(16))
    told.refuse("the consent of a member with a key, without its signature", Consented(None, unsigned), "FORBIDDEN")
    told.do("obligations.clear", ClearObligations(), "HORA")
    told.do("set-off-consents.revoke", RevokeConsent(), word, "bia")
    refuse("a set-off after a consent was taken back", "CONSENT_EXCEEDED", (of_ana, 1))


def schedules(told: Riacho) -> None:
    """Daily payments run; one is missed for want of room, one is paused and goes on, one is cancelled."""
    world = told.world
    first = world.now + 1_000
    standing = SchedulePayment(
        "caio", whole(3), first, Rhythm.DAILY, 3, told.account("ana"), drawn_id(world.rng.randbytes)
    )
    name = told.wish("scheduled-payments.create", standing, "ana").id
    world.tick(3)
    told.do("scheduled-payments.pause", PauseSchedule(), name, "ana")
    world.now = first + DAY_MS + 1
    told.do("scheduled-payments.resume", ResumeSchedule(), name, "ana")
    told.refuse("an occurrence that passed in a pause", Ran(parse_uuid(name) or b"", 1), "STATE_CONFLICT")
    missed = SchedulePayment(payee="ana", amount=whole(600), first_at=world.now + 1_000)
    told.do("scheduled-payments.create", missed, who="caio")
    world.tick(3)
    told.do("scheduled-payments.cancel", CancelSchedule(), name, "ana")


def devices(told: Riacho) -> None:
    """Caio takes a key, Ana changes hers, Dora adds one with a cap and revokes it."""
    told.do("members.rebind-key", RebindKey("caio", told.joining("caio")), "caio", "caio")
    told.pay("caio", "ana", 1_50)
    rebinding = RebindKey(told.id_of("ana"), told.joining("ana", "ana new"), key("ana").public)
    told.wish("members.rebind-key", rebinding, "ana", "ana")
    told.pay("ana", "bia", 2_00, name="ana new")
    told.refuse("an order by a key that gave way", Paid(told.order("ana", "bia", 1_00), None), "KEY_UNKNOWN")
    enrolment = AddKey(told.id_of("dora"), told.joining("dora", "dora phone"), 5_00)
    told.wish("members.add-key", enrolment, "dora", "dora")
    told.do("members.set-limits", SetLimits(whole(150), None, "HORA"), "dora")
    told.pay("dora", "bia", 4_00, name="dora phone")
    lent, order = lost_tablet(told)
    told.wish("members.revoke-key", RevokeKey(told.id_of("dora"), key("dora phone").public), "dora", "dora")
    told.refuse(
        "an order by a key that was revoked",
        Paid(told.order("dora", "bia", 1_00, name="dora phone"), None),
        "KEY_UNKNOWN",
    )
    told.wish("members.revoke-key", RevokeKey(told.id_of("dora"), key("dora tablet").public), "dora", "dora")
    under = told.order("bia", "caio", 1_00, name="caio", payer_account=told.account("dora"), mandate=lent)
    told.refuse("a payment under a mandate that a revoked key gave", Paid(under, None), "STATE_CONFLICT")
    told.refuse(
        "an occurrence of an order that a revoked key signed", Ran(order, 0), "KEY_UNKNOWN", told.world.now + DAY_MS
    )


def lost_tablet(told: Riacho) -> tuple[bytes, bytes]:
    """Dora's tablet signs a mandate for Caio and a standing order; returns their ids."""
    now, enrolment = told.world.now, AddKey(told.id_of("dora"), told.joining("dora", "dora tablet"))
    told.wish("members.add-key", enrolment, "dora", "dora")
    lent, order = (drawn_id(told.world.rng.randbytes) for _ in range(2))
    given = GiveMandate(told.account("dora"), told.id_of("caio"), hora(9_00), now + DAY_MS, lent)
    told.do("members.mandate", Brought(told.sign("members.mandate", given, "dora tablet")), "dora", "dora")
    standing = SchedulePayment("caio", hora(1_00), now + DAY_MS, Rhythm.DAILY, 3, told.account("dora"), order)
    told.do(
        "scheduled-payments.create",
        Brought(told.sign("scheduled-payments.create", standing, "dora tablet")),
        who="dora",
    )
    return lent, order


def refunds(told: Riacho, first: bytes, gone: bytes) -> None:
    """Bia gives a part of what Ana has paid back, and then the rest; `gone` was reversed."""
    ana, bia = told.account("ana"), told.account("bia")
    back = Pay(ana, hora(2_00), bia, payment=bytes(16), refunds=first)
    for says, changed, code in (
        ("of nothing", {"refunds": bytes(16)}, "PAYMENT_UNKNOWN"),
        ("by another", {"payer": told.account("dora")}, "FORBIDDEN"),
        ("to another", {"payee": told.account("dora")}, "ORDER_MISMATCH"),
        ("that waits", {"pending": True}, "ORDER_MISMATCH"),
        ("of what was reversed", {"refunds": gone}, "STATE_CONFLICT"),
        ("of more than was paid", {"amount": hora(5_02)}, "REFUND_EXCEEDS"),
    ):
        told.refuse(f"a refund {says}", Paid(None, replace(back, **changed)), code)
    for minor in (2_00, 3_01):
        wish = replace(back, payment=None, amount=hora(minor))
        id = parse_uuid(told.do("payments.create", wish, who="bia").id) or b""
        told.refuse(f"a refund of {minor}, paid back", Reversed(None, ReversePayment(id)), "STATE_CONFLICT")
        told.refuse(f"what was refunded by {minor}, paid back", Reversed(None, ReversePayment(first)), "REFUND_EXCEEDS")


def endings(told: Riacho) -> None:
    """Caio leaves in debt, a levy repays it, a replica comes and goes, and a restore is reconciled."""
    world = told.world
    told.pay("caio", "dora", 60_00)
    told.leave("caio")
    told.do("currencies.set-levy", SetLevy(1_000), "HORA")
    told.do("currencies.set-defaults", SetDefaults(whole(150), accounts=Accounts.ALL), "HORA")
    nowhere = DefaultsSet("NADA", -1, None, any_balance=False, everyone=False)
    told.refuse("limits in no currency", nowhere, "CURRENCY_UNKNOWN")
    both = DefaultsSet("HORA", None, 1, any_balance=True, everyone=False)
    told.refuse("a limit on what may be held, and none", both, "MALFORMED")
    told.pay("ana", "bia", 50_00, name="ana new")
    back = told.pay("ana", "bia", 5_01, name="ana new")
    told.do("payments.reverse", ReversePayment(parse_uuid(back) or b""), back, "bia")
    refunds(told, parse_uuid(told.pay("ana", "bia", 5_01, name="ana new")) or b"", parse_uuid(back) or b"")
    invited = told.do("replicas.invite", InviteReplica())
    world.second("casa", NODE, invited.code)
    world.join("casa", NODE)
    world.tick(2)
    told.do("replicas.dismiss", DismissReplica(), invited.id)
    link = next(one for one in told.do("links.list", LinksWanted()).items if one.partner_handle == "serra")
    # What a restore would write: nothing was lost here, so it is put down by hand.
    reconciled = Reconciled(parse_id(link.id) or b"", 12_00, 12_00, 2_00, 2_00, "HORA")
    world.nodes[NODE].replica.journal.write(reconciled, LEDGER, world.now)
    told.do("checkpoints.make", MakeCheckpoint())
    world.tick(1)
