"""A project with a planted problem, and customers who ask through the real client while a fix of it rolls out."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import callboard
from callboard import Callboard
from django.utils import timezone

from evals.experiments.models import Experiment
from monitoring.analysis import looking, running
from monitoring.issues.fix_models import IssueFix
from monitoring.issues.models import Issue
from monitoring.models import Span
from projects import keys
from projects.models import Project, User
from projects.roles import Scope
from prompt_registry import connections, contents, labels, prompts, versions
from prompt_registry.models import PRODUCTION, Prompt
from tests.evals.experiment_factories import answer, make_evaluator_version, make_experiment, make_variant
from tests.monitoring.factories import make_span, new_trace_id, send
from tests.monitoring.issue_factories import make_issue

REFUSED = "I am sorry, but I cannot help with that. Please contact our support team."
HELPED = "Yes, you may return it: send it back within two weeks, and the money is yours again five days later."
CUSTOMERS, BEFORE = 640, 160
_THINGS = ("tent", "lamp", "rucksack", "jacket", "stove", "kayak", "bottle", "compass", "rope", "sleeping bag")
_AT_ONCE = 8


@dataclass(frozen=True)
class Planted:
    """The prompt whose first version refuses too often, the issue of that, and the key of the application."""

    project: Project
    prompt: Prompt
    issue: Issue
    key: str

    def at(self, place: str = "") -> str:
        return f"/p/{self.project.slug}/{place}"


def make(project: Project, by: User) -> Planted:
    """Make the prompt and a day of calls, of which a third was refused."""
    connections.add_simulated(project=project, by=by)
    prompt = prompts.create(project=project, name="support/returns", type="text", by=by)
    content = contents.parse({"type": "text", "text": "Answer {{question}}. Never promise money back."})
    labels.publish(prompt=prompt, version=versions.save(prompt=prompt, content=content, by=by), label=PRODUCTION, by=by)
    dice = random.Random(7)  # the same every time
    send(project, *(_earlier(prompt, number, is_refused=dice.random() < 0.35) for number in range(BEFORE)))
    look_at_calls(project)
    issue = make_issue(project, title="Returns: 35 % refused", prompt_name=prompt.name, usual_rate=0.01)
    _, key = keys.create(project=project, name="shop", scopes=[Scope.INGEST, Scope.PROMPTS_READ], by=by)
    return Planted(project, prompt, issue, key)


def look_at_calls(project: Project) -> None:
    """Look at every call that nobody looked at, as the worker does a minute later."""
    spans = list(Span.objects.filter(project=project))
    running.store(project.pk, looking.rows(spans))


def test_ended(planted: Planted, fix: IssueFix) -> Experiment:
    """Let the test of the new version on the dataset of the fix have ended: it helps, and breaks nothing."""
    version = planted.prompt.versions.order_by("-number")[0]
    check = make_evaluator_version(planted.project, "No refusal at all", kind="refusal")
    dataset = planted.project.datasets.get(pk=fix.dataset_id)
    test = make_experiment(
        planted.project, dataset=dataset, prompt=planted.prompt, evaluators=[check],
        variants=[make_variant(1), make_variant(version.number, is_live=False)],
    )  # fmt: skip
    tags = [item.tags[0] for item in dataset.items.current().by_number()]
    before = "".join("0" if tag == "problem" else "1" for tag in tags)
    answer(test, {0: [before, "1" * len(tags)]})
    return test


test_ended.__test__ = False  # type: ignore[attr-defined]


def serve_customers(planted: Planted, *, url: str, directory: Path, helps: int) -> None:
    """Let every customer ask once; only the version that helps refuses hardly anybody."""
    dice = random.Random(11)
    odds = [dice.random() for _ in range(CUSTOMERS)]
    client = Callboard(url=url, api_key=planted.key, prompt_dir=directory, environment="production", prompt_push=False)

    def ask(number: int) -> None:
        with callboard.context(user=f"customer-{number}"):
            prompt = client.prompts.get(planted.prompt.name)
            is_refused = odds[number] < (0.02 if prompt.version == helps else 0.35)
            with prompt.used(), client.span("answer", kind="llm") as span:
                span.set(model="simulated-fast", input=_question(number), output=REFUSED if is_refused else HELPED)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        list(threads.map(ask, range(CUSTOMERS)))
    assert client.flush(30)
    client.shutdown()


def _earlier(prompt: Prompt, number: int, *, is_refused: bool) -> object:
    return make_span(
        trace_id=new_trace_id(), at=timezone.now() - timedelta(hours=3, minutes=number), prompt=prompt.name, version=1,
        user=f"guest-{number}", asked=_question(number), answered=REFUSED if is_refused else HELPED,
        attributes={"gen_ai.prompt.variable.question": _question(number)},
    )  # fmt: skip


def _question(number: int) -> str:
    return f"May I return the {_THINGS[number % len(_THINGS)]} that I bought {number // len(_THINGS) + 2} days ago?"
