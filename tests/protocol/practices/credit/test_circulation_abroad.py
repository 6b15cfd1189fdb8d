# SPDX-License-Identifier: AGPL-3.0-or-later
"""A guaranteed currency circulates among users of another network: that holds the promise, the issuer lends nothing."""

from typing import Any

from simulation.groups import account, balance, exchange, pay, state
from simulation.world import World, whole

from protocol.book.money import Amount
from protocol.book.plans import Actor, Role
from protocol.book.refusals import Refused
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought, sign_wish
from protocol.practices.between.links.refusals import GUARANTEED_UNLENT
from protocol.practices.between.links.wishes import AcceptLink, CapLink, ProposeLink, RaiseLink, SetLinkRate
from protocol.practices.between.mixed.asking import AskMixedQuote
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.credit.reserves.entries import AttestMove
from protocol.practices.credit.reserves.views import IssueCurrency, OpenReserve, TellMove
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.money.currencies.views import CreateCurrency
from protocol.practices.money.mixed.entries import PayMixed
from protocol.practices.people.invitations import Invite
from protocol.practices.people.joinings import sign_joining
from protocol.practices.people.members.views import Approve, Join
from tests.protocol.practices.desk import DAY_MS, keys_of


def guaranteed(world: World, name: str, reserve: int) -> None:
    """Let a network's only currency be backed by so much state money, to which Ana attests by her key."""
    node, keys = world.nodes[name], keys_of("ana")
    code = next(iter(node.replica.book.currencies))
    invitation = world.granted(name, "invitations.create", Invite())
    world.granted(name, "members.join", Join(invitation.code, "ana", None, sign_joining(keys, node.network, "ana")))
    world.granted(name, "members.approve", Approve(), subject="ana")
    wish = OpenReserve(code, "BRL", ("ana",), 1)
    motion = world.granted(name, "reserves.open", wish).id
    for handle in ("dora", "elio"):
        vote = Vote(parse_uuid(motion) or b"", Ballot.YES, handle)
        world.granted(name, "motions.vote", vote, subject=motion)
    world.now += 8 * DAY_MS
    world.tick(2)
    move = world.granted(name, "reserve-moves.create", TellMove(code, Amount(reserve * 100, "BRL", 2))).id
    wish = AttestMove(parse_uuid(move) or b"")
    signed = sign_wish(keys, "reserve-moves.attest", wish, network=node.network, order_seq=1,
                       not_after_ms=world.now + DAY_MS)  # fmt: skip
    by_ana = Actor(Role.MEMBER, node.replica.book.member_by_handle["ana"])
    world.granted(name, "reserve-moves.attest", Brought(signed), subject=move, actor=by_ana)
    world.granted(name, "reserves.issue", IssueCurrency("dora", whole(reserve, code)), subject=code)


def refused(shown: Any) -> Any:
    assert isinstance(shown, Refused), shown
    return shown.reason


def test_what_a_reserve_backs_is_held_in_another_network_and_comes_back() -> None:
    world = World()
    exchange(world, "conjunto", "PALMAS", "dora", "elio", limit=0)
    exchange(world, "serra", "FLOR", "sol", limit=0)
    guaranteed(world, "conjunto", 1_000)
    world.join("conjunto", "serra")
    world.tick(2)
    assert refused(world.ask("conjunto", "links.create", ProposeLink("serra", whole(1), "PALMAS"))) is GUARANTEED_UNLENT
    dear = ProposeLink("serra", whole(0), "PALMAS", rate="2")
    assert refused(world.ask("conjunto", "links.create", dear)) is GUARANTEED_UNLENT
    link = world.granted("conjunto", "links.create", ProposeLink("serra", whole(0), "PALMAS")).id
    # Serra accepts up to 300 of the promise; its own currency stands for it, and nobody owes there.
    world.granted("serra", "links.accept", AcceptLink(whole(300), "FLOR"), subject=link)
    for name in ("conjunto", "serra"):
        world.granted(name, "links.cap", CapLink(holds_percent=100), subject=link)
    world.tick(2)
    assert refused(world.ask("conjunto", "links.raise", RaiseLink(whole(5)), subject=link)) is GUARANTEED_UNLENT
    assert refused(world.ask("conjunto", "links.set-rate", SetLinkRate("2"), subject=link)) is GUARANTEED_UNLENT

    paid = pay(world, "conjunto", "dora", "sol@serra", 200)
    world.tick(2)
    assert state(world, "conjunto", paid) == "posted"
    assert (balance(world, "conjunto", "dora"), balance(world, "serra", "sol")) == (800_00, 200_00)
    beyond = world.ask("conjunto", "quotes.create", AskQuote("sol@serra", whole(101), payer="dora"))
    assert beyond.reason.code == "LINK_LIMIT_EXCEEDED"
    # Sol spends in the issuer's network what she was paid, and not a unit more.
    pay(world, "serra", "sol", "elio@conjunto", 150)
    world.tick(2)
    assert (balance(world, "conjunto", "elio"), balance(world, "serra", "sol")) == (150_00, 50_00)
    more = world.ask("serra", "quotes.create", AskQuote("elio@conjunto", whole(51), payer="sol"))
    assert isinstance(more, Refused)
    shown = world.granted("conjunto", "reserves.show", subject="PALMAS")
    assert (shown.outstanding.value, shown.most.value) == (1_000_00, 1_000_00)
    assert world.zero_sum()
    for name in ("conjunto", "serra"):
        assert not list(world.nodes[name].replica.book.complaints())
    ledger = world.nodes["conjunto"].replica.book.ledger.accounts
    assert min(one.balance_minor for one in ledger.values() if not one.id.startswith("issued")) == 0
    assert account(world, "conjunto", "dora") in ledger


def test_40_that_nothing_backs_and_60_guaranteed_go_abroad_together_or_not_at_all() -> None:
    world = World()
    exchange(world, "conjunto", "PALMAS", limit=0)
    exchange(world, "serra", "NOTA", limit=0)
    for name, code, handles in (("conjunto", "HORA", ("dora", "elio")), ("serra", "FLOR", ("sol", "rui"))):
        world.granted(name, "currencies.create", CreateCurrency(code, code.title(), whole(500)))
        for handle in handles:
            invitation = world.granted(name, "invitations.create", Invite())
            world.granted(name, "members.join", Join(invitation.code, handle))
            world.granted(name, "members.approve", Approve(), subject=handle)
    guaranteed(world, "conjunto", 1_000)
    world.join("conjunto", "serra")
    world.tick(2)
    for own, foreign, granted in (("PALMAS", "NOTA", 0), ("HORA", "FLOR", 300)):
        link = world.granted("conjunto", "links.create", ProposeLink("serra", whole(granted), own)).id
        world.granted("serra", "links.accept", AcceptLink(whole(300), foreign), subject=link)
        for name in ("conjunto", "serra"):
            world.granted(name, "links.cap", CapLink(holds_percent=100), subject=link)
    world.tick(2)

    def held(name: str, handle: str, *codes: str) -> list[int]:
        node = world.nodes[name]
        return [node.balance(f"{node.replica.book.member_by_handle[handle]}.{code}") for code in codes]

    def pays(name: str, payer: str, payee: str, *amounts: Amount) -> Any:
        price = world.ask(name, "mixed-quotes.create", AskMixedQuote(payee, amounts, payer))
        if isinstance(price, Refused):
            return price
        wish = PayMixed(payee, tuple(one.amount for one in price.parts), payer, invoice=price.invoice)
        paid = world.granted(name, "mixed-payments.create", wish)
        world.tick(2)
        return paid

    paid = pays("conjunto", "dora", "sol@serra", whole(40, "FLOR"), whole(60, "NOTA"))
    assert [one.kind for one in paid.parts] == ["mutual", "guaranteed"]
    assert held("conjunto", "dora", "HORA", "PALMAS") == [-40_00, 940_00]
    assert held("serra", "sol", "FLOR", "NOTA") == [40_00, 60_00]
    # Backed by nothing but what was paid, Sol has 60 of it and no more; of the other she could owe.
    over = pays("serra", "sol", "elio@conjunto", whole(50, "HORA"), whole(61, "PALMAS"))
    assert isinstance(over, Refused) and held("serra", "sol", "FLOR", "NOTA") == [40_00, 60_00]
    pays("serra", "sol", "elio@conjunto", whole(50, "HORA"), whole(60, "PALMAS"))
    assert held("serra", "sol", "FLOR", "NOTA") == [-10_00, 0]
    assert held("conjunto", "elio", "HORA", "PALMAS") == [50_00, 60_00]
    assert world.zero_sum() and not any(list(node.replica.book.complaints()) for node in world.nodes.values())
