# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a steward has this node forget another network, or take anew what it has said: nothing of it is signed."""

from dataclasses import dataclass

from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan
from protocol.book.plans import LetGo
from protocol.book.refusals import FORBIDDEN, Reason, Refused, Stage, refuse
from protocol.lanes.directory import Directory
from protocol.peers.budgets import backers_in, rests_on
from protocol.practices.between.links.state import Links
from protocol.practices.between.networks.known import find_network, network_shown
from protocol.wire.keys import id_text

NETWORK_NEEDED = Reason(
    "NETWORK_NEEDED",
    Stage.RULE,
    409,
    "Something that is kept here rests on this network",
    "Network {network} is not forgotten: {why} rests on it.",
    heading="This network cannot be forgotten",
    ways=(
        "decline what it offers: mutirao links decline LINK",
        "have what it has said taken anew: mutirao networks purge {network}",
    ),
)


@dataclass(frozen=True, slots=True)
class ForgetNetwork:
    """Forget a network with which there is no link and no common federation; it may come again, as a stranger."""


@dataclass(frozen=True, slots=True)
class PurgeNetwork:
    """Throw away what is stored of a network's public words, and take them anew from whoever has them."""


def plan_forget(desk: Desk, id: str, wish: ForgetNetwork) -> Plan | Refused:
    """Let go of all that a network has said, unless something here rests on it; for an hour it is not heard."""
    del wish
    network = _other(desk.book, id)
    if isinstance(network, Refused):
        return network
    needed = _needed(desk.book)
    if network in needed:
        if desk.book.of(Links).with_partner(network):
            why = "a link or an offer"
        else:
            why = "a federation or a guardian's word" if needed[network] else "a fault or a guardian's word"
        return refuse(NETWORK_NEEDED, network=id_text(network), why=why)
    return Plan(id, lets_go=(LetGo(network, keys=True, again=False),), answer=network_shown(desk, network))


def plan_purge(desk: Desk, id: str, wish: PurgeNetwork) -> Plan | Refused:
    """Let go of a network's words: its key events stay where links or its connection rest on them."""
    del wish
    network = _other(desk.book, id)
    if isinstance(network, Refused):
        return network
    known = desk.book.of(Directory).networks[network]
    keys = network not in _needed(desk.book) and not known.connected
    return Plan(id, lets_go=(LetGo(network, keys=keys, again=True),), answer=network_shown(desk, network))


def _other(book: Book, id: str) -> bytes | Refused:
    network = find_network(book, id)
    return refuse(FORBIDDEN, allowed="others, of their copy of it,") if network == book.network else network


def _needed(book: Book) -> dict[bytes, bool]:
    return rests_on(book, backers_in(book.of(Directory)))
