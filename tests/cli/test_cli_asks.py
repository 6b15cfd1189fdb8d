# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a command asks back: a rate that moves by more than a tenth, and a rhythm without an end."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest

PATH = "/v1/links/LINK/set-rate"
PROBLEM = {
    "code": "RATE_LEAPS", "detail": "It moves by more than a tenth.", "heading": "From 1 A = 1 B to 3 A = 1 B?",
    "ways": ["say it once more"],
}  # fmt: skip
SHOWN = {"id": "LINK", "rate": "3 A = 1 B"}


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def node(stub: Any) -> Any:
    stub.shows("GET", "/v1/node", {"network_id": "N", "handle": "riacho"})
    stub.shows("POST", PATH, PROBLEM, 422)
    return stub


def words(*more: str) -> tuple[str, ...]:
    return ("link", "set-rate", "LINK", "--rate", "3", "--token", "mt_x", *more)


def test_without_a_terminal_it_is_refused_once_and_yes_says_it_at_once(mutirao: Callable[..., Any], node: Any) -> None:
    ended = mutirao(*words())
    assert ended.code == 1 and "From 1 A = 1 B to 3 A = 1 B?" in ended.err
    assert [one.body for one in node.asked("POST", PATH)] == [{"rate": "3"}]
    mutirao(*words("--yes"))
    assert node.asked("POST", PATH)[-1].body == {"rate": "3", "sure": True}


@pytest.mark.parametrize(("answer", "code", "times"), [("y\n", 0, 2), ("\n", 1, 1)])
def test_at_a_terminal_it_is_asked_before_it_is_sent_once_more(
    mutirao: Callable[..., Any], node: Any, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, times: int
) -> None:
    node.shows("POST", PATH, SHOWN)
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    ended = mutirao(*words("--idempotency-key", "K"))
    heard = node.asked("POST", PATH)
    assert (ended.code, len(heard)) == (code, times)
    assert "From 1 A = 1 B to 3 A = 1 B? [y/N]" in ended.err
    if code == 0:
        assert heard[1].body == {"rate": "3", "sure": True}
        assert [one.headers["Idempotency-Key"] for one in heard] == ["K", "K.again"]


def test_a_rhythm_without_an_end_is_asked_for_one(
    mutirao: Callable[..., Any], stub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/v1/scheduled-payments"
    stub.shows("GET", "/v1/node", {"network_id": "N", "handle": "riacho"})
    stub.shows("POST", path, {"id": "ORDER", "times": 0})
    order = (
        "scheduled-payments", "create", "--payee", "bia", "--amount", "1.00", "--first-at", "2027-07-01T00:00:00Z",
        "--rhythm", "monthly", "--token", "mt_x",
    )  # fmt: skip
    ended = mutirao(*order)
    assert ended.code == 2 and "--times 0" in ended.err and not stub.asked("POST", path)
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert mutirao(*order).code == 0
    assert stub.asked("POST", path)[-1].body["times"] == 0
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert mutirao(*order).code == 2 and len(stub.asked("POST", path)) == 1
