# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a steward does at the machine itself."""
