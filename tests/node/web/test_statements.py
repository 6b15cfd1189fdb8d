# SPDX-License-Identifier: AGPL-3.0-or-later
"""The statement's page: months whose figures add up, its thread, its search, and the same for a spreadsheet."""

import csv
import re
from io import StringIO

import pytest

from tests.node.web.conftest import Town

pytestmark = pytest.mark.timeout(120)


async def test_a_month_adds_up_and_its_thread_is_as_long_as_its_lines(town: Town) -> None:
    await town.join("ana", "Ana Souza")
    await town.join("bia", "Bia Conceição")
    ana, bia = await town.signed_in(member="ana"), await town.signed_in(member="bia")
    await ana.send("/payments/create", payee="bia", amount="12,50", note="pão")
    await ana.send("/payments/create", payee="bia", amount="3", note="=1+1")
    await bia.send("/payments/create", payee="ana", amount="5.25", note="eggs")
    await ana.send("/payments/create", payee="bia", amount="1", note="later", pending="true")
    page = await ana.get("/statement")
    assert "It adds up: 0.00 + 5.25 − 16.50 = −11.25." in page.text
    assert "Came in +5.25 HORA" in page.text and "Went out −16.50 HORA" in page.text
    assert (
        page.html.count("<circle") == 4
        and page.html.count('class="hollow"') == 1
        and "waits for the payee" in page.text
    )
    x = [float(one) for one in re.findall(r'cx="([0-9.]+)%"', page.html)]
    assert x == [31.03, 36.45, 8.0, 24.26], "-11.25, -10.25, -15.50 and -12.50 between -15.50 and 0"
    found = await ana.get("/statement?search=pao")
    assert "pão" in found.text and "eggs" not in found.text and "= −11.25." in found.text, "accents apart, sums stay"
    assert "No line of this month has it." in (await ana.get("/statement?search=cow")).text
    month = re.search(r'name="month" value="([0-9-]+)"', page.html)
    assert month is not None
    earlier = next(one for one in page.links if one.startswith("/statement?") and month[1] not in one)
    assert "Nothing moved in this month." in (await ana.get(earlier)).text
    rows = list(csv.reader(StringIO((await ana.get(f"/statement/csv?month={month[1]}")).html)))
    assert [row[4] for row in rows[1:]] == ["-12.50", "-3.00", "5.25", "-1.00"]
    assert [row[5] for row in rows[1:]] == ["-12.50", "-15.50", "-10.25", "-11.25"]
    assert rows[1][1:3] == ["Bia Conceição", "pão"] and not rows[2][2].startswith("="), "no cell is a formula"
    assert (await ana.get("/statement?month=2026-13")).status == 400


async def test_those_who_read_all_print_anybodys_statement_and_members_their_own(town: Town) -> None:
    await town.join("ana", "Ana Souza")
    await town.join("bia", "Bia")
    ana = await town.signed_in(member="ana")
    await ana.send("/payments/create", payee="bia", amount="2")
    account = (await town.ask("GET", "/v1/accounts?member=ana"))["items"][0]["id"]
    steward = await town.signed_in(role="steward")
    assert "Ana Souza" in (await steward.get(f"/statement?account={account}")).text
    bia = await town.signed_in(member="bia")
    assert "Ana Souza · ana" not in (await bia.get(f"/statement?account={account}")).text
    assert (await town.browser().get(f"/statement/csv?account={account}")).status == 401
    assert (await steward.get("/statement?account=none")).status == 404
