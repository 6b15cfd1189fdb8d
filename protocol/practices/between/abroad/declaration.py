# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments abroad: what they write in our ledger, and what carries them over links."""

from collections.abc import Iterator

from protocol.book.declaration import Desk, Plan, Practice
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
from protocol.practices.between.abroad import holds, sending
from protocol.practices.between.abroad.entries import (
    Arrived,
    Forwarded,
    HoldReturned,
    Passed,
    Reconciled,
    Refunded,
    Rerouted,
    Sent,
    Settled,
)
from protocol.practices.between.abroad.postings import fold
from protocol.practices.between.abroad.rules import check
from protocol.practices.between.abroad.views import news, owned
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.talk import RESOLVE
from protocol.practices.money.payments.paying import PAY_ABROAD


def resolve_holds(desk: Desk, link: Link) -> Iterator[Plan]:
    """Do what payments and circles ask for on a link."""
    return holds.resolve(desk, link)


PRACTICE = Practice(
    name="abroad",
    entries=(Sent, Rerouted, Settled, Refunded, Arrived, Forwarded, Passed, HoldReturned, Reconciled),
    check=check,
    fold=fold,
    news=news,
    private=(Private("note", NOTE_BYTES_MAX, (Sent, Arrived), owned),),
    fills=(
        PAY_ABROAD.by(sending.plan_send),
        RESOLVE.by(resolve_holds),
    ),
)
