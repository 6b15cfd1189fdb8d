# SPDX-License-Identifier: AGPL-3.0-or-later
"""Checkpoints: a network commits in public to all its entries and balances (PROTOCOL 6)."""
