# SPDX-License-Identifier: AGPL-3.0-or-later
"""Quotes: what a payment costs, asked along the route (PROTOCOL 3)."""
