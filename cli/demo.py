# SPDX-License-Identifier: AGPL-3.0-or-later
"""Three networks on this machine: they trade, link, pay each other, part, meet again, and survive a crash.

Everything is real: node processes, databases on disk, libp2p between them, HTTP in front.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

from cli.chains_demo import chains_told, is_as_worked, run_chains
from cli.demo_books import books_agree, debts, is_connected, knows, link_of, sums_to_zero
from cli.ending import DONE, REFUSED, Unreachable, WishRefused
from cli.output import money, put, put_json
from cli.stage import Node, StageFailed, Wire, until

LOCAL_PAYMENTS = 40
"""In each network, before and again while the connection is cut."""
ACROSS_PAYMENTS = 6
CRASH_PAYMENTS = 40
KILLED_AFTER = 12
DEFAULT_LIMIT = "100.00"

EPILOG = """examples:
  mutirao demo
  mutirao demo --json
  mutirao demo --chains      only the productive chains: what leaves, and who could make it
  mutirao demo --keep        leaves the three nodes running and tells how to reach them"""


def demo(words: Sequence[str] = ()) -> int:
    """Run the demo; 1 if anything that it claims is not so."""
    parser = argparse.ArgumentParser(
        prog="mutirao demo", description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one object with all figures, and no story")
    parser.add_argument("--keep", action="store_true", help="leave the nodes running")
    parser.add_argument("--chains", action="store_true", help="play what productive chains are, and no more")
    wanted = parser.parse_args(list(words))
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="mutirao-demo-"))
        play = Play(folder, tell=(lambda _: None) if wanted.json else put, stack=stack)
        stack.callback(lambda: play.leave(keep=wanted.keep))
        report = run_chains(play, keep=wanted.keep) if wanted.chains else play.run()
    if wanted.json:
        put_json(report)
    return DONE if (is_as_worked if wanted.chains else holds)(report) else REFUSED


def holds(report: Mapping[str, Any]) -> bool:
    """Tell whether all is as the demo claims."""
    return (
        report["zero_sum"]
        and report["books_agree"]
        and report["killed"]["lost"] == 0
        and report["clearing"]["circles"] > 0
        and report["payments"]["local"] > 0
        and report["payments"]["across"] > 0
        and bool(report["payments"]["refused"])
    )


@dataclass
class Play:
    """The demo as it goes on: the nodes, the wire that is cut, and what has happened so far."""

    folder: Path
    tell: Callable[[str], None]
    stack: ExitStack
    groups: list[Mapping[str, Any]] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    links: dict[tuple[str, str], str] = field(default_factory=dict)
    wire: Wire | None = None
    local: int = 0
    across: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    begun: float = field(default_factory=time.monotonic)

    def run(self) -> dict[str, Any]:
        """Play all acts and return the figures."""
        self.act("Three groups found their networks")
        self.found()
        self.act("Their members come in and trade at home")
        self.admit_members()
        self.trade(LOCAL_PAYMENTS)
        self.act("The groups open credit lines to each other")
        self.open_links()
        self.act("Members pay across networks")
        self.pay_across()
        self.act("What is refused, and what a member is told")
        self.be_refused()
        self.act("The connection between Serra and Encants is cut")
        partition = self.part_and_meet()
        self.act("Serra is killed in the middle of payments, and started again")
        killed = self.crash()
        self.act("Three networks owe each other in a ring, and clear it without a centre")
        clearing = self.clear()
        self.act("They write down what they buy, and see what leaves")
        chains = chains_told(self.nodes, self.tell)
        self.act("The books are compared")
        zero_sum, agree = sums_to_zero(self.nodes.values()), self.agree()
        report = {
            "networks": [
                {"handle": node.handle, "id": node.network, "members": len(group["members"])}
                for node, group in zip(self.nodes.values(), self.groups, strict=True)
            ],
            "payments": {"local": self.local, "across": self.across, "refused": dict(sorted(self.refused.items()))},
            "partition": partition,
            "killed": killed,
            "clearing": clearing,
            "chains": chains,
            "zero_sum": zero_sum,
            "books_agree": agree,
        }
        self.tell(f"  every currency sums to zero: {_yes(zero_sum)}; both ends of each link agree: {_yes(agree)}")
        self.tell(
            f"  {self.local} payments at home and {self.across} across, "
            f"{self.refused.total()} refused, none lost, in {time.monotonic() - self.begun:.0f} s"
        )
        return report

    def act(self, title: str) -> None:
        """Announce an act."""
        self.tell(f"\n[{time.monotonic() - self.begun:4.1f} s] {title}")

    # Acts.

    def found(self) -> None:
        self.groups = json.loads((Path(__file__).parent / "demo_groups.json").read_text(encoding="utf-8"))
        for group in self.groups:
            node = self.nodes[group["handle"]] = Node.found(self.folder, group, DEFAULT_LIMIT)
            self.tell(f"  {group['name']}, {group['place']}: {group['currency']}, network {node.network[:16]}…")
        riacho, serra, encants = self.nodes.values()
        self.wire = Wire(encants.p2p)
        self.stack.callback(self.wire.close)
        riacho.peers = [serra.address(), encants.address()]
        serra.peers = [encants.address(self.wire.port)]
        for node in self.nodes.values():
            node.start()
        for node in self.nodes.values():
            node.until_ready()

    def admit_members(self) -> None:
        for node, group in zip(self.nodes.values(), self.groups, strict=True):
            client = node.client
            for handle, name, _ in group["members"]:
                code = client.post("/v1/invitations", {})["code"]
                client.post("/v1/members", {"code": code, "handle": handle, "name": name})
                client.post(f"/v1/members/{handle}/approve", {})
            first, offer = group["members"][0][1:]
            self.tell(f"  {group['name']}: {len(group['members'])} members; {first} offers {offer}")

    def trade(self, payments: int) -> int:
        """Let members of each network pay each other, within their limits; returns how many did."""
        done = 0
        for node, group in zip(self.nodes.values(), self.groups, strict=True):
            members = group["members"]
            for number in range(payments):
                payer, payee = members[(number * 7) % 40], members[(number * 11 + 1) % 40]
                if payer[0] == payee[0]:
                    payee = members[(number * 11 + 2) % 40]
                self.pay(node, payer[0], payee[0], f"{1 + number % 5}.{number % 4}0", payee[2])
                done += 1
        self.local += done
        self.tell(f"  {done} payments at home")
        return done

    def open_links(self) -> None:
        for terms in (("riacho", "serra", "1000", "2"), ("serra", "encants", "2000", "1.5")):
            self.open_link(*terms)

    def open_link(self, one: str, other: str, limit: str, rate: str) -> None:
        """Let two networks grant each other a limit in the first one's unit."""
        first, second = self.nodes[one], self.nodes[other]
        until(f"{one} knows {other}", lambda node=first, name=other: knows(node, name))
        until(f"{other} knows {one}", lambda node=second, name=one: knows(node, name))
        own, foreign = self.currency(one), self.currency(other)
        offered = first.client.post(
            "/v1/links", {"partner": other, "limit": _amount(limit), "currency": own, "rate": "1"}
        )
        link = self.links[one, other] = offered["id"]
        until(f"{other} hears of the link", lambda node=second, id=link: link_of(node, id) is not None)
        terms = {"limit": _amount(limit), "currency": foreign, "rate": rate}
        second.client.post(f"/v1/links/{link}/accept", terms)
        until(f"the link to {other} is open", lambda node=first, id=link: (link_of(node, id) or {})["state"] == "open")
        self.tell(f"  {one} and {other} grant each other {limit} {own}; 1 {own} is worth {rate} {foreign}")

    def pay_across(self) -> None:
        for number in range(ACROSS_PAYMENTS):
            bread = ("12.50", "pão")
            self.settle("riacho", self.member("riacho", number), f"{self.member('serra', number)}@serra", *bread)
            self.settle(
                "serra", self.member("serra", number + 1), f"{self.member('riacho', number)}@riacho", "4", "mel"
            )
            through = ["serra"]
            self.settle(
                "riacho",
                self.member("riacho", number),
                f"{self.member('encants', number)}@encants",
                "9",
                "oli",
                through,
            )

    def be_refused(self) -> None:
        riacho, serra = self.nodes["riacho"], self.nodes["serra"]
        spender = self.member("riacho", 20)
        riacho.client.post(f"/v1/members/{self.member('riacho', 21)}/set-limits", {"credit_limit": _amount("5000")})
        payment = {"payer": spender, "payee": self.member("riacho", 1), "amount": _amount("1")}
        key = uuid4().hex
        riacho.client.post("/v1/payments", payment, key)
        self.local += 1
        attempts: list[tuple[str, Callable[[], object]]] = [
            ("more than her limit", lambda: self.pay(riacho, spender, self.member("riacho", 1), "500")),
            ("to nobody that is known", lambda: self.pay(riacho, spender, "ninguem", "1")),
            ("nothing at all", lambda: self.pay(riacho, spender, self.member("riacho", 1), "0")),
            ("a tenth of a cent", lambda: self.pay(riacho, spender, self.member("riacho", 1), "1.001")),
            ("to himself", lambda: self.pay(riacho, spender, spender, "1")),
            ("another amount under a used key",
             lambda: riacho.client.post("/v1/payments", {**payment, "amount": _amount("2")}, key)),
            ("more than Serra lends Riacho",
             lambda: self.quote(riacho, self.member("riacho", 21), f"{self.member('serra', 2)}@serra", "2400")),
            ("to a network that nobody has met", lambda: self.quote(serra, self.member("serra", 3), "ana@longe", "1")),
        ]  # fmt: skip
        for what, attempt in attempts:
            self.tell(f"  {what}: {self.refusal(attempt)}")

    def part_and_meet(self) -> dict[str, Any]:
        assert self.wire is not None
        riacho, serra, encants = self.nodes.values()
        payer, payee = self.member("riacho", 5), f"{self.member('encants', 5)}@encants"
        quote = self.quote(riacho, payer, payee, "6", ["serra"])
        self.wire.cut()
        until("Serra notices", lambda: not is_connected(serra, encants))
        told = self.refusal(lambda: self.quote(serra, self.member("serra", 6), payee, "3"))
        self.tell(f"  a payment that needs the cut line: {told}")
        waiting = self.accept(riacho, payer, payee, quote)
        during = self.trade(LOCAL_PAYMENTS)
        state = riacho.client.get(f"/v1/payments/{waiting}")["state"]
        self.tell(f"  both sides went on; a payment from Riacho to Encants waits: {state}")
        if state != "pending":
            raise StageFailed(f"a payment over a cut line is {state}")
        self.wire.mend()
        seconds = until("the waiting payment arrives", lambda: self.is_posted(riacho, waiting))
        seconds += until("all books agree", self.agree)
        self.across += 1
        self.tell(f"  mended: the payment arrived and the books agreed after {seconds:.1f} s")
        return {"payments_during": during, "converged_ms": round(seconds * 1000)}

    def crash(self) -> dict[str, Any]:
        riacho, serra = self.nodes["riacho"], self.nodes["serra"]
        wishes: list[tuple[Node, dict[str, Any], str]] = []
        for number in range(CRASH_PAYMENTS):
            payer, payee = self.member("serra", number), self.member("serra", number + 1)
            wish = {"payer": payer, "payee": payee, "amount": _amount("0.10"), "payment": str(uuid4())}
            wishes.append((serra, wish, uuid4().hex))
        quote = self.quote(riacho, self.member("riacho", 8), f"{self.member('serra', 8)}@serra", "2")
        across = self.accept(riacho, self.member("riacho", 8), quote["payee"], quote)
        unanswered: list[tuple[Node, dict[str, Any], str]] = []
        answered = 0
        killer: Thread | None = None
        for wish in wishes:
            if answered == KILLED_AFTER and killer is None:
                killer = Thread(target=serra.kill)
                killer.start()
            try:
                wish[0].client.post("/v1/payments", wish[1], wish[2])
                answered += 1
            except Unreachable:
                unanswered.append(wish)
        assert killer is not None
        killer.join()
        serra.start()
        serra.until_ready()
        for node, body, key in unanswered:
            node.client.post("/v1/payments", body, key)
        lost = sum(not self.is_posted(serra, body["payment"]) for _, body, _ in wishes)
        until("the payment across arrives", lambda: self.is_posted(riacho, across))
        self.local += len(wishes)
        self.across += 1
        self.tell(
            f"  {answered} payments were answered before the kill, {len(unanswered)} tried again after it, {lost} lost"
        )
        return {"answered_before": answered, "retried": len(unanswered), "lost": lost}

    def clear(self) -> dict[str, Any]:
        self.open_link("riacho", "encants", "1000", "3")
        until("Encants pays", lambda: is_connected(self.nodes["encants"], self.nodes["riacho"]))
        self.settle("encants", self.member("encants", 9), f"{self.member('riacho', 9)}@riacho", "20", "marmitas")
        for name, value in (("riacho", "3"), ("serra", "1.5"), ("encants", "1")):
            client = self.nodes[name].client
            client.post("/v1/clearing-terms", {"on": True, "publish": True})
            client.post(f"/v1/currencies/{self.currency(name)}/value", {"value": value})
        before = debts(self.nodes, self.links)
        opened = self.nodes["riacho"].client.post("/v1/clearings", {})["id"]
        until("the ring is cleared", lambda: self.round(opened)["cleared"] > 0)
        until("all books agree", self.agree)
        after = debts(self.nodes, self.links)
        for link, debt in before.items():
            self.tell(f"  before: {debt}; after: {after[link]}")
        return {"circles": self.round(opened)["cleared"], "before": before, "after": after}

    def round(self, id: str) -> dict[str, Any]:
        """Return a round of clearing as Riacho sees it."""
        return self.nodes["riacho"].client.get(f"/v1/clearings/{id}")

    def agree(self) -> bool:
        """Tell whether the books of all networks agree."""
        return books_agree(self.nodes, self.links)

    # Payments.

    def pay(self, node: Node, payer: str, payee: str, amount: str, note: str = "") -> dict[str, Any]:
        """Pay at home."""
        body = {"payer": payer, "payee": payee, "amount": _amount(amount), **({"note": note} if note else {})}
        return node.client.post("/v1/payments", body)

    def quote(self, node: Node, payer: str, payee: str, amount: str, via: Sequence[str] = ()) -> dict[str, Any]:
        """Ask what a payment costs."""
        wish = {"payee": payee, "amount": _amount(amount), "payer": payer, "via": list(via)}
        return node.client.post("/v1/quotes", wish)

    def accept(self, node: Node, payer: str, payee: str, quote: Mapping[str, Any]) -> str:
        """Accept a quote; returns the id of the payment, which is on its way."""
        del payer
        wish = {"payer": quote["payer"], "payee": payee, "amount": quote["amount"], "invoice": quote["invoice"]}
        if "@" not in payee:
            wish["payee"] = quote["payee_handle"]
        return node.client.post("/v1/payments", wish)["id"]

    def settle(self, name: str, payer: str, payee: str, amount: str, what: str, via: Sequence[str] = ()) -> None:
        """Pay across networks and wait until it has arrived."""
        node = self.nodes[name]
        quote = self.quote(node, payer, payee, amount, via)
        payment = self.accept(node, payer, payee, quote)
        until(f"{payee} is paid", lambda: self.is_posted(node, payment))
        self.across += 1
        if self.across <= 3:
            way = f" through {', '.join(via)}" if via else ""
            self.tell(
                f"  {payer}@{name} pays {payee}{way}: {money(quote['amount'])} for {money(quote['debit'])} ({what})"
            )

    def is_posted(self, node: Node, payment: str) -> bool:
        """Tell whether a payment has arrived; raises StageFailed if it came back."""
        try:
            shown = node.client.get(f"/v1/payments/{payment}")
        except WishRefused:
            return False
        if shown["state"] == "voided":
            raise StageFailed(f"a payment came back: {shown['reason']}")
        return shown["state"] == "posted"

    def refusal(self, attempt: Callable[[], object]) -> str:
        """Try what must be refused, and return what a member is told."""
        try:
            attempt()
        except WishRefused as refused:
            self.refused[str(refused.problem["code"])] += 1
            return str(refused)
        raise StageFailed("what must be refused was done")

    def member(self, network: str, number: int) -> str:
        """Return the handle of a member."""
        return next(g for g in self.groups if g["handle"] == network)["members"][number % 40][0]

    def currency(self, network: str) -> str:
        """Return the code of a network's currency."""
        return next(g for g in self.groups if g["handle"] == network)["currency"]

    def leave(self, *, keep: bool) -> None:
        """End the nodes and remove their folder, or tell how to reach them."""
        if keep:
            for node in self.nodes.values():
                put(f"  {node.handle}: {node.url}  token {node.token}  process {node.process and node.process.pid}")
            put(f"  homes and logs: {self.folder}")
            put("\n".join(f"  {line}" for line in next(iter(self.nodes.values())).pages()))
            return
        for node in self.nodes.values():
            node.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _amount(decimal: str) -> dict[str, Any]:
    whole, _, part = decimal.partition(".")
    return {"value": str(int(whole + part)), "asset_scale": len(part)}


def _yes(true: object) -> str:
    return "yes" if true else "NO"
