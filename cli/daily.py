# SPDX-License-Identifier: AGPL-3.0-or-later
"""Short forms of what people do every day, in their own words."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from cli.arguments import Parser, choose, read_seconds, read_text, split_words
from cli.client import path_of
from cli.ending import DONE, Misuse
from cli.output import put, put_json, show_record, table
from cli.session import CommandSession, connect

BALANCE_COLUMNS = ("name", "balance", "pending", "headroom", "limit", "ceiling")
NETWORK_COLUMNS = ("handle", "name", "connected", "currency", "id")
LINK_COLUMNS = ("partner", "state", "status", "net_debt", "limit_given", "limit_received", "rate")
CLEARED_COLUMNS = ("partner", "before", "cleared", "after")
CIRCLE_COLUMNS = ("members", "state", "owed", "owing", "reason", "refused_by")
CLEARING_SECONDS = 15.0
"""How long a round is watched: it begins 6 seconds after it was opened."""

_Json = Mapping[str, Any]


def balance(argv: Sequence[str]) -> int:
    """Print what accounts hold, and how far they may still go."""
    parser = Parser(
        "balance", "What your accounts hold, and how much you can still pay.", example="mutirao balance --key ana.key"
    )
    parser.add_argument("account", nargs="?", type=read_text, help="only this one: an account, or a member's handle")
    args = parser.parse_args(argv)
    client = connect(args).client
    if args.account is not None:
        page: _Json = {"items": [client.get(path_of("accounts", args.account))], "next": None}
    else:
        page = client.list(path_of("accounts"))
    if args.json:
        put_json(page)
    else:
        put(table(page["items"], BALANCE_COLUMNS))
    return DONE


def join(argv: Sequence[str]) -> int:
    """Join a network with an invitation's code."""
    from cli.made.command import commands
    from cli.made.commands import operate

    example = "mutirao join K7QX-2NDA-PLM4-6RTZ --handle ana --key ana.key"
    return operate(commands()["members.join"], argv, command="join", bare=("code",), example=example)


def request(argv: Sequence[str]) -> int:
    """Ask to be paid; or do what `payment-requests` does."""
    from cli.made.command import nouns
    from cli.made.commands import operate

    noun = "payment-requests"
    verb, rest = split_words(argv)
    if verb != "create" and verb in nouns()[noun]:
        return operate(nouns()[noun][verb], rest, command=f"request {verb}")
    ask = nouns()[noun]["create"]
    example = (
        'mutirao request 12.50 "bread" --payer ana\n\nanswer what is asked of you, or end what you ask:\n'
        "  mutirao request pay ID\n  mutirao request decline ID\n  mutirao request cancel ID"
    )
    return operate(ask, argv, command="request", bare=("amount", "note"), example=example)


def link(argv: Sequence[str]) -> int:
    """Do what `links` does, and propose one in few words."""
    from cli.made.command import nouns
    from cli.made.commands import operate

    verbs = {"propose" if verb == "create" else verb: one for verb, one in nouns()["links"].items()}
    summaries = {verb: one.summary for verb, one in verbs.items()}
    verb, rest = choose("link", "Credit lines with other networks.", summaries, argv)
    fills = {"currency": _only_currency} if verb in ("propose", "accept") else {}
    if verb != "propose":
        return operate(verbs[verb], rest, command=f"link {verb}", fills=fills)
    example = "mutirao link propose serra --limit 500 --rate 1.5"
    return operate(verbs[verb], rest, command="link propose", bare=("partner",), fills=fills, example=example)


def _only_currency(session: CommandSession) -> str:
    """Return our currency for a link where there is only one to choose."""
    found = [one["code"] for one in session.client.list(path_of("currencies"))["items"] if not one["closed"]]
    if len(found) != 1:
        raise Misuse(f"--currency is missing: one of {', '.join(found)}" if found else "there is no currency yet")
    return found[0]


def network(argv: Sequence[str]) -> int:
    """Print the node, the networks that it knows and its links, dial another, or do what `networks` does."""
    verb, rest = split_words(argv)
    if verb == "connect":
        return _connect_network(rest)
    if verb != "status":
        from cli.made import commands

        return commands.run_verb("network", argv)
    parser = Parser(
        "network status",
        "This node, the networks that it knows, and the credit lines with them.",
        example="mutirao network status",
    )
    args = parser.parse_args(rest)
    session = connect(args)
    known = session.client.list(path_of("networks"))["items"]
    links = session.client.list(path_of("links"))["items"]
    if args.json:
        put_json({"node": session.node, "networks": known, "links": links})
    else:
        _put_status(session.node, known, links)
    return DONE


def _connect_network(argv: Sequence[str]) -> int:
    """Let the node keep a connection to an address, without a restart."""
    parser = Parser(
        "network connect",
        "Dial another network's node from now on, and at each start: ask its steward for the address.",
        example="mutirao network connect /dns4/serra.example/tcp/4001/p2p/12D3KooW...",
    )
    parser.add_argument("address", metavar="ADDRESS", help="where its node listens, as `network status` shows it there")
    args = parser.parse_args(argv)
    shown = connect(args).client.post("/v1/admin/peers", {"address": args.address})
    put_json(shown) if args.json else put(f"dialling {shown['address']}; mutirao network status tells when it is there")
    return DONE


def clear(argv: Sequence[str]) -> int:
    """Open a round of clearing, watch it, and print what has come of it."""
    parser = Parser(
        "clear",
        "Open a round of clearing: debts that go round over several networks are cleared\n"
        "whole or not at all, by nobody's command. First: mutirao clearing-terms set --on; with\n"
        "--publish all networks see your debts, without it partners are probed for rings of 3 and 4",
        example="mutirao clear",
        writes=True,
    )
    parser.add_argument("--wait", metavar="SECONDS", type=read_seconds, help="how long to watch it; default: 15")
    args = parser.parse_args(argv)
    session = connect(args)
    shown = session.client.post(path_of("clearings"), {}, args.idempotency_key)
    until = time.monotonic() + (CLEARING_SECONDS if args.wait is None else args.wait)
    while time.monotonic() < until:
        time.sleep(min(1.0, max(0.0, until - time.monotonic())))
        shown = session.client.get(path_of("clearings", shown["id"]))
    if args.json:
        put_json(shown)
        return DONE
    put(
        f"round {shown['id']}: {shown['cleared']} circles cleared, "
        f"{shown['failed']} failed, {shown['under_way']} under way"
    )
    if shown["links"]:
        put(f"\nlinks, what we owe (below 0: are owed)\n{table(shown['links'], CLEARED_COLUMNS)}")
    if shown["circles"]:
        named = [{**one, "members": " > ".join(one["members"])} for one in shown["circles"]]
        put(f"\ncircles, each owes the next\n{table(named, CIRCLE_COLUMNS)}")
    return DONE


def _put_status(node: _Json, networks: Sequence[_Json], links: Sequence[_Json]) -> None:
    put(show_record(node))
    others = [one for one in networks if not one["own"]]
    put(f"\nnetworks\n{table(others, NETWORK_COLUMNS)}")
    named = [{**one, "partner": one["partner_handle"] or one["partner"]} for one in links]
    put(f"\nlinks\n{table(named, LINK_COLUMNS)}")
