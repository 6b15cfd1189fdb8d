# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every page of a group that has done everything once, on a telephone: nothing overflows, no id, nothing for axe."""

from pathlib import Path

import pytest

from tests.browser.photos import Look, all_pages
from tests.node.http.tried import founded, try_all


@pytest.mark.soak
@pytest.mark.timeout(1_500)
async def test_no_page_overflows_shows_an_id_or_has_what_axe_finds_at_fault(tmp_path: Path) -> None:
    async with founded(tmp_path / "riacho") as trial:
        await try_all(trial)
        assert await all_pages(trial, [Look(360, "light")], None) == []
