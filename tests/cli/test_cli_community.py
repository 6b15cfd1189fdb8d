# SPDX-License-Identifier: AGPL-3.0-or-later
"""Community economy as it is typed at a real node: care and a shared tool, over a restart."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.test_cli_governance import Home, opened

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def riacho(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = opened(tmp_path_factory)
    yield home
    home.stop()


def day(count: int) -> str:
    """Return a day, so many from now."""
    return (datetime.now(UTC) + timedelta(days=count)).date().isoformat()


def test_12_hours_of_care_and_a_tool_that_is_booked_once(mutirao: Callable[..., Any], riacho: Home) -> None:
    for handle in ("ana", "bia"):
        code = mutirao("invitations", "create", *riacho.steward).shown["code"]
        assert mutirao("join", code, "--handle", handle, "--node", riacho.url, "--json").code == 0
        assert mutirao("members", "approve", handle, *riacho.steward).code == 0
    before = mutirao("accounts", "list", *riacho.steward).shown
    give = ("care", "give", "--giver", "ana", "--receiver", "bia", "--note", "nights at the hospital")
    care = mutirao(*give, "--hours", "12", *riacho.steward).shown
    wrong = mutirao(*give, "--hours", "0", *riacho.steward)
    assert wrong.code == 1 and "MALFORMED: hours cannot be read" in wrong.err
    tool = mutirao("tools", "share", "--title", "Cement mixer", "--keeper", "ana", "--days", "3", *riacho.steward).shown
    book = ("tool-loans", "book", "--tool", tool["id"], "--since", day(2), "--until", day(3))
    loan = mutirao(*book, "--borrower", "bia", *riacho.steward).shown
    riacho.stop()
    riacho.serve()
    assert mutirao("care", "confirm", care["id"], *riacho.steward).shown["state"] == "confirmed"
    taken = mutirao(*book, "--borrower", "ana", *riacho.steward)
    assert taken.code == 1
    assert f"TOOL_BOOKED: Booked until {day(3)} 23:59" in taken.err, taken.err
    assert mutirao("tool-loans", "hand-out", loan["id"], *riacho.steward).shown["state"] == "out"
    riacho.stop()
    riacho.serve()
    hours = mutirao("care-hours", "show", "ana", *riacho.steward).shown
    assert (hours["given"], hours["received"]) == ("12.00", "0.00")
    shown = mutirao("care", "show", care["id"], *riacho.steward).shown
    assert (shown["state"], shown["note"]) == ("confirmed", "nights at the hospital")
    out = mutirao("tool-loans", "list", "--state", "out", *riacho.steward).shown["items"]
    assert [one["borrower"] for one in out] == ["bia"]
    back = mutirao("tool-loans", "return", loan["id"], "--damaged", "--note", "the belt is torn", *riacho.steward).shown
    assert (back["state"], back["damaged"]) == ("returned", True)
    assert mutirao("tools", "mend", tool["id"], *riacho.steward).shown["state"] == "shared"
    assert mutirao("accounts", "list", *riacho.steward).shown == before
