"""Links by which somebody without an account reads one trace, and nothing else: off until the project allows them."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from monitoring.errors import MonitoringError
from monitoring.models import Trace
from monitoring.talk.models import TraceLink, TraceSharing
from projects import audit, tokens
from projects.models import Project, User
from projects.roles import Action
from prompt_registry import texts
from prompt_registry.permissions import demand

DAYS = (1, 7, 30)
# Of one trace nobody needs more at a time; each one is a way in that somebody has to remember.
MOST_LINKS = 10
REQUESTS_PER_MINUTE = 60


class LinkRefused(MonitoringError):
    """This link cannot be made."""


class SharingOff(LinkRefused):
    """Public links are switched off in this project. An admin can allow them in the settings, on the page Public links."""


class LinkNotUsable(MonitoringError):
    """This link does not work. It may have ended, or somebody took it back. Ask whoever sent it to you for a new one."""


class TooFast(MonitoringError):
    """This link was opened very often within a minute. Wait a minute and load the page again."""


def is_allowed(project: Project) -> bool:
    """Tell whether links to traces may be made, and work, in a project."""
    return TraceSharing.objects.filter(project=project, is_allowed=True).exists()


@transaction.atomic
def allow(*, project: Project, is_allowed: bool, by: User) -> None:
    """Let members share traces by link, or let none of the links work any more."""
    demand(project=project, action=Action.MANAGE_PROJECT, by=by)
    values = {"is_allowed": is_allowed, "changed_by": by, "changed_at": timezone.now()}
    TraceSharing.objects.update_or_create(project=project, defaults=values)
    audit.record(
        action="trace.links_allowed" if is_allowed else "trace.links_forbidden",
        subject=project.slug,
        by=by,
        project=project,
    )


@transaction.atomic
def make(*, project: Project, trace: Trace, label: str, days: int, by: User) -> tuple[TraceLink, str]:
    """Return a new link to a trace and its secret, which is shown once."""
    demand(project=project, action=Action.GIVE_FEEDBACK, by=by)
    if not is_allowed(project):
        raise SharingOff
    label = texts.clean(label).strip()
    if not 1 <= len(label) <= 80:
        raise LinkRefused("Say for whom the link is, in up to 80 characters.")
    if days not in DAYS:
        raise LinkRefused("Choose after how many days the link ends.")
    # One at a time for each trace, so that the limit holds.
    Trace.objects.select_for_update().filter(project_id=project.pk, trace_id=trace.trace_id).first()
    now = timezone.now()
    if TraceLink.objects.for_project(project).of_trace(trace.trace_id).usable(now).count() >= MOST_LINKS:
        raise LinkRefused(f"This trace has {MOST_LINKS} links already. Take one back first.")
    token = tokens.link_token()
    link = TraceLink.objects.create(
        project=project, trace_id=trace.trace_id, label=label, token_hash=tokens.digest(token),
        expires_at=now + timedelta(days=days), created_by=by,
    )  # fmt: skip
    # Whom it is for stays out of the audit log, which outlives the trace: it may name somebody.
    audit.record(
        action="trace.shared",
        subject=trace.hex_id,
        by=by,
        project=project,
        trace_link=link.pk,
        days=days,
    )
    return link, token


@transaction.atomic
def revoke(*, link: TraceLink, by: User) -> None:
    """Make the link useless at once."""
    demand(project=link.project, action=Action.GIVE_FEEDBACK, by=by)
    if TraceLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now()):
        audit.record(
            action="trace.link_revoked", subject=link.hex_id, by=by, project=link.project, trace_link=link.pk
        )  # fmt: skip


def opened(*, token: str) -> tuple[TraceLink, Trace]:
    """Return the link behind a secret and its trace, and count the visit; LinkNotUsable says nothing about why."""
    link = TraceLink.objects.select_related("project").filter(token_hash=tokens.digest(token)).first()
    if link is None or not link.is_usable(timezone.now()) or not is_allowed(link.project):
        raise LinkNotUsable
    trace = Trace.objects.for_project(link.project).filter(trace_id=link.trace_id).first()
    if trace is None:
        raise LinkNotUsable
    _count(link)
    return link, trace


def _count(link: TraceLink) -> None:
    """Count one visit, or raise TooFast when the link has had enough of them this minute."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE trace_link SET last_used_at = now(), minute = date_trunc('minute', now()), use_count = use_count + 1,
                requests = CASE WHEN minute = date_trunc('minute', now()) THEN requests + 1 ELSE 1 END
            WHERE id = %s RETURNING requests
            """,
            [link.pk],
        )
        row = cursor.fetchone()
    if row is None:
        raise LinkNotUsable
    if row[0] > REQUESTS_PER_MINUTE:
        raise TooFast
