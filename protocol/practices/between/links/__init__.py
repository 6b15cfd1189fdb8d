# SPDX-License-Identifier: AGPL-3.0-or-later
"""Links: credit lines between two networks (PROTOCOL 2)."""
