# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every node refuses of money between networks and of decisions: a line for each kind and each reason."""

from dataclasses import fields, replace

from riacho import DAY_MS, NODE, Riacho, hora

from protocol.book.accounts import commons_account
from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.lanes.entry import Body
from protocol.peers.messages import PATHS_MAX
from protocol.practices.between.abroad.entries import (
    Arrived,
    Forwarded,
    HoldReturned,
    Passed,
    Reconciled,
    Refunded,
    Rerouted,
    Sent,
    Settled,
)
from protocol.practices.between.abroad.state import Forwards, part_hold
from protocol.practices.between.checkpoints.entries import CheckpointMade
from protocol.practices.between.clearing.circles import Circle, Leg, encode_circle, read_circle
from protocol.practices.between.clearing.entries import (
    CircleBegun,
    CircleLeft,
    Cleared,
    Failed,
    RoundJoined,
    RoundOpened,
    Turned,
)
from protocol.practices.between.links.entries import link_account
from protocol.practices.between.links.state import Links
from protocol.practices.between.networks.entries import ReplicaAdmitted, ReplicaDismissed, ReplicaInvited
from protocol.practices.between.quotes.invoices import condition_of, encode_invoice, read_invoice
from protocol.practices.between.writeoffs.entries import LinkWrittenOff
from protocol.practices.between.writeoffs.state import open_toward
from protocol.practices.governance.boards import Board, Seated
from protocol.practices.governance.motions.entries import (
    Ballot,
    MotionClosed,
    MotionDrafted,
    MotionExecuted,
    MotionFailed,
    MotionOpened,
    Vote,
    Voted,
)

NOBODY = "B" * 16
NOTHING = bytes(16)


def sent(told: Riacho, ids: dict[str, bytes]) -> None:
    """Refuse payments that leave."""
    bia = told.id_of("bia")
    known = told.said(Sent)
    invoice = read_invoice(known.invoice)
    assert known.word is not None and invoice is not None
    before = known.word

    def again(**changed: object) -> Sent:
        word = replace(before, payment=NOTHING)
        for name in (one.name for one in fields(word) if one.name in changed):
            word = replace(word, **{name: changed.pop(name)})
        parts = (replace(known.parts[0], hold=word.payment or NOTHING),)
        return replace(known, word=word, **({"parts": parts} | changed))

    told.refuse("what is sent twice", known, "PAYMENT_EXISTS")
    told.refuse("what is sent from no account", again(payer=f"{NOBODY}.HORA"), "ACCOUNT_UNKNOWN")
    told.refuse("what is sent by word from who has a key", again(payer=told.account("ana")), "FORBIDDEN")
    told.refuse("what is sent from who is suspended", again(payer=told.account("ines")), "MEMBER_NOT_ACTIVE")
    told.refuse("what is sent under no mandate", again(mandate=NOTHING), "MANDATE_UNKNOWN")
    told.refuse("what is sent under a revoked mandate", again(mandate=ids["revoked"]), "STATE_CONFLICT")
    late = again(mandate=ids["mandate"])
    told.refuse("what is sent under a mandate that is over", late, "MANDATE_EXCEEDED", 2**46)
    told.refuse("what is sent in a closed currency", again(payer=f"{bia}.FIM"), "CURRENCY_CLOSED")
    told.refuse("what is sent without an invoice", replace(again(), invoice=b""), "MALFORMED")
    told.refuse("what is sent over no link", again(parts=()), "MALFORMED")
    for name in ("debit", "hold_amount"):
        free = replace(known.parts[0], hold=NOTHING, **{name: 0})
        told.refuse(f"what is sent with a {name} of nothing", again(parts=(free,)), "MALFORMED")
    told.refuse(
        "what is sent to no network", again(parts=(replace(known.parts[0], hold=NOTHING, route=()),)), "MALFORMED"
    )
    told.refuse("what is sent under another hold", again(parts=known.parts), "MALFORMED")
    told.refuse(
        "what is sent in less than is asked",
        again(parts=(replace(known.parts[0], hold=NOTHING, amount=1),)),
        "MALFORMED",
    )
    told.refuse("what is sent to a member here", replace(again(), payee=f"{bia}.HORA"), "MALFORMED")
    for name, value in (
        ("invoice", bytes(32)),
        ("condition", bytes(32)),
        ("amount", hora(1)),
        ("payee", "mutirao:nowhere/nobody"),
        ("max_debit", None),
        ("max_debit", hora(1)),
        ("pending", True),
    ):
        told.refuse(f"what is sent for another {name}: {value!r:.20}", again(**{name: value}), "ORDER_MISMATCH")
    told.refuse("what is sent as a refund of nothing", again(refunds=NOTHING), "PAYMENT_UNKNOWN")
    refund = next(one for one in told.all_said(Sent) if one.word is not None and one.word.refunds is not None)
    assert refund.word is not None
    of = refund.word.refunds
    told.refuse("what is sent as a refund under another invoice", again(refunds=of), "ORDER_MISMATCH")
    most = hora(4_00)
    dear = (replace(refund.parts[0], hold=NOTHING, debit=4_00),)
    more = replace(refund, word=replace(refund.word, payment=NOTHING, max_debit=most), parts=dear)
    told.refuse("what is sent as a refund of more than came", more, "REFUND_EXCEEDS")
    much = (replace(known.parts[0], hold=NOTHING, debit=2**63 - 1),)
    told.refuse("what is sent for more than a balance can count", again(parts=much), "AMOUNT_TOO_LARGE")


def abroad(told: Riacho, ids: dict[str, bytes]) -> None:
    """Refuse steps of payments between networks."""
    settled, refunded, rerouted = told.said(Settled), told.said(Refunded), told.said(Rerouted)
    for says, body in (("settled", settled), ("refunded", refunded), ("sent another way", rerouted)):
        told.refuse(f"no payment, {says}", replace(body, payment=NOTHING), "PAYMENT_UNKNOWN")
        told.refuse(f"a payment within the network, {says}", replace(body, payment=ids["reversed"]), "PAYMENT_UNKNOWN")
        told.refuse(f"a hold {says} twice", body, "STATE_CONFLICT")
    waits, under_way = told.said(Sent), ids["under way"]
    hold = waits.parts[0].hold
    told.refuse("a hold settled without the preimage", Settled(under_way, hold, bytes(32)), "ORDER_MISMATCH")
    told.refuse("another hold settled", Settled(under_way, NOTHING, bytes(32)), "STATE_CONFLICT")
    other = Rerouted(under_way, hold, "PEER_UNREACHABLE", replace(waits.parts[0], hold=NOTHING))
    told.refuse("another way under another hold", other, "MALFORMED")
    dear = replace(waits.parts[0], hold=ids["second hold"], debit=waits.parts[0].debit + 10**6)
    told.refuse("another way that costs more", replace(other, part=dear), "MAX_DEBIT_EXCEEDED")

    # Put down by hand: as many ways as a payment may take.
    for number in range(1, PATHS_MAX):
        before, after = (part_hold(under_way, one) for one in (number - 1, number))
        told.write(Rerouted(under_way, before, "PEER_UNREACHABLE", replace(waits.parts[0], hold=after)))
    sixth = replace(waits.parts[0], hold=part_hold(under_way, PATHS_MAX))
    last = part_hold(under_way, PATHS_MAX - 1)
    told.refuse("a sixth way", Rerouted(under_way, last, "PEER_UNREACHABLE", sixth), "STATE_CONFLICT")

    arrived = told.said(Arrived)
    invoice = read_invoice(arrived.invoice)
    assert invoice is not None
    anew = replace(arrived, payment=NOTHING, invoice=encode_invoice(replace(invoice, nonce=NOTHING)))
    told.refuse("what arrives for no invoice", replace(anew, invoice=b""), "MALFORMED")
    elsewhere = encode_invoice(replace(invoice, network=bytes(32)))
    told.refuse("what arrives for another network", replace(anew, invoice=elsewhere), "MALFORMED")
    nobody = encode_invoice(replace(invoice, account=f"{NOBODY}.HORA"))
    told.refuse("what arrives for nobody", replace(anew, invoice=nobody), "MALFORMED")
    told.refuse("what arrives without a hold", replace(anew, parts=()), "MALFORMED")
    told.refuse("what arrives by one hold twice", replace(anew, parts=anew.parts * 2), "MALFORMED")
    stray = encode_invoice(replace(invoice, nonce=NOTHING, refunds=bytes(32)))
    told.refuse("what arrives as a refund of nothing", replace(anew, invoice=stray), "PAYMENT_UNKNOWN")
    told.refuse("what arrives twice", arrived, "PAYMENT_EXISTS")
    told.refuse("what arrives twice for one invoice", replace(arrived, payment=NOTHING), "PAYMENT_EXISTS")
    told.refuse("what arrives under another's id", replace(anew, payment=arrived.payment), "PAYMENT_EXISTS")
    told.refuse("what arrives without the preimage", replace(anew, preimage=bytes(32)), "ORDER_MISMATCH")
    less = tuple(replace(one, worth=one.worth - 1) for one in anew.parts)
    told.refuse("what arrives and is too little", replace(anew, parts=less), "ORDER_MISMATCH")

    forwarded = told.said(Forwarded)
    plain = replace(forwarded, hold_in=NOTHING, hold_out=NOTHING, circle=None)
    circle = next(one for one in told.all_said(Forwarded) if one.circle is not None)
    again = replace(circle, hold_in=NOTHING, hold_out=NOTHING)
    told.refuse("what goes on in a circle twice", again, "STATE_CONFLICT")
    told.refuse("what goes on twice", forwarded, "STATE_CONFLICT")
    told.refuse("what goes on in no currency", replace(plain, currency="NADA"), "CURRENCY_UNKNOWN")
    told.refuse("what goes on for more than it brings", replace(plain, worth=1, cost=2), "STATE_CONFLICT")
    told.refuse("what goes on for nothing", replace(plain, cost=0), "STATE_CONFLICT")
    told.refuse("what goes on in no circle", replace(plain, circle=b""), "MALFORMED")
    told.refuse("what passes without going on", Passed(bytes(32), NOTHING, bytes(32)), "STATE_CONFLICT")
    told.refuse("what passes twice", told.said(Passed), "STATE_CONFLICT")
    told.refuse("what comes back twice", told.said(HoldReturned), "STATE_CONFLICT")
    told.refuse("what comes back without going on", HoldReturned(bytes(32), NOTHING, "OVERLOADED"), "STATE_CONFLICT")
    told.refuse(
        "what is reconciled in no currency", replace(told.said(Reconciled), currency="NADA"), "CURRENCY_UNKNOWN"
    )


def clearing(told: Riacho) -> None:
    """Refuse steps of clearing."""
    begun = told.said(CircleBegun)
    circle = read_circle(begun.circle)
    assert circle is not None
    told.refuse("a round opened twice", told.said(RoundOpened), "STATE_CONFLICT")
    told.refuse("a round joined twice", told.said(RoundJoined), "STATE_CONFLICT")
    told.refuse("no circle, begun", replace(begun, circle=b""), "MALFORMED")
    turned = replace(circle, legs=(*circle.legs[1:], circle.legs[0]))
    told.refuse("another's circle, begun", replace(begun, circle=encode_circle(turned)), "MALFORMED")
    fresh = encode_circle(replace(circle, round=1))
    told.refuse("a circle begun in no currency", replace(begun, circle=fresh, currency="NADA"), "CURRENCY_UNKNOWN")
    for says, body in (
        ("turned", Turned(bytes(32), NOTHING)),
        ("cleared", Cleared(bytes(32), bytes(32))),
        ("failed", Failed(bytes(32), "OVERLOADED")),
    ):
        told.refuse(f"no circle, {says}", body, "NOT_FOUND")
    told.refuse("a circle turned twice", told.said(Turned), "STATE_CONFLICT")
    told.refuse("a circle that fails twice", told.said(Failed), "STATE_CONFLICT")
    told.refuse("a circle left of no round", CircleLeft(fresh, "OVERLOADED", None), "STATE_CONFLICT")


def places(told: Riacho) -> None:
    """Refuse places of replicas, checkpoints and records of links."""
    invited = told.said(ReplicaInvited)
    nowhere = bytes(32)
    told.refuse("a place for a replica twice", invited, "DUPLICATE")
    told.refuse("a replica admitted to no place", ReplicaAdmitted(nowhere, nowhere), "INVITATION_UNKNOWN")
    told.refuse("a replica admitted twice", told.said(ReplicaAdmitted), "STATE_CONFLICT")
    told.refuse("no replica, dismissed", ReplicaDismissed(nowhere), "INVITATION_UNKNOWN")
    record = told.link_record()
    told.refuse("a record of a link in the ledger", record, "MALFORMED")
    told.refuse("a checkpoint of another length", told.said(CheckpointMade), "STATE_CONFLICT")


def motions(told: Riacho, ids: dict[str, bytes]) -> None:
    """Refuse what becomes of motions and boards."""
    for says, body in (
        ("opened", MotionOpened(NOTHING)),
        ("closed", MotionClosed(NOTHING)),
        ("done", MotionExecuted(NOTHING, 1)),
        ("failed", MotionFailed(NOTHING, 0, "FORBIDDEN")),
    ):
        told.refuse(f"no motion, {says}", body, "MOTION_UNKNOWN")
    for name in ("even", "too few"):
        told.refuse(f"a motion that was lost, done: {name}", MotionExecuted(ids[name], 1), "STATE_CONFLICT")
    drafted = replace(told.said(MotionDrafted), motion=NOTHING)
    for says, changed, code in (
        ("without words", {"title": None, "text": None}, "MALFORMED"),
        ("of nobody", {"proposer": NOBODY}, "MEMBER_UNKNOWN"),
        ("with a lower majority than the group's", {"majority": 0}, "MALFORMED"),
        ("that is open for a minute", {"open_ms": 60_000}, "MALFORMED"),
    ):
        told.refuse(f"a motion {says}", replace(drafted, **changed), code)

    def vote(member: str) -> Voted:
        return Voted(None, Vote(ids["motion"], Ballot.NO, member))

    told.refuse("a vote of nobody", vote(NOBODY), "MEMBER_UNKNOWN")
    told.refuse("a vote of who is suspended", vote(told.id_of("ines")), "MEMBER_NOT_ACTIVE")
    told.refuse("a vote of who joined after the motion was opened", vote(told.id_of("tita")), "FORBIDDEN")
    for_another = told.sign("motions.vote", Vote(ids["motion"], Ballot.NO, told.id_of("bia")), "fia")
    told.refuse("a vote for another", Voted(for_another, None), "FORBIDDEN")
    told.refuse("a vote after its time", vote(told.id_of("bia")), "MOTION_CLOSED", told.world.now + 99 * DAY_MS)
    seated = Seated(Board.BOARD, (told.id_of("ines"),))
    told.refuse("a board on which somebody suspended sits", seated, "MEMBER_NOT_ACTIVE")


def written_off(told: Riacho) -> None:
    """A partner with a payment of 2.00 open, where stewards pay out 1.00 alone."""
    book = told.world.nodes[NODE].replica.book
    every = (list(open_toward(book, link)) for link in book.of(Links).by_id)
    found = next(holds for holds in every if sum(one.cost for one in holds) > 1_00)
    known = book.of(Forwards).on(found[0].link)
    gone = LinkWrittenOff(found[0].link, known.paid, known.received, tuple(one.hold for one in found))
    told.refuse("a partner written off by stewards alone for more than they pay out", gone, "MOTION_NEEDED")


def refused(told: Riacho, ids: dict[str, bytes]) -> None:
    """Refuse all of it."""
    sent(told, ids)
    abroad(told, ids)
    clearing(told)
    written_off(told)
    places(told)
    motions(told, ids)


def beyond_int64(told: Riacho) -> None:
    """Refuse what would carry an account beyond what a balance can count: a mirror, commons, exchange, the payee's.

    The least balance is -(2^63 - 1): one less would still be an int64.
    """
    reconciled, arrived = told.said(Reconciled), told.said(Arrived)
    accounts = told.world.nodes[NODE].replica.book.ledger.accounts
    above, below = reconciled.link, arrived.parts[0].link
    up = AMOUNT_MINOR_MAX - accounts[link_account(above, "HORA")].balance_minor
    down = AMOUNT_MINOR_MAX + accounts[link_account(below, "HORA")].balance_minor
    assert up < AMOUNT_MINOR_MAX > down, "one mirror account stands above zero, the other below"

    def border(name: str, last: Body, beyond: Body) -> None:
        told.accept(f"{name} the last that a balance can count", last)
        told.refuse(f"{name} one more than a balance can count", beyond, "AMOUNT_TOO_LARGE")

    rest = replace(reconciled, cost=0, worth=0)
    border("what is reconciled up to", replace(rest, cost=up), replace(rest, cost=up + 1))
    left = AMOUNT_MINOR_MAX - accounts[commons_account("HORA")].balance_minor
    border("what is reconciled and takes commons to", replace(rest, worth=left), replace(rest, worth=left + 1))
    rest = replace(rest, link=below)
    # What the mirror loses the commons gets: the nearer of their borders is met first.
    fits = min(down, left)
    border("what is reconciled down to", replace(rest, worth=fits), replace(rest, worth=fits + 1))
    invoice = read_invoice(arrived.invoice)
    assert invoice is not None
    fresh = encode_invoice(replace(invoice, nonce=NOTHING))

    def come(*worths: tuple[bytes, int]) -> Arrived:
        part = arrived.parts[0]
        parts = (replace(part, link=on, hold=bytes([at] * 16), worth=worth) for at, (on, worth) in enumerate(worths))
        return replace(arrived, payment=NOTHING, invoice=fresh, parts=tuple(parts))

    border("what arrives and takes a mirror account to", come((below, down)), come((below, down + 1)))
    # Each hold alone would fit, and the other accounts.
    half, more = 2**62, 2**62 + invoice.amount
    for says, parts in (
        ("one mirror account, by two holds", ((below, half), (below, half))),
        ("exchange", ((above, more), (below, more))),
    ):
        told.refuse(f"what arrives and is more than can be counted on {says}", come(*parts), "AMOUNT_TOO_LARGE")

    def paid(amount: int) -> Arrived:
        asked = encode_invoice(replace(invoice, nonce=NOTHING, amount=amount))
        return replace(come((above, amount)), invoice=asked)

    left = AMOUNT_MINOR_MAX - accounts[invoice.account].balance_minor
    border("what arrives and takes the payee to", paid(left), paid(left + 1))

    # Put down by hand: a circle of a worth and a cost that no partner would extend.
    preimage = bytes(range(32))
    legs = (Leg(told.network, below, 1), Leg(bytes(32), above, 1))
    circle = Circle(1, legs, condition_of(preimage), told.world.now)
    begun = CircleBegun(encode_circle(circle), NOTHING, down + 1, up + 1, "HORA")
    told.write(begun)
    for says, step in (("turned", Turned(circle.id, NOTHING)), ("cleared", Cleared(circle.id, preimage))):
        told.refuse(f"a circle {says} by more than a balance can count", step, "AMOUNT_TOO_LARGE")
    told.write(Failed(circle.id, "OVERLOADED"))


def just_alone(told: Riacho) -> None:
    """A partner with a payment of 1.00 open, which is just what stewards pay out alone; and then a cent more."""
    book, forwarded = told.world.nodes[NODE].replica.book, told.said(Forwarded)
    plain = replace(forwarded, circle=None, link_out=told.said(Reconciled).link, worth=1_00, cost=1_00)
    known, holds = book.of(Forwards).on(plain.link_out), (b"a".ljust(16), b"b".ljust(16))
    gone = LinkWrittenOff(plain.link_out, known.paid, known.received, holds[:1])
    told.write(replace(plain, hold_in=holds[0], hold_out=holds[0]))
    told.accept("a partner written off by stewards alone for just what they pay out", gone)
    told.write(replace(plain, hold_in=holds[1], hold_out=holds[1], worth=1, cost=1))
    more = replace(gone, holds=holds)
    told.refuse("a partner written off by stewards alone for a cent more than they pay out", more, "MOTION_NEEDED")
