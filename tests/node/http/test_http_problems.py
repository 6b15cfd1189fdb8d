# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every refusal has its status and its words."""

import json
from string import Formatter

import pytest

from node.http.problems import FAULTS, REJECTIONS, Fault, explained, problem
from protocol.book.refusals import Rejection

STATUSES = {400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 500, 503}


def test_every_rejection_and_every_fault_is_told() -> None:
    assert set(REJECTIONS) == set(Rejection)
    assert set(FAULTS) == set(Fault)
    assert not {str(reason) for reason in Rejection} & {str(fault) for fault in Fault}


@pytest.mark.parametrize("reason", [*Rejection, *Fault])
def test_a_problem_is_told_with_and_without_figures(reason: Rejection | Fault) -> None:
    row = explained(reason)
    named = {name for _, name, _, _ in Formatter().parse(row.sentence) if name}
    for figures in ({}, dict.fromkeys(named, 7)):
        status, body = problem(reason, figures, lambda _: None)
        told = json.loads(body)
        assert status == told["status"] == row.status and row.status in STATUSES
        assert told["code"] == reason and told["type"] == f"/docs#{reason}"
        assert told["detail"].endswith(".") and "{" not in told["detail"]
        assert told["figures"] == figures


def test_no_refusal_is_a_mistake_of_ours() -> None:
    assert [reason for reason, row in REJECTIONS.items() if row.status == 500] == []
    busy = {reason for reason, row in REJECTIONS.items() if row.status == 503}
    passing = {Rejection.BEHIND, Rejection.SUCCEEDED, Rejection.READ_ONLY}
    assert busy == {*passing, Rejection.RECOVERING, Rejection.STORAGE_FAILED, Rejection.OVERLOADED}


def test_amounts_are_told_in_the_currency_that_is_named() -> None:
    figures = {"available": 2_000, "limit": -20_000, "currency": "HORA"}
    _, body = problem(Rejection.LIMIT_EXCEEDED, figures, {"HORA": 2}.get)
    assert json.loads(body)["detail"] == "20.00 HORA left: the account's limit is -200.00 HORA."
    _, body = problem(Rejection.LIMIT_EXCEEDED, {**figures, "currency": "ECO"}, {"HORA": 2}.get)
    assert json.loads(body)["detail"] == "2000 left: the account's limit is -20000."
    link = {"available": 8_000, "limit": 8_000, "unit": "A", "scale": 1}
    _, body = problem(Rejection.LINK_LIMIT_EXCEEDED, link, {"HORA": 2}.get)
    assert json.loads(body)["detail"] == "800.0 A left on the link."


def test_words_of_a_member_are_not_read_as_a_pattern() -> None:
    _, body = problem(Rejection.MEMBER_UNKNOWN, {"member": "{limit} {0.__class__}"}, lambda _: None)
    assert json.loads(body)["detail"] == "There is no member {limit} {0.__class__} here."
