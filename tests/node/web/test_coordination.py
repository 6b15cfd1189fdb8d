# SPDX-License-Identifier: AGPL-3.0-or-later
"""A coordinator's pages without a script: the members' list with its filters, the directory, a fair's sheet."""

import re

import pytest

from tests.node.web.conftest import Browser, Seen, Town

pytestmark = pytest.mark.timeout(120)


async def fair(town: Town) -> tuple[Browser, str]:
    for handle, name in (
        ("padaria", "Padaria Sol"),
        ("dora", "Dora Matos"),
        ("clara", "Clara Neves"),
        ("clarice", "Clarice"),
    ):
        await town.join(handle, name)
    told = {"title": "Feira da Praça", "date": "2027-11-22T10:00:00Z", "currency": "HORA", "stalls": ["bread"]}
    held = await town.ask("POST", "/v1/fairs", told)
    return await town.signed_in(role="steward"), f"/fairs/{held['id']}/tally"


async def typed(steward: Browser, path: str, step: str, paper: str, *lines: tuple[str, str, str, str]) -> Seen:
    page = await steward.get(path)
    assert page.status == 200, page.text
    fields = {"_form": page.hidden("_form"), "_step": step, "sheet": "1", "paper": paper}
    for number, line in enumerate(lines, 1):
        fields |= {
            f"{name}.{number}": text for name, text in zip(("seller", "buyer", "amount", "what"), line, strict=True)
        }
    return await steward.post(path, fields)


async def test_each_line_of_a_sheet_is_judged_at_once_and_all_that_is_right_is_posted(town: Town) -> None:
    steward, path = await fair(town)
    lines = (
        ("Padaria Sol", "dora", "12,50", "bread"),
        ("dora", "padaria", "60", "painting"),
        ("Padaria", "Dora", "160", "cake"),
        ("clar", "dora", "22", "mending"),
        ("nobody at all", "dora", "3", ""),
        ("dora", "dora", "3", ""),
        ("dora", "padaria", "a lot", ""),
    )
    seen = await typed(steward, path, "judge", "287,50", *lines)
    said = re.findall(r'class="chip (\w+)">([^<]*)<', seen.html)
    assert said == [
        ("right", "right"),
        ("right", "right"),
        ("wrong", "over the limit, 147.50 fit"),
        ("unsure", "who of Clara Neves, Clarice?"),
        ("unsure", "nobody is called nobody at all"),
        ("wrong", "seller and buyer are the same"),
        ("wrong", "an amount such as 12.50"),
    ]
    assert "Sum here 257.50 HORA" in seen.text or "Sum here 260.50 HORA" in seen.text
    assert 'value="painting"' in seen.html and "Post the 2 that are right" in seen.text
    assert (await town.ask("GET", "/v1/tallies"))["items"] == [], "to look at it posts nothing"
    posted = await typed(steward, path, "post", "", *lines)
    assert posted.path.startswith("/tallies/")
    [tally] = (await town.ask("GET", "/v1/tallies"))["items"]
    assert len((await town.ask("GET", f"/v1/tallies/{tally['id']}"))["rows"]) == 2
    again = await typed(steward, path, "post", "", ("clara", "dora", "1", "again"))
    assert again.status == 200 and ('role="alert"' in again.html or again.path.startswith("/tallies/"))


async def test_where_sums_part_the_sheet_says_what_may_be_wrong(town: Town) -> None:
    steward, path = await fair(town)
    bread, paint = ("padaria", "dora", "12,50", "bread"), ("dora", "padaria", "60", "painting")
    for paper, hint in (
        ("87,50", "Is a line of the paper missing here?"),
        ("12,50", "Line 2 has just this amount"),
        ("81,50", "Are two digits of an amount swapped?"),
        ("71", "Is a line here that is not on the paper?"),
        ("72,50", ""),
    ):
        seen = await typed(steward, path, "judge", paper, bread, paint)
        assert hint in seen.text and ('class="error" role="status"' in seen.html) == bool(hint), paper


async def test_a_sheet_is_for_stewards_alone(town: Town) -> None:
    _, path = await fair(town)
    dora = await town.signed_in(member="dora")
    assert (await dora.get(path)).status == 403
    page = await dora.get("/pay")
    assert (await dora.post(path, {"_form": page.hidden("_form"), "_step": "post"})).status == 403


async def test_the_members_list_has_bars_and_filters_for_those_who_read_all_and_names_for_others(town: Town) -> None:
    await town.join("ana", "Ana Lima")
    await town.join("bia", "Bia Souza")
    code = (await town.ask("POST", "/v1/invitations"))["code"]
    await town.ask("POST", "/v1/members", {"code": code, "handle": "tiago", "name": "Tiago Nunes"})
    ana = await town.signed_in(member="ana")
    await ana.send("/payments/create", payee="bia", amount="92")
    steward = await town.signed_in(role="steward")
    page = await steward.get("/members")
    for told in ("All 3", "Ask to join 1", "Near a limit 0", "Without a key 3"):
        assert told in page.text, page.text[150:400]
    assert "−92.00 HORA" in page.text and page.html.count('class="bar"') == 2
    near = await steward.get("/members?filter=near")
    assert "Nobody is here." in near.text, "the group has not decided to warn"
    waiting = await steward.get("/members?filter=waiting")
    assert "/members/tiago/approve" in waiting.links and "Ana Lima" not in waiting.text
    assert "Bia Souza" in (await steward.get("/members?search=souz")).text
    assert "Nobody is here." in (await steward.get("/members?search=zzz")).text
    seen = await ana.get("/members?filter=near")
    assert "Bia Souza" in seen.text and "92.00" not in seen.text and 'class="bar"' not in seen.html
    wall = await ana.get("/members/directory")
    assert wall.text.index("Ana Lima") < wall.text.index("Bia Souza") and "Tiago" not in wall.text
    assert (await town.browser().get("/members/directory")).status == 401
