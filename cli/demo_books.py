# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the demo's networks say of each other and of their books; `links` are ids by the names of both networks."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from cli.ending import WishRefused
from cli.output import money
from cli.stage import Node


def sums_to_zero(nodes: Iterable[Node]) -> bool:
    """Tell whether all balances of each currency sum to zero, at every node."""
    for node in nodes:
        sums: Counter[str] = Counter()
        for account in node.client.list("/v1/accounts")["items"]:
            sums[account["balance"]["asset_code"]] += int(account["balance"]["value"])
        if not sums or any(sums.values()):
            return False
    return True


def books_agree(nodes: Mapping[str, Node], links: Mapping[tuple[str, str], str]) -> bool:
    """Tell whether both ends of each link say the same of it, and nothing is held any more."""
    for (one, other), id in links.items():
        near, far = link_of(nodes[one], id), link_of(nodes[other], id)
        if near is None or far is None:
            return False
        same = (
            int(near["net_debt"]["value"]) == -int(far["net_debt"]["value"])
            and near["limit_given"] == far["limit_received"]
            and near["limit_received"] == far["limit_given"]
        )
        if not same or any(side[name] for side in (near, far) for name in ("holds_in", "holds_out")):
            return False
    return True


def debts(nodes: Mapping[str, Node], links: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """Return who owes whom, and how much, link by link."""
    found: dict[str, str] = {}
    for (one, other), id in links.items():
        debt = (link_of(nodes[one], id) or {})["net_debt"]
        owes = f"{one} owes {other}" if int(debt["value"]) >= 0 else f"{other} owes {one}"
        found[f"{one}, {other}"] = f"{owes} {money({**debt, 'value': str(abs(int(debt['value'])))})}"
    return found


def link_of(node: Node, id: str) -> dict[str, Any] | None:
    """Return a link as a node shows it; None where it has not heard of it."""
    try:
        return node.client.get(f"/v1/links/{id}")
    except WishRefused:
        return None


def knows(node: Node, handle: str) -> bool:
    """Tell whether a node knows a network of this handle."""
    return bool(node.client.get("/v1/networks", {"handle": handle})["items"])


def is_connected(node: Node, other: Node) -> bool:
    """Tell whether a node is connected to another."""
    return bool(node.client.get(f"/v1/networks/{other.network}")["connected"])
