"""Evaluators that are functions of an application: the server knows them by name, and each text of one is a version."""

from __future__ import annotations

from django.db import transaction

from evals.errors import EvaluatorArchived, NameOfServerEvaluator
from evals.evaluators import definitions
from evals.evaluators.models import CODE, Evaluator, EvaluatorVersion
from projects import audit
from projects.models import Project
from projects.roles import Action
from prompt_registry.permissions import demand


@transaction.atomic
def version_of(*, project: Project, name: str, content_hash: str) -> EvaluatorVersion:
    """Return the version with this content, made now if an application names it for the first time."""
    demand(project=project, action=Action.EDIT_EVALUATORS, by=None)
    clean = definitions.clean_name(name)
    Evaluator.objects.bulk_create([Evaluator(project=project, name=clean)], ignore_conflicts=True)
    evaluator = Evaluator.objects.select_for_update().get(project=project, name=clean)
    if evaluator.archived_at:
        raise EvaluatorArchived
    versions = evaluator.versions
    if versions.exclude(kind=CODE).exists():
        raise NameOfServerEvaluator(f"«{clean}»: {NameOfServerEvaluator()}")
    known = versions.filter(settings={"hash": content_hash}).first()
    if known is not None:
        return known
    version = definitions.add_version(evaluator, CODE, {"hash": content_hash}, None)
    action = "evaluator.created" if version.number == 1 else "evaluator.changed"
    audit.record(
        action=action,
        subject=clean,
        by=None,
        project=project,
        evaluator=evaluator.pk,
        version=version.number,
        kind=CODE,
    )
    return version
