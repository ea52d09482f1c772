"""The way from a problem to the proof that it is gone, as far as it was walked: told by what exists, not by ticks people set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from evals.experiments.models import Experiment
from evals.models import Dataset
from monitoring.issues import follow_ups
from monitoring.issues.follow_ups import MadeDataset
from monitoring.issues.models import Issue, IssueState
from projects.models import Project
from prompt_registry.models import PRODUCTION, LabelMove, Prompt, PromptVersion, Rollout
from webapp import formats

_MOST_TESTS = 50


@dataclass(frozen=True, slots=True)
class Step:
    """One tick of the way: done, next or later; what there is, and the page where it is done."""

    title: str
    is_done: bool
    text: str
    url: str = ""
    link: str = ""
    is_next: bool = False

    @property
    def state(self) -> str:
        return "done" if self.is_done else "next" if self.is_next else "later"


@dataclass(frozen=True, slots=True)
class _Found:
    project: Project
    issue: Issue
    made: Sequence[MadeDataset]
    dataset: Dataset | None
    prompt: Prompt | None
    version: PromptVersion | None
    test: Experiment | None
    rollout: Rollout | None
    published_at: datetime | None


def path_of(issue: Issue, prompt: Prompt | None) -> list[Step]:
    """Return the six steps; the first that is not done is the next one."""
    found = _found(issue, prompt)
    steps = [_examples(found), _dataset(found), _version(found), _test(found), _rollout(found), _proof(found)]
    following = next((index for index, step in enumerate(steps) if not step.is_done), None)
    return [replace(step, is_next=index == following) for index, step in enumerate(steps)]


def _found(issue: Issue, prompt: Prompt | None) -> _Found:
    made = follow_ups.datasets_of(issue)
    datasets = Dataset.objects.for_project(issue.project).active().in_bulk([one.dataset_id for one in made])
    dataset = next((datasets[one.dataset_id] for one in made if one.dataset_id in datasets), None)
    version = _new_version(issue, prompt, made[-1].at if made else None)
    published = rollout = None
    if prompt is not None and version is not None:
        later = {"project": issue.project, "prompt": prompt}
        moves = LabelMove.objects.filter(**later, label=PRODUCTION, to_version=version).order_by("-moved_at")
        published = moves.values_list("moved_at", flat=True).first()
        rollout = Rollout.objects.filter(**later, candidate=version).order_by("-started_at").first()
    return _Found(
        issue.project, issue, made, dataset, prompt, version, _test_of(dataset, version), rollout, published
    )  # fmt: skip


def _new_version(issue: Issue, prompt: Prompt | None, since: datetime | None) -> PromptVersion | None:
    """Return the newest version that was saved after somebody began to fix it; older ones cannot be meant for it."""
    begun = [moment for moment in (since, issue.state_at if issue.state == IssueState.IN_FIX else None) if moment]
    if prompt is None or not begun:
        return None
    return PromptVersion.objects.filter(prompt=prompt, created_at__gt=min(begun)).order_by("-number").first()


def _test_of(dataset: Dataset | None, version: PromptVersion | None) -> Experiment | None:
    if dataset is None or version is None:
        return None
    tests = Experiment.objects.filter(dataset=dataset, prompt_id=version.prompt_id).newest_first()[:_MOST_TESTS]
    return next((test for test in tests if _answers_with(test, version)), None)


def _answers_with(test: Experiment, version: PromptVersion) -> bool:
    return any(variant["number"] == version.number for variant in test.variants)


def _examples(found: _Found) -> Step:
    count = sum(one.item_count for one in found.made)
    text = f"{formats.full_count(count)} {'call' if count == 1 else 'calls'}" if count else "Choose calls that show it"
    return Step("Examples", bool(count), text, _dataset_url(found), "" if count else "Choose them")


def _dataset(found: _Found) -> Step:
    if found.dataset is not None:
        url = reverse("dataset", args=[found.project.slug, found.dataset.pk])
        return Step("Dataset", True, found.dataset.name, url, "Open")
    return Step("Dataset", False, "Keep them, to test every new version on", _dataset_url(found))


def _version(found: _Found) -> Step:
    if found.prompt is None:
        return Step("New version", False, "Not of one prompt alone: fix it where it comes from")
    url = reverse("prompt", args=[found.project.slug, found.prompt.pk])
    if found.version is None:
        return Step("New version", False, f"Write one of {found.prompt.name}", url, "Write it")
    shown = reverse("prompt-version", args=[found.project.slug, found.prompt.pk, found.version.number])
    return Step("New version", True, f"v{found.version.number}", shown, "Look at it")


def _test(found: _Found) -> Step:
    if found.test is not None:
        url = reverse("experiment", args=[found.project.slug, found.test.pk])
        return Step("Test", found.test.is_over, found.test.name, url, "See the result")
    if found.dataset is None or found.version is None or found.prompt is None:
        return Step("Test", False, "Compare it with the old one")
    query = urlencode({"prompt": found.prompt.pk, "dataset": found.dataset.pk, "what": found.version.number})
    url = f"{reverse('experiment-new', args=[found.project.slug])}?{query}"
    return Step("Test", False, f"Compare v{found.version.number} with the old one", url, "Set it up")


def _rollout(found: _Found) -> Step:
    if found.rollout is not None:
        url = reverse("rollout", args=[found.project.slug, found.rollout.pk])
        text = f"{found.rollout.get_state_display()}, {formats.percent(found.rollout.share)}"
        return Step("Rollout", found.rollout.state == "completed", text, url, "Look at it")
    if found.published_at is not None:
        return Step("Rollout", True, f"Published {formats.ago(found.published_at)}, to everybody at once")
    if found.version is None or found.prompt is None:
        return Step("Rollout", False, "Give it to more and more people")
    page = reverse("prompt-publish", args=[found.project.slug, found.prompt.pk])
    return Step("Rollout", False, "Give it to more and more people", f"{page}?version={found.version.number}", "Go on")


def _proof(found: _Found) -> Step:
    if found.issue.state == IssueState.VERIFIED:
        return Step("Proved gone", True, f"Since {formats.ago(found.issue.state_at)}")
    return Step("Proved gone", False, "Watched on real calls after the rollout")


def _dataset_url(found: _Found) -> str:
    return reverse("issue-dataset", args=[found.project.slug, found.issue.number])
