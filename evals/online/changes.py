"""Lets evaluators watch live calls, pauses them, and lets them go on."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from evals.errors import OnlineEvaluationNotUsable
from evals.evaluators import definitions, queries
from evals.evaluators.models import Evaluator, EvaluatorVersion
from evals.judges.catalogue import FEEDBACK
from evals.online.models import WHOLE_PPM, OnlineEvaluation, OnlineState
from projects import audit, spending
from projects.models import Project, User
from projects.roles import Action
from prompt_registry.models import Label
from prompt_registry.permissions import demand

_EXPECTED = "This check compares with an expected answer, and a live call has none. Choose another one."
_FEEDBACK = (
    "This check holds a new answer against feedback on an old one, and a live call has one answer. Choose another one."
)
_COMPARES = "This check compares two answers, and a live call has one. Choose another one."


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls are judged, how many of them, and for how much a day; empty values leave all calls in."""

    environment: str = ""
    prompt_name: str = ""
    label: str = ""
    model: str = ""
    share_ppm: int = WHOLE_PPM
    cap_nano_usd: int = spending.NANO


@transaction.atomic
def create(*, project: Project, evaluator: Evaluator, wanted: Wanted, by: User) -> OnlineEvaluation:
    """Let the evaluator, as it is now, watch the calls that arrive from now on."""
    demand(project=project, action=Action.EDIT_EVALUATORS, by=by)
    version = _checked_version(evaluator)
    _check(project, wanted)
    made = OnlineEvaluation.objects.create(
        project=project, evaluator_version=version, environment=wanted.environment, prompt_name=wanted.prompt_name,
        label=wanted.label, model=wanted.model, share_ppm=wanted.share_ppm, cap_nano_usd=wanted.cap_nano_usd, created_by=by,
    )  # fmt: skip
    _record("started", made, by, share_ppm=wanted.share_ppm, cap_nano_usd=wanted.cap_nano_usd)
    return made


@transaction.atomic
def change(*, online: OnlineEvaluation, wanted: Wanted, by: User) -> OnlineEvaluation:
    """Watch other calls, another share of them, or for another amount; what was judged stays."""
    locked = _locked(online, by)
    _check(locked.project, wanted)
    for name in ("environment", "prompt_name", "label", "model", "share_ppm", "cap_nano_usd"):
        setattr(locked, name, getattr(wanted, name))
    if locked.state == OnlineState.BLOCKED:
        _let_go_on(locked)
    locked.save()
    _record("changed", locked, by, share_ppm=wanted.share_ppm, cap_nano_usd=wanted.cap_nano_usd)
    return locked


@transaction.atomic
def use_newest(*, online: OnlineEvaluation, by: User) -> OnlineEvaluation:
    """Judge with the evaluator as it is now from here on."""
    locked = _locked(online, by)
    locked.evaluator_version = _checked_version(locked.evaluator_version.evaluator)
    locked.save(update_fields=["evaluator_version"])
    _record("changed", locked, by, version=locked.evaluator_version.number)
    return locked


@transaction.atomic
def pause(*, online: OnlineEvaluation, by: User) -> OnlineEvaluation:
    """Judge nothing until somebody resumes it; calls that arrive meanwhile are not judged later."""
    locked = _locked(online, by)
    locked.state, locked.reason, locked.blocked_until = OnlineState.PAUSED, "", None
    locked.save(update_fields=["state", "reason", "blocked_until"])
    _record("paused", locked, by)
    return locked


@transaction.atomic
def resume(*, online: OnlineEvaluation, by: User) -> OnlineEvaluation:
    """Go on with the calls that arrive from now on."""
    locked = _locked(online, by)
    locked.cursor_at = locked.since_at = timezone.now()
    _let_go_on(locked)
    locked.save(update_fields=["state", "reason", "blocked_until", "cursor_at", "since_at"])
    _record("resumed", locked, by)
    return locked


@transaction.atomic
def remove(*, online: OnlineEvaluation, by: User) -> None:
    """Stop for good; the scores stay on the calls."""
    locked = _locked(online, by)
    _record("removed", locked, by)
    locked.delete()


def usable(project: Project) -> list[Evaluator]:
    """Return the evaluators that can judge live calls, by name."""
    return [row.evaluator for row in queries.usable(project) if not _refusal(row.version)]


def _locked(online: OnlineEvaluation, by: User) -> OnlineEvaluation:
    demand(project=online.project, action=Action.EDIT_EVALUATORS, by=by)
    rows = OnlineEvaluation.objects.select_for_update(of=("self",))
    return rows.select_related("project", "evaluator_version__evaluator").get(pk=online.pk)


def _let_go_on(online: OnlineEvaluation) -> None:
    online.state, online.reason, online.blocked_until = OnlineState.ACTIVE, "", None


def _checked_version(evaluator: Evaluator) -> EvaluatorVersion:
    version = definitions.current_of(evaluator)
    if refusal := _refusal(version):
        raise OnlineEvaluationNotUsable(refusal)
    return version


def _refusal(version: EvaluatorVersion) -> str:
    kind = queries.kind_of(version.kind)
    if kind is None:
        return "This kind of check is not there any more. Choose another one."
    if version.kind == FEEDBACK:
        return _FEEDBACK
    if getattr(kind, "compares", False):
        return _COMPARES
    return _EXPECTED if kind.needs_expected else ""


def _check(project: Project, wanted: Wanted) -> None:
    if not 1 <= wanted.share_ppm <= WHOLE_PPM:
        raise OnlineEvaluationNotUsable("Choose a share of the calls between 0.0001 % and 100 %.")
    if not 0 <= wanted.cap_nano_usd <= spending.MOST_NANO_USD:
        raise OnlineEvaluationNotUsable("The money for a day is an amount from $0 to $1,000,000.")
    if wanted.label and not wanted.prompt_name:
        raise OnlineEvaluationNotUsable("A label belongs to a prompt. Choose the prompt too.")
    labels = Label.objects.filter(project=project, prompt__name=wanted.prompt_name, name=wanted.label)
    if wanted.label and not labels.exists():
        raise OnlineEvaluationNotUsable(f"The prompt has no label «{wanted.label}».")


def _record(what: str, online: OnlineEvaluation, by: User, **facts: object) -> None:
    audit.record(
        action=f"online_evaluation.{what}", subject=online.evaluator_version.evaluator.name, by=by, project=online.project,
        online_evaluation=online.pk, **facts,
    )  # fmt: skip
