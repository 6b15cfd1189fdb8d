# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments between networks: hash lock and backward waiver (PROTOCOL 3)."""
