# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever is promised fits the ledger once it is claimed: a partner that has been paid can always claim."""

from unittest.mock import patch

from simulation.groups import balance, offer_payment, pay, state
from simulation.world import Node, World, whole

from protocol.book.ledger import Account
from protocol.book.money import AMOUNT_MINOR_MAX, Amount
from protocol.book.promised import Promised, beyond_promised, room
from protocol.practices.between.abroad import arriving
from protocol.practices.between.links.wishes import AcceptLink, CapLink, LinksWanted, ProposeLink, SetLinkRate
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.currencies.views import CreateCurrency
from protocol.practices.money.payments.entries import Pay
from protocol.practices.people.invitations import Invite
from protocol.practices.people.members.views import Approve, Join

GREATEST = Amount(AMOUNT_MINOR_MAX, None, 2)
MEMBERS = {"riacho": ("HORA", ("ana", "caio")), "serra": ("FLOR", ("bia", "davi")), "vale": ("OURO", ("hugo", "ines"))}
UNITS = 70_000


def dear(rate_there: str = str(10**12)) -> World:
    """Riacho, Serra and Vale in a row; for Serra one unit of its links is worth 10^12 of its own."""
    world = World()
    for name, (code, handles) in MEMBERS.items():
        world.found(name, code)
        world.granted(name, "currencies.create", CreateCurrency(code, code.title(), GREATEST))
        for handle in handles:
            invitation = world.granted(name, "invitations.create", Invite())
            world.granted(name, "members.join", Join(invitation.code, handle))
            world.granted(name, "members.approve", Approve(), subject=handle)
    limit = Amount(10**15, None, 2)
    for name in ("riacho", "vale"):
        world.join(name, "serra")
        world.tick(2)
        code = MEMBERS[name][0]
        link = world.granted(name, "links.create", ProposeLink("serra", limit, code))
        world.granted("serra", "links.accept", AcceptLink(limit, "FLOR", rate_there), subject=link.id)
        for one in (name, "serra"):
            world.granted(one, "links.cap", CapLink(holds_percent=100), subject=link.id)
    world.tick(2)
    return world


def countable(world: World) -> bool:
    """Tell whether every node can store every balance, and each book sums to zero."""
    balances = [one.balance_minor for node in world.nodes.values() for one in _accounts(node)]
    return world.zero_sum() and max(map(abs, balances)) <= AMOUNT_MINOR_MAX


def _accounts(node: Node) -> list[Account]:
    return list(node.replica.book.ledger.accounts.values())


def settled(world: World) -> bool:
    """Tell whether nothing is promised any more anywhere."""
    return all(node.replica.book.of(Promised) == Promised() for node in world.nodes.values())


def test_of_two_forwards_that_fit_alone_the_second_comes_back() -> None:
    world = dear()
    first = pay(world, "riacho", "ana", "hugo@vale", UNITS, "serra")
    second = pay(world, "riacho", "ana", "hugo@vale", UNITS, "serra")
    world.tick(3)
    assert [state(world, "riacho", one) for one in (first, second)] == ["posted", "voided"]
    assert world.granted("riacho", "payments.show", subject=second).reason == "AMOUNT_TOO_LARGE"
    assert (balance(world, "riacho", "ana"), balance(world, "vale", "hugo")) == (-UNITS * 100, UNITS * 100)
    for name in world.nodes:
        world.restart(name)
    world.tick(3)
    assert (balance(world, "riacho", "ana"), balance(world, "vale", "hugo")) == (-UNITS * 100, UNITS * 100)
    assert countable(world) and settled(world)
    # Serra is well: its members pay each other, and what is paid back makes room again.
    world.granted("serra", "payments.create", Pay(payer="bia", payee="davi", amount=whole(5)))
    back = pay(world, "vale", "hugo", "ana@riacho", UNITS, "serra")
    again = pay(world, "riacho", "ana", "hugo@vale", UNITS, "serra")
    assert (state(world, "vale", back), state(world, "riacho", again)) == ("posted", "posted")
    assert countable(world) and settled(world) and not world.drops


def test_of_two_forwards_under_way_at_once_the_second_comes_back() -> None:
    world = dear()
    requests = [offer_payment(world, "riacho", payer, "hugo@vale", UNITS, "serra") for payer in ("ana", "caio")]
    world.run()
    world.tick(3)
    payments = [world.nodes["riacho"].answers[one].id for one in requests]
    assert sorted(state(world, "riacho", one) for one in payments) == ["posted", "voided"]
    assert countable(world) and settled(world) and not world.drops


def test_what_a_forward_may_bring_is_counted_when_a_member_pays_the_same_partner() -> None:
    world = dear()
    quote = world.granted("serra", "quotes.create", AskQuote("ines@vale", whole(UNITS), payer="bia"))
    first = offer_payment(world, "riacho", "ana", "hugo@vale", UNITS, "serra")
    while not world.nodes["serra"].replica.book.passing.get("FLOR"):
        world.deliver(1)
    # It is not claimed yet, and its worth, 7 * 10^18, is promised to Vale's account and from Riacho's.
    assert promised(world) == ([UNITS * 100 * 10**12], [UNITS * 100 * 10**12])
    wish = Pay(payer=quote.payer, payee="ines@vale", amount=whole(UNITS), invoice=quote.invoice)
    second = world.start("serra", "payments.create", wish)
    assert world.nodes["serra"].answers[second].reason.code == "AMOUNT_TOO_LARGE"
    world.restart("serra")
    assert promised(world) == ([UNITS * 100 * 10**12], [UNITS * 100 * 10**12])
    world.tick(3)
    assert state(world, "riacho", world.nodes["riacho"].answers[first].id) == "posted"
    assert countable(world) and settled(world)


def promised(world: World) -> tuple[list[int], list[int]]:
    """Return what is promised at Serra, down and up."""
    found = world.nodes["serra"].replica.book.of(Promised)
    return list(found.down.values()), list(found.up.values())


def test_what_an_older_version_has_promised_beyond_int64_is_passed_on_as_far_as_it_can_be_counted() -> None:
    world = dear()
    requests = [offer_payment(world, "riacho", payer, "hugo@vale", UNITS, "serra") for payer in ("ana", "caio")]
    with patch.object(arriving, "beyond_promised", lambda *_: None):
        world.run()
    world.restart("serra")
    world.tick(3)
    # The payee has it, by the preimages; and the payers know.
    assert [state(world, "riacho", world.nodes["riacho"].answers[one].id) for one in requests] == ["posted"] * 2
    assert balance(world, "vale", "hugo") == 2 * UNITS * 100
    mirrors = sorted(one.balance_minor for one in _accounts(world.nodes["serra"]) if one.id.startswith("link-"))
    assert mirrors == [-AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX]
    world.restart("serra")
    world.granted("serra", "payments.create", Pay(payer="bia", payee="davi", amount=whole(5)))
    pay(world, "vale", "hugo", "ana@riacho", UNITS, "serra")
    assert balance(world, "vale", "hugo") == UNITS * 100
    assert countable(world) and settled(world) and not world.drops


def test_what_was_lost_at_a_restore_is_valued_no_higher_than_can_be_counted() -> None:
    world = dear("1")
    serra = world.nodes["serra"]
    before = len(serra.disk)
    pay(world, "riacho", "ana", "hugo@vale", UNITS, "serra")
    world.tick(3)
    world.restart("serra", old_copy=before)
    world.tick(30)
    ledger = world.nodes["serra"].replica.book.ledger.accounts
    assert sorted(one.balance_minor for one in ledger.values() if one.id.startswith("link-")) == [
        -UNITS * 100, UNITS * 100,
    ]  # fmt: skip


def test_claims_that_the_ledger_has_lost_at_rates_beyond_int64_are_counted_as_far_as_can_be() -> None:
    world = dear("1")
    before = len(world.nodes["serra"].disk)
    pay(world, "riacho", "ana", "bia@serra", 10**10)
    world.tick(3)
    links = world.granted("serra", "links.list", LinksWanted("riacho")).items
    for link in links:
        world.granted("serra", "links.set-rate", SetLinkRate(str(10**12), sure=True), subject=link.id)
    world.tick(3)
    world.restart("serra", old_copy=before)
    world.tick(30)
    # 10^12 minor units were claimed, at the rate of now worth 10^24 of ours.
    mirrors = [one.balance_minor for one in _accounts(world.nodes["serra"]) if one.id.startswith("link-")]
    assert mirrors == [-(AMOUNT_MINOR_MAX // 2)]
    shown = world.granted("serra", "links.list", LinksWanted("riacho")).items[0]
    assert shown.net_debt.value == -(10**12)
    world.restart("serra")
    world.tick(3)
    assert countable(world) and shown.state == "open" and not world.drops
    # The partner still claims and is claimed from.
    pay(world, "riacho", "ana", "bia@serra", 1)
    assert countable(world)


def test_room_is_what_is_left_beside_the_balance_and_all_promises() -> None:
    world = World()
    world.found("serra", "FLOR")
    world.granted("serra", "currencies.create", CreateCurrency("FLOR", "Flor", GREATEST))
    book = world.nodes["serra"].replica.book
    account = "exchange.FLOR"
    assert room(book, account) == (AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX) == room(book, "link-x.FLOR")
    book.of(Promised).begin(((account, 7), (account, -5), (account, 0)))
    assert room(book, account) == (AMOUNT_MINOR_MAX - 5, AMOUNT_MINOR_MAX - 7)
    assert beyond_promised(book, (account, AMOUNT_MINOR_MAX - 7)) is None
    assert beyond_promised(book, (account, AMOUNT_MINOR_MAX - 6)) is not None
    assert beyond_promised(book, (account, AMOUNT_MINOR_MAX - 7), (account, 1)) is not None, "taken together"
    assert beyond_promised(book, (account, 5 - AMOUNT_MINOR_MAX), (account, 1)) is None
    assert beyond_promised(book, (account, 4 - AMOUNT_MINOR_MAX)) is not None
    book.of(Promised).end(((account, 7), (account, -5), (account, 0)))
    assert book.of(Promised) == Promised()
