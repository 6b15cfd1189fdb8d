# SPDX-License-Identifier: AGPL-3.0-or-later
"""Asking a node: what is lost is asked again under the same key, and every failure has its exit code and one line."""

import json
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from node.keeping.home import DATABASE

CLOSE = ("currencies", "close", "HORA", "--token", "mt_t")
PATH = "/v1/currencies/HORA/close"
HORA = {"code": "HORA", "closed": True}


def test_a_refusal_ends_with_code_1_and_tells_code_and_detail_in_one_line(
    mutirao: Callable[..., Any], stub: Any
) -> None:
    stub.refuses("POST", PATH, "BALANCE_OPEN", "The balance is 5.00 HORA,\nnot settled.", balance=500)
    ended = mutirao(*CLOSE)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "mutirao: BALANCE_OPEN: The balance is 5.00 HORA, not settled.\n"


def test_a_refusal_tells_what_is_missing_then_why_then_the_ways_on(mutirao: Callable[..., Any], stub: Any) -> None:
    problem = {
        "code": "LIMIT_EXCEEDED",
        "heading": "17.50 HORA missing",
        "detail": "72.50 HORA left.",
        "ways": ["pay 72.50 HORA now", "sell\u202efirst"],
        "transient": False,
    }
    stub.shows("POST", PATH, problem, 422)
    ended = mutirao(*CLOSE)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines() == [
        "mutirao: LIMIT_EXCEEDED: 17.50 HORA missing",
        "  72.50 HORA left.",
        "  - pay 72.50 HORA now",
        "  - sell\ufffdfirst",
    ]


def test_what_passes_by_itself_ends_with_code_4_and_says_so(mutirao: Callable[..., Any], stub: Any) -> None:
    problem = {"code": "PEER_UNREACHABLE", "detail": "It does not answer.", "transient": True}
    stub.shows("POST", PATH, problem, 422)
    ended = mutirao(*CLOSE)
    assert ended.code == 4
    assert ended.err.splitlines() == [
        "mutirao: PEER_UNREACHABLE: It does not answer.",
        "  It passes by itself: try again later.",
    ]


def test_a_refusal_is_one_json_object_too(mutirao: Callable[..., Any], stub: Any) -> None:
    stub.refuses("POST", PATH, "BALANCE_OPEN", balance=500)
    ended = mutirao(*CLOSE, "--json")
    assert ended.code == 1
    assert ended.shown["figures"] == {"balance": 500}
    assert ended.err == "mutirao: BALANCE_OPEN: No.\n"


def test_every_post_has_a_fresh_idempotency_key_or_ones_own(mutirao: Callable[..., Any], stub: Any) -> None:
    stub.shows("POST", PATH, HORA)
    for more in ((), (), ("--idempotency-key", "mine")):
        assert mutirao(*CLOSE, *more).code == 0
    first, second, own = (one.headers["Idempotency-Key"] for one in stub.asked("POST", PATH))
    assert first != second and len(first) >= 32
    assert own == "mine"


def test_a_lost_connection_is_tried_once_more_with_the_same_key(mutirao: Callable[..., Any], stub: Any) -> None:
    stub.hangs_up("POST", PATH)
    stub.shows("POST", PATH, HORA)
    assert mutirao(*CLOSE, "--json").shown == HORA
    first, second = stub.asked("POST", PATH)
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.body == second.body == {}


def test_an_answer_that_breaks_off_is_tried_once_more(mutirao: Callable[..., Any], stub: Any) -> None:
    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"code": "HO')

    stub.does("POST", PATH, half)
    stub.shows("POST", PATH, HORA)
    assert mutirao(*CLOSE, "--json").shown == HORA


def test_twice_lost_is_not_reachable_and_the_key_is_told(mutirao: Callable[..., Any], stub: Any) -> None:
    stub.hangs_up("POST", PATH)
    ended = mutirao(*CLOSE, "--idempotency-key", "mine")
    assert (ended.code, len(stub.asked("POST", PATH))) == (3, 2)
    assert "it may have been done: run it again with --idempotency-key mine" in ended.err


def test_a_lost_token_is_not_made_twice(mutirao: Callable[..., Any], stub: Any) -> None:
    stub.hangs_up("POST", "/v1/tokens")
    ended = mutirao("tokens", "create", "--label", "till", "--token", "mt_x")
    assert (ended.code, len(stub.asked("POST", "/v1/tokens"))) == (3, 1)
    assert ended.err.endswith("; it may have been done\n")


def test_a_first_try_that_is_still_under_way_is_not_called_a_refusal(mutirao: Callable[..., Any], stub: Any) -> None:
    stub.hangs_up("POST", PATH)
    stub.refuses("POST", PATH, "IDEMPOTENCY_IN_FLIGHT", status=409)
    ended = mutirao(*CLOSE, "--idempotency-key", "mine")
    assert ended.code == 3
    assert "run it again with --idempotency-key mine" in ended.err


def test_no_answer_in_time_is_not_waited_for_twice(mutirao: Callable[..., Any], silent: str) -> None:
    ended = mutirao(*CLOSE, "--node", silent, "--timeout", "0.2", "--idempotency-key", "mine")
    assert ended.code == 3
    assert "gave no answer within 0.2 seconds; it may have been done" in ended.err
    assert ended.err.count("\n") == 1


def test_what_was_never_sent_is_not_said_to_be_done_perhaps(mutirao: Callable[..., Any], unused_port: int) -> None:
    ended = mutirao(*CLOSE, "--node", f"http://127.0.0.1:{unused_port}")
    assert ended.code == 3
    assert ended.err == f"mutirao: http://127.0.0.1:{unused_port} is not reachable: Connection refused\n"


def test_https_to_a_server_without_it_is_not_reachable(mutirao: Callable[..., Any], stub: Any) -> None:
    ended = mutirao("node", "show", "--node", stub.url.replace("http:", "https:"))
    assert ended.code == 3
    assert "is not reachable" in ended.err and "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, "text/html", b"<h1>Welcome</h1>"),
        (200, "application/json", b"[]"),
        (200, "application/json", b"{"),
        (502, "text/html", b"Bad Gateway"),
        (502, "application/json", b'{"error": "gateway"}'),
        (301, "application/json", b'{"network_id": "x"}'),
    ],
)
def test_another_program_at_this_address_is_no_node(
    mutirao: Callable[..., Any], stub: Any, status: int, kind: str, body: bytes
) -> None:
    stub.sends("GET", "/v1/node", status, kind, body)
    ended = mutirao("node", "show")
    assert (ended.code, ended.out) == (3, "")
    assert f"answered {status}, but not as a mutirao node does" in ended.err


def test_json_of_another_program_is_no_list(mutirao: Callable[..., Any], stub: Any) -> None:
    stub.shows("GET", "/v1/accounts", {"hello": "world"})
    ended = mutirao("balance")
    assert ended.code == 3
    assert "'items'" in ended.err and ended.err.count("\n") == 1


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1", "http://", "http://a:b@127.0.0.1", "http://127.0.0.1:port", "http://x?y"]
)
def test_what_is_no_url_is_wrong_usage(mutirao: Callable[..., Any], url: str) -> None:
    ended = mutirao("node", "show", "--node", url)
    assert ended.code == 2
    assert "is not the URL of a node" in ended.err


def test_a_node_may_stand_behind_a_path_and_be_named_without_http(mutirao: Callable[..., Any], stub: Any) -> None:
    stub.shows("GET", "/riacho/v1/node", {"handle": "riacho"})
    assert mutirao("node", "show", "--node", f"{stub.url}/riacho/").code == 0
    assert mutirao("node", "show", "--node", f"{stub.url.removeprefix('http://')}/riacho").code == 0


def test_a_list_follows_cursors_up_to_its_limit_or_to_its_end(mutirao: Callable[..., Any], stub: Any) -> None:
    pages = [range(200), range(200, 400), range(400, 450)]
    for first, more in ((0, "c1"), (1, "c2"), (2, None)):
        stub.shows("GET", "/v1/members", {"items": [{"id": str(n)} for n in pages[first]], "next": more})
    shown = mutirao("members", "list", "--all", "--json").shown
    assert ([int(one["id"]) for one in shown["items"]], shown["next"]) == (list(range(450)), None)
    queries = [one.path.partition("?")[2] for one in stub.asked("GET", "/v1/members")]
    assert queries == ["limit=200", "limit=200&cursor=c1", "limit=200&cursor=c2"]


def test_a_limited_list_tells_how_to_see_the_rest(mutirao: Callable[..., Any], stub: Any) -> None:
    stub.shows("GET", "/v1/members", {"items": [{"id": "1", "state": "active"}], "next": "c1"})
    ended = mutirao("members", "list", "--limit", "1", "--state", "active")
    assert ended.out == "id  state\n1   active\n"
    assert ended.err == "there are more: --all, or --cursor c1\n"
    assert stub.heard[0].path == "/v1/members?state=active&limit=1"


def test_ids_are_sent_as_they_are_typed(mutirao: Callable[..., Any], stub: Any) -> None:
    stub.shows("GET", "/v1/accounts/ana%2Fb%3F%C3%A7", {"id": "ana/b?ç"})
    assert mutirao("accounts", "show", "ana/b?ç").out == "id  ana/b?ç\n"


def test_fields_are_sent_in_the_form_of_their_types(mutirao: Callable[..., Any], stub: Any) -> None:
    stub.shows("POST", "/v1/links/L/freeze", {"id": "L"})
    stub.shows("POST", "/v1/quotes", {"id": "Q"})
    stub.shows("POST", "/v1/networks/N/set-profile", {"id": "N"})
    stub.shows("POST", "/v1/scheduled-payments", {"id": "S"})
    mutirao("links", "freeze", "L", "--no-frozen")
    mutirao("quotes", "create", "--payee", "bia", "--amount", "12.50 HORA", "--via", "serra", "--via", "encants")
    mutirao("networks", "set-profile", "N", "--addresses", "/ip4/192.0.2.1/tcp/1")
    mutirao("scheduled-payments", "create", "--first-at", "2027-01-01T00:00:00Z", "--rhythm", "weekly", "--times", "3",
            "--signed", '{"data": "AA", "signature": "BB"}', "--note-salt", "AAAA")  # fmt: skip
    amount = {"value": "1250", "asset_scale": 2, "asset_code": "HORA"}
    assert [one.body for one in stub.heard] == [
        {"frozen": False},
        {"payee": "bia", "amount": amount, "via": ["serra", "encants"]},
        {"addresses": ["/ip4/192.0.2.1/tcp/1"]},
        {
            "signed": {"data": "AA", "signature": "BB"},
            "first_at": "2027-01-01T00:00:00.000Z",
            "rhythm": "weekly",
            "times": 3,
            "note_salt": "AAAA",
        },
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("links create --partner serra", "the following arguments are required: --limit, --currency"),
        ("links create --partner s --limit 1,5 --currency HORA", "has a comma"),
        ("members list --state gone", "invalid choice: 'gone'"),
        ("members list --limit 0", "is not at least 1"),
        ("payments post", "the following arguments are required: ID"),
        ("payments create --signed {", "is no JSON object"),
        ("nonsense", "there is no command 'nonsense'"),
        ("links nonsense", "there is no 'nonsense': write one of create, accept"),
        ("links", "links: a verb is missing"),
        ("", "a command is missing"),
        ("pay bia", "AMOUNT is missing"),
        ("pay bia 1 --bogus", "unrecognized arguments: --bogus"),
        ("members revoke-key ana", "--lost is missing"),
        ("members add-key ana", "--new FILE is missing"),
        ("pay bia 1 --idempotency-key ü", "visible ASCII"),
        ("keys show nowhere.key", "nowhere.key holds no key that can be read: No such file or directory"),
    ],
)
def test_wrong_usage_ends_with_code_2_before_any_node_is_asked(
    mutirao: Callable[..., Any], stub: Any, words: str, told: str
) -> None:
    ended = mutirao(*words.split())
    assert (ended.code, ended.out, stub.heard) == (2, "", [])
    assert told in ended.err and ended.err.count("\n") == 1


def test_singulars_mean_their_nouns(mutirao: Callable[..., Any], stub: Any) -> None:
    stub.shows("GET", "/v1/currencies", {"items": [], "next": None})
    stub.shows("GET", "/v1/payments/P", {"id": "P"})
    assert mutirao("currency", "list").out == "none\n"
    assert mutirao("payment", "show", "P").code == 0


def test_a_backup_is_a_new_file_of_its_owner_alone(mutirao: Callable[..., Any], stub: Any, tmp_path: Path) -> None:
    home, target = tmp_path / "riacho", tmp_path / "riacho.backup"
    mutirao("init", "--home", home, "--handle", "riacho", "--currency", "HORA")
    with closing(sqlite3.connect(home / DATABASE)) as connection:  # so much that it comes in several pieces
        connection.execute("CREATE TABLE more AS SELECT randomblob(600000)")
    database = (home / DATABASE).read_bytes()
    stub.sends("GET", "/v1/admin/backup", 200, "application/vnd.sqlite3", database)
    shown = mutirao("backup", target, "--json").shown
    assert (shown["file"], shown["bytes"], shown["keys"]) == (str(target), len(database), 0)
    assert len(database) > 600_000
    assert target.read_bytes() == database
    assert target.stat().st_mode & 0o777 == 0o600
    assert mutirao("backup", target).code == 2


def test_what_is_no_database_is_called_no_backup(mutirao: Callable[..., Any], stub: Any, tmp_path: Path) -> None:
    stub.sends("GET", "/v1/admin/backup", 200, "application/vnd.sqlite3", bytes(600_000))
    ended = mutirao("backup", tmp_path / "riacho.backup")
    assert (ended.code, ended.out) == (1, "")
    assert "HOME_UNUSABLE" in ended.err and "riacho.backup is no database" in ended.err


def test_half_a_backup_is_none(mutirao: Callable[..., Any], stub: Any, tmp_path: Path) -> None:
    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"half")

    stub.does("GET", "/v1/admin/backup", half)
    assert mutirao("backup", tmp_path / "riacho.backup").code == 3
    assert list(tmp_path.iterdir()) == []


def test_events_are_told_one_by_one_and_resume_after_the_last(mutirao: Callable[..., Any], stub: Any) -> None:
    def stream(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        for number in (8, 9):
            event = {"type": "payment.posted", "resource": f"P{number}", "figures": {"n": number}}
            handler.wfile.write(f": here\n\nid: {number}\nevent: x\ndata: {json.dumps(event)}\n\n".encode())

    stub.does("GET", "/v1/events", stream)
    ended = mutirao("events", "--after", "7", "--types", "payment.posted")
    assert ended.out == "8  payment.posted  P8  n=8\n9  payment.posted  P9  n=9\n"
    assert stub.heard[0].headers["Last-Event-ID"] == "7"
    assert stub.heard[0].path == "/v1/events?types=payment.posted"
    told = mutirao("events", "--json", "--limit", "1").out
    assert json.loads(told) == {"id": "8", "type": "payment.posted", "resource": "P8", "figures": {"n": 8}}


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
