# SPDX-License-Identifier: AGPL-3.0-or-later
"""What outlives the process."""
