# SPDX-License-Identifier: AGPL-3.0-or-later
"""Three networks write down what they buy, and see what leaves, who could make it, and what to found first.

Some 120 enterprises, invented: their sheets are beside this file, as a group fills them in a spreadsheet. The worked
network of docs/concepts.md has a node of its own, and its figures are those of the book to the last digit.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.chains_figures import WORKED_INCOME, WORKED_WEIGHTS, Json, figures_of_chain
from cli.client import Client
from cli.demo_books import knows
from cli.output import plain
from cli.stage import Node, until
from cli.steward.sheets import rows_told, send_sheets

if TYPE_CHECKING:
    from cli.demo import Play

DEMO_SHEETS = Path(__file__).parent / "demo_chains"
LANGUAGES_OF_SHEETS: Mapping[str, str] = {"riacho": "pt", "serra": "pt", "encants": "es", "worked": "pt"}
WORKED_GROUP: Mapping[str, str] = {"handle": "worked", "name": "The worked network", "currency": "REAL"}
FLOUR = "23110"
"""Wheat flour, of which three suppliers outside are known in each network."""
BEST_LINKS = 3
CALENDAR_MONTHS = 12

TellLine = Callable[[str], None]


def run_chains(play: "Play", *, keep: bool) -> Json:
    """Play the productive chains alone, and return the figures of the worked network."""
    play.act("Three groups found their networks")
    play.found()
    play.act("They write down what they buy, and see what leaves")
    chains = chains_told(play.nodes, play.tell, progress=True)
    if keep:
        write_outputs(play.nodes, play.folder, play.tell)
    play.act("The worked network, as it is in the book")
    node = play.nodes["worked"] = Node.found(play.folder, WORKED_GROUP, "100.00")
    node.start()
    node.until_ready()
    return {**worked_told(node, play.tell), "demo": chains}


def chains_told(nodes: Mapping[str, Node], tell: TellLine, *, progress: bool = False) -> Json:
    """Send each network its sheets, and tell what follows: the three best missing links, the card, the calendar."""
    federation = _federated(list(nodes.values()), tell)
    found = {name: _chain_taken(node.client, name, tell, progress=progress) for name, node in nodes.items()}
    links = sorted(
        ((one, name) for name, chain in found.items() for one in chain["links"] if not one["is_blocked"]),
        key=lambda pair: (-float(pair[0]["retains"]), pair[1]),
    )
    tell("  who could be founded, the most useful first:")
    for rank, (one, name) in enumerate(links[:BEST_LINKS], 1):
        called = found[name]["names"].get(one["candidate"]) or one["candidate"]
        months = one["payback_months"]
        tell(
            f"  {rank}. {plain(called)}, {name}: {one['keeps']} a month stay, work for {one['jobs']}, "
            f"costs {one['investment']}, paid back in {months} months"
        )
    first, node = next(iter(nodes.items()))
    card = least_bad_card(node.client)
    _tell_card(card, first, tell)
    calendar = node.client.get("/v1/chains/calendar", {"months": str(CALENDAR_MONTHS)})
    opens = "; ".join(f"month {one['month']} {one['candidate']}" for one in calendar["openings"])
    tell(f"  {first}, with the surplus of all: {opens}")
    tell(
        f"  that keeps {calendar['keeps']} in {calendar['months']} months; in order of rank {calendar['keeps_by_rank']}"
    )
    return {
        "networks": {name: {key: chain[key] for key in ("taken", "shares")} for name, chain in found.items()},
        "federation": _seen_by_all(list(nodes.values()), federation, tell),
        "best_links": [{"network": name, **one} for one, name in links[:BEST_LINKS]],
        "card": card,
        "calendar": calendar,
    }


def _federated(nodes: Sequence[Node], tell: TellLine) -> str:
    """Let the networks found a federation, and return its id."""
    first, *others = nodes
    for node in others:
        until(f"{first.handle} knows {node.handle}", lambda node=node: knows(first, node.handle))
    charter = {"name": "Vale e Mar", "unit": "HORA", "founders": [node.network for node in others]}
    federation = first.client.post("/v1/federations", charter)["id"]
    for node in others:
        until(f"{node.handle} hears of the federation", lambda node=node: _is_known(node.client, federation))
        node.client.post(f"/v1/federations/{federation}/join", {})
    tell(f"  {', '.join(node.handle for node in nodes)} are a federation: what three or more buy outside is summed up")
    return federation


def _is_known(client: Client, federation: str) -> bool:
    return any(one["id"] == federation for one in client.list("/v1/federations")["items"])


def _seen_by_all(nodes: Sequence[Node], federation: str, tell: TellLine) -> Json:
    """Wait until all networks see the same missing links of their federation, and return them."""
    seen: list[Json] = []

    def is_settled() -> bool:
        asked = {"federation": federation}
        seen[:] = [node.client.get("/v1/chains/federation-links", asked) for node in nodes]
        of_all = any(one["networks"] == len(nodes) for one in seen[0]["outside"])
        return of_all and all(one == seen[0] for one in seen)

    until("all see the same missing links of the federation", is_settled)
    best, leak = seen[0]["links"][0], seen[0]["outside"][0]
    tell(
        f"  all see of their federation: {leak['value']} a month leave for {leak['item']}; "
        f"first comes {plain(best['candidate'])} of {plain(best['handle'])}: {best['retains']} would stay"
    )
    return seen[0]


def worked_told(node: Node, tell: TellLine) -> Json:
    """Send a node the sheets of the worked network, and return all its figures."""
    tell(f"  {_sent(node.client, 'worked', lambda _: None)}")
    figures = figures_of_chain(node.client)
    share, leakage = figures["shares"]["network"], figures["shares"]["leakage"]
    fund = figures["funds"]["8000"]
    tell(f"  {float(share) * 100:.2f}% is bought inside, {leakage} leave a month")
    tell(f"  with 8,000: {', '.join(fund['candidates'])}, {fund['keeps']} less leave")
    return figures


def least_bad_card(client: Client) -> Json:
    """Return whom to buy flour from until somebody mills."""
    return client.post_secret("/v1/chains/least-bad", {"weights": WORKED_WEIGHTS, "item": FLOUR})


def is_as_worked(figures: Mapping[str, Any]) -> bool:
    """TellLine whether the figures of the worked network are the book's."""
    return (
        figures["shares"]["network"] == "0.4689"
        and figures["retained"] == {"bakery": "0.5017", "emporium": "0.4727", "growers": "0.7000"}
        and figures["funds"]["8000"]["keeps"] == "1473.40"
        and figures["calendar"]["12"]["keeps"] == "13736.60"
        and figures["least_bad"]["chosen"] == "z"
    )


def write_outputs(nodes: Mapping[str, Node], folder: Path, tell: TellLine) -> None:
    """Write the pictures and the assembly's sheet of each network into a folder."""
    for name, node in nodes.items():
        language = LANGUAGES_OF_SHEETS[name]
        for which in ("segments", "tree", "before-after", "map"):
            query = {"which": which, "language": language, "format": "svg"}
            (folder / f"{name}-{which}.svg").write_text(node.client.text("/v1/chains/picture", query), encoding="utf-8")
        query = {"language": language, "fund": "9000", "income": WORKED_INCOME, "format": "html"}
        (folder / f"{name}-sheet.html").write_text(node.client.text("/v1/chains/sheet", query), encoding="utf-8")
    tell(f"  pictures and a sheet for each assembly: {folder}")


def _chain_taken(client: Client, name: str, tell: TellLine, *, progress: bool) -> Json:
    taken = _sent(client, name, lambda line: tell(f"    {line}") if progress else None)
    tell(f"  {name}: {taken}")
    shares = client.get("/v1/chains/shares")
    kept = round(float(shares["share"]) * 100)
    tell(f"  of 100 spent {kept} stay; {shares['leakage']} leave a month for {shares['outside_items']} sorts of things")
    links = client.get("/v1/chains/missing-links", {"income": WORKED_INCOME})["links"]
    names = {one["handle"]: one["name"] for one in client.list("/v1/recipes")["items"]}
    return {"taken": taken, "shares": shares, "links": links, "names": names}


def _sent(client: Client, name: str, tell: TellLine) -> str:
    return rows_told(send_sheets(client, DEMO_SHEETS / name, LANGUAGES_OF_SHEETS[name], tell))


def _tell_card(card: Mapping[str, Any], network: str, tell: TellLine) -> None:
    tell(f"  {network}, flour until somebody mills: the least bad is {plain(card['chosen'] or 'nobody')}")
    for one in card["ranked"]:
        score = one["low"] if one["low"] == one["high"] else f"{one['low']} to {one['high']}"
        tell(f"    {plain(one['supplier']):<16} {score}")
    for question in card["questions"][:1]:
        tell(f"    {plain(question['said'])}")
