# SPDX-License-Identifier: AGPL-3.0-or-later
"""Matches of needs with offers as members see them, what each would free of debts, and what is suggested to whom."""
