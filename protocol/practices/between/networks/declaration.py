# SPDX-License-Identifier: AGPL-3.0-or-later
"""Networks and replicas as a practice: what is written, wished and shown."""

from protocol.book.declaration import READERS, STEWARDS, Act, Create, List, Practice, Show
from protocol.peers.hello import ADMITS
from protocol.peers.standing import COPIED
from protocol.peers.ties import OWN_NODES
from protocol.practices.between.networks.entries import ReplicaAdmitted, ReplicaDismissed, ReplicaInvited
from protocol.practices.between.networks.known import (
    HANDLE_AMBIGUOUS,
    NetworkShown,
    NetworksWanted,
    SetProfile,
    list_networks,
    plan_set_profile,
    show_network,
)
from protocol.practices.between.networks.parting import (
    NETWORK_NEEDED,
    ForgetNetwork,
    PurgeNetwork,
    plan_forget,
    plan_purge,
)
from protocol.practices.between.networks.replicas import (
    DismissReplica,
    InviteReplica,
    Replicas,
    ReplicaShown,
    ReplicasWanted,
    admit,
    check,
    fold,
    is_copied,
    list_replicas,
    plan_dismiss,
    plan_invite,
    show_replica,
)

PRACTICE = Practice(
    name="networks",
    entries=(ReplicaInvited, ReplicaAdmitted, ReplicaDismissed),
    check=check,
    fold=fold,
    operations=(
        Show("networks", NetworkShown, view=show_network,
             id_is="the network's id, or its handle where only one bears it", example="mutirao networks show serra"),
        List("networks", NetworksWanted, NetworkShown, view=list_networks, example="mutirao networks list"),
        Act("networks", "set-profile", SetProfile, plan=plan_set_profile, who=STEWARDS,
            example="mutirao networks set-profile NETWORK --name 'Riacho Doce'"),
        Act("networks", "forget", ForgetNetwork, plan=plan_forget, who=STEWARDS,
            example="mutirao networks forget NETWORK"),
        Act("networks", "purge", PurgeNetwork, plan=plan_purge, who=STEWARDS,
            example="mutirao networks purge serra"),
        Create("replicas", InviteReplica, plan=plan_invite, who=STEWARDS, verb="invite",
               example="mutirao replicas invite"),
        Act("replicas", "dismiss", DismissReplica, plan=plan_dismiss, who=STEWARDS,
            example="mutirao replicas dismiss REPLICA"),
        Show("replicas", ReplicaShown, view=show_replica, who=READERS),
        List("replicas", ReplicasWanted, ReplicaShown, view=list_replicas, who=READERS),
    ),
    fills=(ADMITS.by(admit), COPIED.by(is_copied), OWN_NODES.by(lambda book: book.of(Replicas).transports())),
    refusals=(HANDLE_AMBIGUOUS, NETWORK_NEEDED),
)  # fmt: skip
