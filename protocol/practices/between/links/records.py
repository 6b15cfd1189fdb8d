# SPDX-License-Identifier: AGPL-3.0-or-later
"""The records of links, signed and kept: the rules of crdt.link at their place in a lane and in a book.

A network may have its cold keys say that its hot key alone grants so much on a link and no more. What a record grants
beyond that binds as far as cold keys have signed it (docs/decisions/0027).
"""

from collections.abc import Sequence
from dataclasses import replace

from crdt.link.record import LinkFault, Record
from crdt.link.rules import accept
from crdt.link.side import RecordFork, Side, Stale
from protocol.book.book import Book
from protocol.book.cold import signers
from protocol.book.declaration import Entered
from protocol.book.ledger import Posting
from protocol.book.refusals import MALFORMED, Reason
from protocol.lanes.directory import Directory
from protocol.lanes.entry import Entry
from protocol.lanes.identity import Identity
from protocol.practices.between.links.entries import (
    GrantClaim,
    LinkRecord,
    Settings,
    SignedGrant,
    as_record,
    link_id,
    link_lane,
)
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.state import Links

OFFERS_MAX = 4_096
"""How many proposals of all partners may lie here that nobody has taken up."""
LINKS_PER_PARTNER_MAX = 16
"""How many links one partner may have with us, its proposals that nobody has taken up included."""


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    """Make a record the newest of its side; what a partner's means, crdt.link has judged before."""
    body = entered.body
    assert isinstance(body, LinkRecord)
    links = book.of(Links)
    link = links.meet(book, body.terms)
    links.stir(link)
    own = entered.network == book.network
    identity = book.of(Directory).networks[entered.network].identity
    before, known = (link.side.own, link.signed) if own else (link.side.partner, link.signed_by_partner)
    granted, signed = binding(identity, body, entered.epoch, before.granted, known)
    record = replace(as_record(body, entered.epoch, entered.seq), granted=granted)
    onward = {item.id: item.onward for item in body.holds}
    if own:
        link.signed = signed
        if link.reopened > max(entered.epoch, link.side.own.epoch):
            link.mine = _settings_found(link, body, entered.epoch, granted)
            # What a thief has fenced off of the partner's is not: he could leave nothing that counts.
            fence = body.fence if entered.epoch >= link.rotated else 0
            link.side = link.side.adopt(record, entered.id).fence(fence)
        else:
            link.side, link.mine = link.side.wrote(record, entered.id).fence(body.fence), body.settings
        link.draft, link.onward_out = None, onward
        # One that was in the making is so no more, where this is a record that we had lost.
        links.drafted.pop(link.id, None)
        return ()
    # Our own record in the making was begun on what we knew before.
    assert link.draft is None
    accepted = hear(link.side, record, entered.id)
    if isinstance(accepted, RecordFork):
        link.side = accepted.frozen
    else:
        assert isinstance(accepted, Side), accepted
        link.side, link.theirs, link.onward_in, link.fenced = accepted, body.settings, onward, body.fence
        link.signed_by_partner = signed
        if link.mine is None:
            link.offered_ms = entered.at_ms
    return ()


def binding(
    identity: Identity, body: LinkRecord, epoch: int, before: int, known: SignedGrant | None = None
) -> tuple[int, SignedGrant | None]:
    """Return how much of what a record grants binds its writer, and the greatest grant that its cold keys have signed.

    What binds is what the hot key alone may grant in its epoch, or cold keys have signed; and what bound `before`, so
    that nothing is taken away that somebody may have built on. `known` is the greatest one signed before.
    """
    signed = _greatest(identity, body, known)
    # Epochs that a thief has opened, and that are none any more, were under the rule of the one before.
    alone = identity.epochs[min(epoch, identity.epoch)].hot_grant
    return min(body.granted, max(before, alone, 0 if signed is None else signed.granted)), signed


def _greatest(identity: Identity, body: LinkRecord, known: SignedGrant | None) -> SignedGrant | None:
    shown = body.signed
    if shown is None or (known is not None and shown.granted <= known.granted) or shown.epoch > identity.epoch:
        return known
    cold = identity.epochs[shown.epoch].cold
    claim = GrantClaim(identity.network, body.terms, shown.granted)
    return shown if signers(cold, claim, shown.signatures) >= cold.needed else known


def _settings_found(link: Link, body: LinkRecord, epoch: int, granted: int) -> Settings:
    """Return under which settings we go on from a record of ours that the partner has shown.

    A thief may have signed it, if a rotation came after it. Then we keep to our own, and what he has granted, or a
    link that he has begun, is frozen until a steward has looked at it.
    """
    if epoch >= link.rotated:
        return body.settings
    mine = link.mine or body.settings
    return replace(mine, frozen=mine.frozen or link.mine is None or granted > link.side.own.granted)


def hear(side: Side, record: Record, id: bytes) -> Side | Stale | RecordFork | LinkFault:
    """Return the side that knows a partner's record, or what speaks against it.

    The record that our own newest one acknowledges was checked when we acknowledged it: where we have come
    back from an old copy and lack it, our own signature vouches for it.
    """
    ack = side.own.ack
    if ack is None or ack.digest != id or record.position <= side.partner.position:
        return accept(side, record, id)
    if record.ack is not None:
        # What it acknowledges of ours a thief may have signed in an epoch that is none any more: it counts in ours.
        record = replace(record, ack=replace(record.ack, epoch=min(record.ack.epoch, side.own.epoch)))
    return replace(side, partner=record, partner_digest=id)


def judge(book: Book, body: LinkRecord, entry: Entry, epoch: int) -> LinkFault | Stale | None:
    """Return what speaks against folding a partner's record in; None for news, and for the proof of a fork.

    `epoch` is the one in which it counts. Of an epoch that the partner's cold keys have ended nothing is taken any
    more, but what our own record acknowledges; nor of one before its newest, while we wait for its word ourselves.
    """
    links = book.of(Links)
    link = links.by_id.get(link_id(body.terms))
    if link is None and (
        len(links.by_id) - links.begun() >= OFFERS_MAX
        or len(links.with_partner(entry.network)) >= LINKS_PER_PARTNER_MAX
    ):
        return Stale()
    side = Side() if link is None else link.side
    identity = book.of(Directory).networks[entry.network].identity
    vouched = side.own.ack is not None and side.own.ack.digest == entry.id
    if epoch < identity.renewed and not vouched:
        return Stale()
    # What of its grant binds is less, but nothing less than before: for the rules that is the same.
    outcome = hear(side, as_record(body, epoch, entry.header.seq), entry.id)
    if isinstance(outcome, RecordFork):
        return Stale() if side.frozen else None
    if link is not None and link.is_lost and epoch < identity.epoch and not vouched:
        # The partner may have heard from us what we hold of what it lost.
        return Stale()
    return outcome if isinstance(outcome, Stale | LinkFault) else None


def check(book: Book, entered: Entered) -> Reason | None:
    """Accept only records that stand in the lane of their own terms, by one of the two networks."""
    body = entered.body
    assert isinstance(body, LinkRecord)
    terms = body.terms
    fits = (
        entered.lane == link_lane(link_id(terms))
        and terms.low < terms.high
        and book.network in (terms.low, terms.high)
        and entered.network in (terms.low, terms.high)
    )
    return None if fits else MALFORMED
