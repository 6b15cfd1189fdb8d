# SPDX-License-Identifier: AGPL-3.0-or-later
"""At the edge of int64 a hold is waived and the money comes back; no node stumbles over a sum it cannot write."""

from simulation.groups import balance, offer_payment, state
from simulation.world import World

from protocol.economy.currencies import CreateCurrency
from protocol.economy.members import Approve, Invite, Join
from protocol.economy.money import AMOUNT_MINOR_MAX, Amount
from protocol.settlement.links import AcceptLink, ProposeLink

GREATEST = Amount(AMOUNT_MINOR_MAX, None, 2)


def test_what_rounding_carries_beyond_int64_is_given_back() -> None:
    world = World()
    for name, code, handle in (("riacho", "HORA", "ana"), ("serra", "FLOR", "bia")):
        world.found(name, code)
        world.granted(name, "currencies.create", CreateCurrency(code, code.title(), GREATEST))
        invitation = world.granted(name, "invitations.create", Invite())
        world.granted(name, "members.join", Join(invitation.code, handle))
        world.granted(name, "members.approve", Approve(), subject=handle)
    world.join("riacho", "serra")
    world.tick(2)
    link = world.granted("riacho", "links.create", ProposeLink("serra", GREATEST, "HORA"))
    world.granted("serra", "links.accept", AcceptLink(GREATEST, "FLOR", str(10**12)), subject=link.id)

    # 9223372036854775800 minor FLOR are 9223373 minor HORA, rounded up: worth 9223373000000000000, beyond int64.
    request = offer_payment(world, "riacho", "ana", "bia@serra", AMOUNT_MINOR_MAX // 100)
    world.tick(2)
    payment = world.nodes["riacho"].answers[request].id
    assert state(world, "riacho", payment) == "voided"
    assert world.granted("riacho", "payments.show", subject=payment).reason == "AMOUNT_TOO_LARGE"
    assert balance(world, "riacho", "ana") == balance(world, "serra", "bia") == 0
    assert world.zero_sum()
