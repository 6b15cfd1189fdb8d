# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why networks do not order together as is asked."""

from protocol.book.refusals import Reason, Stage

JOINT_STRANGER = Reason(
    "JOINT_STRANGER",
    Stage.AUTHORITY,
    403,
    "The network that orders is neither a partner nor in a federation of yours",
    "It has no link with your network, and is in no federation of yours: nobody could pay it. Nothing was opened.",
    heading="It is no partner of yours",
    ways=("propose a link: mutirao links create", "join a federation that it is in"),
)
JOINT_PARTS_WRONG = Reason(
    "JOINT_PARTS_WRONG",
    Stage.RULE,
    422,
    "The parts are not what our cycle buys",
    "Our part is not {boxes} boxes, as our cycle buys, or a part is not asked for. Nothing was done.",
    heading="Our part is {boxes} boxes",
    ways=("ask the host's referent", "order alone: mutirao order-cycles order"),
)

JOINT_REFUSALS = (JOINT_STRANGER, JOINT_PARTS_WRONG)
