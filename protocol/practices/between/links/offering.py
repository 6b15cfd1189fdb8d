# SPDX-License-Identifier: AGPL-3.0-or-later
"""Offers of links that nobody here has taken up: how many lie here, for how long, and how one is declined.

Anybody may offer a link, so strangers share a bound of their own, and what they offer gives way and ends; the offers
of who is nearer always find room. Who is not taken up is told why, with the same word as who gets no quote.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from protocol.book.declaration import Desk, Plan, Tell
from protocol.book.refusals import OVERLOADED, STATE_CONFLICT, Reason, Refused, Stage, refuse
from protocol.book.timezones import DAY_MS
from protocol.events import Publish, StoreDeclined
from protocol.lanes.entry import Entry, Millis
from protocol.peers.home import Home
from protocol.peers.messages import QuoteDenied
from protocol.peers.ties import Tie
from protocol.practices.between.links.entries import LinkRecord, link_id, link_lane
from protocol.practices.between.links.link import Link, LinkState
from protocol.practices.between.links.state import Links
from protocol.wire.keys import id_text

OFFERS: Mapping[Tie, int] = {Tie.STRANGER: 256, Tie.KNOWN: 1_024, Tie.FEDERATION: 1_024}
"""How many offers of all networks of one tie may lie here; those of partners and all together: OFFERS_MAX."""
OFFER_LIFE_MS = 30 * DAY_MS
"""How long a stranger's offer lies here from its date on."""
OFFER_RECORDS_MAX = 8
"""How many records of a stranger's offer are taken: each is stored."""
OFFER_BYTES_MAX = 4_096
AGAIN_MS = 3_600_000
"""How often an offer that was declined is told of again."""
OFFER_DECLINED = Reason(
    "OFFER_DECLINED",
    Stage.RULE,
    409,
    "The partner has declined this offer",
    "The partner has declined the offer of this link.",
    heading="The offer was declined",
    ways=("ask the partner's stewards why", "offer another link: mutirao links create"),
)
OFFER_EXPIRED = Reason(
    "OFFER_EXPIRED",
    Stage.RULE,
    409,
    "Nobody has taken this offer up in time",
    "Nobody has taken the offer of this link up in time.",
    heading="The offer has expired",
    ways=("offer it anew: mutirao links create", "speak with the partner's stewards first"),
)


@dataclass(slots=True)
class DeclinedOffers:
    """What was declined: here by a steward, which the store keeps, and elsewhere of ours, told anew by the partner."""

    TRANSIENT: ClassVar[bool] = True
    here: set[bytes] = field(default_factory=set[bytes])
    elsewhere: dict[bytes, str] = field(default_factory=dict[bytes, str])
    """By which code, by the link's id."""


@dataclass(frozen=True, slots=True)
class DeclineLink:
    """Let go of a link that a partner offers, and tell it so: the same offer is not shown again."""


def plan_decline(link: Link) -> Plan | Refused:
    """Decline an offer that nobody has taken up."""
    if link.state is not LinkState.OFFERED:
        return refuse(STATE_CONFLICT, state=link.state.value)
    return Plan(id_text(link.id), declines=(link.id,))


def decline(home: Home, id: bytes) -> None:
    """Do what a steward wishes: let go of an offer for good."""
    home.book.of(DeclinedOffers).here.add(id)
    home.say(StoreDeclined(id))
    link = home.book.of(Links).by_id.get(id)
    if link is not None:
        _let_go(home, link, OFFER_DECLINED)


def reason_not_to_take(home: Home, body: LinkRecord, entry: Entry, at_ms: Millis) -> Reason | None:
    """Return why a record of an offer is not taken; None where it is, or where it is of more than an offer."""
    links, id = home.book.of(Links), link_id(body.terms)
    link = links.by_id.get(id)
    if body.ack is not None or (link is not None and link.mine is not None):
        return None
    if id in home.book.of(DeclinedOffers).here:
        return OFFER_DECLINED
    tie = home.gossip.budgets.tie(entry.network)
    if tie is Tie.STRANGER:
        if _is_over(at_ms, home.now):
            return OFFER_EXPIRED
        if len(entry.wire) > OFFER_BYTES_MAX or entry.header.seq >= OFFER_RECORDS_MAX:
            return OVERLOADED
    most = OFFERS.get(tie)
    if link is not None or most is None:
        return None
    offers = [one for one in links.by_id.values() if one.mine is None and home.gossip.budgets.tie(one.partner) is tie]
    return None if len(offers) < most or _give_way(home, offers, entry.network) else OVERLOADED


def tell_why(home: Home, network: bytes, id: bytes, reason: Reason) -> None:
    """Tell a network why its offer is not taken up."""
    home.tell(Tell(network, QuoteDenied(id[:16], reason.code, home.network)))


def hear_why(desk: Desk, teller: bytes, denied: QuoteDenied) -> tuple[()]:
    """Note that a partner does not take our offer up: it is told of it seldom from now on."""
    links = desk.book.of(Links).with_partner(teller)
    for link in links:
        if link.id[:16] == denied.key and link.mine is not None and link.theirs is None:
            desk.book.of(DeclinedOffers).elsewhere[link.id] = denied.code
    return ()


def end_offers(home: Home) -> None:
    """Let go of strangers' offers that have lain here for long."""
    for link in list(home.book.of(Links).by_id.values()):
        over = link.mine is None and _is_over(link.offered_ms, home.now)
        if over and home.gossip.budgets.tie(link.partner) is Tie.STRANGER:
            _let_go(home, link, OFFER_EXPIRED)


def _is_over(at_ms: Millis, now: Millis) -> bool:
    """Tell whether an offer of this date is none any more, or pretends to be of a day to come."""
    return not now - OFFER_LIFE_MS <= at_ms <= now + DAY_MS


def _give_way(home: Home, offers: list[Link], network: bytes) -> bool:
    """Let one of these offers make room for another network's; tell whether one does."""
    networks = home.journal.directory.networks
    count: dict[bytes, int] = {}
    for one in offers:
        count[one.partner] = count.get(one.partner, 0) + 1

    def farther(one: Link) -> tuple[bool, int, int]:
        known = networks.get(one.partner)
        return known is None or not known.connected, count[one.partner], -one.arrival

    last = max(offers, key=farther)
    if not farther(last)[0] and count[last.partner] <= count.get(network, 0) + 1:
        return False
    _let_go(home, last, OVERLOADED)
    return True


def _let_go(home: Home, link: Link, reason: Reason) -> None:
    home.book.of(Links).drop(link)
    forget = home.journal.held.let_go((link.partner, link_lane(link.id)))
    if forget is not None:
        home.journal.stores.append(forget)
    home.say(Publish("link.withdrawn", id_text(link.id)))
    tell_why(home, link.partner, link.id, reason)
