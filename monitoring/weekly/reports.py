"""Makes the report of a week: its figures once, when it is over; what happened in it is read from what is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Sum

from monitoring import retention, usage, usage_periods, usage_reading
from monitoring.issues.fix_models import FixState, IssueFix
from monitoring.issues.models import Issue
from monitoring.usage import Usage
from monitoring.usage_periods import Period
from monitoring.usage_reading import Key
from monitoring.weekly import comparing, counting, weeks
from monitoring.weekly.comparing import Compared, Sums
from monitoring.weekly.counting import Counted
from monitoring.weekly.figures import Figures, Measured, OpenIssue, Spent
from monitoring.weekly.weeks import Week
from projects.models import Project, SpendingDay, WeeklyReport
from prompt_registry.models import PRODUCTION, LabelMove, Rollout

_ORDER = (
    counting.DISLIKED, counting.REFUSED, counting.UNSUPPORTED, counting.FAILED, counting.SLOW, counting.COST,
)  # fmt: skip
_HOUR = timedelta(hours=1)
MOST_ISSUES, MOST_PROMPTS, MOST_LISTED = 10, 5, 50
# Numbers are kept so long unless a project chose otherwise.
_OLDEST = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Report:
    """One week of a project: its figures, and what happened in it."""

    project: Project
    week: Week
    made_at: datetime
    figures: Figures
    fixes: Sequence[IssueFix]
    ended: Sequence[Rollout]
    started: Sequence[Rollout]
    published: Sequence[LabelMove]
    # By number, those that are still there.
    issues: dict[int, Issue]


def week_of(*, project: Project, monday: date, now: datetime) -> Week | None:
    """Return the week when there can be a report of it: it is over, and the project was there."""
    if monday.weekday() or not _first_monday(project, now) <= monday:
        return None
    week = weeks.week_of(monday, settings.REPORT_TIME_ZONE)
    return week if week.is_over(now) else None


def newest(*, project: Project, now: datetime) -> Week | None:
    """Return the last week that is over; none while the project is in its first one."""
    return week_of(project=project, monday=weeks.last_over(now, settings.REPORT_TIME_ZONE).monday, now=now)


def report(*, project: Project, week: Week, now: datetime) -> Report:
    """Return the report of a week that is over; whoever asks first has it counted."""
    kept = kept_of(project=project, week=week, now=now)
    figures = Figures.from_json(kept.figures)
    numbers = [one.number for one in figures.issues]
    in_week = {"ended_at__gte": week.start, "ended_at__lt": week.end}
    rollouts = Rollout.objects.for_project(project).select_related("prompt", "control", "candidate")
    began = rollouts.filter(started_at__gte=week.start, started_at__lt=week.end).exclude(**in_week)
    return Report(
        project=project, week=week, made_at=kept.made_at, figures=figures, fixes=_fixes(project, week),
        ended=list(rollouts.filter(**in_week).order_by("ended_at")[:MOST_LISTED]),
        started=list(began.order_by("started_at")[:MOST_LISTED]),
        published=_published(project, week),
        issues={one.number: one for one in Issue.objects.for_project(project).filter(number__in=numbers)},
    )  # fmt: skip


def kept_of(*, project: Project, week: Week, now: datetime) -> WeeklyReport:
    """Return the figures of a week that is over, counted once for all time; of two who count at once the first is kept."""
    found = WeeklyReport.objects.filter(project=project, monday=week.monday).first()
    if found is not None:
        return found
    counted = figures_of(project=project, week=week, now=now).to_json()
    return WeeklyReport.objects.get_or_create(
        project=project, monday=week.monday, defaults={"figures": counted, "made_at": now}
    )[0]  # fmt: skip


def figures_of(*, project: Project, week: Week, now: datetime) -> Figures:
    """Count a week and the one before; of days that are gone in part nothing is said."""
    start = weeks.week_of(week.before, settings.REPORT_TIME_ZONE).start
    week_usage, before = (_usage(project, *ends)[0] for ends in ((week.start, week.end), (start, week.start)))
    slow_ms = before.p95_ms
    these, those = counting.count(
        project_id=project.pk,
        start=start,
        split=week.start,
        end=week.end,
        slow_ms=slow_ms,
        whole_since=retention.found_since(now),
    )
    open_issues = Issue.objects.for_project(project).needing_attention()
    return Figures(
        people=these.people, people_before=those.people, slow_ms=slow_ms,
        measured=tuple(_measured(name, these, those) for name in _ORDER if name != counting.SLOW or slow_ms is not None),
        spent=_spent(week_usage, before), prompts=_prompts(project, week, start), own_usd=_own_usd(project, week),
        issues=tuple(
            OpenIssue(one.number, one.state, one.harm, one.bad_count, one.user_count)
            for one in open_issues.worst_first()[:MOST_ISSUES]
        ),
        issue_count=open_issues.count(),
    )  # fmt: skip


def _measured(name: str, these: Counted, those: Counted) -> Measured:
    how: Callable[[Sums, Sums], Compared] = comparing.means if name == counting.COST else comparing.shares
    found = how(these.sums.get(name, Sums()), those.sums.get(name, Sums()))
    # Infinity has no place in JSON; without enough units the interval is not shown.
    low, high = (found.low, found.high) if found.is_enough else (0.0, 0.0)
    return Measured(
        name, found.verdict, found.now.ratio, found.before.ratio, low, high, found.now.units, found.before.units
    )


def _spent(now: Usage, before: Usage | None, name: str = "") -> Spent:
    earlier = before or Usage()
    return Spent(now.cost_usd, earlier.cost_usd, now.call_count, earlier.call_count, name)


def _usage(project: Project, start: datetime, end: datetime, *keys: Key) -> list[Usage]:
    """Return what a week added up to, by whole hours: none of them counts for two weeks, wherever these begin."""
    first, last = (usage_periods.snap(moment, step=_HOUR) for moment in (start, end))
    slices = Period("usage_hour", _HOUR, first, last).slices
    return usage.rows_of(usage_reading.read(project_id=project.pk, slices=slices, keys=keys, filters={}))


def _prompts(project: Project, week: Week, start: datetime) -> tuple[Spent, ...]:
    before = {row.prompt_name: row for row in _usage(project, start, week.start, "prompt_name")}
    rows = _usage(project, week.start, week.end, "prompt_name")
    now = [row for row in rows if row.prompt_name and row.cost_nano_usd]
    dearest = sorted(now, key=lambda row: -row.cost_nano_usd)[:MOST_PROMPTS]
    return tuple(_spent(row, before.get(row.prompt_name), row.prompt_name) for row in dearest)


def _own_usd(project: Project, week: Week) -> float:
    days = SpendingDay.objects.filter(project=project, user=None, day__range=(week.monday, week.sunday))
    return (days.aggregate(spent=Sum("spent_nano_usd"))["spent"] or 0) / 1e9


def _fixes(project: Project, week: Week) -> Sequence[IssueFix]:
    over = IssueFix.objects.for_project(project).filter(state__in=[FixState.VERIFIED, FixState.NOT_CONFIRMED])
    in_week = over.filter(ended_at__gte=week.start, ended_at__lt=week.end, issue__merged_into=None)
    # What is proved comes first.
    return list(in_week.select_related("issue", "prompt", "version").order_by("-state", "ended_at")[:MOST_LISTED])


def _published(project: Project, week: Week) -> Sequence[LabelMove]:
    moves = LabelMove.objects.filter(project=project, label=PRODUCTION, moved_at__gte=week.start, moved_at__lt=week.end)
    found = moves.select_related("prompt", "to_version", "from_version", "moved_by").order_by("moved_at")
    return list(found[:MOST_LISTED])


def _first_monday(project: Project, now: datetime) -> date:
    """Return the Monday of the week in which the project was made or its oldest numbers are from."""
    # What was sent later may be older than the project; a day more for clocks of other places does no harm.
    oldest = max(project.created_at - timedelta(days=28), now - _OLDEST)
    return oldest.date() - timedelta(days=oldest.weekday())
