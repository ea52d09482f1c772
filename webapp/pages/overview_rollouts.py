"""How both versions of each rollout under way do, beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from monitoring import usage
from monitoring.kinds import Arm
from monitoring.usage import Usage
from monitoring.usage_reading import Filters
from projects.models import Project
from prompt_registry.models import Prompt, Rollout
from webapp import formats
from webapp.pages.overview_panels import Change, Link, Row

MOST = 5


@dataclass(frozen=True, slots=True)
class Split:
    """One rollout with a row of numbers for each version, the one that was live first."""

    rollout: Rollout
    url: str
    rows: list[Row]


def running(*, project: Project, prompt_name: str = "") -> list[Rollout]:
    """Return the rollouts whose candidate is being served, the newest first."""
    found = Rollout.objects.for_project(project).active().select_related("prompt", "control", "candidate")
    if prompt_name:
        found = found.filter(prompt__name=prompt_name)
    return list(found.newest_first()[:MOST])


def splits(
    *, project: Project, rollouts: Sequence[Rollout], start: datetime, end: datetime, link: Link, filters: Filters
) -> list[Split]:
    """Return what both versions of these rollouts added up to in a time; `link` leads to the calls behind a row."""
    found = usage.by_arm(
        project=project, start=start, end=end, rollouts=[rollout.pk for rollout in rollouts], **filters
    )
    return [_split(project, rollout, found, link) for rollout in rollouts]


def since_start(*, prompt: Prompt, now: datetime, link: Link, environment: str = "") -> list[Split]:
    """Return what both versions of the prompt's rollouts under way added up to since each began."""
    return [
        split
        for rollout in running(project=prompt.project, prompt_name=prompt.name)
        for split in splits(
            project=prompt.project, rollouts=[rollout], start=rollout.started_at, end=now, link=link,
            filters=Filters(environment=environment),
        )
    ]  # fmt: skip


def _split(
    project: Project, rollout: Rollout, found: Mapping[tuple[UUID | None, int], Usage], link: Link
) -> Split:  # fmt: skip
    control, candidate = (found.get((rollout.pk, int(arm)), Usage()) for arm in (Arm.CONTROL, Arm.CANDIDATE))
    share = rollout.share
    old, new = (
        f"v{rollout.control.number} until now, {formats.percent(1 - share)} asked",
        f"v{rollout.candidate.number} new, {formats.percent(share)} asked",
    )
    rows = [
        _row(old, control, candidate, link(rollout=rollout.pk, arm="control")),
        _row(new, candidate, control, link(rollout=rollout.pk, arm="candidate")),
    ]
    return Split(rollout, reverse("rollout", args=[project.slug, rollout.pk]), rows)


def _row(label: str, own: Usage, other: Usage, url: str) -> Row:
    return Row(
        label, own, url, Change(), is_new=False, fails_more=own.errors.is_above(other.errors),
        disliked_more=own.dislikes.is_enough and own.dislikes.is_above(other.dislikes),
    )  # fmt: skip
