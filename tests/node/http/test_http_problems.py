# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every refusal has its status and its words."""

import json
from string import Formatter

import pytest

from node.http.problems import REASONS, problem
from node.http.refusals import HTTP_REFUSALS
from node.loop.refusals import STORAGE_FAILED
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
    named = {name for _, name, _, _ in Formatter().parse(reason.sentence) if name}
    for figures in ({}, dict.fromkeys(named, 7)):
        status, body = problem(reason, figures, lambda _: None)
        told = json.loads(body)
        assert status == told["status"] == reason.status and reason.status in STATUSES
        assert told["code"] == reason.code and told["type"] == f"/docs#{reason.code}"
        assert told["detail"].endswith(".") and "{" not in told["detail"]
        assert told["figures"] == figures


def test_no_refusal_of_a_wish_is_a_mistake_of_ours() -> None:
    wishes = {reason for reason in REASONS.values() if reason not in HTTP_REFUSALS}
    assert not [reason for reason in wishes if reason.status == 500]
    busy = {reason for reason in wishes if reason.status == 503}
    assert busy == {BEHIND, SUCCEEDED, READ_ONLY, RECOVERING, STORAGE_FAILED, OVERLOADED}


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
