# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members do daily, in a real browser: with script and without, in each language, on a telephone."""

import pytest

from node.languages.catalogues import LANGUAGES_TOLD
from tests.browser.conftest import Street
from tests.node.web.conftest import Town

pytestmark = pytest.mark.timeout(120)
PAGES = (
    "/",
    "/pay",
    "/offers",
    "/statement",
    "/more",
    "/members",
    "/payments",
    "/offers/publish",
    "/sign-in",
    "/no-page",
)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
async def test_a_member_without_a_key_signs_in_by_a_code_pays_and_reads_it(
    street: Street, town: Town, *, script: bool
) -> None:
    await town.join("ana", "Ana Souza")
    await town.join("bia", "Bia")
    ana = await street.visitor(script=script)
    await ana.sign_in(town, member="ana")
    await ana.sees("You can spend 100.00 HORA")
    await ana.press("Pay")
    await ana.look()
    await ana.page.locator("[name=payee]").fill("bia")
    await ana.page.locator("[name=amount]").fill("12,50")
    await ana.page.locator("form:has([name=_key]) button.first").first.click()
    await ana.sees("Check before you sign")
    await ana.look()
    await ana.page.locator("form:has([name=_key]) button.first").first.click()
    await ana.page.wait_for_url("**/payments/*-*")
    await ana.look()
    await ana.open("/")
    await ana.sees("You can spend 87.50 HORA")


@pytest.mark.parametrize("language", LANGUAGES_TOLD)
async def test_no_page_has_what_axe_finds_at_fault(street: Street, town: Town, language: str) -> None:
    await town.join("ana", "Ana Souza")
    await town.join("bia", "Bia")
    ana = await street.visitor(language=language)
    await ana.sign_in(town, member="ana")
    for path in PAGES:
        await ana.open(path)
