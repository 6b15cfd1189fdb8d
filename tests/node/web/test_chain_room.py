# SPDX-License-Identifier: AGPL-3.0-or-later
"""The chain room shows the worked network with the figures that stand in its book, and reckons what would be if."""

from pathlib import Path

import pytest

from node.http.values import bytes_text
from tests.node.web.conftest import Town

pytestmark = pytest.mark.timeout(120)
WORKED = Path(__file__).parents[2] / "protocol" / "practices" / "chains" / "worked"


async def worked(town: Town) -> None:
    await town.join("ana", "Ana")
    await take_in(town)


async def take_in(town: Town) -> None:
    body = {one.stem: bytes_text(one.read_bytes()) for one in sorted(WORKED.glob("*.csv"))}
    await town.ask("POST", "/v1/chain-sheets", {**body, "language": "pt"})


async def test_the_room_the_flow_and_the_sheet_show_the_worked_network(town: Town) -> None:
    await worked(town)
    ana = await town.signed_in(member="ana")
    room = await ana.get("/chains")
    for said in (
        "46.89%",
        "15,350",
        "28,900",
        "Things from outside 9",
        "50% of 20,000",
        "53.13% of 6,400",
        "9.38% of 1,600",
    ):
        assert said in room.text, said
    assert room.text.index("mill") < room.text.index("soap"), "who keeps most is first, not where most leaks"
    assert "0.75" in room.text and "1,050" in room.text and "28.6" in room.text
    tried = await ana.get("/chains?try.mill=true&share.mill=100")
    assert "52.25%" in tried.text and "14,300" in tried.text and "was 46.89%" in tried.text and "checked" in tried.html
    both = await ana.get("/chains?fund=8000")
    assert "1,473.4 less leave each month" in both.text and "1,423.3" in both.text, (
        "all sets counted, and the greedy one"
    )
    flow = await ana.get("/chains/flow?candidates=mill%3D1")
    assert flow.html.count("<svg xmlns") == 6 and "style=" not in flow.html, "each picture for two widths"
    assert flow.html.count('id="segments-w-title"') == 1 and "46.89%" in flow.text
    sheet = await ana.get("/chains/sheet?fund=8000")
    assert "Of every 100" in sheet.text and "To decide today" in sheet.text and sheet.html.count("<svg xmlns") == 1
    assert (
        "Sala das cadeias" in (await ana.get("/chains", "pt")).text
        and "46,89%" in (await ana.get("/chains", "pt")).text
    )


async def test_what_cannot_be_reckoned_is_told_and_an_empty_room_teaches(town: Town) -> None:
    await town.join("ana", "Ana")
    ana = await town.signed_in(member="ana")
    empty = await ana.get("/chains")
    assert empty.status == 200 and "Begin with what the group buys most." in empty.text
    assert (await ana.get("/chains/flow")).status == 200
    assert (await ana.get("/chains?fund=-5&try.x=true&share.x=400")).status == 200
    assert (await town.browser().get("/chains")).status == 401
    await take_in(town)
    odd = await ana.get("/chains?try.mill=true&share.mill=<b>&fund=1e99")
    assert odd.status == 200 and 'value="&lt;b&gt;"' in odd.html
