# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever copies of cards pay, and in whatever order terminals are heard: the same balances, and a bounded loss."""

from random import Random

import pytest

from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.signed import parse_uuid
from protocol.lanes.entry import LEDGER, Body
from protocol.practices.credit.cards.entries import CardUnloaded, TerminalSynced
from protocol.practices.credit.cards.offline import OfflineTerminal
from protocol.practices.credit.cards.state import DAY_CAP, Guarantee
from tests.protocol.practices.credit.cardholders import shops
from tests.protocol.practices.desk import DAY_MS, NETWORK

SHOPS = ("bia", "caio", "bia")
GROUP = shops()
GROUP.feed(400_00)
CARDS = [GROUP.issue("ana", 120_00, "one"), GROUP.issue("caio", 200_00, "two")]
TILLS = [GROUP.till(shop, f"till {at}") for at, shop in enumerate(SHOPS)]


def write(book: Book, body: Body, at_ms: int) -> None:
    """Fold an entry that every node takes."""
    assert book.head is not None
    entered = Entered(body, NETWORK, LEDGER, 0, book.head[0] + 1, bytes(32), at_ms)
    assert book.check(entered) is None, body
    book.apply(entered)
    assert not list(book.complaints())


@pytest.mark.parametrize("seed", range(12))
def test_any_order_of_syncs_gives_the_same_balances(seed: int) -> None:
    chance, now = Random(seed), GROUP.now
    tills = [OfflineTerminal(till.keys, till.papers) for till in TILLS]
    days = 1
    for _ in range(chance.randint(2, 16)):
        if chance.random() < 0.2 and days < 10:
            now, days = now + DAY_MS, days + 1
        card, till = chance.choice(CARDS), chance.choice(tills)
        paid = card.pays(till, chance.randint(1, 120_00), now, counter=chance.randint(1, 6))
        till.accept(card.certificate, paid, now)
    unloaded = chance.choice((0, chance.randint(1, 120_00)))
    accounts = [GROUP.account(shop).id for shop in ("bia", "caio")]
    found: list[dict[str, int]] = []
    for _ in range(4):
        book = GROUP.book.trial()
        before = {name: one.balance_minor for name, one in book.ledger.accounts.items()}
        if unloaded:
            write(book, CardUnloaded(parse_uuid(CARDS[0].id) or b"", unloaded), now)
        # Each log comes in pieces, and the pieces of all in any order that keeps each log's own.
        left = {at: list(till.records) for at, till in enumerate(tills) if till.records}
        while left:
            at = chance.choice(sorted(left))
            count = chance.randint(1, len(left[at]))
            write(book, TerminalSynced(tills[at].papers.grant.terminal, tuple(left[at][:count])), now)
            left[at] = left[at][count:]
            left = {at: records for at, records in left.items() if records}
        assert set(book.ledger.sums().values()) == {0}
        found.append({name: one.balance_minor for name, one in book.ledger.accounts.items()})
        fund = book.of(Guarantee)
        lost, owed = fund.paid_minor.get("HORA", 0), fund.owed_minor("HORA")
        # What a fund loses by a card is at most the cap of a day at each terminal, each day.
        assert lost + owed <= book.parameter(DAY_CAP, "HORA") * len(CARDS) * len(SHOPS) * days
        taken = sum(till.log.total_minor for till in tills)
        spent = sum(before[name] - found[-1][name] for name in ("purses.HORA", "guarantee.HORA"))
        asked = sum(found[-1][name] - before[name] for name in accounts)
        drawn = before[GROUP.account("ana").id] - found[-1][GROUP.account("ana").id]
        assert spent + drawn == asked == taken - owed, "each payment is settled once"
    # Where the fund has too little, who waits follows from who came first; all merchants together have the same.
    if all(one["guarantee.HORA"] for one in found):
        assert found == [found[0]] * 4
    assert len({sum(one[name] for name in accounts) for one in found}) == 1
