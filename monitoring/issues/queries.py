"""Everything that the inbox of issues and the page of one show."""

from __future__ import annotations

from monitoring.issues.details import (
    AffectedUser,
    Beside,
    CallRow,
    CauseRow,
    IssueDetail,
    Trend,
    affected_users,
    calls,
    detail,
)
from monitoring.issues.parts import MergePreview, Part, merge_preview, parts
from monitoring.issues.pending import Pending, PendingSignal, pending
from monitoring.issues.rows import Day, IssueRow, ScopeWords, Tab, one, rows, tab_counts

__all__ = [
    "AffectedUser", "Beside", "CallRow", "CauseRow", "Day", "IssueDetail", "IssueRow", "MergePreview", "Part", "Pending",
    "PendingSignal", "ScopeWords", "Tab", "Trend", "affected_users", "calls", "detail", "merge_preview", "one", "parts", "pending",
    "rows", "tab_counts",
]  # fmt: skip
