"""The shapes of experiments in the API."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Word = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]*$")]
Text = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
Long = Annotated[str, StringConstraints(max_length=4_000)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8,64}$")]
Dollars = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, lt=2**31)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
MOST_RESULTS = 200


class Strict(BaseModel):
    """A body in which a mistyped name is told and not overlooked."""

    model_config = ConfigDict(extra="forbid")


class VariantIn(Strict):
    """One column: a version number, or a label such as `production`, with another model if wanted."""

    version: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    label: Annotated[str, StringConstraints(max_length=36)] = ""
    model: Annotated[str, StringConstraints(max_length=120, pattern=r"^[^\x00]*$")] = ""
    connection: Text = Field("", description="The name of the model provider; empty: the usual one.")


class Common(Strict):
    """What every experiment needs."""

    name: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")] = ""
    note: Text = ""
    dataset: Word = Field(description="The name of the dataset.")
    revision: Count | None = None
    split: Annotated[str, StringConstraints(max_length=40, pattern=r"^[^\x00]*$")] = ""
    evaluators: Annotated[list[Word], Field(max_length=40)] = Field([], description="Names of checks of the project.")
    repetitions: Annotated[int, Field(ge=1, le=10)] = 1
    grouped_by: Annotated[str, StringConstraints(max_length=120, pattern=r"^[^\x00]*$")] = ""
    max_cost_usd: Dollars = 0.0
    limit: Count = 0


class ExperimentIn(Common):
    """An experiment that Callboard's workers run. The first variant is what the others are compared with."""

    prompt: Word
    variants: Annotated[list[VariantIn], Field(min_length=1, max_length=6)]
    stops_early: bool = False
    uses_cache: bool = True


class InCodeIn(Common):
    """An experiment that is answered in code; each column has a label, and the first is compared with."""

    columns: Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00]*$")]],
                       Field(min_length=1, max_length=6)] = ["code"]  # fmt: skip


class ScoreIn(Strict):
    """What a function of the application says about an answer: a value from 0 to 1, or an error."""

    evaluator: Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\x00]*$")]
    hash: Hash = Field(description="Of the function's source or name; another hash is another version.")
    value: Share | None = None
    passed: bool | None = None
    why: Long = ""
    error: Long = ""


class PlaceIn(Strict):
    """Which answer."""

    item: Annotated[int, Field(ge=1, lt=2**31)]
    column: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00]*$")] = "code"
    repetition: Annotated[int, Field(ge=0, le=9)] = 0


class ResultIn(PlaceIn):
    """One answer, or the error instead of it."""

    output: str | dict[str, Any] | list[Any] | None = None
    error: Long = ""
    latency_ms: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cost_usd: Dollars | None = None
    model: Annotated[str, StringConstraints(max_length=120)] = ""
    trace_id: uuid.UUID | None = None
    scores: Annotated[list[ScoreIn], Field(max_length=40)] = []


class ResultsIn(Strict):
    """A batch of results."""

    results: Annotated[list[ResultIn], Field(min_length=1, max_length=MOST_RESULTS)]


class PlacedScoreIn(PlaceIn, ScoreIn):
    """A score with the answer that it is about."""


class ScoresIn(Strict):
    """A batch of scores."""

    scores: Annotated[list[PlacedScoreIn], Field(min_length=1, max_length=MOST_RESULTS)]


class StoredOut(Schema):
    """How many were stored now, and how many had come before and changed nothing."""

    accepted: int
    repeated: int
    state: str


class ExperimentHead(Schema):
    """An experiment in the list."""

    id: int
    name: str
    state: Literal["running", "paused", "done", "cancelled"]
    is_over: bool
    reason: str
    runs_in: Literal["workers", "code"]
    dataset: str
    dataset_id: int
    dataset_revision: int
    split: str
    prompt: str | None
    repetitions: int
    item_count: int
    columns: list[str]
    spent_usd: float
    cap_usd: float
    created_at: datetime
    ended_at: datetime | None
    url: str


class ExperimentPage(Schema):
    """Experiments, newest first; `next` goes into `before`."""

    items: list[ExperimentHead]
    next: int | None


class WorstOut(Schema):
    """An answer that a check did not like."""

    item: int
    value: float | None
    error: str
    why: str


class CheckOut(Schema):
    """One check of one column: its level with a 95 % interval, and what it says against column 0."""

    name: str
    kind: str
    is_duel: bool
    pass_rate: float | None
    mean: float | None
    low: float | None
    high: float | None
    items: int
    errors: int
    verdict: Literal["better", "worse", "same", "unknown"] | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    worst: list[WorstOut]


class ColumnOut(Schema):
    """One column: counts, what an answer costs and takes, and its checks. `pass_rate` is of answers that passed all of them."""

    column: int
    label: str
    version: int | None
    model: str
    is_simulated: bool
    answers: int
    failed: int
    skipped: int
    pass_rate: float | None
    cost_usd: float | None
    median_ms: float | None
    p95_ms: float | None
    verdict: Literal["better", "worse", "same", "unknown"] | None
    words: str
    checks: list[CheckOut]


class ExperimentOut(ExperimentHead):
    """An experiment with its progress and what was found so far."""

    progress: dict[str, float | None]
    is_preliminary: bool
    results: list[ColumnOut]


class AnswerPage(Schema):
    """Answers with their scores; `next` goes into `cursor`."""

    items: list[dict[str, Any]]
    next: int | None
