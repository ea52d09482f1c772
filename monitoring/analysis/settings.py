"""Which detectors a project wants, and from which probability on each of them flags a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.analysis.models import DetectorSetting
from monitoring.detectors.catalogue import DETECTORS, shipped_threshold


@dataclass(frozen=True, slots=True)
class DetectorChoice:
    """Whether a detector is asked, and the probability from which on it flags."""

    is_enabled: bool
    threshold: float


def of(project_id: int) -> Mapping[str, DetectorChoice]:
    """Return the choice for every detector: what the project changed, and what is shipped."""
    changed = {row.detector: row for row in DetectorSetting.objects.filter(project_id=project_id)}
    return {name: _choice(name, changed.get(name)) for name in DETECTORS}


def _choice(name: str, changed: DetectorSetting | None) -> DetectorChoice:
    if changed is None:
        return DetectorChoice(is_enabled=True, threshold=shipped_threshold(name))
    threshold = shipped_threshold(name) if changed.threshold is None else changed.threshold
    return DetectorChoice(changed.is_enabled, threshold)
