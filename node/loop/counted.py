# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a node counts since its start."""

COUNTED = (
    "batches_total",
    "inputs_total",
    "commits_total",
    "entries_total",
    "handle_seconds_total",
    "others_seconds_total",
    "commit_seconds_total",
    "overloads_total",
    "storage_failures_total",
    "bugs_total",
)
