# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments in several currencies to another network: one invoice, one condition, a hold for each, all or nothing."""
