# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sync: how entries reach the nodes that lack them, as state machines without I/O."""
