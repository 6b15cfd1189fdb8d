# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures of a chain, as pure functions of its figures."""
