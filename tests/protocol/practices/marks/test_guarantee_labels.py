# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the certifiers decide, a label says: it comes with a certification, and goes with it."""

import json
from typing import Any

import pytest

from protocol.book.refusals import MALFORMED, NOT_FOUND, Refused
from protocol.book.signed import uuid_text
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.marks.guarantee.entries import CertifyVerdict, ClearIssue
from protocol.practices.marks.guarantee.labelling import CERTIFIED_SCHEME
from protocol.practices.marks.guarantee.state import Guarantees
from protocol.practices.marks.labels.entries import LabelTheme
from protocol.practices.marks.labels.state import Labels
from protocol.practices.marks.labels.wishes import (
    CredentialWanted,
    DeclareScheme,
    LabelToVerify,
    TrustIssuer,
)
from protocol.practices.people.members.entries import Leave
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, snapshot
from tests.protocol.practices.marks.farmers import (
    CONSUMERS,
    PEERS,
    RULES,
    certified,
    decide,
    growers,
    id_of,
    raise_issue,
    shown,
)

RICE = "01132"


def scheme(group: Group, rules: str = RULES, codes: tuple[str, ...] = ("01",)) -> Any:
    wish = DeclareScheme("Certified by its neighbours", rules, LabelTheme.BIODIVERSITY, codes, owner="ana")
    return group.do("steward", "label-schemes.declare", wish)


def chosen(group: Group, name: str) -> None:
    """Let the group choose a scheme by motion."""
    motion = group.do("ana", "parameters.set", SetParameter(name), CERTIFIED_SCHEME.name)
    voted(group, motion)
    assert group.book.parameter(CERTIFIED_SCHEME) == ("" if name == "none" else name)


def voted(group: Group, motion: Any) -> None:
    for who in ("elio", "eva", *PEERS, *CONSUMERS):
        group.do(who, "motions.vote", Vote(id_of(motion), Ballot.YES), motion.id)
    group.pass_time(motion.closes)


def labels(group: Group) -> list[Any]:
    """Return all labels that were issued, as they are shown; no board stands beside this desk."""
    return [group.view("steward", "labels.show", uuid_text(one)) for one in group.book.of(Labels).issued]


def standing(group: Group) -> list[str]:
    return [one.id for one in labels(group) if one.state == "standing"]


@pytest.fixture
def group() -> Group:
    group = growers()
    chosen(group, scheme(group).id)
    return group


def test_a_certified_plot_bears_the_scheme_s_label(group: Group) -> None:
    name = certified(group)
    [label] = labels(group)
    assert shown(group, name).label == label.id
    assert (label.holder, label.issuer, label.plots, label.codes) == ("elio", "ana", ("hill-3",), ("0123",))
    assert label.until == shown(group, name).until // 1_000 * 1_000
    assert label.level == "membership" and label.evidence is not None
    voted(group, group.do("ana", "label-issuers.trust", TrustIssuer(label.issuer_did)))
    operations: Any = group.operations
    verify = operations["labels.verify"].view
    good = verify(group.desk(), LabelToVerify(label.id, code="01231", plot="hill-3"))
    assert not isinstance(good, Refused) and good.plots == ("hill-3",)
    jam = verify(group.desk(), LabelToVerify(label.id, code="21494"))
    assert jam.reason.code == "OUT_OF_SCOPE"
    credential = operations["labels.credential"].view(group.desk(), CredentialWanted(label.id))
    assert json.loads(credential.credential)["credentialSubject"]["assessorLevel"] == "Membership"
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_what_is_suspended_on_day_61_loses_its_label_and_gets_another_once_it_is_put_right(group: Group) -> None:
    name = certified(group)
    visit = shown(group, name).visits[0]
    who = group.view("steward", "visits.show", visit).visitors[0]
    raise_issue(group, visit, who, days=60)
    group.pass_time(group.now + 60 * DAY_MS)
    [first] = standing(group)
    group.pass_time(group.now + DAY_MS)
    assert (shown(group, name).state, standing(group), shown(group, name).label) == ("suspended", [], None)
    wish = ClearIssue(id_of(name), 1, "the hedge stands")
    group.do(who, "certifications.clear", wish, name)
    decide(group, name)
    [second] = standing(group)
    assert second != first and shown(group, name).label == second
    decide(group, name, CertifyVerdict.REFUSED)
    assert standing(group) == [] and len(labels(group)) == 2


def test_each_plot_has_its_own_and_who_leaves_loses_all(group: Group) -> None:
    certified(group)
    group.pass_time(group.now + 400 * DAY_MS)
    assert shown(group, shown_first(group)).counts is False, "a year is over"
    assert len(standing(group)) == 1, "it has ended, nobody has revoked it"
    certified(group, name="valley-1")
    assert [one.plots for one in labels(group)] == [("hill-3",), ("valley-1",)]
    group.do("elio", "members.leave", Leave(group.member("elio").id), "elio")
    group.pass_time(group.now + 2)
    assert [one.state for one in labels(group)] == ["standing", "revoked"]


def shown_first(group: Group) -> str:
    return uuid_text(next(iter(group.book.of(Guarantees).certifications)))


def test_other_rules_other_goods_or_no_scheme_bring_no_label() -> None:
    for rules, codes in (("ab" * 32, ("01",)), (RULES, ("02",))):
        group = growers()
        chosen(group, scheme(group, rules, codes).id)
        name = certified(group)
        assert (shown(group, name).counts, shown(group, name).label, labels(group)) == (True, None, [])
    group = growers()
    name = certified(group)
    assert shown(group, name).label is None
    chosen(group, scheme(group).id)
    group.pass_time(group.now + 2)
    assert shown(group, name).label is not None, "what was certified before gets it too"
    chosen(group, "none")
    group.pass_time(group.now + 2)
    assert shown(group, name).label is not None, "what was given stays as long as the certification does"


def test_what_is_no_scheme_is_refused(group: Group) -> None:
    for value, reason in (("honey", MALFORMED), ("5f6c1a3e-0000-4000-8000-000000000000", NOT_FOUND)):
        assert group.refusal("ana", "parameters.set", SetParameter(value), CERTIFIED_SCHEME.name) is reason
