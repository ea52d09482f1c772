"""Takes what nobody needs out of the lists, and brings it back; nothing of it is lost."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from evals.evaluators.models import Evaluator
from evals.experiments.models import Experiment
from evals.models import Dataset
from projects import audit
from projects.models import User

_Row = Dataset | Evaluator | Experiment


def put_away(locked: _Row, *, by: User | None) -> None:
    """Take a locked row out of the lists; doing it twice keeps the first moment."""
    _set(locked, locked.archived_at or timezone.now(), "archived", by)


def bring_back(locked: _Row, *, by: User | None) -> None:
    """Put a locked row back into the lists."""
    _set(locked, None, "restored", by)


def _set(locked: _Row, moment: datetime | None, what: str, by: User | None) -> None:
    locked.archived_at = moment
    locked.save(update_fields=["archived_at"])
    kind = locked._meta.model_name
    audit.record(action=f"{kind}.{what}", subject=locked.name, by=by, project=locked.project)
