"""What an experiment will run, as plain values: frozen into its row when it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from evals.evaluators.models import EvaluatorVersion
from evals.models import Dataset
from prompt_registry import contents
from prompt_registry.contents import PromptContent
from prompt_registry.models import Prompt
from prompt_registry.providers.values import ModelSettings

MAX_VARIANTS = 6
MAX_REPETITIONS = 10
MAX_CELLS = 50_000
DRAFT = "draft"
VERSION = "version"
# Nobody is asked: the column holds what an application got when it made the call.
RECORDED = "recorded"


class Sampling(StrEnum):
    """How a variant makes its answer of what the model says."""

    ONCE = "once"
    # Of several answers the one that agrees most with the others.
    BEST_OF = "best of"
    # An answer, what is wrong with it, and a better one.
    SELF_CRITIQUE = "self-critique"


@dataclass(frozen=True, slots=True)
class Variant:
    """One column: a text of the prompt, who is asked with it, and how the answer is made."""

    kind: str
    number: int
    is_live: bool
    content: Mapping[str, Any]
    connection_id: int
    connection_name: str
    model: str
    is_simulated: bool
    sampling: str = Sampling.ONCE
    samples: int = 1
    # What an experiment in code calls it.
    label: str = ""

    @property
    def title(self) -> str:
        if self.label:
            return self.label
        if self.kind == DRAFT:
            return "Draft"
        return f"v{self.number} live" if self.is_live else f"v{self.number}"

    @property
    def is_recorded(self) -> bool:
        return self.kind == RECORDED

    @property
    def prompt_content(self) -> PromptContent:
        return contents.read(self.content)[0]

    @property
    def settings(self) -> ModelSettings:
        """The settings of the text, with the model that is really asked."""
        return replace(ModelSettings.from_mapping(self.prompt_content.settings.to_json()), model=self.model)

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Variant:
        return cls(**raw)


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """Everything that is chosen before an experiment starts; the first variant is what the others are compared with."""

    name: str
    dataset: Dataset
    revision: int
    prompt: Prompt | None
    variants: Sequence[Variant]
    evaluators: Sequence[EvaluatorVersion]
    split: str = ""
    repetitions: int = 1
    grouped_by: str = ""
    cap_nano_usd: int = 0
    stops_early: bool = False
    # Whether answers that were paid for before are used again.
    uses_cache: bool = True
    note: str = ""
    # At most so many items, chosen by hash; 0 for all.
    limit: int = 0
    # Only these items, where something else chose them.
    item_ids: Sequence[int] = ()
    # Whether it is a step of something larger, which holds the limit and tells people when it is over.
    is_step: bool = False


def is_replay(variants: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the first of these columns, as they are stored, holds the answers of real calls."""
    return bool(variants) and variants[0]["kind"] == RECORDED
