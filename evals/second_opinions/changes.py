"""Says which model is asked about the findings of a detector, about how many calls, and for how much a day."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from evals.errors import SecondOpinionRefused
from evals.second_opinions.questions import ABOUT
from monitoring.analysis.models import WHOLE_PPM, DetectorJudge
from projects import audit, spending
from projects.models import Project, User
from prompt_registry.models import ProviderConnection

_MOST_MODEL = 120


@dataclass(frozen=True, slots=True)
class Wanted:
    """The model, the shares of flagged and of other calls, and the most that a day may cost."""

    connection_id: int
    model: str
    flagged_ppm: int
    unflagged_ppm: int
    cap_nano_usd: int
    is_enabled: bool = True


@transaction.atomic
def choose(*, project: Project, detector: str, wanted: Wanted, by: User) -> DetectorJudge:
    """Ask this model from now on, about calls that come from now on; whatever it waited for is forgotten."""
    _check(project, detector, wanted)
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    before = DetectorJudge.objects.filter(project=project, detector=detector).first()
    values = {
        "connection_id": wanted.connection_id, "model": wanted.model.strip(), "flagged_ppm": wanted.flagged_ppm,
        "unflagged_ppm": wanted.unflagged_ppm, "cap_nano_usd": wanted.cap_nano_usd, "is_enabled": wanted.is_enabled,
    }  # fmt: skip
    now = timezone.now()
    begins = {} if before and before.is_enabled else {"since_at": now}
    made, _ = DetectorJudge.objects.update_or_create(
        project=project, detector=detector,
        defaults=values | begins | {"reason": "", "blocked_until": None, "changed_by": by, "changed_at": now},
    )  # fmt: skip
    audit.record(
        action="detector.judge_chosen", subject=detector, by=by, project=project,
        before=[getattr(before, name) for name in values] if before else None, after=list(values.values()),
    )  # fmt: skip
    return made


def _check(project: Project, detector: str, wanted: Wanted) -> None:
    if detector not in ABOUT:
        raise SecondOpinionRefused("This is counted or measured, not read: there is nothing to ask a model about.")
    if not ProviderConnection.objects.filter(project=project, pk=wanted.connection_id).exists():
        raise SecondOpinionRefused("Choose the provider that is asked. Connect one in Settings, Providers.")
    if not wanted.model.strip() or len(wanted.model.strip()) > _MOST_MODEL:
        raise SecondOpinionRefused("Name the model that is asked, such as the one you know best for careful reading.")
    if not (0 <= wanted.flagged_ppm <= WHOLE_PPM and 0 <= wanted.unflagged_ppm <= WHOLE_PPM):
        raise SecondOpinionRefused("A share lies from 0 % to 100 %.")
    if not 0 <= wanted.cap_nano_usd <= spending.MOST_NANO_USD:
        raise SecondOpinionRefused("The money for a day is an amount from $0 to $1,000,000.")
