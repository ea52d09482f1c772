"""Fills the lists of issues from what is known about calls and issues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Min, Q, Sum
from django.utils import timezone

from monitoring.analysis.flags import SHOWN, Flag
from monitoring.analysis.models import AnalysisProgress, CallAnalysis, DetectorSetting
from monitoring.clusters.models import ClusteringRun
from monitoring.detectors.catalogue import DETECTORS
from monitoring.issues import rows
from monitoring.issues.models import NEEDS_ATTENTION, Issue, IssueQuerySet, IssueState, Signal
from monitoring.models import span_hex
from monitoring.streams.models import FlagHour
from projects.models import Project, User
from webapp.pages.issues_view import Line
from webapp.pages.traces_links import trace_url

MOST_LINES = 200
PAST = timedelta(days=14)
# About so many calls with something wrong are needed before groups of them can be told apart.
FEWEST_FLAGGED = 50
_SHOWN_PENDING = 50


@dataclass(frozen=True, slots=True)
class Standing:
    """What was looked at lately, and for what."""

    calls: int
    flagged: int
    since: datetime
    looked_at: datetime | None
    looked_for: Sequence[str]
    needed: int = FEWEST_FLAGGED

    @property
    def is_early(self) -> bool:
        """Tell whether there are too few calls with something wrong to find a problem in them."""
        return self.flagged < self.needed


@dataclass(frozen=True, slots=True)
class WaitingCall:
    """A call with something wrong that is in no group of questions yet."""

    text: str
    what: str
    prompt_name: str
    prompt_version: int
    at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Pending:
    """The calls with something wrong that wait to be grouped; the newest of them."""

    calls: int
    oldest_at: datetime | None
    grouped_at: datetime | None
    rows: Sequence[WaitingCall]


def lines(*, project: Project, states: Sequence[IssueState], limit: int = MOST_LINES) -> list[Line]:
    """Return the issues in these states, the most harmful first."""
    return shown(_listed(project).filter(state__in=states).worst_first()[:limit])


def shown(issues: Iterable[Issue]) -> list[Line]:
    """Return issues of one project as rows."""
    return [Line(row) for row in rows.shown(issues)]


def line_of(issue: Issue) -> Line:
    """Return one issue as a row."""
    return shown([issue])[0]


def _listed(project: Project) -> IssueQuerySet:
    return Issue.objects.for_project(project).filter(merged_into=None).select_related("owner", "project")


def state_counts(*, project: Project) -> dict[str, int]:
    """Return how many issues are in each state."""
    found = _listed(project).order_by()
    return dict(found.values_list("state").annotate(models.Count("pk")))


def needs_count(*, project: Project, user: User) -> int:
    """Return how many issues need this person: those that nobody has, and their own."""
    found = Issue.objects.for_project(project).needing_attention()
    return found.filter(Q(owner=None) | Q(owner=user)).count()


def open_counts(*, project: Project, names: Sequence[str]) -> dict[str, int]:
    """Return how many issues that are not closed or muted are about each of the prompts."""
    states = (*NEEDS_ATTENTION, IssueState.IN_FIX, IssueState.ROLLING_OUT)
    found = Counter(line.row.prompt_name for line in lines(project=project, states=states))
    return {name: found[name] for name in names if found[name]}


def standing(*, project: Project, since: datetime) -> Standing:
    """Return how many calls were looked at since a moment, and what was looked for in them."""
    counted = FlagHour.objects.filter(project=project, at__gte=since)
    calls = counted.aggregate(calls=Sum("call_count"))["calls"] or 0
    progress = AnalysisProgress.objects.filter(project=project).first()
    off = set(DetectorSetting.objects.filter(project=project, is_enabled=False).values_list("detector", flat=True))
    looked_for = [detector.title for name, detector in DETECTORS.items() if name not in off]
    flagged = CallAnalysis.objects.for_project(project).filter(~Q(flags=0), call_at__gte=since).flagged(SHOWN)
    return Standing(
        calls, flagged.order_by()[:FEWEST_FLAGGED].count(), since, progress.ran_at if progress else None, looked_for
    )  # fmt: skip


def pending(*, project: Project) -> Pending:
    """Return the calls with something wrong that are in no group of questions."""
    since = timezone.now() - PAST
    found = CallAnalysis.objects.for_project(project).filter(~Q(flags=0), call_at__gte=since, cluster_id=None)
    waiting = found.flagged(SHOWN)
    numbers = waiting.aggregate(calls=models.Count("*"), oldest=Min("call_at"))
    run = ClusteringRun.objects.filter(project=project).first()
    newest = waiting.defer("embedding", "findings").order_by("-call_at")[:_SHOWN_PENDING]
    return Pending(
        numbers["calls"], numbers["oldest"], run.discovered_at if run else None, [_waiting(project, row) for row in newest]
    )  # fmt: skip


def _waiting(project: Project, row: CallAnalysis) -> WaitingCall:
    url = trace_url(project, row.trace_id.hex, span=span_hex(row.span_id))
    what = "; ".join(flag_words(row.flags))
    return WaitingCall(row.text[:200], what, row.prompt_name, row.prompt_version, row.call_at, url)


def flag_words(flags: int) -> list[str]:
    """Return what is wrong with a call, in words."""
    return [str(Signal(str(flag.name).lower()).label) for flag in Flag(flags & SHOWN)]
