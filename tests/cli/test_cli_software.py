# SPDX-License-Identifier: AGPL-3.0-or-later
"""Free software as it is typed at a real node: 40 enterprises pay outside, 25 migrate; over a restart."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_cli_governance import Home, command

pytestmark = pytest.mark.timeout(120)


def test_750_less_go_out_as_it_is_typed(mutirao: Callable[..., Any], tmp_path: Path) -> None:
    words = ("--handle", "vale", "--currency", "HORA", "--json")
    told = json.loads(subprocess.check_output(command("init", "--home", tmp_path / "vale", *words), text=True))
    vale = Home(tmp_path / "vale", told["steward_token"])
    vale.serve()
    try:

        def typed(*words: object) -> Any:
            done = mutirao(*words, *vale.steward)
            assert done.code == 0, done.err
            return done.shown

        shops = "".join(f"shop-{number},solidarity,500,100,0\n" for number in range(40))
        (tmp_path / "enterprises.csv").write_text(
            f"key,status,turnover,wages,surplus\nteccoop,solidarity,9000,8000,0\n{shops}"
        )
        typed("chains", "import", tmp_path)
        cost = ("--software", "office suite", "--cost", "30")
        uses = [typed("software-uses", "create", "--enterprise", f"shop-{one}", *cost)["id"] for one in range(40)]
        assert typed("software-uses", "diffusion")["outside"] == "1200.00"
        support = ("--to", "LibreOffice", "--supporter", "teccoop", "--support", "10")
        for use in uses[:25]:
            typed("software-uses", "migrate", use, *support)
        typed("software-uses", "support", uses[0], "--period", "202703", "--hours", "2.5")
        again = mutirao("software-uses", "migrate", uses[0], *support, *vale.steward)
        assert again.code == 1 and "STATE_CONFLICT" in again.err
        vale.stop()
        vale.serve()
        shown = typed("software-uses", "diffusion")
        assert (shown["before"], shown["saved"], shown["outside"]) == ("1200.00", "750.00", "450.00")
        assert (shown["support"], shown["hours"], shown["migrated"]) == ("250.00", "2.50", 25)
        assert typed("chains", "leaks")["leakage"] == "450.00"
        [left] = [one for one in typed("week")["items"] if one["who"] == "office suite"]
        assert (left["count"], left["figure"]["value"]) == (15, "45000")
        assert len(typed("software-uses", "list", "--state", "outside")["items"]) == 15
        assert typed("software-uses", "remove", uses[39])["cost"]["value"] == "3000"
    finally:
        vale.stop()
