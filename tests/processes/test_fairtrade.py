# SPDX-License-Identifier: AGPL-3.0-or-later
"""A cost sheet between two real nodes: read there, and nothing ordered there below the fair floor, over a kill."""

import pytest
from processes.harness import Commune, link_up, start, until
from processes.test_market import command, refused

LINES = (
    "--lines", "name=seedlings,kind=inputs,amount={inputs}",
    "--lines", "name=picking,kind=labour,hours=0.12,amount=15.00",
    "--lines", "name=dryer,kind=depreciation,amount=0.20", "--lines", "name=bus,kind=transport,amount=0.15",
)  # fmt: skip


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_a_cost_sheet_is_read_and_kept_in_another_network(commune: Commune) -> None:
    riacho, serra = commune.riacho_and_serra()
    riacho.join("ana")
    serra.join("bia", limit=100)
    link_up(riacho, serra, 100)

    def costs(inputs: str, *more: str) -> str:
        told = [one.format(inputs=inputs) for one in LINES]
        words = ("--title", "Coffee", "--unit", "kg", "--fund", "5%", "--advance", "50%", "--member", "ana")
        shown = command(riacho, "cost-sheets", "publish", *words, *told, *more)
        return str(shown["id"])

    sheet = costs("1.60")
    offer = ("--title", "Coffee", "--unit", "kg", "--cost-sheet", sheet, "--member", "ana")
    assert refused(riacho, "offers", "publish", *offer, "--prices", "3.60 HORA") == "BELOW_COST"
    id = command(riacho, "offers", "publish", *offer, "--prices", "4.00 HORA")["id"]
    address = f"{sheet}@riacho"
    until(lambda: command(serra, "cost-sheets", "list", "--network", "riacho")["items"], "Serra has the cost sheet")
    shown = command(serra, "cost-sheets", "show", address)
    assert (shown["cost"]["value"], shown["floor"]["value"], len(shown["lines"])) == ("375", "395", 4)
    until(lambda: command(serra, "offers", "list")["items"], "Serra has the offer")
    assert command(serra, "offers", "show", f"{id}@riacho")["why"]["floor"]["value"] == "395"
    place = ("orders", "place", "--offer", f"{id}@riacho", "--quantity", "10", "--buyer", "bia")
    order = command(serra, *place)["id"]
    until(lambda: command(riacho, "orders", "list")["items"], "Riacho has the order")
    assert command(riacho, "orders", "accept", order)["advance"]["value"] == "2000"
    until(lambda: command(serra, "orders", "show", order)["advance_request"], "Serra is asked for the advance")

    costs("1.90", "--sheet", sheet)
    until(lambda: command(serra, "cost-sheets", "show", address)["floor"]["value"] == "427", "Serra hears of the costs")
    assert refused(serra, *place) == "BELOW_COST"
    for node in (riacho, serra):
        node.kill()
    start(riacho, serra)
    assert refused(serra, *place) == "BELOW_COST"
    assert command(serra, "orders", "show", order)["advance"]["value"] == "2000"
