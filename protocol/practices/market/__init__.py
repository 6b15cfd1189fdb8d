# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members offer each other and need, and how much of it: the words that markets and productive chains share."""
