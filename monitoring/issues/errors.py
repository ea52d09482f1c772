"""What issues refuse, in words for the person who asked for it."""

from __future__ import annotations

from monitoring.errors import MonitoringError


class IssueChangedMeanwhile(MonitoringError):
    """Somebody changed this issue meanwhile. Look at it again, then decide."""


class IssueMerged(MonitoringError):
    """This issue was merged into another one. Change that one, or take the merge back first."""


class IssueNotMerged(MonitoringError):
    """This issue is not merged into another one."""


class MergeIntoItself(MonitoringError):
    """An issue cannot be merged into itself."""


class OfAnotherProject(MonitoringError):
    """Both issues must be of the same project."""


class StateForbids(MonitoringError):
    """This cannot be done with an issue in its present state."""


class ReasonMissing(MonitoringError):
    """Say in a few words why, for those who read this later."""


class TitleMissing(MonitoringError):
    """An issue needs a title. Type one and try again."""


class TextTooLong(MonitoringError):
    """This text is too long."""


class MuteTooShort(MonitoringError):
    """The day until which it is muted must lie ahead, at most a year."""


class OwnerNotMember(MonitoringError):
    """The owner must be a member of this project who may care for issues."""


class FixOver(MonitoringError):
    """This fix is over. Start another one to go on."""


class StepUnknown(MonitoringError):
    """This step of the fix is unknown. Load the page again."""


class NothingToSplit(MonitoringError):
    """This part cannot be split off: it is not a smaller part of the issue, or another issue has it already."""
