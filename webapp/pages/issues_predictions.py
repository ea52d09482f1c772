"""How good the predictions were: what tests let us expect of fixes, beside what their rollouts showed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from monitoring.issues import predictions
from monitoring.issues.fix_models import IssueFix
from monitoring.issues.predictions import Held
from projects.roles import Action
from webapp import formats
from webapp.access import ProjectRequest, requires
from webapp.pages import issues_prediction_bars
from webapp.pages.issues_detail import SECTION
from webapp.render import render_page

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One fix with both."""

    fix: IssueFix
    held: Held
    url: str
    bar: SafeString

    @property
    def expected(self) -> str:
        return _range(self.held.expected, self.held.expected_low, self.held.expected_high)

    @property
    def shown(self) -> str:
        return _range(self.held.shown, self.held.shown_low, self.held.shown_high)


@requires(Action.READ_TRACES)
def page(request: ProjectRequest) -> HttpResponse:
    """List the fixes that a test predicted and a rollout measured, the newest first."""
    found = predictions.of_project(project=request.project, limit=PAGE_SIZE)
    rows = [_row(request, one) for one in found]
    context = {
        "page_title": "How good the predictions were", "rows": rows, "summary": summary([row.held for row in rows]),
        "crumbs": [{"label": "Issues", "url": reverse("issues", args=[request.project.slug])}],
        "issues_url": reverse("issues", args=[request.project.slug]),
    }  # fmt: skip
    return render_page(request, "issues/predictions.html", context, section=SECTION)


def summary(held: Sequence[Held]) -> str:
    """Return how good they were in a sentence."""
    if not held:
        return ""
    fitting = sum(one.is_as_expected for one in held)
    too_good = sum(one.expected_high < one.shown_low for one in held)
    text = f"{fitting} of {len(held)} fixes did what their test let us expect, as far as both are certain."
    return f"{text} {too_good} did less than expected." if too_good else text


def _row(request: ProjectRequest, one: Held) -> Row:
    url = reverse("issue", args=[request.project.slug, one.fix.issue.number])
    return Row(one.fix, one, url, issues_prediction_bars.bar(one))


def _range(value: float, low: float, high: float) -> str:
    return f"{formats.percent(value)} of before ({formats.percent(low)} to {formats.percent(high)})"


urlpatterns: list[URLPattern] = [path("issues/predictions/", page, name="issue-predictions")]
