# SPDX-License-Identifier: AGPL-3.0-or-later
"""Write-offs as a practice."""

from protocol.book.declaration import READERS, STEWARDS, Act, List, Practice, Show
from protocol.practices.between.links.talk import RESOLVE
from protocol.practices.between.writeoffs.entries import LinkWrittenOff, WrittenOffAnswered
from protocol.practices.between.writeoffs.rules import (
    check,
    fold,
    late_answers,
    news,
    plan_write_off,
    write_off_gate,
)
from protocol.practices.between.writeoffs.views import (
    WriteOffLink,
    WriteOffShown,
    WriteOffsWanted,
    list_write_offs,
    show_write_off,
)

PRACTICE = Practice(
    name="write-offs",
    entries=(LinkWrittenOff, WrittenOffAnswered),
    check=check,
    fold=fold,
    news=news,
    operations=(
        Act("links", "write-off", WriteOffLink, plan=plan_write_off, who=STEWARDS, gate=write_off_gate,
            example="mutirao links write-off LINK"),
        Show("write-offs", WriteOffShown, view=show_write_off, id_is="the link's id", who=READERS,
             example="mutirao write-offs show LINK"),
        List("write-offs", WriteOffsWanted, WriteOffShown, view=list_write_offs, who=READERS,
             example="mutirao write-offs list"),
    ),
    fills=(RESOLVE.by(late_answers),),
)  # fmt: skip
