# SPDX-License-Identifier: AGPL-3.0-or-later
"""The figures of a worked chain, gathered from a running node: what `mutirao demo --chains --json` prints.

What concerns the chain is asked of the node over HTTP. The match of offers with wants, and what a trade frees, are
the worked cases of docs/concepts.md, reckoned by the same solvers as at a node.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cli.client import Client
from cli.ending import WishRefused
from cli.output import shown_decimal

WORKED_FUNDS = (6_000, 8_000, 10_500)
WORKED_MONTHS = (12, 24)
WORKED_INCOME = "700"
WORKED_WEIGHTS = "labour=.30,ecology=.25,ownership=.20,nearness=.15,openness=.10"
WORKED_STEPS: Sequence[Sequence[str]] = (("mill",), ("mill", "soap"), ("mill", "biofertiliser"))
"""Candidates whose before and after is told."""

Json = dict[str, Any]


def figures_of_chain(client: Client, *, item: str = "", boycotted: str = "x") -> Json:
    """Return all figures of the chain that a node has, by what they are of; raises WishRefused and Unreachable.

    `item` is what the least bad supplier is asked for, `boycotted` who is out.
    """
    shares = client.get("/v1/chains/shares")
    spenders = client.get("/v1/chains/retained")["spenders"]
    links = client.get("/v1/chains/missing-links", {"income": WORKED_INCOME})["links"]
    candidates = {one["candidate"] for one in links}
    return {
        "shares": {
            "network": shares["share"],
            **{one["buyer"]: one["share"] for one in shares["buyers"]},
            "leakage": shares["leakage"],
            "outside_items": shares["outside_items"],
        },
        "retained": {one["spender"]: one["stays"] for one in spenders if one["stays"] is not None},
        "lm3": {
            **{one["spender"]: one["lm3"] for one in spenders},
            "full": {one["spender"]: one["full"] for one in spenders},
        },
        "missing_links": links,
        "before_after": {
            "+".join(names): client.get("/v1/chains/simulate", {"candidates": ",".join(names)})
            for names in WORKED_STEPS
            if candidates >= set(names)
        },
        "least_bad": _least_bad(client, item, boycotted),
        "match": worked_match(),
        "funds": {str(fund): client.get("/v1/chains/reinvest", {"fund": str(fund)}) for fund in WORKED_FUNDS},
        "calendar": {
            str(months): client.get("/v1/chains/calendar", {"months": str(months)}) for months in WORKED_MONTHS
        },
        "fragility": client.get("/v1/chains/fragility"),
        "freed": worked_freed(),
    }


def worked_match() -> Json:
    """Return how much of each offer goes to each want in the worked case, and what all of it costs."""
    from protocol.solvers.flows import MatchWay, matched
    from protocol.solvers.mincost import by_size

    # O1 has 100 kg with the label, O2 80 kg; C wants 90 kg, D 60 kg with the label; landed prices in hundredths.
    ways = [MatchWay(0, 0, 90, 0, 5_10), MatchWay(0, 1, 60, 0, 5_30), MatchWay(1, 0, 80, 0, 5_40)]
    names = ("O1 to C", "O1 to D", "O2 to C")
    flow = matched((100, 80), (90, 60), ways, lambda arcs, _: arcs, by_size).flow[: len(ways)]
    cost = sum(units * way.cost for units, way in zip(flow, ways, strict=True))
    return {"ways": dict(zip(names, flow, strict=True)), "quantity": sum(flow), "cost": shown_decimal(cost, 2)}


def worked_freed() -> Mapping[str, int]:
    """Return what two trades would free where A owes B 100 and B owes C 100."""
    from protocol.solvers.freeing import Freeing
    from protocol.solvers.netting import Obligation

    freeing = Freeing([Obligation("first", "A", "B", 100), Obligation("second", "B", "C", 100)])
    return {"C buys for 60 from A": freeing.freed("C", "A", 60), "A buys for 60 from C": freeing.freed("A", "C", 60)}


def _least_bad(client: Client, item: str, boycotted: str) -> Json | None:
    wish = {"weights": WORKED_WEIGHTS, "item": item, "boycotted": boycotted}
    try:
        return client.post_secret("/v1/chains/least-bad", wish)
    except WishRefused as refused:
        if refused.problem.get("code") != "NOTHING_TO_CHOOSE":
            raise
        return None
