# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clearing: debts that go round are cleared without a centre (PROTOCOL 4)."""
