"""What every page of one check shows: where it is, its tabs, and what may be done with it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from evals.evaluators import definitions, queries
from evals.evaluators.models import Evaluator, EvaluatorVersion
from evals.judges.catalogue import JUDGES
from projects.roles import Action
from webapp.access import ProjectRequest, one
from webapp.render import render_page

SECTION = "evaluators"


def evaluator_of(request: ProjectRequest, evaluator_id: int) -> Evaluator:
    """Return a check of the request's project, or answer 404."""
    return one(Evaluator.objects.for_project(request.project).select_related("project"), pk=evaluator_id)


def render_evaluator(
    request: ProjectRequest, template: str, evaluator: Evaluator, context: dict[str, Any], *, tab: str, status: int = 200
) -> HttpResponse:  # fmt: skip
    """Answer with a page of one check, under its tabs."""
    may_edit = request.membership.can(Action.EDIT_EVALUATORS)
    version = context.get("version") or definitions.current_of(evaluator)
    frame = {
        "evaluator": evaluator,
        "version": version,
        "kind": queries.kind_of(version.kind),
        "is_judge": version.kind in JUDGES,
        "page_title": evaluator.name,
        "crumbs": crumbs(request, evaluator if not tab else None),
        "tabs": _tabs(evaluator, tab),
        "may_edit": may_edit,
        "can_change": may_edit and not evaluator.archived_at,
    }
    return render_page(request, template, frame | context, section=SECTION, status=status)


def crumbs(request: ProjectRequest, evaluator: Evaluator | None = None) -> list[dict[str, str]]:
    """Return the way down from the list, to the check itself on pages below it."""
    found = [{"label": "Checks", "url": reverse("evaluators", args=[request.project.slug])}]
    return [*found, {"label": evaluator.name, "url": address(evaluator)}] if evaluator else found


def address(evaluator: Evaluator, route: str = "evaluator") -> str:
    """Return the address of a page of the check."""
    return reverse(route, args=[evaluator.project.slug, evaluator.pk])


def is_judge(version: EvaluatorVersion) -> bool:
    return version.kind in JUDGES


def _tabs(evaluator: Evaluator, current: str) -> list[dict[str, Any]]:
    tabs = (("try", "Try it", "evaluator", None), ("versions", "Versions", "evaluator-versions", evaluator.version))
    return [
        {"label": label, "url": address(evaluator, route), "current": key == current, "count": count}
        for key, label, route, count in tabs
    ]
