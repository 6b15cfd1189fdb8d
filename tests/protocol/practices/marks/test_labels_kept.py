# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the issuer's home does by itself for its labels, and what it tells those who coordinate."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from simulation.world import World

from protocol.book.declaration import Desk
from protocol.book.refusals import Refused
from protocol.book.signed import parse_uuid
from protocol.book.timezones import DAY_MS
from protocol.peers.boards import Boards
from protocol.practices.marks.labels.bitstring import is_set
from protocol.practices.marks.labels.credentials import list_item, status_place
from protocol.practices.marks.labels.entries import LABELS_A_LIST
from protocol.practices.marks.labels.plans import LABEL_ITEM_MS, plan_issue, plan_revoke
from protocol.practices.marks.labels.refusals import ISSUER_KEY_CHANGED
from protocol.practices.marks.labels.state import Labels
from protocol.practices.marks.labels.tending import LIST_DAYS, TENDED_MS
from protocol.practices.marks.labels.views import view_credential, week
from protocol.practices.marks.labels.wishes import CredentialShown, CredentialWanted, IssueLabel, RevokeLabel
from tests.protocol.practices.market.fair import by
from tests.protocol.practices.marks.labelled import HONEY, countryside, index, issue, revoke, scheme, trust


@pytest.fixture
def world() -> World:
    return countryside()


def list_of(world: World, name: str, key: bytes) -> Any:
    serra = world.nodes["serra"].network
    return index(world, name).lists[serra, list_item(serra, key, 0)]


def test_status_lists_are_signed_anew_each_week_and_at_each_revocation(world: World) -> None:
    found = scheme(world)
    first, second = (issue(world, found.id) for _ in range(2))
    kept = world.nodes["serra"].replica.book.of(Labels).issued[parse_uuid(first.id) or b""]
    key, issued = kept.said.key, list_of(world, "riacho", kept.said.key).said.issued_ms
    world.now += (LIST_DAYS - 1) * DAY_MS
    world.tick(3)
    assert list_of(world, "riacho", key).said.issued_ms == issued
    world.now += DAY_MS + TENDED_MS
    world.tick(3)
    assert list_of(world, "riacho", key).said.issued_ms >= issued + LIST_DAYS * DAY_MS
    revoke(world, second.id)
    world.tick(2)
    bits = list_of(world, "riacho", key).bits
    assert (is_set(bits, 0), is_set(bits, 1)) == (False, True)


def test_a_label_that_counts_for_years_is_put_on_the_board_anew_before_it_lapses_there(world: World) -> None:
    label = issue(world, scheme(world).id)
    serra, name = world.nodes["serra"], parse_uuid(label.id) or b""
    book = serra.replica.book
    kept = book.of(Labels).issued[name]
    kept.said = replace(kept.said, until_ms=world.now + 900 * DAY_MS)  # only its hour on the board is looked at
    before = book.of(Boards).get(serra.network, name)
    assert before is not None
    world.now += LABEL_ITEM_MS // 2 + 10 * DAY_MS
    world.tick(3)
    after = book.of(Boards).get(serra.network, name)
    assert after is not None and after.said.not_after >= world.now + LABEL_ITEM_MS // 2


def test_the_8193rd_label_of_a_key_is_in_its_second_list(world: World) -> None:
    label = issue(world, scheme(world).id)
    serra = world.nodes["serra"]
    said = serra.replica.book.of(Labels).issued[parse_uuid(label.id) or b""].said
    places = [status_place(serra.network, replace(said, number=number)) for number in (0, 8_191, 8_192)]
    assert [index for _, index in places] == [0, LABELS_A_LIST - 1, 0]
    assert places[0][0] == places[1][0] != places[2][0]


def test_a_home_with_another_secret_issues_nothing_and_still_revokes(world: World) -> None:
    found = scheme(world)
    label = issue(world, found.id)
    book = world.nodes["serra"].replica.book
    desk = Desk(book, by(world, "serra", "growers"), world.now, Random(1).randbytes, lambda *_: b"", secret=b"another")
    refused = plan_issue(desk, IssueLabel(found.id, "elio", (HONEY,)))
    assert isinstance(refused, Refused) and refused.reason is ISSUER_KEY_CHANGED
    plan = plan_revoke(desk, label.id, RevokeLabel())
    assert not isinstance(plan, Refused) and [type(one.body).__name__ for one in plan.published] == ["BoardLabel"]
    listed = CredentialWanted(label.id, status=True)
    assert isinstance(view_credential(desk, listed), CredentialShown)
    book.of(Labels).issued[parse_uuid(label.id) or b""].revoked_ms = world.now  # what its entry will do
    refused = view_credential(desk, listed)
    assert isinstance(refused, Refused) and refused.reason is ISSUER_KEY_CHANGED, "the list cannot say so any more"


def test_those_who_coordinate_are_told_of_what_ends_soon(world: World) -> None:
    found = scheme(world)
    issue(world, found.id)
    did = found.issuers[0].did

    def told(name: str) -> list[str]:
        replica = world.nodes[name].replica
        desk = Desk(
            replica.book, by(world, name, "elio" if name == "serra" else "ana"), world.now, bytes, lambda *_: b""
        )
        return [one.sentence for one in week(desk)]

    assert told("serra") == []
    trust(world, did, until="2024-03-01")
    assert told("riacho") == []
    world.now += 85 * DAY_MS
    assert told("riacho") == ["labels.trust_ends"]
    world.now += 270 * DAY_MS
    assert (told("serra"), told("riacho")) == (["labels.ends"], [])
