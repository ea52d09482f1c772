"""Makes evaluators and changes them; what an evaluator was when it judged something is never changed."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from evals import archiving
from evals.errors import (
    EvaluatorArchived,
    EvaluatorDescriptionTooLong,
    EvaluatorNameNotUsable,
    EvaluatorNameTaken,
    EvaluatorRefused,
)
from evals.evaluators import catalogue
from evals.evaluators.cases import ModelEvaluator, QuickEvaluator
from evals.evaluators.models import Evaluator, EvaluatorVersion
from evals.judges import catalogue as judges
from projects import audit
from projects.models import Project, User
from projects.roles import Action
from prompt_registry import texts
from prompt_registry.models import ProviderConnection
from prompt_registry.permissions import demand

MAX_NAME = 120
MAX_DESCRIPTION = 500


@transaction.atomic
def create(
    *, project: Project, name: str, description: str = "", kind: str, settings: Mapping[str, Any], by: User | None
) -> Evaluator:
    """Return a new evaluator with its first version; settings that cannot work are refused with what to change."""
    demand(project=project, action=Action.EDIT_EVALUATORS, by=by)
    name, description = clean_name(name), _clean_description(description)
    _checked(project, kind, settings)
    try:
        with transaction.atomic():
            evaluator = Evaluator.objects.create(project=project, name=name, description=description, created_by=by)
    except IntegrityError as error:
        raise _taken(project, name) from error
    add_version(evaluator, kind, settings, by)
    audit.record(
        action="evaluator.created", subject=name, by=by, project=project, evaluator=evaluator.pk, kind=kind
    )  # fmt: skip
    return evaluator


@transaction.atomic
def change(
    *, evaluator: Evaluator, kind: str, settings: Mapping[str, Any], by: User | None
) -> EvaluatorVersion:  # fmt: skip
    """Return the version from which on the evaluator judges like this: a new one, or the current one if it does already."""
    locked = _locked(evaluator, by=by)
    wanted, current = _checked(locked.project, kind, settings), current_of(locked)
    if current.kind == kind and built(current) == wanted:
        return current
    version = add_version(locked, kind, settings, by)
    evaluator.version = locked.version
    audit.record(
        action="evaluator.changed", subject=locked.name, by=by, project=locked.project, evaluator=locked.pk,
        version=version.number, kind=kind,
    )  # fmt: skip
    return version


@transaction.atomic
def rename(*, evaluator: Evaluator, name: str, description: str, by: User | None) -> Evaluator:
    """Give the evaluator another name and description; how it judges stays what it is."""
    locked = _locked(evaluator, by=by)
    before = locked.name
    locked.name, locked.description = clean_name(name), _clean_description(description)
    try:
        with transaction.atomic():
            locked.save(update_fields=["name", "description"])
    except IntegrityError as error:
        raise _taken(locked.project, locked.name) from error
    audit.record(
        action="evaluator.renamed", subject=before, by=by, project=locked.project, before=before, after=locked.name
    )
    return locked


@transaction.atomic
def archive(*, evaluator: Evaluator, by: User | None) -> Evaluator:
    """Take the evaluator out of the lists; what it judged keeps its scores."""
    locked = _locked(evaluator, by=by, is_archive_fine=True)
    archiving.put_away(locked, by=by)
    return locked


@transaction.atomic
def restore(*, evaluator: Evaluator, by: User | None) -> Evaluator:
    """Bring the evaluator back from the archive."""
    locked = _locked(evaluator, by=by, is_archive_fine=True)
    archiving.bring_back(locked, by=by)
    return locked


def current_of(evaluator: Evaluator) -> EvaluatorVersion:
    """Return how the evaluator judges now."""
    return evaluator.versions.get(number=evaluator.version)


def built(version: EvaluatorVersion) -> QuickEvaluator | ModelEvaluator:
    """Return what judges as this version says; equal versions make equal evaluators."""
    return _build(version.kind, version.settings)


def _build(kind: str, settings: Mapping[str, Any]) -> QuickEvaluator | ModelEvaluator:
    return judges.build(kind, settings) if kind in judges.JUDGES else catalogue.build(kind, settings)


def _checked(project: Project, kind: str, settings: Mapping[str, Any]) -> QuickEvaluator | ModelEvaluator:
    if kind not in judges.JUDGES:
        return catalogue.build(kind, settings)
    judge = judges.build(kind, settings)
    if not ProviderConnection.objects.filter(project=project, pk=judge.connection_id).exists():
        raise EvaluatorRefused("The provider that should judge is not connected to this project. Choose another one.")
    return judge


def add_version(evaluator: Evaluator, kind: str, settings: Mapping[str, Any], by: User | None) -> EvaluatorVersion:
    """Make the next version; the caller holds the lock on the evaluator and has checked what it judges by."""
    evaluator.version += 1
    evaluator.save(update_fields=["version"])
    return EvaluatorVersion.objects.create(
        project_id=evaluator.project_id, evaluator=evaluator, number=evaluator.version, kind=kind,
        settings=texts.clean_json(dict(settings)), author=by,
    )  # fmt: skip


def _locked(evaluator: Evaluator, *, by: User | None, is_archive_fine: bool = False) -> Evaluator:
    demand(project=evaluator.project, action=Action.EDIT_EVALUATORS, by=by)
    locked = Evaluator.objects.select_for_update(of=("self",)).select_related("project").get(pk=evaluator.pk)
    if locked.archived_at and not is_archive_fine:
        raise EvaluatorArchived
    return locked


def clean_name(name: str) -> str:
    """Return the name as it is stored, or refuse it in words."""
    found = unicodedata.normalize("NFC", name).strip()
    if not found:
        raise EvaluatorNameNotUsable("Give the check a name, such as «Names the refund period».")
    if len(found) > MAX_NAME:
        raise EvaluatorNameNotUsable(f"This name has more than {MAX_NAME} characters. Choose a shorter one.")
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in found):
        raise EvaluatorNameNotUsable(
            "This name contains an invisible character. Type it again instead of pasting it."
        )  # fmt: skip
    return found


def _clean_description(text: str) -> str:
    found = texts.clean(text).strip()
    if len(found) > MAX_DESCRIPTION:
        raise EvaluatorDescriptionTooLong
    return found


def _taken(project: Project, name: str) -> EvaluatorNameTaken:
    other = Evaluator.objects.for_project(project).filter(name=name).first()
    if other is not None and other.archived_at:
        return EvaluatorNameTaken(f"«{name}» is in the archive. Bring it back from there, or choose another name.")
    return EvaluatorNameTaken()
