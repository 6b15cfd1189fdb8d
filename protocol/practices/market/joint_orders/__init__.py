# SPDX-License-Identifier: AGPL-3.0-or-later
"""Joint orders: several networks buy by the box together, for a volume price and one freight that they share.

Each network's families order in a cycle of their own; boards carry the terms, the sums of whole boxes and what was
agreed, each signed by its network. The host asks the others for their parts by payment requests, paid over links.
"""

from protocol.book.declaration import Act, Create, List, Practice, Show
from protocol.practices.between.abroad.entries import Refunded, Sent, Settled
from protocol.practices.market.joint_orders.entries import (
    BOXES_ITEMS,
    JOINT_ITEMS,
    PARTS_ITEMS,
    JointFixed,
    JointJoined,
)
from protocol.practices.market.joint_orders.plans import (
    FixJoint,
    JoinJoint,
    OpenJoint,
    due,
    plan_fix_joint,
    plan_join_joint,
    plan_open_joint,
)
from protocol.practices.market.joint_orders.refusals import JOINT_REFUSALS
from protocol.practices.market.joint_orders.rules import check, fold, news, see_joint_payment
from protocol.practices.market.joint_orders.state import JOINT_LIFE, JOINTS
from protocol.practices.market.joint_orders.views import (
    JointOrderShown,
    JointOrdersWanted,
    today,
    view_joint,
    view_joints,
    week,
)
from protocol.practices.market.purchasing.plans import REFERENTS

PRACTICE = Practice(
    name="joint-orders",
    entries=(JointJoined, JointFixed),
    check=check,
    fold=fold,
    news=news,
    due=due,
    today=today,
    week=week,
    tables=(JOINTS,),
    boards=(JOINT_ITEMS, BOXES_ITEMS, PARTS_ITEMS),
    after=dict.fromkeys((Sent, Settled, Refunded), see_joint_payment),
    operations=(
        Create("joint-orders", OpenJoint, plan=plan_open_joint, who=REFERENTS, verb="open",
               example='mutirao joint-orders open --title "Flour in May" --currency HORA'
               ' --closes-at 2027-05-02T18:00:00Z --freight 40.00 --stop 15.00'
               ' --items "name=flour,box=12,price=60.00,volume_price=54.00,volume_from=5,portion=1 kg"'),
        Act("joint-orders", "join", JoinJoint, plan=plan_join_joint, who=REFERENTS,
            example="mutirao joint-orders join JOINT@riacho --currency FLOR --rate 1.5"),
        Act("joint-orders", "fix", FixJoint, plan=plan_fix_joint, who=REFERENTS,
            example="mutirao joint-orders fix JOINT"),
        Show("joint-orders", JointOrderShown, view=view_joint, example="mutirao joint-orders show JOINT"),
        List("joint-orders", JointOrdersWanted, JointOrderShown, view=view_joints,
             example="mutirao joint-orders list"),
    ),
    refusals=JOINT_REFUSALS,
    lives=(JOINT_LIFE,),
)  # fmt: skip
