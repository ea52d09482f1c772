"""The columns of a test: which text, who is asked, and how the answer is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.http import QueryDict

from evals.experiments.plans import MAX_VARIANTS, VERSION, Sampling, Variant
from prompt_registry.errors import PromptRegistryError
from prompt_registry.trial_models import Trial
from prompt_registry.trial_plans import LETTERS
from prompt_registry.trial_plans import Variant as TrialVariant
from webapp.pages import tryit_sources
from webapp.pages.tryit_sources import Choice, Desk

ONCE = "once"
# What people choose, each with the sampling and the number of answers that it stands for.
_SAMPLINGS = {
    ONCE: ("One answer", Sampling.ONCE, 1),
    "best-3": ("Best of 3 answers", Sampling.BEST_OF, 3),
    "best-5": ("Best of 5 answers", Sampling.BEST_OF, 5),
    "critique": ("Answer, look it over, answer again", Sampling.SELF_CRITIQUE, 1),
}
SAMPLINGS = [(key, words) for key, (words, _, _) in _SAMPLINGS.items()]
_TRIED = "tried"


class TrialGone(PromptRegistryError):
    """The trial that this text comes from is gone. Choose the draft or a version."""


class ProviderGone(PromptRegistryError):
    """The model provider of this trial is no longer connected. Choose another one."""


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """What somebody chose for a column; `what` may also name a column of a trial."""

    choice: Choice
    sampling: str = ONCE


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the form: what was chosen, and the variant it makes or the reason why there is none."""

    place: int
    choice: Choice
    sampling: str
    variant: Variant | None
    problem: str = ""

    @property
    def letter(self) -> str:
        return LETTERS[self.place]

    @property
    def is_tried(self) -> bool:
        """Whether the text is that of a column of a trial."""
        return self.choice.what.startswith(f"{_TRIED}-")


def columns_of(desk: Desk, chosen: QueryDict) -> list[Column]:
    """Return the columns that a form or an address describes; what it leaves open is live against the draft."""
    return [column_of(desk, place, one) for place, one in enumerate(_choices(desk, chosen)[:MAX_VARIANTS])]


def blanks_of(columns: Sequence[Column]) -> list[str]:
    """Return the blanks that some column needs a value for."""
    found: dict[str, None] = {}
    for column in columns:
        if column.variant:
            needed = (one.name for one in column.variant.prompt_content.variables if one.required)
            found |= dict.fromkeys(needed)
    return list(found)


def tried(trial: Trial, column: int) -> str:
    """Return the name under which the text of a column of a trial can be chosen."""
    return f"{_TRIED}-{trial.pk}-{column}"


def sampling_of(variant: Variant) -> str:
    """Return how a variant makes its answers, in words; nothing when it just answers."""
    if variant.sampling == Sampling.BEST_OF:
        return f"best of {variant.samples} answers"
    return "looks its answer over" if variant.sampling == Sampling.SELF_CRITIQUE else ""


def key_of(variant: Variant) -> str:
    """Return the choice of the form that makes this sampling."""
    for key, (_, sampling, samples) in _SAMPLINGS.items():
        if (sampling, samples) == (variant.sampling, variant.samples):
            return key
    return ONCE


def _choices(desk: Desk, chosen: QueryDict) -> list[ColumnChoice]:
    whats = chosen.getlist("what")
    if not whats:
        return [ColumnChoice(choice) for choice in desk.usual()]
    padded = ((chosen.getlist(name) + [""] * len(whats))[: len(whats)] for name in ("on", "model", "sampling"))
    choices = [
        ColumnChoice(Choice(what, on, model), sampling if sampling in _SAMPLINGS else ONCE)
        for what, on, model, sampling in zip(whats, *padded, strict=True)
    ]
    action, _, place = chosen.get("do", "").partition("-")
    if action == "drop" and len(choices) > 1:
        choices = [one for number, one in enumerate(choices) if str(number) != place]
    if action == "add" and len(choices) < MAX_VARIANTS:
        taken = {one.choice.what for one in choices}
        free = [what for what, _ in desk.whats if what not in taken]
        choices.append(ColumnChoice(Choice(free[0] if free else choices[-1].choice.what)))
    return choices


def column_of(desk: Desk, place: int, chosen: ColumnChoice) -> Column:
    """Return the column that a choice makes, or the reason why it makes none."""
    try:
        variant = _variant(desk, chosen)
    except PromptRegistryError as error:
        return Column(place, chosen.choice, chosen.sampling, None, str(error))
    return Column(place, chosen.choice, chosen.sampling, variant)


def _variant(desk: Desk, chosen: ColumnChoice) -> Variant:
    what = chosen.choice.what
    is_tried = what.startswith(f"{_TRIED}-")
    made = _of_trial(desk, chosen.choice) if is_tried else tryit_sources.variant_of(desk, chosen.choice)
    _, sampling, samples = _SAMPLINGS[chosen.sampling]
    return Variant(
        kind=made.kind, number=made.number, is_live=made.is_live, content=made.content, connection_id=made.connection_id,
        connection_name=made.connection_name, model=chosen.choice.model.strip()[:120] or made.model,
        is_simulated=made.is_simulated, sampling=sampling, samples=samples,
    )  # fmt: skip


def _of_trial(desk: Desk, choice: Choice) -> TrialVariant:
    trial_id, _, column = choice.what.removeprefix(f"{_TRIED}-").partition("-")
    if not (_is_number(trial_id) and _is_number(column)):
        raise TrialGone
    trial = Trial.objects.filter(prompt=desk.prompt, pk=int(trial_id)).only("variants").first()
    if trial is None or int(column) >= len(trial.variants):
        raise TrialGone
    found = TrialVariant.from_json(trial.variants[int(column)])
    wanted = choice.on or str(found.connection_id)
    connection = next((one for one in desk.connections if str(one.pk) == wanted), None)
    if connection is None:
        raise ProviderGone
    return replace(
        found, is_live=found.kind == VERSION and found.number == desk.live_number, connection_id=connection.pk,
        connection_name=connection.name, is_simulated=connection.is_simulated,
    )  # fmt: skip


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
