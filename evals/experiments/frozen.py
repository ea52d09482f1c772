"""What an experiment is made of, read once from its row and kept by a worker: nothing of it changes while it runs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from evals.errors import ProviderNotConnected
from evals.evaluators.cases import Question
from evals.experiments import judging
from evals.experiments.judging import Judge
from evals.experiments.models import Experiment
from evals.experiments.plans import RECORDED, Variant
from evals.experiments.works import Provider
from prompt_registry import connections, rendering, trial_money
from prompt_registry.contents import PromptContent
from prompt_registry.models import ProviderConnection
from prompt_registry.providers.values import ModelSettings
from prompt_registry.trial_plans import messages_of

# A key or an address that an admin changes counts for the calls after this.
_CONNECTION_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Column:
    """One variant, with its text read and the model it asks."""

    variant: Variant
    content: PromptContent
    settings: ModelSettings

    def question(self, values: Mapping[str, Any]) -> Question:
        """Return what the model is asked about an item; BlanksMissing instead of a question with holes in it."""
        filled = {name: rendering.stringify(value) for name, value in values.items()}
        return Question(messages_of(self.content, filled), self.settings)


@dataclass
class Frozen:
    """An experiment, ready to be run."""

    experiment: Experiment
    _providers: dict[int, tuple[float, Provider]] = field(default_factory=dict)

    @cached_property
    def columns(self) -> list[Column]:
        return [column_of(Variant.from_json(raw)) for raw in self.experiment.variants]

    @cached_property
    def recorded(self) -> frozenset[int]:
        """The columns that nobody is asked for: what is in them is judged as if it had just come."""
        return frozenset(place for place, raw in enumerate(self.experiment.variants) if raw["kind"] == RECORDED)

    @cached_property
    def twins(self) -> list[int]:
        return twins_of(self.columns)

    @cached_property
    def judges(self) -> list[Judge]:
        return judging.of_experiment(self.experiment)

    @cached_property
    def has_second_look(self) -> bool:
        return bool(self.recorded) or judging.needs_second_look(self.judges, column=1)

    @cached_property
    def compares(self) -> bool:
        return any(judge.compares for judge in self.judges)

    def provider(self, connection_id: int) -> Provider:
        """Return who answers over a connection of the project, as it is now."""
        known = self._providers.get(connection_id)
        if known is None or known[0] < time.monotonic():
            row = ProviderConnection.objects.filter(project_id=self.experiment.project_id, pk=connection_id).first()
            if row is None:
                raise ProviderNotConnected
            provider = Provider(connections.opened(row), row.is_simulated)
            known = self._providers[connection_id] = (time.monotonic() + _CONNECTION_SECONDS, provider)
        return known[1]


def column_of(variant: Variant) -> Column:
    """Return a variant with its text read."""
    return Column(variant, variant.prompt_content, limited(variant.settings))


def twins_of(columns: Sequence[Column]) -> list[int]:
    """Return for each column how many before it ask the very same, whoever is asked and however often."""
    asked = [
        None if column.variant.is_recorded else (column.content.text, column.content.messages, column.settings)
        for column in columns
    ]
    return [asked[:place].count(one) for place, one in enumerate(asked)]


def limited(settings: ModelSettings) -> ModelSettings:
    """Return the settings with a longest answer: what is set aside for one without a limit is its limit."""
    return replace(settings, max_tokens=settings.max_tokens or trial_money.UNLIMITED_ANSWER)


def load(experiment_id: int) -> Frozen:
    """Read an experiment."""
    return Frozen(Experiment.objects.select_related("project").get(pk=experiment_id))
