"""The demo project as it is after its first minutes, and customers of its shop, who ask through the real client."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import pytest
from callboard import Callboard, openai
from django.test import override_settings
from django.utils import timezone

from monitoring import scores
from monitoring.analysis import running as analyses
from monitoring.clusters import running as clusters
from monitoring.issues import cycle
from monitoring.issues.models import Issue
from projects.models import Project
from prompt_registry.models import Rollout
from webapp.demo import installing, live_traffic
from webapp.demo.prompts import REFUND

_AT_ONCE = 8


@dataclass(frozen=True)
class Demo:
    """The demo project, the issue that its planted problem became by itself, and the key of its application."""

    project: Project
    issue: Issue
    key: str

    def at(self, place: str = "") -> str:
        return f"/p/{self.project.slug}/{place}"


@contextmanager
def installed(directory: Path, *, slug: str) -> Iterator[Demo]:
    """Make the demo as the first start does, for the owners there are, and let the workers look at its calls."""
    with pytest.MonkeyPatch.context() as patch, override_settings(DATA_DIR=directory):
        patch.setattr(installing, "SLUG", slug)
        # Calls wait for the rest of their trace, half a minute: here all of it is there.
        patch.setattr(analyses, "_SETTLED", timedelta(0))
        # Who gets which version follows from the id of the rollout: it is the same every time.
        patch.setattr(Rollout._meta.get_field("id"), "_get_default", lambda: uuid5(NAMESPACE_URL, slug))
        assert installing.install()
        project = Project.objects.get(slug=slug)
        look_at_calls(project)
        clusters.discover(project_id=project.pk)
        cycle.run(project_id=project.pk, now=timezone.now())
        issue = Issue.objects.get(project=project, scopes__prompt_name=REFUND, scopes__signal="refused")
        yield Demo(project, issue, installing.key_file().read_text(encoding="utf-8"))


def look_at_calls(project: Project) -> None:
    """Connect feedback with its calls, and look at every call that nobody looked at, as the workers do within a minute."""
    scores.join_waiting()
    while analyses.run(project_id=project.pk):
        pass


def serve_customers(demo: Demo, numbers: range, *, url: str, provider_url: str, directory: Path) -> None:
    """Let each of these customers visit the assistant of the shop once; what it answers is the simulated model's business."""
    client = Callboard(
        url=url, api_key=demo.key, prompt_dir=directory, environment="production", service_name="shop-assistant",
        prompt_push=False,
    )  # fmt: skip

    def serve(number: int) -> None:
        dice = random.Random(number)  # the same every time
        live_traffic.Shop(client, models, dice).serve(REFUND, f"customer-{number:04d}")

    with openai.OpenAI(api_key="simulated", base_url=provider_url) as models, ThreadPoolExecutor(_AT_ONCE) as threads:
        list(threads.map(serve, numbers))
    assert client.flush(30)
    client.shutdown()
