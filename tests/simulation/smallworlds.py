# SPDX-License-Identifier: AGPL-3.0-or-later
"""Small worlds, in one table: who is there, and what may befall, so few that every order of it can be searched."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

Wish = tuple[str | int, ...]
"""What somebody wishes: a word, and numbers of networks, links and units."""


@dataclass(frozen=True, slots=True)
class SmallWorld:
    """Who is there, what they may wish, and how often what may befall them.

    `links` are (one, other, limit) by the numbers of the networks; `debts` (debtor, creditor, units) are made before
    the search begins. Each of the `wishes` may come once, at any time. `often` bounds how often things befall: tick,
    lose, double, cut, kill, restore, move; in the `wide` search more of it. A tick takes one of the `seconds`; `kills`
    and `copies` are who may be killed, and who may come back from a copy of its disk as it is when the search begins;
    `cheats` are what a dishonest network may do, by names of MOVES. Where it `clears`, that is "on", or circles
    have just been "proposed", or "agreed" on. After `depth` events the search goes no further, where the whole is too
    great.
    """

    story: str
    links: tuple[tuple[int, int, int], ...]
    wishes: tuple[Wish, ...]
    often: Mapping[str, int] = field(default_factory=dict[str, int])
    wide: Mapping[str, int] = field(default_factory=dict[str, int])
    seconds: tuple[int, ...] = (11,)
    kills: tuple[int, ...] = ()
    copies: tuple[int, ...] = ()
    cheats: Mapping[int, tuple[str, ...]] = field(default_factory=dict[int, tuple[str, ...]])
    debts: tuple[tuple[int, int, int], ...] = ()
    clears: str | None = None
    depth: int | None = None

    @property
    def networks(self) -> int:
        return 1 + max(max(one, other) for one, other, _ in self.links)

    def widened(self) -> "SmallWorld":
        """Return the world in which more befalls, to any depth."""
        return replace(self, often=self.wide, depth=None)


CHAIN = ((0, 1, 60), (1, 2, 60))
RING = ((0, 1, 60), (1, 2, 60), (2, 0, 60))
FULL_RING = ((0, 1, 10), (1, 2, 10), (2, 0, 10))
RING_DEBTS = ((0, 1, 10), (1, 2, 10), (2, 0, 10))
TWO_RINGS = ((0, 1, 60), (1, 2, 60), (2, 0, 60), (1, 3, 60), (3, 0, 60))
TWO_RINGS_DEBTS = ((0, 1, 10), (1, 2, 5), (2, 0, 5), (1, 3, 5), (3, 0, 5))
ONE_PAYMENT = (("pay", 0, 2, 10),)

WORLDS: Mapping[str, SmallWorld] = {
    "rough wires": SmallWorld(
        "a payment over three networks; a frame is lost, one comes twice", CHAIN, ONE_PAYMENT,
        {"lose": 1, "double": 1, "tick": 1}, {"lose": 2, "double": 1, "tick": 2},
    ),
    "a cut": SmallWorld(
        "a payment over three networks that are parted", CHAIN, ONE_PAYMENT,
        {"cut": 1, "tick": 1}, {"cut": 2, "tick": 2},
    ),
    "a kill": SmallWorld(
        "a payment over three networks, of which any one is killed", CHAIN, ONE_PAYMENT,
        {"kill": 1}, {"kill": 2, "tick": 1}, kills=(0, 1, 2),
    ),
    "too late": SmallWorld(
        "a payment over three networks that may come after its price has expired", CHAIN, ONE_PAYMENT,
        {"lose": 1, "tick": 1}, {"lose": 1, "tick": 2}, seconds=(901,),
    ),
    "paid again": SmallWorld(
        "the same price is paid twice", CHAIN, (*ONE_PAYMENT, ("pay again", 0)), {"tick": 1}, {"tick": 1, "double": 1},
    ),
    "one way": SmallWorld(
        "two payments the same way over a link that has room for one", CHAIN, (("pay", 0, 2, 25), ("pay", 1, 2, 25)),
        {"lose": 1}, {"lose": 1, "tick": 2}, debts=((1, 2, 30),),
    ),
    "against each other": SmallWorld(
        "a payment one way, and two the other that use up the limit", CHAIN,
        (("pay", 0, 2, 40), ("pay", 1, 0, 50), ("pay", 1, 0, 50)), {}, {"tick": 1},
    ),
    "a limit given back": SmallWorld(
        "a payment each way while a limit is given back", CHAIN,
        (("pay", 0, 2, 40), ("pay", 1, 0, 40), ("give back", 0, 0, 30)), {}, {"double": 1, "tick": 1},
    ),
    "a limit raised": SmallWorld(
        "a payment between two networks while one raises its grant and the other gives back of it", CHAIN[:1],
        (("pay", 0, 1, 40), ("raise", 1, 0, 80), ("give back", 0, 0, 30)), {"lose": 1}, {"double": 1, "tick": 1},
    ),
    "a round": SmallWorld(
        "a round of clearing is opened and comes to its circle while a debt is paid back in part", RING,
        (("open round", 0), ("pay", 1, 0, 5)), {"tick": 3}, {"tick": 4}, seconds=(7,), debts=RING_DEBTS, clears="on",
        depth=4,
    ),
    "a ring": SmallWorld(
        "three networks clear a circle while one of the debts is paid back in part", RING, (("pay", 1, 0, 5),),
        {"tick": 1}, {"tick": 2, "lose": 1}, seconds=(1,), debts=RING_DEBTS, clears="proposed",
    ),
    "a ring repaid": SmallWorld(
        "three networks clear a circle while the debt of who began it is paid back in part", RING, (("pay", 0, 2, 5),),
        {"tick": 1}, {"tick": 2, "lose": 1}, seconds=(1,), debts=RING_DEBTS, clears="proposed",
    ),
    "two initiators": SmallWorld(
        "three networks clear a circle, which a second of them takes over", RING, (),
        {"tick": 2}, {"tick": 3, "lose": 1}, seconds=(1, 16), debts=RING_DEBTS, clears="proposed", depth=7,
    ),
    "a full ring": SmallWorld(
        "three networks clear a circle, and one pays as soon as it has room again", FULL_RING, (("pay", 0, 1, 10),),
        {}, {"tick": 1}, debts=RING_DEBTS, clears="agreed",
    ),
    "two rings": SmallWorld(
        "two circles share a debt, which is paid back in part", TWO_RINGS, (("pay", 1, 0, 5),),
        {}, {"tick": 1}, debts=TWO_RINGS_DEBTS, clears="agreed", depth=6,
    ),
    "an old copy": SmallWorld(
        "a payment over three networks, of which the middle one comes back from an old copy", CHAIN, ONE_PAYMENT,
        {"restore": 1, "tick": 2}, {"restore": 1, "tick": 2, "double": 1}, seconds=(4,), copies=(1,), depth=7,
    ),
    "two old copies": SmallWorld(
        "a payment between two networks that both come back from old copies", CHAIN[:1], (("pay", 0, 1, 10),),
        {"restore": 2, "tick": 3}, {"restore": 2, "tick": 3, "double": 1}, seconds=(4,), copies=(0, 1), depth=8,
    ),
    "a payee that cheats": SmallWorld(
        "a payment to a network that cheats", CHAIN, ONE_PAYMENT,
        {"move": 1, "lose": 1}, {"move": 2, "lose": 1, "tick": 1},
        cheats={2: ("say two things", "promise too much", "give back too much", "take back the grant",
                    "say old things")},
    ),
    "a middle that cheats": SmallWorld(
        "a payment by way of a network that cheats", CHAIN, ONE_PAYMENT,
        {"move": 1}, {"move": 2, "lose": 1, "tick": 1},
        cheats={1: ("claim without preimage", "waive what is open", "pay one invoice twice", "say two things",
                    "forget and go on")},
    ),
    "a payer that cheats": SmallWorld(
        "a payment from a network that cheats", CHAIN, ONE_PAYMENT,
        {"move": 1, "lose": 1}, {"move": 2, "lose": 1, "tick": 1},
        cheats={0: ("pay one invoice twice", "promise too much", "give back too much", "say two things",
                    "forget and go on")},
    ),
    "a ring with a cheat": SmallWorld(
        "three networks clear a circle, and one of them cheats", RING, (),
        {"move": 1, "tick": 1}, {"move": 2, "tick": 2, "lose": 1}, seconds=(1,), debts=RING_DEBTS, clears="proposed",
        cheats={1: ("claim without preimage", "waive what is open", "promise too much", "say two things",
                    "forget and go on")},
    ),
}  # fmt: skip

SOUGHT: Mapping[str, tuple[str, str]] = {
    "the last word on a limit counts": ("a limit given back", "TRUE-LIMIT"),
    "pending holds counted": ("against each other", "TRUE-LIMIT"),
    "open holds not counted": ("one way", "TRUE-LIMIT"),
    "limit not checked": ("a payee that cheats", "CREDITOR-LIMIT"),
    "payer refunded by timer": ("a cut", "NO-HONEST-LOSS"),
    "waived while open": ("a cut", "NO-HONEST-LOSS"),
    "restored without a handshake": ("an old copy", "RESTORE-NO-SELF-FORK"),
    "what is held not told": ("two old copies", "NO-HOLD-LEFT"),
    "preimage not checked": ("a middle that cheats", "PAID=>PREIMAGE"),
    "fork ignored": ("a payee that cheats", "FORK-SEEN=>PROOF"),
    "credited before the claim": ("a kill", "MIRROR=IN-FLIGHT"),
    "claimed twice": ("a kill", "MIRROR=IN-FLIGHT"),
    "paid and not claimed": ("rough wires", "NO-HONEST-LOSS"),
    "a quote serves twice": ("paid again", "ONCE-PER-INVOICE"),
    "nothing sent again": ("rough wires", "NO-HOLD-LEFT"),
    "debt not looked at again": ("a ring", "OWED-AND-FREE"),
    "debt turned round": ("a ring repaid", "OWED-AND-FREE"),
    "promise not reserved": ("two rings", "OWED-AND-FREE"),
    "pending decrease counted": ("a full ring", "TRUE-LIMIT"),
}
"""In which world each of these mutants is found, and by which property."""
