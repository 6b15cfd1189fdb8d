# SPDX-License-Identifier: AGPL-3.0-or-later
"""Federations: networks that clear together and find each other, by a charter (PROTOCOL 8)."""
