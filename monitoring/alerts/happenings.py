"""Alerts on what happens to issues and rollouts: read from what is written down about them anyway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from monitoring.alerts import sending, words
from monitoring.alerts.models import Alert
from monitoring.alerts.rules import News, Reading
from monitoring.alerts.sending import Line
from monitoring.issues import news
from monitoring.issues.models import IssueEvent
from prompt_registry import places
from prompt_registry.rollouts.models import RolloutDecision

# What a transaction wrote that began earlier and ended later is found by looking back; its key keeps it from being told twice.
OVERLAP = timedelta(hours=1)
_MOST = 200
_ACTIONS = {
    "rollout:started": ("started",), "rollout:ask": ("ask",), "rollout:freeze": ("freeze",),
    "rollout:rolled_back": ("roll back", "rolled_back"), "rollout:completed": ("complete", "completed"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to an issue or a rollout."""

    key: str
    at: datetime
    sentence: str
    path: str


def look(*, alert: Alert, now: datetime) -> bool:
    """Tell of what happened since the last look; in quiet hours all of it waits until they are over."""
    if alert.rule.is_quiet(now):
        return False
    since = max(alert.changed_at, alert.looked_until - OVERLAP)
    found = happened(alert=alert, since=since, until=now)
    with transaction.atomic():
        seen = Alert.objects.kept().filter(pk=alert.pk, revision=alert.revision, looked_until=alert.looked_until)
        if not seen.update(looked_until=now, trouble=""):
            return False
        new = [_write_down(alert, one) for one in found]
        if any(new):
            Alert.objects.filter(pk=alert.pk).update(last_fired_at=found[-1].at)
    return True


def happened(*, alert: Alert, since: datetime, until: datetime) -> list[Happening]:
    """Return what the alert would tell of, oldest first."""
    found = [*_issues(alert, since, until), *_rollouts(alert, since, until)]
    # A rollout that asks for a decision does so at every look; it is told once for each share.
    first = {one.key: one for one in sorted(found, key=lambda one: one.at, reverse=True)}
    return sorted(first.values(), key=lambda one: one.at)


def _write_down(alert: Alert, one: Happening) -> bool:
    line = Line(
        key=one.key, news=News.HAPPENED, at=one.at, sentence=one.sentence[: words.MOST_CHARS],
        reading=Reading(one.at, None), path=one.path, is_sent=not alert.is_muted_at(one.at),
    )  # fmt: skip
    return sending.write_down(alert=alert, line=line)[1]


def _issues(alert: Alert, since: datetime, until: datetime) -> Iterator[Happening]:
    wanted = [name.removeprefix("issue:") for name in alert.happenings if name.startswith("issue:")]
    rows = IssueEvent.objects.filter(project=alert.project_id, kind__in=wanted, at__gt=since, at__lte=until)
    for column in ("prompt_name", "environment", "model"):
        if value := getattr(alert, column):
            # An issue of all prompts is one of this prompt, too.
            rows = rows.filter(
                Q(**{f"issue__scopes__{column}": value}) | Q(**{f"issue__scopes__{column}": ""})
            ).distinct()
    for row in rows.select_related("issue__project").order_by("-at")[:_MOST]:
        what = words.HAPPENINGS[f"issue:{row.kind}"]
        sentence = f"{what.capitalize()}: {row.issue.title} (issue {row.issue.number})"
        yield Happening(f"issue event {row.pk}", row.at, sentence, news.path(row.issue))


def _rollouts(alert: Alert, since: datetime, until: datetime) -> Iterator[Happening]:
    wanted = {action: name for name in alert.happenings for action in _ACTIONS.get(name, ())}
    rows = RolloutDecision.objects.filter(
        project=alert.project_id, action__in=wanted, decided_at__gt=since, decided_at__lte=until
    ).filter(Q(is_applied=True) | Q(action__in=("ask", "freeze")))
    if alert.prompt_name:
        rows = rows.filter(rollout__prompt__name=alert.prompt_name)
    related = ("rollout__prompt__project", "rollout__candidate")
    for row in rows.select_related(*related).order_by("-decided_at")[:_MOST]:
        rollout, what = row.rollout, words.HAPPENINGS[wanted[row.action]]
        sentence = (
            f"{what.capitalize()}: {rollout.prompt.name} v{rollout.candidate.number} in {rollout.label}. {row.reason}"
        )
        path = places.rollout(rollout.prompt, str(rollout.pk))
        yield Happening(f"rollout {rollout.pk} {wanted[row.action]} {row.step}", row.decided_at, sentence, path)
