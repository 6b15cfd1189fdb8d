# SPDX-License-Identifier: AGPL-3.0-or-later
"""One queue in, one loop, effects out."""
