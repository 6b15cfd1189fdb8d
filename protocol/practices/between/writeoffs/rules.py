# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writing a partner off: who may, what it takes, and what a partner that comes back all the same is owed.

The preimage alone decides whether a hold is paid (PROTOCOL 3), and no clock frees one. A group that gives a hold back
before the partner has answered takes the risk itself: its member is free, and the commons pays a later claim.
"""

from collections.abc import Iterable, Iterator, Sequence

from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Motion, News, Plan, Write, ungated
from protocol.book.ledger import Posting
from protocol.book.promised import Promised, beyond_promised, uncounted
from protocol.book.refusals import ORDER_MISMATCH, PEER_UNREACHABLE, STATE_CONFLICT, Reason, Refused, refuse
from protocol.practices.between.abroad.holds import waived
from protocol.practices.between.abroad.postings import mirror_account
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.links.link import Link, LinkState
from protocol.practices.between.links.steps import GiveBack, Set, Waive
from protocol.practices.between.links.terms import closing
from protocol.practices.between.links.views import find_link
from protocol.practices.between.quotes.answers import is_reachable
from protocol.practices.between.quotes.invoices import condition_of
from protocol.practices.between.writeoffs.entries import LinkWrittenOff, WrittenOffAnswered
from protocol.practices.between.writeoffs.state import HoldWrittenOff, WrittenOff, WrittenOffLink, open_toward
from protocol.practices.between.writeoffs.views import WriteOffLink
from protocol.practices.money.commons.state import GATE, alone_minor, note
from protocol.wire.keys import id_text


def check(book: Book, entered: Entered) -> Reason | None:
    """Accept what the ledger itself knows to be open, within what stewards may spend or by a vote; a claim once."""
    refused, body = book.misplaced(entered), entered.body
    if refused is not None:
        return refused.reason
    written_off = book.of(WrittenOff)
    if isinstance(body, LinkWrittenOff):
        known, found = book.of(Forwards).on(body.link), tuple(open_toward(book, body.link))
        stands = (known.paid, known.received) == (body.paid, body.received)
        if not stands or tuple(one.hold for one in found) != body.holds:
            return STATE_CONFLICT
        if body.link in written_off.links and not found:
            return STATE_CONFLICT
        beyond = None if _alone(book, found, entered.at_ms) else ungated(book, GATE)
        return None if beyond is None else beyond.reason
    assert isinstance(body, WrittenOffAnswered)
    one = written_off.at_risk.get((body.link, body.hold))
    if one is None or _is_open(book, one):
        return STATE_CONFLICT
    if body.preimage is None:
        return None
    if one.condition not in (None, condition_of(body.preimage)):
        return ORDER_MISMATCH
    return uncounted(book, one.moves)


def _is_open(book: Book, one: HoldWrittenOff) -> bool:
    return any(other.hold == one.hold for other in open_toward(book, one.link))


def _alone(book: Book, found: Iterable[HoldWrittenOff], at_ms: int) -> bool:
    """Tell whether stewards may stand for so much without a vote, as for what they pay out of the commons."""
    return all(cost <= alone_minor(book, code, at_ms) for code, cost in _costs(found).items())


def _costs(found: Iterable[HoldWrittenOff]) -> dict[str, int]:
    costs: dict[str, int] = {}
    for one in found:
        costs[one.currency] = costs.get(one.currency, 0) + one.cost
    return costs


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    """Remember what the commons stands for; what a claim that comes after takes, it pays."""
    body, written_off, promised = entered.body, book.of(WrittenOff), book.of(Promised)
    if isinstance(body, LinkWrittenOff):
        found = tuple(open_toward(book, body.link))
        for code, cost in _costs(found).items():
            note(book, code, cost, entered.at_ms)
        before = written_off.links.get(body.link)
        written_off.links[body.link] = WrittenOffLink(
            body.link, entered.seq if before is None else before.arrival, entered.at_ms, body.paid, body.received,
            len(found) + (0 if before is None else before.returned), 0 if before is None else before.claimed,
        )  # fmt: skip
        for one in found:
            written_off.at_risk[one.link, one.hold] = one
            promised.begin(one.moves)
        return ()
    assert isinstance(body, WrittenOffAnswered)
    one = written_off.at_risk.pop((body.link, body.hold))
    promised.end(one.moves)
    if body.preimage is None:
        return ()
    written_off.links[body.link].claimed += 1
    book.of(Forwards).on(body.link).paid += one.amount
    mirror = mirror_account(book, body.link, one.currency, entered.seq)
    (_, cost), (commons, _) = one.moves
    return (
        Posting(mirror, cost, "reconciliation", None, commons),
        Posting(commons, -cost, "reconciliation", None, mirror),
    )


def news(book: Book, entered: Entered) -> Iterable[News]:
    """Tell of a partner that is written off, and of what it claims after all."""
    del book
    body = entered.body
    if isinstance(body, LinkWrittenOff):
        yield News("link.written_off", id_text(body.link))
    elif isinstance(body, WrittenOffAnswered) and body.preimage is not None:
        yield News("link.claimed_late", id_text(body.link))


def write_off_gate(desk: Desk, id: str, wish: WriteOffLink) -> Motion | None:
    """Return the vote that it takes, None where stewards may stand for so much by themselves."""
    del wish
    link = find_link(desk.book, id)
    if isinstance(link, Refused) or _alone(desk.book, open_toward(desk.book, link.id), desk.now):
        return None
    return GATE


def plan_write_off(desk: Desk, id: str, wish: WriteOffLink) -> Plan | Refused:
    """Give back what is open toward a partner that is gone, and let only debts be paid back over the link."""
    del wish
    book = desk.book
    link = find_link(book, id)
    if isinstance(link, Refused):
        return link
    if link.mine is None or link.state is LinkState.CLOSED:
        return refuse(STATE_CONFLICT, state=link.state.value)
    if is_reachable(book, link.partner):
        return refuse(STATE_CONFLICT, state="connected to its partner")
    found = tuple(open_toward(book, link.id))
    if link.id in book.of(WrittenOff).links and not found:
        return refuse(STATE_CONFLICT, state="written off already")
    refused = beyond_promised(book, *(move for one in found for move in one.moves if move[1] < 0))
    if refused is not None:
        return refused
    known = book.of(Forwards).on(link.id)
    made = LinkWrittenOff(link.id, known.paid, known.received, tuple(one.hold for one in found))
    steps: list[Waive | Set | GiveBack] = []
    if not (link.is_lost or link.settings.closed):
        steps += closing(link)
    for one in found:
        forward = book.of(Forwards).open_out.get((link.id, one.hold))
        if forward is not None:
            steps += waived(book, forward, PEER_UNREACHABLE.code)
    return Plan(id_text(link.id), (Write(made), *(Write(one.returned) for one in found)), steps=tuple(steps))


def late_answers(desk: Desk, link: Link) -> Iterator[Plan]:
    """Take in what a partner says of holds that were written off, when it is there all the same."""
    book, partner = desk.book, link.side.partner
    for (on, hold), one in list(book.of(WrittenOff).at_risk.items()):
        if on != link.id or _is_open(book, one):
            continue
        preimage = partner.claims.get(hold)
        lost = link.reopened and hold not in link.now.own.holds
        if preimage is not None or hold in partner.waived or lost:
            yield Plan("", (Write(WrittenOffAnswered(link.id, hold, preimage)),))


def closes_without_partner(book: Book, link: Link) -> bool:
    """Tell whether what is left on a link's mirror account may be swept though debts stand: its partner is gone."""
    return link.id in book.of(WrittenOff).links and not any(open_toward(book, link.id))
