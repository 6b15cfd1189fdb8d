# SPDX-License-Identifier: AGPL-3.0-or-later
"""The end of the trace: members in every state and one of each thing, and what every node refuses then."""

from dataclasses import replace

import refused_between
import refused_money
import refused_orders
import refused_people
from borders import borders
from riacho import DAY_MS, NODE, Riacho, hora, key
from simulation.groups import offer_payment

from protocol.book.declaration import MotionWish
from protocol.book.members import MemberState
from protocol.book.money import Amount
from protocol.book.signed import parse_uuid
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.lanes.entry import LEDGER
from protocol.practices.between.abroad.entries import Forwarded, Sent
from protocol.practices.between.abroad.state import part_hold
from protocol.practices.between.networks.replicas import InviteReplica
from protocol.practices.governance.motions.entries import Ballot, MakeMotion, Vote
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.money.currencies import CloseCurrency, CreateCurrency, SetLevy
from protocol.practices.money.dues.state import AllDues
from protocol.practices.money.dues.views import SetDues
from protocol.practices.money.obligations import GiveConsent
from protocol.practices.money.payments.entries import Paid, Pay, ReversePayment
from protocol.practices.money.requests import AskPayment, PayRequest
from protocol.practices.money.schedules.entries import Rhythm, SchedulePayment
from protocol.practices.money.voted_rates import VoteRate
from protocol.practices.people.devices import AddKey, RebindKey
from protocol.practices.people.guardians.entries import BackKey, NameGuardians
from protocol.practices.people.invitations import Invitations, Invite, WithdrawInvitation, code_digest
from protocol.practices.people.mandates import GiveMandate, RevokeMandate
from protocol.practices.people.members import Approve, Join, Resume, Suspend
from protocol.practices.people.returns import Return


def refusals(told: Riacho) -> None:
    """Let there be one of each thing, and refuse what may not stand then."""
    arrivals(told)
    ids = money(told) | in_fim(told)
    codes = departures(told)
    ids |= motion(told)
    ids |= abroad(told)
    refused_people.refused(told, codes)
    refused_money.refused(told, ids)
    refused_between.refused(told, ids)
    refused_orders.refused(told)
    borders(told, ids, codes)
    refused_between.beyond_int64(told)
    refused_between.just_alone(told)


def arrivals(told: Riacho) -> None:
    """Four join without keys, Lia with one that she changes, Teo waits; Ana gets a purse with a cap."""
    for handle in ("hugo", "ines", "rui", "rosa"):
        told.admit(handle, has_key=False)
    told.do("members.join", Join(told.do("invitations.create", Invite()).code, "teo"))
    told.admit("lia")
    rebinding = RebindKey(told.id_of("lia"), told.joining("lia", "lia new"))
    told.wish("members.rebind-key", rebinding, "lia", "lia")
    purse = AddKey(told.id_of("ana"), told.joining("ana", "ana purse"), 5_00)
    told.do("members.add-key", Brought(told.sign("members.add-key", purse, "ana new")), "ana", "ana")
    small = AddKey(told.id_of("lia"), told.joining("lia", "lia purse"), 5_00)
    told.do("members.add-key", Brought(told.sign("members.add-key", small, "lia new")), "lia", "lia")
    told.do("members.resume", Resume(), "dora")
    naming = NameGuardians(told.id_of("elis"), tuple(told.id_of(one) for one in ("ana", "fia", "dora")), 2)
    told.do("guardians.name", Brought(told.sign("guardians.name", naming, "elis new")), "elis", "elis")


def money(told: Riacho) -> dict[str, bytes]:
    """Leave payments, requests, mandates, consents and standing orders in every state."""
    ids: dict[str, str] = {}
    bia, later = told.account("bia"), told.world.now + 300 * DAY_MS
    ids["pending"] = told.pay("ana", told.account("ines"), 1_00, name="ana new", pending=True)
    ids["by bia"] = told.do("payments.create", Pay("rosa", hora(1_00), "bia", pending=True), who="bia").id
    told.pay("ana", told.account("fia"), 10, name="ana new")
    ids["of hugo"] = told.pay("ana", told.account("hugo"), 1_00, name="ana new")
    ids["to commons"] = told.pay("ana", "commons.HORA", 1, name="ana new")
    ids["reversed"] = told.pay("ana", bia, 1, name="ana new")
    told.do("payments.reverse", ReversePayment(parse_uuid(ids["reversed"]) or b""), ids["reversed"], "bia")
    for name, payee, payer in (
        ("open", "bia", "ana"),
        ("of another", "bia", "fia"),
        ("of anybody", "bia", None),
        ("paid", "bia", "ana"),
        ("owed by bia", "rosa", "bia"),
        ("owed and paid", "rosa", "bia"),
        ("owed by ines", "bia", "ines"),
        ("owed by rosa", "bia", "rosa"),
    ):
        asked = AskPayment(hora(1_00), payer=payer, not_after=later)
        ids[name] = told.do("payment-requests.create", asked, who=payee).id
    order = told.order("ana", bia, 1_00, name="ana new", request=parse_uuid(ids["paid"]))
    told.do("payments.create", Brought(order), who="ana")
    told.do("payment-requests.pay", PayRequest(), ids["owed and paid"], "bia")
    for name in ("mandate", "revoked"):
        given = GiveMandate("bia", "rosa", hora(1_00), later)
        ids[name] = told.do("members.mandate", given, "bia", "bia").mandates[-1].id
    # What no home would write and every node takes: beyond a key's cap, a mandate's, an account's limits.
    told.write(Paid(told.order("ana", bia, 6_00, name="ana purse"), None))
    for payer, payee in (("bia", "rosa"), ("rosa", "bia")):
        name = drawn_id(told.world.rng.randbytes)
        told.write(Paid(None, Pay(told.account(payee), hora(10_000_00), told.account(payer), payment=name)))
    under = Pay(told.account("rosa"), hora(2_00), bia, payment=drawn_id(told.world.rng.randbytes))
    told.write(Paid(None, replace(under, mandate=parse_uuid(ids["mandate"]))))
    told.do("members.revoke-mandate", RevokeMandate(ids["revoked"]), "bia", "bia")
    ids["consent"] = told.do("set-off-consents.create", GiveConsent(later, bia), who="bia").id
    ids["asked of rosa"] = told.do("payment-requests.create", AskPayment(hora(6_00), payer="rosa"), who="bia").id
    asked_of = (parse_uuid(ids["asked of rosa"]) or b"",)
    drawing = GiveConsent(later, told.account("rosa"), requests=asked_of, draw=hora(5_00))
    told.do("set-off-consents.create", drawing, who="rosa")
    owed = (parse_uuid(ids["owed by ines"]) or b"",)
    told.do("set-off-consents.create", GiveConsent(later, told.account("ines"), requests=owed), who="ines")
    ids["opened again"] = told.do("payment-requests.create", AskPayment(hora(1_00), payer="bia"), who="rosa").id
    for _ in range(2):
        paid = told.do("payment-requests.pay", PayRequest(), ids["opened again"], "bia").payment
        back = ReversePayment(parse_uuid(paid) or b"")
        told.do("payments.reverse", back, paid, "rosa")
    for name, payee, payer in (("of hugo", "hugo", "bia"), ("asked of hugo", "bia", "hugo")):
        ids[f"request {name}"] = told.do("payment-requests.create", AskPayment(hora(1_00), payer=payer), who=payee).id
    daily = SchedulePayment("rosa", hora(1), told.world.now + 1_000, Rhythm.DAILY, 3)
    told.do("scheduled-payments.create", daily, who="bia")
    for _ in range(3):
        told.world.tick(2)
        told.world.now += DAY_MS
    for name, payee in (("schedule", "rosa"), ("to ines", "ines")):
        standing = SchedulePayment(payee, hora(1), told.world.now + 90 * DAY_MS, Rhythm.DAILY, 3)
        ids[name] = told.do("scheduled-payments.create", standing, who="bia").id
    return named(ids)


def in_fim(told: Riacho) -> dict[str, bytes]:
    """A currency that has a payment, a standing order and dues, and is closed."""
    told.do("currencies.create", CreateCurrency("FIM", "Fim", Amount(100_00, "FIM", 2)))
    for handle in ("ana", "bia", "rosa"):
        told.do("members.approve", Approve("FIM"), handle)
    fim = Amount(1_00, "FIM", 2)
    ids = {"in FIM": told.do("payments.create", Pay("rosa", fim, f"{told.id_of('bia')}.FIM"), who="bia").id}
    told.do("payments.create", Pay("bia", fim, f"{told.id_of('rosa')}.FIM"), who="rosa")
    payee = f"{told.id_of('rosa')}.FIM"
    standing = SchedulePayment(payee, fim, told.world.now + 90 * DAY_MS, payer=f"{told.id_of('bia')}.FIM")
    ids["schedule in FIM"] = told.do("scheduled-payments.create", standing, who="bia").id
    carried = told.do("dues.create", SetDues("the end", "FIM", fim), who="bia").id
    vote = Vote(parse_uuid(carried) or b"", Ballot.YES)
    limit = told.do("parameters.set", SetParameter("1.00"), "commons.steward_limit.HORA", "bia").id
    rate = told.do("rates.create", VoteRate("HORA", "BRL", 30, 1, "wages of May"), who="bia").id
    for handle in ("bia", "rosa", "rui", "ines", "hugo", "gilberto", "pia", "quim"):
        told.do("motions.vote", vote, carried, handle)
        told.do("motions.vote", replace(vote, motion=parse_uuid(limit) or b""), limit, handle)
        told.do("motions.vote", replace(vote, motion=parse_uuid(rate) or b""), rate, handle)
    ids |= lost(told)
    told.world.now += 7 * DAY_MS
    told.world.tick(1)
    [dues] = [one for one, known in told.world.nodes[NODE].replica.book.of(AllDues).by_id.items() if not known.ended]
    told.do("currencies.close", CloseCurrency(), "FIM")
    return named(ids) | {"dues in FIM": dues}


def lost(told: Riacho) -> dict[str, str]:
    """Two motions that are lost: on one half says no, on the other one vote is missing."""
    book = told.world.nodes[NODE].replica.book
    electors = sum(one.state is MemberState.ACTIVE for one in book.members.values())
    quorum = -(-electors * 40 // 100)
    voters = ("bia", "rosa", "rui", "ines", "hugo", "gilberto")
    wish = (MotionWish("currencies.set-levy", "HORA", SetLevy(0)),)
    ids: dict[str, str] = {}
    for name, ballots in (
        ("even", [Ballot.YES, Ballot.NO] * 3),
        ("too few", [Ballot.YES] * (quorum - 1)),
    ):
        closes = told.world.now + 7 * DAY_MS
        ids[name] = told.do("motions.create", MakeMotion(name, wish, closes=closes), who="rosa").id
        for handle, ballot in zip(voters, ballots, strict=False):
            told.do("motions.vote", Vote(parse_uuid(ids[name]) or b"", ballot), ids[name], handle)
    return ids


def departures(told: Riacho) -> dict[str, bytes]:
    """Hugo and Lia leave, Rui comes back, Ines and Dora are suspended; returns codes of invitations, as digests."""
    told.do("members.suspend", Suspend(), "dora")
    told.do("members.suspend", Suspend(), "ines")
    for handle, name in (("hugo", "hugo"), ("lia", "lia new"), ("rui", "rui")):
        told.leave(handle, name)
    withdrawn = told.do("invitations.create", Invite())
    told.do("invitations.withdraw", WithdrawInvitation(), withdrawn.id)
    codes = {handle: told.do("invitations.create", Invite(back=handle)).code for handle in ("hugo", "lia", "rui")}
    again = told.do("invitations.create", Invite(back="rui")).code
    told.do("members.return", Return(again), "rui")
    for name in ("ana new", "fia"):
        third = BackKey(told.id_of("elis"), key("elis third").public, told.joining("elis", "elis third"))
        told.do("guardians.back", Brought(told.sign("guardians.back", third, name)), "elis", name.partition(" ")[0])
    code = told.do("invitations.create", Invite()).code
    told.do("members.join", Join(code, "vera", None, told.joining("vera", "elis third")))
    known = told.world.nodes[NODE].replica.book.of(Invitations).by_id.values()
    used = next(one.code for one in known if one.member is not None)
    codes |= {"withdrawn": withdrawn.code, "open": told.do("invitations.create", Invite()).code}
    return {name: code_digest(code) for name, code in codes.items()} | {"used": used}


def motion(told: Riacho) -> dict[str, bytes]:
    """A motion is open, and Tita joins afterwards."""
    opened = told.do("motions.create", MakeMotion("A word", closes=told.world.now + 8 * DAY_MS), who="bia").id
    told.admit("tita", has_key=False)
    told.do("replicas.invite", InviteReplica())
    return named({"motion": opened})


def abroad(told: Riacho) -> dict[str, bytes]:
    """A payment that has left, of which nothing has come back yet."""
    # What is passing through: put down by hand, for the partners would not stop here.
    passing = replace(told.said(Forwarded), hold_in=b"in".ljust(16), hold_out=b"out".ljust(16), circle=None)
    told.world.nodes[NODE].replica.journal.write(passing, LEDGER, told.world.now)
    offer_payment(told.world, NODE, told.account("bia"), "clara@encants", 7)
    sent = told.said(Sent)
    assert sent.word is not None and sent.word.payment is not None
    return {"under way": sent.word.payment, "second hold": part_hold(sent.word.payment, 1)}


def named(ids: dict[str, str]) -> dict[str, bytes]:
    """Return ids as they stand in entries."""
    return {name: parse_uuid(one) or b"" for name, one in ids.items()}
