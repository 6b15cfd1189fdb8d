# SPDX-License-Identifier: AGPL-3.0-or-later
"""Borders of the wing of credit, of companies and of what came with them, at which no vector stands yet.

Their rules are tested at desks; another language that checks itself by the vectors would not notice one that is moved
by one. A name goes from here with its vector, and none is added for a rule that has one.
"""

BORDERS_TO_COME = frozenset(
    {
        "Loan.begun: line.begins <= today",
        "Sellers.note: before >= at_ms",
        "UnderMotion.at: seq <= self.last",
        "_against: total <= alone_minor(book, payer.currency, at_ms)",
        "_against_booking: len(calendar_of(book, tool.id)) >= TOOL_BOOKINGS_MAX",
        "_against_joining: len(rotation.workers) >= ROTATION_WORKERS_MAX",
        "_against_row: row.shares > group.said.shares_max",
        "_against_row: sums.pays > saver.most_minor",
        "_grown: months_since(book, _since(book, account), at_ms) < book.parameter(MONTHS)",
        "_guaranteed: paid < minor",
        "_reschedule: line.day <= today",
        "_share: found.period <= body.period",
        "_share: period > body.period",
        "against_confirming: counted + work.hours > HOURS_MAX",
        "following: year > YEAR_MAX",
        "join_refusal: len(group.savers) >= SAVERS_MAX",
        "months_since: _of_month(now) < _of_month(since)",
    }
)
