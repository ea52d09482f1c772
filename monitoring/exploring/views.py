"""Keeps ways to look at traces: saves, changes, shares, deletes and brings back views, and what a person has chosen."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils import timezone

from monitoring.errors import ViewRefused
from monitoring.exploring import columns, language
from monitoring.exploring.models import TraceListChoice, TraceView, TraceViewQuerySet
from projects import audit
from projects.models import Project, User

MOST = 200


@transaction.atomic
def save(
    *, project: Project, name: str, line: str, environment: str = "", time_range: str = "",
    shown: Iterable[object] = columns.DEFAULT, is_shared: bool = False, by: User,
) -> TraceView:  # fmt: skip
    """Keep a filter under a name; a view of the same name is replaced when it is the person's own."""
    wanted = _name(name)
    if len(line) > language.MOST_CHARS:
        # What is cut would be another filter.
        raise ViewRefused("This filter is too long to be kept. Leave out a part of it.")
    values = {
        "line": line, "environment": environment, "time_range": time_range, "columns": columns.checked(shown),
        "is_shared": is_shared,
    }  # fmt: skip
    own = TraceView.objects.for_project(project).kept().filter(owner=by)
    if not own.filter(name=wanted).exists() and own.count() >= MOST:
        raise ViewRefused(f"You keep {MOST} views already. Delete one that nobody needs first.")
    view, _ = TraceView.objects.update_or_create(
        project=project, owner=by, name=wanted, deleted_at=None, defaults=values
    )
    audit.record(action="view.saved", subject=wanted, by=by, project=project, is_shared=is_shared)
    return view


def rename(*, view: TraceView, name: str, is_shared: bool, by: User) -> None:
    """Give a view another name, or share it or keep it for oneself."""
    wanted = _name(name)
    try:
        with transaction.atomic():
            TraceView.objects.filter(pk=view.pk).update(name=wanted, is_shared=is_shared)
            audit.record(
                action="view.renamed", subject=view.name, by=by, project=view.project, name=wanted, is_shared=is_shared
            )
    except IntegrityError:
        raise ViewRefused(f"There is a view «{wanted}» already. Choose another name.") from None


@transaction.atomic
def delete(*, view: TraceView, by: User) -> None:
    """Take a view away; it can be brought back."""
    if TraceView.objects.kept().filter(pk=view.pk).update(deleted_at=timezone.now()):
        TraceListChoice.objects.filter(project=view.project, default_view_id=view.pk).update(default_view_id=None)
        audit.record(action="view.deleted", subject=view.name, by=by, project=view.project)


def bring_back(*, view: TraceView, by: User) -> None:
    """Undo a deletion."""
    try:
        with transaction.atomic():
            if TraceView.objects.filter(pk=view.pk).exclude(deleted_at=None).update(deleted_at=None):
                audit.record(action="view.restored", subject=view.name, by=by, project=view.project)
    except IntegrityError:
        raise ViewRefused(f"There is another view «{view.name}» by now. Rename that one first.") from None


def visible(*, project: Project, user: User) -> TraceViewQuerySet:
    """Return the views that a person can open, by name."""
    rows = TraceView.objects.for_project(project).kept().visible_to(user).select_related("owner")
    return rows.order_by("name", "pk")


def choose_columns(*, project: Project, user: User, shown: Iterable[object]) -> None:
    """Note which columns a person wants to see."""
    TraceListChoice.objects.update_or_create(project=project, user=user, defaults={"columns": columns.checked(shown)})


def choose_default(*, project: Project, user: User, view: TraceView | None) -> None:
    """Note which view the list opens with for a person; none for all traces."""
    TraceListChoice.objects.update_or_create(
        project=project, user=user, defaults={"default_view_id": view.pk if view else None}
    )


def choice_of(*, project: Project, user: User) -> TraceListChoice:
    """Return what a person has chosen, or what everybody sees at first; it may not be stored yet."""
    found = TraceListChoice.objects.filter(project=project, user=user).first()
    return found or TraceListChoice(project=project, user=user)


def _name(name: str) -> str:
    wanted = " ".join(name.split())
    if not wanted:
        raise ViewRefused("Give the view a name.")
    if len(wanted) > 80 or "\x00" in wanted:
        raise ViewRefused("The name of a view may have 80 characters.")
    return wanted
