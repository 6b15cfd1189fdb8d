# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why no figures of a chain are shown."""

from protocol.book.refusals import Reason, Stage
from protocol.practices.chains.refusals import FIGURE_UNCLEAR

CHAIN_EMPTY = Reason(
    "CHAIN_EMPTY",
    Stage.SUBJECT,
    404,
    "There is no productive chain here yet",
    "No enterprise has been entered, or none that is inside; so nothing follows.",
    heading="No chain yet",
    ways=("enter enterprises and what they buy: mutirao chains import FOLDER",),
)
CANDIDATE_UNKNOWN = Reason(
    "CANDIDATE_UNKNOWN",
    Stage.SUBJECT,
    404,
    "There is no such candidate",
    "{candidate} is none of those who could be founded.",
    heading="{candidate} is no candidate",
    ways=("see who could be founded: mutirao recipes list", "enter its recipe first"),
)
FUND_NEGATIVE = Reason(
    "FUND_NEGATIVE",
    Stage.FORM,
    400,
    "A fund cannot be below zero",
    "{field}: {value} is below zero; nothing can be founded with that.",
    heading="{field} is below zero",
    ways=("tell how much there is",),
)
SHARE_BEYOND_ONE = Reason(
    "SHARE_BEYOND_ONE",
    Stage.FORM,
    400,
    "A share is from 0 to 1, and weights are 1 in all",
    "{field}: {value} is no share from 0 to 1, or weights are not 1 in all.",
    heading="{field}: {value} does not fit",
    ways=("write shares from 0 to 1: 0.30 is 30%", "let all weights together be 1"),
)
TOO_MANY_CANDIDATES = Reason(
    "TOO_MANY_CANDIDATES",
    Stage.RULE,
    422,
    "There are too many candidates for this",
    "All orders of {count} candidates are too many to look at: {maximum} at most.",
    heading="At most {maximum} candidates",
    ways=("name those that you think of: --candidates mill,soap",),
)
BUYERS_TAKEN_TWICE = Reason(
    "BUYERS_TAKEN_TWICE",
    Stage.RULE,
    422,
    "Candidates would sell more of an item than is bought",
    "Candidates for {item} would together sell more of it than is bought outside.",
    heading="More {item} than is bought",
    ways=("lower what they would sell: --candidates mill=0.5,mill-2=0.5",),
)
OFFERED_INSIDE = Reason(
    "OFFERED_INSIDE",
    Stage.RULE,
    422,
    "Somebody inside makes it",
    "{supplier} inside sells {item}: the least bad supplier is asked for only where nobody inside does.",
    heading="{supplier} makes {item}",
    ways=("buy from {supplier}",),
)
CHAIN_TOO_LARGE = Reason(
    "CHAIN_TOO_LARGE",
    Stage.RULE,
    422,
    "The chain is too large for what is installed at this node",
    "Figures of {about} enterprises need the extra `chains` at this node.",
    heading="The chain is too large here",
    ways=("ask a steward to install the extra: pip install 'mutirao[chains]'",),
)
NOTHING_TO_CHOOSE = Reason(
    "NOTHING_TO_CHOOSE",
    Stage.SUBJECT,
    404,
    "No supplier outside is known",
    "Of those outside that sell what is wanted, none has been entered with what is known of it.",
    heading="Nobody to choose from",
    ways=("enter suppliers outside, and what is known of them: mutirao criteria create",),
)
FIGURES_REFUSALS = (
    CHAIN_EMPTY,
    CANDIDATE_UNKNOWN,
    FIGURE_UNCLEAR,
    FUND_NEGATIVE,
    SHARE_BEYOND_ONE,
    TOO_MANY_CANDIDATES,
    BUYERS_TAKEN_TWICE,
    CHAIN_TOO_LARGE,
    OFFERED_INSIDE,
    NOTHING_TO_CHOOSE,
)
