# SPDX-License-Identifier: AGPL-3.0-or-later
"""A federation that clears: many networks with debts to each other, round after round, some of them away.

Debts are drawn as obligations between firms are found to be, where few are in many (in- and out-degree and amounts of
a heavy tail; Iosifidis et al. 2018, Cyclic motifs in the Sardex monetary network), seven lines a network on average.
"""

from dataclasses import dataclass
from random import Random

from simulation.world import STEWARD, World, whole

from protocol.practices.between.clearing.part import OpenRound, SetClearing
from protocol.practices.between.clearing.rounds import ROUND_EVERY_MS
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.wishes import AcceptLink, ProposeLink
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.currencies.views import CreateCurrency
from protocol.practices.money.payments.entries import Pay
from protocol.practices.people.invitations import Invite
from protocol.practices.people.members.views import Approve, Join
from protocol.solvers.netting import Obligation, set_off

LINES_EACH = 7
ROUND_SECONDS = 14
SEARCH_SECONDS = 5


@dataclass(frozen=True)
class Debt:
    """What one network owes another, by their names, in whole units."""

    debtor: str
    creditor: str
    units: int


def drawn_debts(networks: int, seed: int) -> list[Debt]:
    """Return debts between so many networks, one for each two that owe each other at all."""
    rng, names = Random(seed), [f"net{number:03}" for number in range(networks)]
    weights = [rng.paretovariate(1.5) for _ in names]
    found: dict[tuple[str, str], int] = {}
    while len(found) < networks * LINES_EACH // 2:
        one, other = rng.choices(names, weights)[0], rng.choice(names)
        if rng.random() < 0.5:
            one, other = other, one
        if one != other and (other, one) not in found:
            found[one, other] = min(1_000, round(10 * rng.paretovariate(1.2)))
    return [Debt(one, other, units) for (one, other), units in sorted(found.items())]


class Federation:
    """Networks in the same unit, linked where they owe each other, with these debts as their members have made them."""

    def __init__(self, debts: list[Debt], seed: int, *, private: bool = False) -> None:
        self.debts = debts
        self.rng = Random(seed)
        self.world = World(seed)
        self.names = sorted({name for debt in debts for name in (debt.debtor, debt.creditor)})
        self._joined = [(debt.debtor, debt.creditor) for debt in debts]
        world = self.world
        for name in self.names:
            world.found(name, "HORA")
            world.granted(name, "currencies.create", CreateCurrency("HORA", "Hora", whole(1_000_000)))
            code = world.granted(name, "invitations.create", Invite()).code
            world.granted(name, "members.join", Join(code, "ana"))
            world.granted(name, "members.approve", Approve(), subject="ana")
            world.granted(name, "clearing-terms.set", SetClearing(on=True, publish=not private))
        for one, other in self._joined:
            world.join(one, other)
        world.run()
        self.tick(2)
        for debt in debts:
            limit = whole(5 * debt.units, "HORA")
            link = world.granted(debt.debtor, "links.create", ProposeLink(debt.creditor, limit, "HORA"))
            world.granted(debt.creditor, "links.accept", AcceptLink(limit, "HORA"), subject=link.id)
        self.tick(2)
        for debt in debts:
            wish = AskQuote(f"ana@{debt.creditor}", whole(debt.units), payer="ana")
            quote = world.granted(debt.debtor, "quotes.create", wish)
            order = Pay(f"ana@{debt.creditor}", whole(debt.units), quote.payer, invoice=quote.invoice)
            world.granted(debt.debtor, "payments.create", order)
        self.tick(2)

    def tick(self, seconds: int) -> None:
        self.world.tick(seconds)

    @property
    def optimum(self) -> int:
        """The most that all could clear together, in minor units."""
        obligations = (
            Obligation(f"{debt.debtor} {debt.creditor}", debt.debtor, debt.creditor, debt.units * 100)
            for debt in self.debts
        )
        return sum(set_off(obligations, b"").cleared.values())

    @property
    def owed(self) -> int:
        """What is owed on all links together, in minor units; both ends of each say the same."""
        return sum(self.owed_now().values())

    def owed_now(self) -> dict[tuple[str, str], int]:
        """Return what is still owed of each debt, by debtor and creditor."""
        found: dict[tuple[str, str], int] = {}
        for debt in self.debts:
            sides = [
                self.world.nodes[one].replica.book.of(Links).with_partner(self.world.nodes[other].network)[0].side
                for one, other in ((debt.debtor, debt.creditor), (debt.creditor, debt.debtor))
            ]
            assert sides[0].net_debt == -sides[1].net_debt, debt
            assert sides[0].net_debt >= 0, "no debt is ever turned round"
            found[debt.debtor, debt.creditor] = sides[0].net_debt
        return found

    def positions(self) -> dict[str, int]:
        """Return what each network is owed in all less what it owes, in minor units."""
        return {
            name: -sum(link.side.net_debt for link in self.world.nodes[name].replica.book.of(Links).by_id.values())
            for name in self.names
        }

    def search(self) -> None:
        """Let each network in turn search for rings by its partners alone."""
        for name in self.names:
            self.world.granted(name, "clearings.open", OpenRound())
            self.tick(SEARCH_SECONDS)

    def round(self, online: float = 1.0) -> None:
        """Clear once, each network being there with this probability for the whole round."""
        away = {name for name in self.names if self.rng.random() >= online}
        for one, other in self._joined:
            if one in away or other in away:
                self.world.cut(one, other)
        opener = next(name for name in self.names if name not in away)
        self.world.now += ROUND_EVERY_MS
        self.world.ask(opener, "clearings.open", OpenRound(), actor=STEWARD)
        self.tick(ROUND_SECONDS)
        for one, other in self._joined:
            if one in away or other in away:
                self.world.join(one, other)
        self.world.run()
        self.tick(3)
