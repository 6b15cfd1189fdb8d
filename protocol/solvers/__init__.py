# SPDX-License-Identifier: AGPL-3.0-or-later
"""The solvers: set-offs and circulations of a graph, the same on every node."""
