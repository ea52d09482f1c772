"""How good the detectors are, before they were shipped and here."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from benchmarks.detectors import published
from monitoring.analysis import quality
from monitoring.analysis.models import FlagMark
from monitoring.detectors.catalogue import DETECTORS
from tests.projects.factories import make_project


def mark(project, detector, verdict):
    FlagMark.objects.create(
        project=project,
        trace_id=uuid4(),
        span_id=1,
        start_day=datetime.now(UTC).date(),
        detector=detector,
        verdict=verdict,
    )


@pytest.mark.django_db
def test_precision_is_what_people_called_right_out_of_all_they_looked_at():
    project = make_project()
    for verdict in ("right", "right", "right", "wrong", "missed"):
        mark(project, "refused", verdict)
    mark(make_project(), "refused", "wrong")

    own = quality.own(project_id=project.pk)

    assert list(own) == ["refused"]
    assert (own["refused"].precision.share, own["refused"].missed) == (0.75, 1)
    assert 0 < own["refused"].precision.low < 0.75 < own["refused"].precision.high < 1


def test_the_shipped_figures_are_of_detectors_that_exist_and_lie_between_0_and_1():
    shipped = quality.shipped()

    assert set(shipped.figures) == {"refused", "unsupported", "injection", "hidden_instruction", "toxic"}
    assert set(shipped.figures) <= set(DETECTORS)
    assert shipped.measured_on <= datetime.now(UTC).date()
    assert all(
        share is None or 0 <= share <= 1
        for figures in shipped.figures.values()
        for one in figures
        for share in one.shares
    )


def test_figures_come_from_texts_that_the_weights_were_not_taught_with():
    part = {
        "shipped": {"sources": {"A": {"texts": 2, "bad": 1, "precision": 1.0, "recall": 1.0, "f1": 1.0, "auroc": 1.0}}},
        "without_each_group": {
            "sources": {
                "A": {"texts": 2, "bad": 1, "precision": 0.5, "recall": 1.0, "f1": 0.7, "auroc": 0.8},
                "A/part": {"texts": 1, "bad": 1, "precision": 0.5, "recall": 1.0, "f1": 0.7, "auroc": None},
                "B": {"texts": 1, "bad": 0, "false_alarms": 0.1},
            }
        },
    }

    found = published.figures([{"refusal": part}], measured_on=date(2026, 11, 1))

    figure = {"source": "A", "texts": 2, "precision": 0.5, "recall": 1.0, "f1": 0.7, "auroc": 0.8}
    assert found == {"measured_on": "2026-11-01", "detectors": {"refused": [figure]}}
