# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bilateral credit (PROTOCOL 2): two writers, counters that only grow, the newest records are the state.

Loss, repetition and reordering are harmless, and what either may come to owe stays within the credit that
the other granted, whatever the debtor does.
"""
