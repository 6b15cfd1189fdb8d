# SPDX-License-Identifier: AGPL-3.0-or-later
"""A search among a hundred thousand offers of a thousand networks, while payments go on, beside reading them all."""

import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median

sys.path[:0] = [str(Path(__file__).parents[1])]

from figures import Figure, Target, Told, ratio
from machine import alternating
from simulation.groups import exchange
from simulation.world import World, whole

from protocol.book.book import Book
from protocol.lanes.items import ItemSaid, seal_item
from protocol.peers.boards import published
from protocol.practices.market.heard import IntentSearch, heard_as, is_sought
from protocol.practices.market.intents import OFFER_ITEMS, IntentPlace, Offer, Price
from protocol.practices.market.search import IntentKind, SearchWanted
from protocol.practices.money.payments.entries import Pay
from protocol.wire.codec import encode
from protocol.wire.keys import KeyPair
from protocol.wire.shape import to_map

SYLLABLES = "fa ri nha tri go mel pan cor ta lu zo ver mi sol ca".split()  # noqa: SIM905
WORDS, OFFERS_OF_EACH = 8_000, 100
LIFE_MS = 30 * 24 * 3_600_000


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Measure a search by a member, payments between any two, and the same search by reading every offer."""
    del folder
    rng, world = Random(1), World()
    exchange(world, "riacho", "HORA", "ana", "bia")
    words = ["".join(rng.choices(SYLLABLES, k=rng.randrange(2, 5))) for _ in range(WORDS)]
    node = world.nodes["riacho"]
    networks = 100 if quick else 1_000
    stored = list(enumerate(offers(rng, words, networks, world.now), 1))
    began = time.perf_counter()
    node.replica.pin(stored)
    pinned_s = time.perf_counter() - began
    wanted = SearchWanted(f"{words[40]} {words[90][:4]}", code="231", kind=IntentKind.OFFER)
    search = IntentSearch((words[40], words[90][:4]), "231")
    book = node.replica.book

    def one_search() -> float:
        world.granted("riacho", "payments.create", Pay(payer="ana", payee="bia", amount=whole(1)))
        world.granted("riacho", "payments.create", Pay(payer="bia", payee="ana", amount=whole(1)))
        began = time.perf_counter()
        page = world.granted("riacho", "search.list", wanted)
        taken_s = time.perf_counter() - began
        assert page.items
        return taken_s

    indexed_s, read_s = alternating(
        3 if quick else 7,
        lambda: median(one_search() for _ in range(15)),
        _seconds(lambda: list(islice(read_all(book, search), 50))),
    )
    name = f"two words and a filter among {networks * OFFERS_OF_EACH:,} offers"
    indexed = Figure(name, "ms", [1_000 * one for one in indexed_s], Target(50, at_least=False))
    read = Figure("the same by reading every offer", "ms", [1_000 * one for one in read_s])
    return [
        indexed, read, ratio("searched / read", indexed, read, Target(1 / 20, at_least=False)),
        Figure("taken in at a start", "s", [pinned_s]),
    ]  # fmt: skip


def offers(rng: Random, words: list[str], networks: int, now: int) -> Iterator[bytes]:
    """Yield the items of offers: words as common as in a language, some codes, a place."""
    common, keys = [1 / (place + 10) for place in range(len(words))], KeyPair.from_seed(bytes(32))
    for _ in range(networks):
        network = rng.randbytes(32)
        for member in range(OFFERS_OF_EACH):
            title, text = (" ".join(rng.choices(words, common, k=count)) for count in (4, 20))
            code = rng.choice(["23110", "01112", "23120", "54730", ""])
            place = IntentPlace(rng.randrange(-9_000, 9_000), rng.randrange(-18_000, 18_000))
            price = Price("FLOR", 2, rng.randrange(1, 1_000))
            body = Offer(f"m{member}", title, text, code, 1_000, "KGM", (price,), ("organic",), place)
            data = encode(to_map(body))
            said = ItemSaid(1, network, 0, rng.randbytes(16), 1, now + LIFE_MS, (), Offer.KIND, data)
            yield seal_item(keys, said).wire


def read_all(book: Book, search: IntentSearch) -> Iterator[object]:
    """Yield what is sought by looking at each offer."""
    for arrival, item, body in published(book, OFFER_ITEMS):
        assert isinstance(body, Offer)
        one = heard_as(arrival, item, OFFER_ITEMS, body)
        if is_sought(book, search, one):
            yield one


def _seconds(work: Callable[[], object]) -> Callable[[], float]:
    def measured() -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    return measured
