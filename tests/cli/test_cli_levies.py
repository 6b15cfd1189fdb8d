# SPDX-License-Identifier: AGPL-3.0-or-later
"""A levy of payers at a real node, set at the command line."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cli.test_cli_governance import Home, opened

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def riacho(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = opened(tmp_path_factory)
    yield home
    home.stop()


def test_a_payer_pays_the_levy_on_top(mutirao: Callable[..., Any], riacho: Home) -> None:
    def ask(*words: object) -> Any:
        asked = mutirao(*words, *riacho.steward)
        assert asked.code == 0, asked.err
        return asked.shown

    for handle in ("ana", "bia"):
        code = ask("invitations", "create")["code"]
        assert mutirao("join", code, "--handle", handle, "--node", riacho.url, "--json").code == 0
        ask("members", "approve", handle)
    words = ("currencies", "set-levy", "HORA", "--basis-points", "1000", "--no-until-repaid", "--side", "payer")
    assert ask(*words)["levy_side"] == "payer"
    wish = ("payments", "create", "--payer", "ana", "--payee", "bia", "--amount", "10.00")
    refused = mutirao(*wish, "--max-debit", "10.99", *riacho.steward)
    assert refused.code == 1 and "MAX_DEBIT_EXCEEDED: It costs 11.00 HORA" in refused.err
    paid = ask(*wish, "--max-debit", "11.00")
    assert (paid["debit"]["value"], paid["payer_levy"]["value"]) == ("1100", "100")
    unknown = mutirao("currencies", "set-levy", "HORA", "--basis-points", "1", "--group", "nobody", *riacho.steward)
    assert unknown.code == 1 and "NOT_FOUND" in unknown.err
