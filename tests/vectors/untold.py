# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the published vectors do not tell yet."""

UNTOLD: set[str] = set()
"""Kinds of which the trace has no story yet: their rules are told at desks alone, no other language checks them."""
