# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mass payments as the book keeps them."""

from dataclasses import dataclass

from protocol.book.tables import Table
from protocol.lanes.entry import Millis


@dataclass(slots=True)
class MassPayment:
    """Who has got how much of one payer (minor units), and which rows of the file were passed over, and why."""

    id: bytes
    arrival: int
    at_ms: Millis
    payer: str
    title: str
    content: bytes
    parts: int = 0
    done: bool = False
    payees: tuple[str, ...] = ()
    amounts: tuple[int, ...] = ()
    refused_rows: tuple[int, ...] = ()
    refused_codes: tuple[str, ...] = ()


MASSES = Table("mass-payments", MassPayment, closed=lambda one: one.done)
