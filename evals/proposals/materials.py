"""What a search for a fix is made of: the items by their use, and the examples that are shown to the model."""

from __future__ import annotations

from collections.abc import Sequence

from evals import calls, datasets, item_care
from evals.calls import FEEDBACK, OLD_ANSWER
from evals.evaluators.models import EvaluatorVersion
from evals.experiments import judging, suggestions
from evals.experiments.fix_verdicts import ENOUGH_GOOD
from evals.fix_items import GOOD, HOLD_OUT, PROBLEM, TUNE
from evals.fix_tests import checks_for, signals_of
from evals.models import Dataset, DatasetItem
from evals.proposals.asking import MOST_FAILING, MOST_GOOD, Evidence, Example
from evals.proposals.budgets import Items
from monitoring.issues.fix_models import IssueFix
from monitoring.issues.models import Issue, Signal
from monitoring.trace_messages import as_text
from prompt_registry.models import Prompt

_TUNE_GOOD = 20


def items_of(*, dataset: Dataset, fix: IssueFix) -> Items:
    """Return the items by their use: what a person chose as examples first, then by hash."""
    rows = datasets.items_at(dataset=dataset, revision=dataset.revision).filter(tags__overlap=[PROBLEM, GOOD])
    chosen = {(trace, span) for trace, span, _ in fix.examples}
    order = sorted(rows.defer("context"), key=lambda item: (_key_of(item) not in chosen, bytes(item.content_hash)))

    def pick(tag: str, split: str) -> list[int]:
        return [item.pk for item in order if tag in item.tags and item.split == split]

    good, tune_good = pick(GOOD, HOLD_OUT), pick(GOOD, TUNE)
    # What is held out comes first; of the others as many as there are to spare, or as are needed.
    spare = tune_good[_TUNE_GOOD:]
    needed = max(0, ENOUGH_GOOD - len(good) - len(spare))
    return Items(
        tuple(pick(PROBLEM, TUNE)), tuple(tune_good[:_TUNE_GOOD]), tuple(pick(PROBLEM, HOLD_OUT)),
        (*good, *spare, *tune_good[MOST_GOOD:_TUNE_GOOD][:needed]),
    )  # fmt: skip


def checks_of(*, prompt: Prompt, issue: Issue) -> tuple[list[EvaluatorVersion], list[int]]:
    """Return the checks that judge, none of which costs a call, and the ids of those that tell whether an answer has the problem."""
    offered = suggestions.evaluators_of(prompt.project)
    telling = set(checks_for(issue))
    wanted = telling | suggestions.evaluators_for(prompt, offered, has_expected=False)
    found = [version for version in offered if version.evaluator_id in wanted]
    free = {judge.version_id for judge in judging.ready(found) if judge.is_at_once and not judge.refusal}
    found = [version for version in found if version.pk in free]
    problem = [version.pk for version in found if version.evaluator_id in telling]
    return found, problem or [version.pk for version in found]


def problem_of(issue: Issue) -> str:
    """Return what is wrong, in words; only ours, for a title may hold anything."""
    return ". ".join(str(Signal(signal).label) for signal in signals_of(issue)) or "The answers are not good enough"


def evidence_of(*, fix: IssueFix, items: Items) -> Evidence:
    """Return the examples that the model sees: of the half to write by, masked."""
    failing = _rows(items.tune_problems[:MOST_FAILING])
    said = _answers(fix, failing)
    return Evidence(
        problem_of(fix.issue), [_example(item, said.get(item.pk, "")) for item in failing],
        [_example(item, as_text(item.expected_output)) for item in _rows(items.tune_good[:MOST_GOOD])],
    )  # fmt: skip


def texts_of(*, items: Items) -> list[str]:
    """Return the texts of all items to write by, which no suggestion may copy."""
    found: list[str] = []
    for item in _rows((*items.tune_problems, *items.tune_good)):
        found += [as_text(value) for value in item.input.values()]
        found += [as_text(item.expected_output), str(item.metadata.get(OLD_ANSWER, ""))]
    return [text for text in found if text]


def _rows(keys: Sequence[int]) -> list[DatasetItem]:
    rows = DatasetItem.objects.in_bulk(list(keys))
    return [rows[key] for key in keys if key in rows]


def _answers(fix: IssueFix, items: Sequence[DatasetItem]) -> dict[int, str]:
    """Return what was answered in the recorded calls, as far as they are there."""
    masker = item_care.masker_of(fix.project)
    steps = {(item.source_trace_id, item.source_span_id): item.pk for item in items if item.source_trace_id is not None}
    wanted = [(trace_id, span_id) for trace_id, span_id in steps if trace_id is not None and span_id is not None]
    found = calls.of_steps(project=fix.project, steps=wanted)
    return {steps[call.span.trace_id, call.span.span_id]: masker.text(call.output) for call in found}


def _example(item: DatasetItem, answered: str) -> Example:
    asked = "\n".join(as_text(value) for value in item.input.values())
    return Example(asked, answered or str(item.metadata.get(OLD_ANSWER, "")), str(item.metadata.get(FEEDBACK, "")))


def _key_of(item: DatasetItem) -> tuple[str, int] | None:
    if item.source_trace_id is None or item.source_span_id is None:
        return None
    return item.source_trace_id.hex, item.source_span_id
