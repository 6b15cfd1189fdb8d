# SPDX-License-Identifier: AGPL-3.0-or-later
"""The book: what a practice may declare, and the ledger that its entries are folded into."""
