"""The detectors as the settings show them: in words, with how often each speaks and how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse

from monitoring.analysis import flagged, opinions, previews, quality, settings
from monitoring.analysis.opinions import Agreement
from monitoring.analysis.previews import Example
from monitoring.analysis.quality import Own
from monitoring.analysis.settings import DetectorChoice
from monitoring.detectors import catalogue
from projects.models import Project
from webapp.pages import findings_words
from webapp.pages.traces_links import trace_url

# These say what certainly happened: there is no more or less strict.
_CERTAIN = frozenset({"failed", "empty", "cut_off", "bad_format"})
_STRICTNESS = (
    (0.9, "only when almost certain"), (0.7, "when quite sure"), (0.4, "when likely"), (0.0, "already when possible"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DetectorRow:
    """One detector as a row."""

    name: str
    title: str
    explanation: str
    url: str
    is_enabled: bool
    is_certain: bool
    threshold: float
    shipped_threshold: float
    is_changed: bool
    strictness: str
    flagged: int
    calls_url: str
    own: Own
    # What a model says, where one is asked.
    agreement: Agreement
    f1: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class ExampleLine:
    """A call that another threshold would flag, or not flag any more."""

    example: Example
    url: str
    sureness: str


def detector_rows(project: Project, *, now: datetime) -> list[DetectorRow]:
    """Return all detectors, in the order of the catalogue."""
    choices = settings.of(project.pk)
    counts = flagged.counts(project_id=project.pk, since=now - timedelta(days=previews.DAYS))
    own = quality.own(project_id=project.pk)
    agreed = opinions.agreement(project_id=project.pk, now=now)
    return [
        _row(project, name, choices[name], counts.get(name, 0), own.get(name, Own()), agreed.get(name, Agreement()))
        for name in catalogue.DETECTORS
    ]


def row_of(project: Project, name: str, *, now: datetime) -> DetectorRow:
    """Return one detector."""
    return next(row for row in detector_rows(project, now=now) if row.name == name)


def call_lines(project: Project, examples: Sequence[Example]) -> list[ExampleLine]:
    """Return examples with their addresses and how sure the detector was."""
    return [
        ExampleLine(
            one, trace_url(project, one.trace_id.hex, span=one.span_hex), findings_words.sureness(one.probability)
        )
        for one in examples
    ]


def strictness(threshold: float) -> str:
    """Return a threshold in words."""
    return next(words for least, words in _STRICTNESS if threshold >= least)


def _row(
    project: Project, name: str, choice: DetectorChoice, count: int, own: Own, agreement: Agreement
) -> DetectorRow:  # fmt: skip
    known, figures = catalogue.DETECTORS[name], quality.shipped().figures.get(name, ())
    shipped = catalogue.shipped_threshold(name)
    query = urlencode({"flag": name, "range": f"{previews.DAYS}d"})
    return DetectorRow(
        name=name, title=known.title, explanation=known.explanation,
        url=reverse("settings-detector", args=[project.slug, name]), is_enabled=choice.is_enabled,
        is_certain=name in _CERTAIN, threshold=choice.threshold, shipped_threshold=shipped,
        is_changed=abs(choice.threshold - shipped) > 1e-9, strictness=strictness(choice.threshold), flagged=count,
        calls_url=f"{reverse('explore', args=[project.slug])}?{query}", own=own, agreement=agreement,
        f1=_mean([figure.f1 for figure in figures]), recall=_mean([figure.recall for figure in figures]),
    )  # fmt: skip


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
