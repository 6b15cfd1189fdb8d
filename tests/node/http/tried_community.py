# SPDX-License-Identifier: AGPL-3.0-or-later
"""What neighbours do for each other without a price: care, and a tool that they share."""

from typing import TYPE_CHECKING

from node.http.values import moment_text
from protocol.book.timezones import DAY_MS

if TYPE_CHECKING:
    from tests.node.http.tried import Trial


async def try_community(one: "Trial") -> None:
    """Do once what members give and lend each other."""
    await cared(one)
    await lent(one)


async def cared(one: "Trial") -> None:
    given = {"receiver": "caio", "hours": "12", "note": "nights at the hospital"}
    care = await one.ask("bia", "care.give", "/v1/care", given)
    await one.show("caio", "care.show", f"/v1/care/{care['id']}")
    await one.ask("caio", "care.confirm", f"/v1/care/{care['id']}/confirm", {})
    other = await one.ask("bia", "", "/v1/care", {"receiver": "caio", "hours": "1.5"})
    await one.ask("caio", "care.deny", f"/v1/care/{other['id']}/deny", {})
    await one.show("bia", "care.list", "/v1/care?state=confirmed")
    await one.show("bia", "care-hours.show", "/v1/care-hours/bia")
    await one.show("bia", "care-hours.list", "/v1/care-hours")


async def lent(one: "Trial") -> None:
    def day(count: int) -> str:
        return moment_text(one.hour[0] + count * DAY_MS)

    tool = await one.ask("bia", "tools.share", "/v1/tools", {"title": "Cement mixer", "days": 3})
    path = f"/v1/tools/{tool['id']}"
    wish = {"tool": tool["id"], "since": day(1), "until": day(3)}
    loan = await one.ask("caio", "tool-loans.book", "/v1/tool-loans", wish)
    at_loan = f"/v1/tool-loans/{loan['id']}"
    await one.show("caio", "tools.show", path)
    await one.ask("bia", "tool-loans.hand-out", f"{at_loan}/hand-out", {})
    torn = {"damaged": True, "note": "the belt is torn"}
    await one.ask("bia", "tool-loans.return", f"{at_loan}/return", torn)
    await one.show("caio", "tool-loans.show", at_loan)
    await one.ask("bia", "tools.mend", f"{path}/mend", {})
    other = await one.ask("caio", "", "/v1/tool-loans", wish)
    await one.ask("caio", "tool-loans.cancel", f"/v1/tool-loans/{other['id']}/cancel", {})
    await one.show("caio", "tool-loans.list", "/v1/tool-loans?state=returned")
    await one.ask("bia", "tools.keep", f"{path}/keep", {"keeper": "caio"})
    await one.show("bia", "tools.list", "/v1/tools")
    await one.ask("caio", "tools.withdraw", f"{path}/withdraw", {})
