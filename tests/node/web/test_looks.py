# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backed money is not taken for money that members issue by owing it: it looks otherwise, and signing says so."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from node.web.looks import Looks
from node.web.visits import PageRequest
from node.web.words import PageWords
from protocol.book.declaration import Actor, Role
from protocol.book.money import Amount
from protocol.book.timezones import TimeZone
from protocol.practices.governance.errands import ErrandShown
from protocol.practices.money.mixed.entries import PayMixed

ZONE = TimeZone("Etc/UTC", "UTC0", 0)
BOOK = SimpleNamespace(
    network=b"n" * 32,
    members={},
    parameter=lambda one: one.default,
    currencies={
        code: SimpleNamespace(scale=2, closed=False, guaranteed=code == "CONCHA") for code in ("HORA", "CONCHA")
    },
)
ABOUT = SimpleNamespace(name="Riacho", handle="riacho", source_url="", version="0")
SAID = "This is backed money"


@pytest.fixture
def looks() -> Looks:
    return Looks(lambda: cast("Any", ABOUT), lambda: cast("Any", BOOK), {}, lambda: 0, b"s" * 32)


def asked() -> PageRequest:
    return PageRequest(cast("Any", None), Actor(Role.MEMBER, "ana"), PageWords("en", ZONE), "", "/", {})


@pytest.mark.parametrize(("codes", "says"), [(("HORA",), False), (("CONCHA",), True), (("HORA", "CONCHA"), True)])
def test_a_confirmation_says_where_money_is_backed(looks: Looks, codes: tuple[str, ...], says: bool) -> None:  # noqa: FBT001
    facts = looks.drawer(asked()).facts(PayMixed("bia", tuple(Amount(5_00, code, 2) for code in codes)))
    noun = SimpleNamespace(name="mixed-payments")
    more = {"noun": noun, "subject": "", "title": "Pay", "heading": "Pay", "said": "", "hidden": [], "key": "k"}
    page = looks.page("confirm.html", asked(), facts=facts, price=[], slip=None, **more)
    assert (SAID in page, 'class="amount backed"' in page) == (says, says)
    assert page.count("5.00") == len(codes), "parts stand one under another, as people write them"


@pytest.mark.parametrize("code", ["HORA", "CONCHA"])
def test_what_waits_shows_which_money_it_is_about(looks: Looks, code: str) -> None:
    one = ErrandShown(
        "1", "payments.post", "bia", "payments.to_post", "paid", "date", Amount(5_00, code, 2), None, None
    )
    page = looks.page("week.html", asked(), errands=[(one, "/payments/1/post")])
    assert ('class="amount backed"' in page) is (code == "CONCHA") and "5.00" in page


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("1c9338eb-9c47-46e1-87c0-3aa4af28451b", "1c9338eb"),
        ("2106b9d3e1bb6a507b96cd65e7a4a615fea958f079332686d247e7a0c9b19842", "2106b9d3"),
        ("ana@riacho", "ana@riacho"),
        ("bread, and a word that is longer than a key would be, of forty-three", None),
        ("funds.fill d9f959d7-9b59-4d51-8aff-031d45ec9e07", "Funds: Fill d9f959d7"),
        ("bread.and.butter for all", None),
        ("3-anos-de-feira-da-associacao", None),
    ],
)
def test_what_no_person_reads_is_told_by_its_first_characters(stored: str, told: str | None) -> None:
    assert PageWords("en", ZONE).told(stored) == (stored if told is None else told)
