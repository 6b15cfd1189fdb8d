# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a cycle of ours takes part in a joint order, and when what was agreed counts: the same answer on every node."""

from collections.abc import Iterable, Sequence

from protocol.book.book import Book
from protocol.book.declaration import Entered, News
from protocol.book.ledger import Posting
from protocol.book.money import Rate
from protocol.book.payments import PaymentState
from protocol.book.refusals import (
    DUPLICATE,
    MALFORMED,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.practices.between.abroad.entries import Refunded, Sent, Settled
from protocol.practices.between.quotes.invoices import read_invoice
from protocol.practices.market.joint_orders.costs import joint_costs
from protocol.practices.market.joint_orders.entries import JointFixed, JointJoined, joint_id
from protocol.practices.market.joint_orders.refusals import JOINT_PARTS_WRONG
from protocol.practices.market.joint_orders.state import JOINT_LIFE, JOINTS, JointOrder
from protocol.practices.market.purchasing.entries import PurchaseItem, PurchaseOpened
from protocol.practices.market.purchasing.state import CYCLES, PurchaseState


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def _against(book: Book, body: object) -> Refused | None:
    if isinstance(body, JointJoined):
        cycle = book.rows(CYCLES).get(body.cycle)
        return refuse(NOT_FOUND) if cycle is None else joined_refusal(book, body, cycle.said)
    assert isinstance(body, JointFixed)
    return fixed_refusal(book, body)


def joined_refusal(book: Book, body: JointJoined, opened: PurchaseOpened) -> Refused | None:
    """Return why a cycle, opened or about to be, cannot take part."""
    if body.terms.joint != joint_id(body.terms):
        return refuse(MALFORMED, field="joint", expected="the id that follows from its terms")
    if body.terms.joint in book.rows(JOINTS) or book.rows(JOINTS).find("cycle", body.cycle):
        return refuse(DUPLICATE)
    rate = Rate(body.num, body.den)
    if (opened.items, opened.freight) != (items_alone(body, rate), rate.up(body.terms.freight)):
        return refuse(MALFORMED, field="cycle", expected="the items and prices of the joint order")
    return None


def items_alone(body: JointJoined, rate: Rate) -> tuple[PurchaseItem, ...]:
    """Return the items of a cycle that takes part, at the prices that each network pays alone, in our currency."""
    return tuple(
        PurchaseItem(item.name, item.portion, item.unit, item.box, rate.up(item.price)) for item in body.terms.items
    )


def fixed_refusal(book: Book, body: JointFixed, *, asked: bool = True) -> Refused | None:
    """Return why what was agreed does not count here; unless `asked`, requests are still to be made."""
    joint = book.rows(JOINTS).get(body.joint)
    if joint is None:
        return refuse(NOT_FOUND)
    if conflict := JOINT_LIFE.conflict(joint.state, body.KIND):
        return conflict
    cycle = book.rows(CYCLES)[joint.said.cycle]
    if cycle.state is not PurchaseState.CLOSED:
        return refuse(STATE_CONFLICT, state=cycle.state.value)
    boxes = {one.network: one.boxes for one in body.parts}
    is_told = len(boxes) == len(body.parts) and all(len(one) == len(cycle.boxes) for one in boxes.values())
    if not is_told or boxes.get(book.network) != cycle.boxes or not (not asked or _is_asked_for(book, joint, body)):
        return refuse(JOINT_PARTS_WRONG, boxes=", ".join(map(str, cycle.boxes)))
    return None


def _is_asked_for(book: Book, joint: JointOrder, body: JointFixed) -> bool:
    """Tell whether the host asks each other network for its part: at the host, where the requests are."""
    if joint.said.host != book.network:
        return True
    costs = joint_costs(joint.said.terms, {one.network: one.boxes for one in body.parts})
    for part in body.parts:
        due = 0 if part.network == book.network else costs.networks[part.network].together_minor
        request = None if part.request is None else book.requests.get(part.request)
        if (0 if request is None else request.amount_minor) != due:
            return False
    return True


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, joints = entered.body, book.rows(JOINTS)
    if isinstance(body, JointJoined):
        joints.add(JointOrder(body, entered.seq, entered.at_ms, JOINT_LIFE.after(None, body.KIND)))
        book.rows(CYCLES).change(body.cycle).is_joint = True
        return ()
    assert isinstance(body, JointFixed)
    joint = joints.change(body.joint)
    joint.state, joint.parts = JOINT_LIFE.after(joint.state, body.KIND), body.parts
    costs, cycle = joint.costs(), book.rows(CYCLES).change(joint.said.cycle)
    cycle.prices = tuple(joint.rate.up(price) for price in costs.prices)
    cycle.freight_minor = joint.rate.up(costs.networks[book.network].freight_minor)
    return ()


def see_joint_payment(book: Book, entered: Entered) -> Sequence[Posting]:
    """Note what pays our part, once it is on its way, there, or back: part of the fold."""
    body, joints = entered.body, book.rows(JOINTS)
    if isinstance(body, Sent):
        invoice = read_invoice(body.invoice)
        if invoice is not None and invoice.request is not None:
            for joint in joints.find("request", invoice.request):
                if joint.said.host == invoice.network:
                    joints.change(joint.id).payment = book.payment_at(entered.seq).id
        return ()
    assert isinstance(body, Settled | Refunded)
    payment = book.payments[body.payment]
    for joint in joints.find("payment", payment.id):
        changed = joints.change(joint.id)
        changed.is_paid = payment.state is PaymentState.POSTED
        changed.payment = None if payment.state is PaymentState.VOIDED else changed.payment
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, JointJoined | JointFixed)
    joint = book.rows(JOINTS)[body.terms.joint if isinstance(body, JointJoined) else body.joint]
    cycle = book.rows(CYCLES)[joint.said.cycle]
    told = tuple(dict.fromkeys((cycle.said.referent, *cycle.lines)))
    yield News(f"joint-order.{joint.state}", uuid_text(joint.id), told)
