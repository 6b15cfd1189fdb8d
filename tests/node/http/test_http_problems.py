# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every refusal has its status and its words."""

import json
from string import Formatter

import pytest

from node.http.problems import REASONS, problem, told
from node.http.refusals import HTTP_REFUSALS
from node.loop.refusals import SEARCH_UNAVAILABLE, STORAGE_DAMAGED, STORAGE_FAILED
from protocol.book.refusals import (
    BEHIND,
    LIMIT_EXCEEDED,
    MEMBER_UNKNOWN,
    OVERLOADED,
    READ_ONLY,
    RECOVERING,
    SUCCEEDED,
    Reason,
)
from protocol.practices.between.links.refusals import LINK_LIMIT_EXCEEDED

STATUSES = {400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 500, 503}


@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS)
def test_a_problem_is_told_with_and_without_figures(reason: Reason) -> None:
    texts = (reason.heading, reason.sentence, *reason.ways)
    named = {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}
    for figures in ({}, dict.fromkeys(named, 7)):
        status, body = problem(reason, figures, lambda _: None)
        shown = json.loads(body)
        assert status == shown["status"] == reason.status and reason.status in STATUSES
        assert shown["code"] == reason.code and shown["type"] == f"/docs#{reason.code}"
        assert shown["detail"].endswith(".") and "{" not in shown["detail"]
        assert shown["heading"] and "{" not in shown["heading"] + "".join(shown["ways"])
        assert shown["figures"] == figures
    assert len(shown["ways"]) == len(reason.ways)


@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS)
def test_a_reason_has_a_heading_a_sentence_and_ways_on_in_a_neighbour_s_words(reason: Reason) -> None:
    assert reason.heading and reason.sentence and reason.ways
    assert len(reason.heading) <= 44 and not reason.heading.endswith(".")
    assert reason.sentence.endswith(".") and not any(way.endswith(".") for way in reason.ways)
    words = " ".join((reason.heading, reason.sentence, *reason.ways)).lower()
    assert not [word for word in ("!", "oops", "error", "transaction", "user", "wallet", "invalid") if word in words]


def test_another_language_has_the_same_codes_and_figures() -> None:
    limits = LIMIT_EXCEEDED.texts
    pt = limits._replace(heading="Faltam {missing}", sentence="Restam {available}.", ways=("pagar {available} agora",))
    figures = {"available": 72_50, "missing": 17_50, "limit": -100_00, "currency": "HORA"}
    assert told(pt, figures, {"HORA": 2}.get) == (
        "Faltam 17.50 HORA",
        "Restam 72.50 HORA.",
        ("pagar 72.50 HORA agora",),
    )


def test_a_way_that_speaks_of_nothing_left_is_not_offered() -> None:
    figures = {"available": 0, "missing": 5_00, "limit": -100_00, "currency": "HORA"}
    found = told(LIMIT_EXCEEDED.texts, figures, {"HORA": 2}.get)
    assert found.heading == "5.00 HORA missing"
    assert found.ways == ("ask a steward for a higher limit", "sell something first")


def test_no_refusal_of_a_wish_is_a_mistake_of_ours() -> None:
    wishes = {reason for reason in REASONS.values() if reason not in HTTP_REFUSALS}
    assert not [reason for reason in wishes if reason.status == 500]
    busy = {reason for reason in wishes if reason.status == 503}
    broken = {STORAGE_FAILED, STORAGE_DAMAGED, SEARCH_UNAVAILABLE}
    assert busy == {BEHIND, SUCCEEDED, READ_ONLY, RECOVERING, OVERLOADED} | broken


def test_amounts_are_told_in_the_currency_that_is_named() -> None:
    figures = {"available": 2_000, "limit": -20_000, "currency": "HORA"}
    _, body = problem(LIMIT_EXCEEDED, figures, {"HORA": 2}.get)
    assert json.loads(body)["detail"] == "20.00 HORA left: the account's limit is -200.00 HORA."
    _, body = problem(LIMIT_EXCEEDED, {**figures, "currency": "ECO"}, {"HORA": 2}.get)
    assert json.loads(body)["detail"] == "2000 left: the account's limit is -20000."
    link = {"available": 8_000, "limit": 8_000, "unit": "A", "scale": 1}
    _, body = problem(LINK_LIMIT_EXCEEDED, link, {"HORA": 2}.get)
    assert json.loads(body)["detail"] == "800.0 A left on the link."


def test_words_of_a_member_are_not_read_as_a_pattern() -> None:
    _, body = problem(MEMBER_UNKNOWN, {"member": "{limit} {0.__class__}"}, lambda _: None)
    assert json.loads(body)["detail"] == "There is no member {limit} {0.__class__} here."
