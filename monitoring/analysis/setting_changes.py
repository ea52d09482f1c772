"""Changes what a project looks for in its calls, and how strictly; audited."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from monitoring.analysis.models import DetectorSetting
from monitoring.detectors.catalogue import DETECTORS
from monitoring.errors import SettingRefused
from projects import audit
from projects.models import Project, User


@transaction.atomic
def change(
    *, project: Project, detector: str, is_enabled: bool, threshold: float | None, by: User
) -> DetectorSetting:  # fmt: skip
    """Store from which probability on a detector flags calls (None: as shipped), or that it is not asked at all."""
    if detector not in DETECTORS:
        raise SettingRefused("There is no such detector. Load the page again.")
    if threshold is not None and not 0 < threshold <= 1:
        raise SettingRefused("Choose a number above 0 and up to 1.")
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    stored = DetectorSetting.objects.filter(project=project, detector=detector).first()
    before = [stored.is_enabled, stored.threshold] if stored else [True, None]
    if stored and before == [is_enabled, threshold]:
        return stored
    made, _ = DetectorSetting.objects.update_or_create(
        project=project, detector=detector,
        defaults={"is_enabled": is_enabled, "threshold": threshold, "changed_by": by, "changed_at": Now()},
    )  # fmt: skip
    audit.record(
        action="detector.changed",
        subject=detector,
        by=by,
        project=project,
        before=before,
        after=[is_enabled, threshold],
    )
    return made
