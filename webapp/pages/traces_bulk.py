"""What can be done with chosen traces, or with all that match: findings that are not a problem are marked so."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from monitoring.errors import MarkRefused
from monitoring.exploring import bulk_marks
from projects.roles import Action
from webapp import formats
from webapp.access import ProjectRequest, requires
from webapp.pages import findings_words
from webapp.pages.datasets_calls import selection_of
from webapp.render import render_page

# Other pages that take all that match: the name of the address, and the words of the link.
FURTHER: tuple[tuple[str, str], ...] = (
    ("export-new", "Export"), ("training-new", "Training data"), ("erasure-new", "Delete for good"),
)  # fmt: skip


@requires(Action.GIVE_FEEDBACK)
def no_problem(request: ProjectRequest) -> HttpResponseBase:
    """Say which calls they are and what was found in them, and mark one of the findings when the form is sent."""
    selection = selection_of(request)
    counts = bulk_marks.counts(project=request.project, traces=selection.traces)
    if request.method == "POST":
        detector = request.POST.get("detector", "")[:40]
        try:
            done = bulk_marks.no_problem(
                project=request.project, traces=selection.traces, detector=detector, by=request.user
            )
        except MarkRefused as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _said(detector, done, counts.get(detector, 0)))
            return redirect(f"{reverse('explore', args=[request.project.slug])}?view=all")
    context = {
        "page_title": "Not a problem", "selection": selection,
        "found": [(name, findings_words.title(name), count) for name, count in counts.items()],
    }  # fmt: skip
    return render_page(request, "traces/no_problem.html", context, section="explore")


def _said(detector: str, done: int, found: int) -> str:
    calls = f"{formats.full_count(done)} {'call' if done == 1 else 'calls'}"
    rest = f" {formats.full_count(found - done)} more have it: do it once more for them." if found > done else ""
    return f"«{findings_words.title(detector)}» is marked as not a problem in {calls}.{rest}"


urlpatterns: list[URLPattern] = [path("explore/no-problem/", no_problem, name="explore-no-problem")]
