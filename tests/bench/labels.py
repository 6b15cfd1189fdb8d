# SPDX-License-Identifier: AGPL-3.0-or-later
"""A label verified beside the bare check of its signature; a search for one among ten thousand of a hundred issuers."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

sys.path[:0] = [str(Path(__file__).parents[1])]

from figures import Figure, Target, Told, ratio
from machine import alternating
from simulation.groups import exchange
from simulation.world import World

from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Body
from protocol.lanes.items import ItemSaid, seal_item
from protocol.practices.market.intents import Offer, Price
from protocol.practices.market.wishes import OffersWanted
from protocol.practices.marks.labels.bitstring import packed_list
from protocol.practices.marks.labels.credentials import label_document, list_document, list_item, second_text
from protocol.practices.marks.labels.entries import (
    BoardLabel,
    LabelLevel,
    LabelSaid,
    LabelTheme,
    StatusList,
)
from protocol.practices.marks.labels.index import HeldLabel, LabelIndex, counting
from protocol.practices.marks.labels.proofs import proof_options, signature_of, signed_bytes
from protocol.practices.marks.labels.state import Labels, Trust
from protocol.wire.codec import encode
from protocol.wire.keys import KeyPair, verify_bare
from protocol.wire.shape import to_map

LABELS_OF_EACH, SCHEMES = 100, 20
HONEY = "02910"


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Measure both, in turns with what they are compared with."""
    del folder
    rng, world = Random(1), World()
    exchange(world, "riacho", "HORA", "ana")
    networks = 10 if quick else 100
    node = world.nodes["riacho"]
    book = node.replica.book
    keys = [KeyPair.from_seed(rng.randbytes(32)) for _ in range(networks)]
    node.replica.pin(list(enumerate(items(rng, keys, world.now), 1)))
    book.of(Labels).trusted.update({key.public: [Trust(0, 0, 0, None)] for key in keys})
    held = list(book.of(LabelIndex).by_place.values())
    assert len(held) == networks * LABELS_OF_EACH

    def bare() -> None:
        for one, document, options in documents:
            assert verify_bare(one.said.key, signed_bytes(document, options), one.label.signature)

    def whole() -> None:
        for one in some:
            assert list(counting(book, [HeldLabel(one.network, one.label, one.arrival)], HONEY, world.now))

    some = held[:200]
    unsigned = [(one, label_document(one.network, one.said)) for one in some]
    documents = [(one, document, _options(one, document)) for one, document in unsigned]
    bare_s, whole_s = alternating(3 if quick else 7, _seconds(bare), _seconds(whole))
    one_bare = Figure("one signature and canonical form, bare", "us", [1e6 * one / len(some) for one in bare_s])
    one_whole = Figure("one label: proof, status, scope, trust", "us", [1e6 * one / len(some) for one in whole_s])

    def search() -> None:
        page = world.granted("riacho", "offers.list", OffersWanted(verified="Scheme 7"))
        assert page.items and all(one.verified[0].name == "Scheme 7" for one in page.items)

    first_s = _seconds(search)()
    rare = OffersWanted(verified="Scheme 7", search="rare")

    def rare_search() -> None:
        assert not world.granted("riacho", "offers.list", rare).items

    def all_filtered() -> None:
        assert len(list(counting(book, held, HONEY, world.now))) == len(held)

    all_filtered()
    searched_s, rare_s, filtered_s = alternating(
        3 if quick else 7, _seconds(search), _seconds(rare_search), _seconds(all_filtered)
    )
    many = f"{len(held):,}"
    return [
        one_bare, one_whole,
        ratio("a label verified over a bare check", one_whole, one_bare, Target(3, at_least=False)),
        Figure(f"{many} labels filtered for a search", "ms", [1e3 * one for one in filtered_s],
               Target(20, at_least=False)),
        Figure("a page of 50 offers with such a label", "ms", [1e3 * one for one in searched_s]),
        Figure("its first time: 50 signatures checked", "ms", [1e3 * first_s]),
        Figure("one that finds none", "ms", [1e3 * one for one in rare_s]),
    ]  # fmt: skip


def _options(one: HeldLabel, document: dict[str, object]) -> dict[str, object]:
    return proof_options(document, one.said.key, second_text(one.said.issued_ms))


def _seconds(work: Callable[[], object]) -> Callable[[], float]:
    def taken() -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    return taken


def items(rng: Random, keys: list[KeyPair], now: int) -> Iterator[bytes]:
    """Yield the boards of networks, each with one issuer, its status list, its labels and what their holders offer."""
    hour = now - now % 1_000
    for keypair in keys:
        network = rng.randbytes(32)
        said = StatusList(keypair.public, "growers", 0, hour, packed_list([3]), bytes(64))
        signature = signature_of(list_document(network, said), keypair, second_text(hour))
        place = list_item(network, keypair.public, 0)
        yield _wire(network, place, StatusList(said.key, "growers", 0, hour, said.packed, signature), now)
        for number in range(LABELS_OF_EACH):
            holder, scheme = f"holder-{number}", number % SCHEMES
            label = LabelSaid(
                rng.randbytes(16), bytes([scheme]) * 16, f"Scheme {scheme}", bytes(32), LabelTheme.BIODIVERSITY, hour,
                "growers", keypair.public, "growers", holder, None, number + 4, (HONEY,), (), (),
                hour - DAY_MS, hour + 300 * DAY_MS, hour, LabelLevel.MEMBERSHIP,
            )  # fmt: skip
            proof = signature_of(label_document(network, label), keypair, second_text(hour))
            yield _wire(network, label.label, BoardLabel(label, proof), now)
            offer = Offer(holder, "Honey", "", HONEY, 0, "KGM", (Price("HORA", 2, 900),), ())
            yield _wire(network, rng.randbytes(16), offer, now)


def _wire(network: bytes, item: bytes, body: Body, now: int) -> bytes:
    said = ItemSaid(1, network, 0, item, 1, now + 30 * DAY_MS, (), body.KIND, encode(to_map(body)))
    return seal_item(KeyPair.from_seed(bytes(32)), said).wire
