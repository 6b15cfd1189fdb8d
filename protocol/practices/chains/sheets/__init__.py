# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sheets: what groups fill in a spreadsheet and save as CSV, taken in at once or not at all."""
