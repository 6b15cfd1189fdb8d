# SPDX-License-Identifier: AGPL-3.0-or-later
"""Labels: marks that a member gives another for what it makes, and that anybody can check, offline too.

A label is a Verifiable Credential of the W3C, and a conformity credential of UNTP. It counts where its signature fits,
the group trusts its issuer at that time, it is in date and not revoked, and the product is in its scope.
"""

from protocol.book.declaration import ANYONE, Act, Create, Invariant, List, Practice, Reckon, ReckonForm, Show
from protocol.peers.boards import BOARD_NEWS
from protocol.practices.market.marked import MARKED
from protocol.practices.market.orders.plans import PLACED_WITH
from protocol.practices.marks.labels.entries import (
    LABEL_ITEMS,
    LIST_ITEMS,
    IssuerDistrusted,
    IssuerTrusted,
    LabelIssued,
    LabelRevoked,
    LabelsBought,
    RevocationLearned,
    SchemeDeclared,
)
from protocol.practices.marks.labels.index import keep_label_index, schemes_counting
from protocol.practices.marks.labels.plans import (
    labels_of_order,
    plan_declare,
    plan_distrust,
    plan_issue,
    plan_revoke,
    plan_trust,
)
from protocol.practices.marks.labels.refusals import LABEL_REFUSALS
from protocol.practices.marks.labels.rules import TRUST_GATE, check, flags_astray, fold, numbers_astray
from protocol.practices.marks.labels.state import LABEL_LIFE
from protocol.practices.marks.labels.tending import due
from protocol.practices.marks.labels.views import (
    credential_text,
    list_issuers,
    list_labels,
    list_purchases,
    list_schemes,
    news,
    today,
    view_credential,
    view_issuer,
    view_label,
    view_purchase,
    view_scheme,
    view_verify,
    week,
)
from protocol.practices.marks.labels.wishes import (
    CredentialShown,
    CredentialWanted,
    DeclareScheme,
    DistrustIssuer,
    IssueLabel,
    IssuerShown,
    IssuersWanted,
    LabelShown,
    LabelsWanted,
    LabelToVerify,
    LabelVerified,
    PurchaseShown,
    PurchasesWanted,
    RevokeLabel,
    SchemeShown,
    SchemesWanted,
    TrustIssuer,
)

_LABEL_ID = "its id; behind an @ the issuing network's handle or id, where it is another than yours"

PRACTICE = Practice(
    name="labels",
    entries=(
        SchemeDeclared, LabelIssued, LabelRevoked, IssuerTrusted, IssuerDistrusted, LabelsBought, RevocationLearned,
    ),
    check=check,
    fold=fold,
    news=news,
    due=due,
    today=today,
    week=week,
    boards=(LABEL_ITEMS, LIST_ITEMS),
    fills=(
        BOARD_NEWS.by(keep_label_index),
        MARKED.by(schemes_counting),
        PLACED_WITH.by(labels_of_order),
    ),
    invariants=(
        Invariant("each label of a key has a number of its own", numbers_astray),
        Invariant("what was bought under a revoked label is flagged, and nothing else", flags_astray),
    ),
    operations=(
        Create("label-schemes", DeclareScheme, plan=plan_declare, verb="declare",
               example="mutirao label-schemes declare --name 'Honey of the hills' --rules SHA256"
               " --topic environment.biodiversity --codes 0291"),
        Show("label-schemes", SchemeShown, view=view_scheme, who=ANYONE, example="mutirao label-schemes show ID"),
        List("label-schemes", SchemesWanted, SchemeShown, view=list_schemes, who=ANYONE,
             example="mutirao label-schemes list"),
        Create("labels", IssueLabel, plan=plan_issue, verb="issue",
               example="mutirao labels issue --scheme ID --holder elio --codes 02910 --until 2027-12-31"),
        Act("labels", "revoke", RevokeLabel, plan=plan_revoke, asks="Revoke {id} for good?",
            example="mutirao labels revoke ID"),
        Show("labels", LabelShown, view=view_label, who=ANYONE, id_is=_LABEL_ID, example="mutirao labels show ID"),
        List("labels", LabelsWanted, LabelShown, view=list_labels, who=ANYONE,
             example="mutirao labels list --holder elio --valid"),
        Reckon("labels", "verify", LabelToVerify, LabelVerified, view=view_verify, who=ANYONE, told=True,
               example="mutirao labels verify --label ID@serra --code 02910"),
        Reckon("labels", "credential", CredentialWanted, CredentialShown, view=view_credential, who=ANYONE,
               forms=(ReckonForm("vc", "application/vc", credential_text),),
               example="mutirao labels credential --label ID --format vc --output honey.vc"),
        Create("label-issuers", TrustIssuer, plan=plan_trust, gate=TRUST_GATE, verb="trust",
               example="mutirao label-issuers trust --issuer did:key:z6Mk... --until 2028-12-31"),
        Act("label-issuers", "distrust", DistrustIssuer, plan=plan_distrust, gate=TRUST_GATE,
            example="mutirao label-issuers distrust did:key:z6Mk..."),
        Show("label-issuers", IssuerShown, view=view_issuer, who=ANYONE, id_is="the issuer's did:key",
             example="mutirao label-issuers show did:key:z6Mk..."),
        List("label-issuers", IssuersWanted, IssuerShown, view=list_issuers, who=ANYONE,
             example="mutirao label-issuers list"),
        Show("label-purchases", PurchaseShown, view=view_purchase, id_is="the id of an order",
             example="mutirao label-purchases show ORDER"),
        List("label-purchases", PurchasesWanted, PurchaseShown, view=list_purchases, own=True,
             example="mutirao label-purchases list --flagged"),
    ),
    refusals=LABEL_REFUSALS,
    lives=(LABEL_LIFE,),
)  # fmt: skip
