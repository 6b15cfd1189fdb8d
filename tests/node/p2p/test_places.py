# SPDX-License-Identifier: AGPL-3.0-or-later
"""Places are kept for partners; of strangers the one gives way whose going costs least."""

from collections import Counter
from dataclasses import dataclass
from random import Random

import pytest

from node.p2p.places import SAFE_ADDRESSES, SAFE_BRINGERS, NoPlace, giving_way
from protocol.peers.ties import Tie

FEDERATION, KNOWN, PARTNER, STRANGER = Tie.FEDERATION, Tie.KNOWN, Tie.PARTNER, Tie.STRANGER
KEPT, OTHERS, PER_ADDRESS = 4, 128, 32


@dataclass(eq=False)
class Peer:
    tie: Tie
    address_class: str
    since: float | None
    brought: int = 0


def leaving(caller: Peer, held: list[Peer], secret: bytes = b"secret") -> Peer | None:
    return giving_way(
        caller, held, kept_max=KEPT, others_max=OTHERS, per_address_max=PER_ADDRESS, secret=secret
    )  # fmt: skip


def crowd(addresses: int, each: int, since: float = 100.0) -> list[Peer]:
    """Strangers who came at once, so many from each of these addresses."""
    return [Peer(STRANGER, f"crowd {address}", since) for address in range(addresses) for _ in range(each)]


def test_a_partner_has_a_place_whoever_has_come_before() -> None:
    for tie in (FEDERATION, PARTNER, Tie.OWN):
        assert leaving(Peer(tie, "crowd 0", None), crowd(4, 32)) is None


def test_kept_places_are_bounded_too_and_go_to_the_nearer() -> None:
    fellows = [Peer(FEDERATION, "far", since) for since in (1.0, 3.0, 2.0)]
    partner = Peer(PARTNER, "far", 9.0)
    assert leaving(Peer(PARTNER, "far", None), [*fellows, partner]) is fellows[1], "the youngest of the farthest"
    with pytest.raises(NoPlace):
        leaving(Peer(FEDERATION, "far", None), [*fellows, partner])
    with pytest.raises(NoPlace):
        leaving(Peer(PARTNER, "far", None), [Peer(PARTNER, "far", 1.0)] * KEPT)


def test_a_newcomer_from_elsewhere_gets_the_place_of_one_of_the_crowd() -> None:
    held = crowd(4, 32)
    gone = leaving(Peer(STRANGER, "elsewhere", None), held)
    assert gone in held


def test_one_address_has_its_share_and_who_is_known_is_not_counted() -> None:
    held = crowd(1, PER_ADDRESS)
    with pytest.raises(NoPlace, match="from this address"):
        leaving(Peer(STRANGER, "crowd 0", None), held)
    assert leaving(Peer(KNOWN, "crowd 0", None), held) is None
    assert leaving(Peer(STRANGER, "elsewhere", None), held) is None


def test_the_address_that_holds_most_loses_its_youngest() -> None:
    held = [*crowd(96, 1), *crowd(1, 32, since=50.0)]
    for number, one in enumerate(held[96:]):
        one.since = 200.0 + number
    assert leaving(Peer(STRANGER, "elsewhere", None), held) is held[-1]


def test_who_is_known_gives_way_to_no_stranger() -> None:
    known = [Peer(KNOWN, "far", 500.0) for _ in range(64)]
    held = [*known, *crowd(2, 32)]
    for _ in range(OTHERS):
        try:
            gone = leaving(Peer(STRANGER, "elsewhere", None), held)
        except NoPlace:
            break
        assert gone is not None and gone.tie is STRANGER
        held.remove(gone)
        held.append(Peer(KNOWN, "far", 600.0))
    assert [one in held for one in known] == [True] * 64


@pytest.mark.parametrize("seed", range(5))
def test_however_long_a_crowd_comes_and_comes_who_is_useful_and_who_was_here_stays(seed: int) -> None:
    """An attacker with 64 addresses calls 2,000 times: the newest calls fight for the same few places."""
    random = Random(seed)
    old = [Peer(STRANGER, f"honest {number}", float(number)) for number in range(40)]
    useful = [Peer(STRANGER, f"useful {number}", 1_000.0, brought=number + 1) for number in range(SAFE_BRINGERS)]
    held = [*old, *useful]
    calls = Counter[str]()
    for number in range(2_000):
        caller = Peer(STRANGER, f"crowd {random.randrange(64)}", 2_000.0 + number)
        try:
            gone = leaving(caller, held)
        except NoPlace:
            continue
        if gone is not None:
            held.remove(gone)
            calls[gone.address_class.partition(" ")[0]] += 1
        held.append(caller)
    assert len(held) <= OTHERS
    assert all(one in held for one in [*old, *useful])
    assert set(calls) == {"crowd"}


def test_nobody_can_choose_the_address_that_is_safe() -> None:
    held = crowd(OTHERS, 1)
    for number, one in enumerate(held):
        one.since = float(-number)
    kept: set[str] = set()
    for number in range(20):
        secret, left = bytes([number]), list(held)
        while len(left) > 2 * SAFE_ADDRESSES:
            try:
                gone = giving_way(
                    Peer(STRANGER, "new", None), left,
                    kept_max=KEPT, others_max=len(left), per_address_max=PER_ADDRESS, secret=secret,
                )  # fmt: skip
            except NoPlace:
                break
            assert gone is not None
            left.remove(gone)
        kept.add(min(one.address_class for one in left))
    assert len(kept) > 1
