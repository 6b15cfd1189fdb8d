# SPDX-License-Identifier: AGPL-3.0-or-later
"""Settlement: what passes between networks over signed credit lines."""
