# SPDX-License-Identifier: AGPL-3.0-or-later
"""Matches and suggestions: reckoned from boards, lines and debts where somebody asks; nothing of them is kept or told.

What leaves this node tells no balance: matches and suggestions are answers to whoever asks here, and go nowhere else.
"""

from protocol.book.declaration import List, Practice
from protocol.practices.market.matches.views import (
    MatchesWanted,
    MatchListed,
    SuggestionListed,
    SuggestionsWanted,
    list_matches,
    list_suggestions,
)

PRACTICE = Practice(
    name="matches",
    entries=(),
    operations=(
        List("matches", MatchesWanted, MatchListed, view=list_matches, example="mutirao matches list"),
        List("suggestions", SuggestionsWanted, SuggestionListed, view=list_suggestions,
             example="mutirao suggestions list"),
    ),
)  # fmt: skip
