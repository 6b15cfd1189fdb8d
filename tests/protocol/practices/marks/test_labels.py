# SPDX-License-Identifier: AGPL-3.0-or-later
"""A honey label from its scheme to a buyer in another network: what counts, what does not and by which code."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from simulation.world import World

from protocol.book.refusals import FORBIDDEN, MALFORMED, MEMBER_UNKNOWN, NOT_FOUND, STATE_CONFLICT
from protocol.book.timezones import DAY_MS
from protocol.practices.marks.labels.entries import LabelLevel
from protocol.practices.marks.labels.multibase import key_of_did
from protocol.practices.marks.labels.refusals import (
    ISSUER_UNTRUSTED,
    LABEL_EXPIRED,
    LABEL_NOT_YET,
    LABEL_REVOKED,
    LABEL_TAMPERED,
    NOT_AN_ISSUER,
    OUT_OF_SCOPE,
    SCHEME_SCOPE,
)
from protocol.practices.marks.labels.rules import against_distrust
from protocol.practices.marks.labels.wishes import (
    DeclareScheme,
    DistrustIssuer,
    IssueLabel,
    IssuersWanted,
    LabelsWanted,
    RevokeLabel,
)
from tests.protocol.practices.market.fair import by
from tests.protocol.practices.marks.labelled import (
    HONEY,
    JAM,
    RULES,
    countryside,
    credential,
    decided,
    issue,
    reason,
    revoke,
    scheme,
    trust,
    verified,
)


@pytest.fixture
def world() -> World:
    return countryside()


def date_in(world: World, days: int) -> str:
    """Return the day that is in so many days."""
    return datetime.fromtimestamp(world.now / 1_000 + days * 86_400, UTC).date().isoformat()


def test_a_honey_label_counts_for_honey_and_not_for_jam(world: World) -> None:
    found = scheme(world)
    label = issue(world, found.id, level=LabelLevel.MEMBERSHIP, plots=("hill-3",))
    assert (label.code, label.state.value, label.issuer_did) == ("ISSUER_UNTRUSTED", "standing", found.issuers[0].did)
    abroad = f"{label.id}@serra"
    assert reason(verified(world, label=abroad, code=HONEY)) is ISSUER_UNTRUSTED
    trust(world, found.issuers[0].did)
    told = verified(world, label=abroad, code=HONEY, plot="hill-3")
    assert (told.scheme_name, told.holder_name, told.level, told.warnings) == (
        "Honey of the hills", "elio", "Membership", (),
    )  # fmt: skip
    jam = verified(world, label=abroad, code=JAM)
    assert jam.reason is OUT_OF_SCOPE and jam.figures == {"covers": HONEY, "asked": JAM}
    assert reason(verified(world, label=abroad, code=HONEY, plot="hill-4")) is OUT_OF_SCOPE
    assert (
        reason(
            verified(
                world,
                label=label.id,
                code=HONEY,
            )
        )
        is NOT_FOUND
    ), "it is Serra's"
    assert reason(verified(world, "serra", label=label.id, code=HONEY)) is ISSUER_UNTRUSTED, "each group decides"
    [listed] = world.granted("riacho", "labels.list", LabelsWanted(code=HONEY, valid=True)).items
    assert (listed.holder, listed.code) == ("elio", None)
    assert not world.granted("riacho", "labels.list", LabelsWanted(valid=False)).items


def test_a_status_list_of_31_days_is_stale_and_one_of_30_is_not(world: World) -> None:
    found = scheme(world)
    label = issue(world, found.id)
    trust(world, found.issuers[0].did)
    world.tick(2)
    world.cut("riacho", "serra")
    issued = world.now
    for days, warnings in ((30, ()), (31, ("STATUS_STALE",))):
        world.now = issued + days * DAY_MS
        told = verified(world, label=f"{label.id}@serra", code=HONEY)
        assert (told.status_days_old, told.warnings) == (days, warnings)
    world.join("riacho", "serra")
    world.tick(4)
    told = verified(world, label=f"{label.id}@serra", code=HONEY)
    assert (told.status_days_old, told.warnings) == (0, ()), "its home has signed the list anew"


def test_each_way_not_to_count_has_its_code(world: World) -> None:
    found = scheme(world)
    day = date_in(world, 100)
    label = issue(world, found.id, until=day)
    later = issue(world, found.id, since=date_in(world, 50), until=date_in(world, 200))
    trust(world, found.issuers[0].did)
    text = credential(world, label.id)
    assert reason(verified(world, credential=text, code=HONEY)) is None
    changed = json.loads(text)
    changed["credentialSubject"]["assessment"][0]["assessedProduct"][0]["product"]["registeredId"] = JAM
    assert reason(verified(world, credential=json.dumps(changed).encode(), code=JAM)) is LABEL_TAMPERED
    assert reason(verified(world, credential=text, code=JAM)) is OUT_OF_SCOPE
    assert reason(verified(world, credential=text, at=date_in(world, 101 - 8))) is LABEL_EXPIRED
    assert reason(verified(world, credential=text, at=f"{day}T23:59:59Z")) is None
    assert reason(verified(world, label=f"{later.id}@serra")) is LABEL_NOT_YET
    revoke(world, label.id)
    world.tick(2)
    refused = verified(world, credential=text, code=HONEY)
    assert refused.reason is LABEL_REVOKED and refused.figures == {"issuer": "growers"}
    shown = world.granted("riacho", "labels.show", subject=f"{label.id}@serra")
    assert (shown.state.value, shown.code) == ("revoked", "LABEL_REVOKED")
    for wrong in (
        b"",
        b"[]",
        b"{}",
        b'{"a": 1, "a": 2}',
        b"[" * 5_000,
        text[:-3],
        text.replace(b"did:key", b"did:web"),
    ):
        assert reason(verified(world, credential=wrong)) is MALFORMED
    assert reason(verified(world)) is MALFORMED


def test_trust_begins_and_ends_when_the_group_says(world: World) -> None:
    found = scheme(world)
    label = issue(world, found.id, until=date_in(world, 900))
    did = found.issuers[0].did
    times = [date_in(world, days) for days in (100, 200, 150, 201)]
    trust(world, did, since=times[0], until=times[1])
    abroad = f"{label.id}@serra"
    assert reason(verified(world, label=abroad)) is ISSUER_UNTRUSTED
    assert reason(verified(world, label=abroad, at=times[2])) is None
    assert reason(verified(world, label=abroad, at=times[3])) is ISSUER_UNTRUSTED
    trust(world, did)
    assert reason(verified(world, label=abroad)) is None
    decided(world, "riacho", "label-issuers.distrust", DistrustIssuer(), "ana", "edu", subject=did)
    assert reason(verified(world, label=abroad)) is ISSUER_UNTRUSTED
    [one] = world.granted("riacho", "label-issuers.list", IssuersWanted()).items
    assert (one.id, one.trusted, len(one.periods), one.labels) == (did, False, 2, 1)
    book = world.nodes["riacho"].replica.book
    for key, refused in ((key_of_did(did) or b"", STATE_CONFLICT), (bytes(32), NOT_FOUND)):
        found_again = against_distrust(book, key, world.now)
        assert found_again is not None and found_again.reason is refused


def test_a_self_issued_label_is_told_as_such(world: World) -> None:
    found = scheme(world, owner="elio")
    label = issue(world, found.id, issuer="elio")
    assert label.self_issued and label.level is LabelLevel.SELF and "SELF_ISSUED" in label.warnings
    trust(world, found.issuers[0].did)
    told = verified(world, label=f"{label.id}@serra", code=HONEY)
    assert (told.level, told.warnings) == ("Self", ("SELF_ISSUED",))
    from_file = verified(world, credential=credential(world, label.id), code=HONEY)
    assert from_file.warnings == ("SELF_ISSUED",)
    others = scheme(world)
    wish = IssueLabel(others.id, "elio", (HONEY,), level=LabelLevel.SELF)
    assert world.ask("serra", "labels.issue", wish, actor=by(world, "serra", "growers")).reason is MALFORMED


def test_only_issuers_of_the_scheme_issue_and_only_what_it_is_for(world: World) -> None:
    found = scheme(world)

    def refused(who: str = "growers", **changed: Any) -> Any:
        before = world.nodes["serra"].replica.book.head
        wish = IssueLabel(**{"scheme": found.id, "holder": "elio", "codes": (HONEY,), **changed})
        shown = world.ask("serra", "labels.issue", wish, actor=by(world, "serra", who))
        assert world.nodes["serra"].replica.book.head == before
        return shown.reason

    assert refused("elio") is NOT_AN_ISSUER
    assert refused("elio", issuer="growers") is FORBIDDEN
    assert refused(codes=(JAM,)) is SCHEME_SCOPE
    assert refused(codes=("02",)) is SCHEME_SCOPE, "wider than the scheme"
    assert refused(codes=()) is MALFORMED
    assert refused(codes=("00100",)) is MALFORMED
    assert refused(plots=("a b",)) is MALFORMED
    assert refused(evidence="of honey") is MALFORMED
    assert refused(gtins=("4006381333932",)) is MALFORMED
    assert refused(until=date_in(world, -1)) is MALFORMED
    assert refused(until=date_in(world, 5 * 366 + 1)) is MALFORMED
    assert refused(holder="nobody") is MEMBER_UNKNOWN
    assert refused(scheme="11111111-1111-4111-8111-111111111111") is NOT_FOUND
    wish = DeclareScheme("Honey", RULES, found.topic, issuers=("growers", "growers"))
    assert world.ask("serra", "label-schemes.declare", wish, actor=by(world, "serra", "growers")).reason is MALFORMED
    label = issue(world, found.id)
    as_elio = by(world, "serra", "elio")
    assert world.ask("serra", "labels.revoke", RevokeLabel(), subject=label.id, actor=as_elio).reason is FORBIDDEN
    revoke(world, label.id)
    again = world.ask("serra", "labels.revoke", RevokeLabel(), subject=label.id)
    assert again.reason is STATE_CONFLICT


def test_a_label_for_a_member_of_another_network_and_a_trade_item_number(world: World) -> None:
    found = scheme(world)
    label = issue(world, found.id, holder="ana@riacho", gtins=("4006381333931",))
    assert label.links == ("https://id.gs1.org/01/04006381333931",)
    trust(world, found.issuers[0].did)
    told = verified(world, label=f"{label.id}@serra", gtin="4006381333931")
    assert told.holder.endswith("/ana") and told.links == label.links
    assert reason(verified(world, label=f"{label.id}@serra", gtin="96385074")) is OUT_OF_SCOPE
    assert reason(verified(world, label=f"{label.id}@serra", gtin="4006381333930")) is MALFORMED


def test_labels_stay_over_a_restart_and_lists_are_found_by_the_file(world: World) -> None:
    found = scheme(world)
    label = issue(world, found.id)
    trust(world, found.issuers[0].did)
    text, status = credential(world, label.id), credential(world, label.id, status=True)
    world.restart("riacho")
    world.restart("serra")
    world.tick(2)
    assert credential(world, label.id) == text
    told = verified(world, credential=text, status_list=status, code=HONEY)
    assert told.warnings == () and told.status_days_old is not None
    other = issue(world, scheme(world, owner="elio").id, issuer="elio")
    wrong = credential(world, other.id, status=True)
    assert reason(verified(world, credential=text, status_list=wrong)) is MALFORMED
