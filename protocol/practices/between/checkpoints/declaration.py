# SPDX-License-Identifier: AGPL-3.0-or-later
"""Checkpoints as a practice: what is written, said, asked for and shown."""

from protocol.book.declaration import STEWARDS, Act, Create, List, Practice, Show
from protocol.practices.between.checkpoints.entries import CheckpointMade
from protocol.practices.between.checkpoints.proofs import CheckpointSaid, CheckpointSigned
from protocol.practices.between.checkpoints.roots import check, due, fold, hear, news, plan_make, plan_sign, unhear
from protocol.practices.between.checkpoints.views import (
    CheckpointShown,
    CheckpointsWanted,
    ConsistencyShown,
    MakeCheckpoint,
    ProofShown,
    SignCheckpoint,
    list_checkpoints,
    show_balance,
    show_checkpoint,
    show_consistency,
    show_payment,
)

PRACTICE = Practice(
    name="checkpoints",
    entries=(CheckpointMade,),
    check=check,
    fold=fold,
    due=due,
    news=news,
    words=(CheckpointSaid, CheckpointSigned),
    hear=hear,
    unhear=unhear,
    operations=(
        Create("checkpoints", MakeCheckpoint, plan=plan_make, who=STEWARDS, verb="make",
               example="mutirao checkpoints make"),
        Act("checkpoints", "sign", SignCheckpoint, plan=plan_sign, who=STEWARDS,
            example="mutirao checkpoints sign 1042 --signature signed-1 --signature signed-2"),
        Show("checkpoints", CheckpointShown, view=show_checkpoint,
             id_is="how many entries it covers, or the id of another network", example="mutirao checkpoints show 1042"),
        List("checkpoints", CheckpointsWanted, CheckpointShown, view=list_checkpoints,
             example="mutirao checkpoints list"),
        Show("balance-proofs", ProofShown, view=show_balance,
             id_is="an account's id or UUID, or the handle of a member who has one account",
             example="mutirao balance-proofs show ana"),
        Show("payment-proofs", ProofShown, view=show_payment, id_is="the payment's UUID",
             example="mutirao payment-proofs show ID"),
        Show("consistency-proofs", ConsistencyShown, view=show_consistency,
             id_is="how many entries the two checkpoints cover, with a dash between: 1042-2100",
             example="mutirao consistency-proofs show 1042-2100"),
    ),
)  # fmt: skip
