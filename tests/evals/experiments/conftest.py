"""Fixtures for experiments that really run, against a provider on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from evals.evaluators.models import Evaluator, EvaluatorVersion
from evals.experiments import changes, running
from evals.experiments.models import Experiment
from evals.experiments.plans import ExperimentPlan, Variant
from evals.experiments.running import Surroundings
from evals.models import Dataset
from projects.models import Project, User
from projects.spending import NANO
from prompt_registry.models import ProviderConnection
from prompt_registry.providers import calls, clients, event_loop, limits
from tests.evals.experiments.provider import AnsweringProvider
from tests.evals.factories import add, make_dataset, make_editor
from tests.projects.factories import make_project
from tests.prompt_registry.factories import chat
from tests.prompt_registry.providers.fake_provider import serving


@pytest.fixture
def provider(settings) -> Iterator[AnsweringProvider]:
    calls._breakers.clear()
    limits.forget()
    with serving(AnsweringProvider()) as provider:
        settings.PROVIDER_ALLOWLIST = [f"127.0.0.1:{provider.port}"]
        yield provider
        event_loop.submit(clients.close_clients()).result(timeout=5)
        event_loop.submit(limits.close()).result(timeout=5)
        event_loop.stop()


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


@pytest.fixture
def editor(project: Project) -> User:
    return make_editor(project)


@pytest.fixture
def connection(provider: AnsweringProvider, project: Project) -> ProviderConnection:
    return ProviderConnection.objects.create(
        project=project, name="Fake", base_url=provider.url, default_model="fake-1"
    )


@pytest.fixture
def dataset(project: Project) -> Dataset:
    return make_dataset(project)


def variant(connection: ProviderConnection, text: str = "A: {{question}}", **values: Any) -> Variant:
    usual: dict[str, Any] = {
        "kind": "version", "number": 1, "is_live": True, "content": chat(("user", text)).to_json(),
        "connection_id": connection.pk, "connection_name": "Fake", "model": "gpt-5-mini", "is_simulated": False,
    }  # fmt: skip
    return Variant(**usual | values)


def version_of(project: Project, kind: str = "contains", **settings: Any) -> EvaluatorVersion:
    """Return an evaluator that passes every answer with the word «Answer», unless it is another."""
    if kind == "contains" and not settings:
        settings = {"texts": ["answer"]}
    evaluator = Evaluator.objects.create(project=project, name=f"e{Evaluator.objects.count()}", version=1)
    return EvaluatorVersion.objects.create(project=project, evaluator=evaluator, number=1, kind=kind, settings=settings)


Planner = Callable[..., ExperimentPlan]


@pytest.fixture
def make_plan(project: Project, dataset: Dataset, connection: ProviderConnection) -> Planner:
    """Return plans of so many items; everything else can be said otherwise."""

    def make(items: int = 3, **values: Any) -> ExperimentPlan:
        for number in range(items):
            add(dataset, f"Q{number}")
        usual: dict[str, Any] = {
            "name": "Test", "dataset": dataset, "revision": dataset.revision, "prompt": None,
            "variants": [variant(connection)], "evaluators": [version_of(project)], "cap_nano_usd": 10 * NANO,
        }  # fmt: skip
        return ExperimentPlan(**usual | values)

    return make


Starter = Callable[..., Experiment]


@pytest.fixture
def start(make_plan: Planner, editor: User) -> Starter:
    def begin(items: int = 3, **values: Any) -> Experiment:
        return changes.start(plan=make_plan(items, **values), by=editor)

    return begin


def run(*, at_once: int = 16, claim_seconds: float = 30.0, **around: Any) -> list[str]:
    """Run a pump until nothing is left to do; return «handed over» when it left something to another."""
    said: list[str] = []
    surroundings = Surroundings(**{"keep_job": lambda: None, "hand_over": lambda: said.append("handed over")} | around)
    running.run(surroundings=surroundings, at_once=at_once, claim_seconds=claim_seconds)
    return said


def states(experiment: Experiment) -> list[str]:
    cells = experiment.cells.order_by("item_id", "repetition", "column")
    return list(cells.values_list("state", flat=True))


@pytest.fixture(autouse=True)
def _quick_pumps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pump without work waits for more for seconds, and calls are tried again after seconds: not here."""
    monkeypatch.setattr(running, "_IDLE_SECONDS", 0.8)
    monkeypatch.setattr(running, "_roll", lambda: 0.0)
