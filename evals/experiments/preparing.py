"""Turns cells that were taken into work: what is asked of whom, or why that cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import structlog
from django.db import DatabaseError

from evals.errors import EvalsError
from evals.experiments import judging, sampling
from evals.experiments.cells import MAX_ATTEMPTS, Held
from evals.experiments.frozen import Frozen
from evals.experiments.judging import Judge
from evals.experiments.models import ExperimentCell, ExperimentScore
from evals.experiments.works import AnswerWork, Asked, JudgeWork, Provider, Work
from evals.models import DatasetItem
from projects.errors import ProjectsError
from prompt_registry.errors import PromptRegistryError

log = structlog.get_logger("callboard.experiments")


class GaveUp(EvalsError):
    """The workers that did this stopped again and again in the middle of it. Try it again; if it goes on, tell an admin."""


class SomethingBroke(EvalsError):
    """Something went wrong on this server, and its log says what. Try it again, or tell an admin."""


@dataclass(slots=True)
class Prepared:
    """What is to be asked, work that needs nobody, and cells that end with a reason."""

    asked: list[Asked] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)
    refused: list[tuple[Held, Exception]] = field(default_factory=list)


def prepare(frozen: Frozen, held: Sequence[Held]) -> Prepared:
    """Return the work that the cells are."""
    items = DatasetItem.objects.in_bulk({cell.item_id for cell in held})
    known, rivals = _known_of(held), _rivals_of(held) if frozen.compares else {}
    done = Prepared()
    for cell in held:
        try:
            if cell.is_judging:
                rival = rivals.get((cell.item_id, cell.repetition))
                work, asked = _judging(frozen, cell, items[cell.item_id], rival, known.get(cell.id, set()))
            else:
                work, asked = _answering(frozen, cell, items[cell.item_id])
        except (EvalsError, PromptRegistryError, ProjectsError) as error:
            done.refused.append((cell, error))
        except DatabaseError:
            raise
        except Exception:  # the edge of one cell: the others go on
            log.exception("cell_not_asked", cell=cell.id)
            done.refused.append((cell, SomethingBroke()))
        else:
            done.works.append(work)
            done.asked += asked
    return done


def _answering(frozen: Frozen, cell: Held, item: DatasetItem) -> tuple[Work, list[Asked]]:
    if cell.attempts > MAX_ATTEMPTS:
        raise GaveUp
    column = frozen.columns[cell.column]
    question = column.question(item.input)
    asking = sampling.asking(
        sampling=column.variant.sampling, samples=column.variant.samples, question=question
    )  # fmt: skip
    work = AnswerWork(cell, item, asking, frozen.provider(column.variant.connection_id))
    return work, work.begin()


def _judging(
    frozen: Frozen, cell: Held, item: DatasetItem, rival: str | None, known: set[int]
) -> tuple[Work, list[Asked]]:
    # Nobody judged what a call answered when it was put here; other answers were as soon as they came.
    is_recorded = cell.column in frozen.recorded
    judges = [
        judge for judge in frozen.judges if (is_recorded or not judge.is_at_once) and judge.version_id not in known
    ]
    if cell.column == 0:
        judges = [judge for judge in judges if not judge.compares]
    work = JudgeWork(cell, judging.case_of(cell, item, rival), _providers(frozen, judges))
    if cell.attempts > MAX_ATTEMPTS:
        work.failures = {judge.version_id: GaveUp() for judge in judges}
        return work, []
    return work, work.begin(judges)


def _providers(frozen: Frozen, judges: Iterable[Judge]) -> dict[int, Provider | Exception]:
    found: dict[int, Provider | Exception] = {}
    for judge in judges:
        if (asked := judge.model_evaluator) is not None:
            try:
                found[judge.version_id] = frozen.provider(asked.connection_id)
            except (EvalsError, PromptRegistryError, ProjectsError) as error:
                found[judge.version_id] = error
    return found


def _known_of(held: Sequence[Held]) -> dict[int, set[int]]:
    """Return the judges that have spoken already, by cell: they are not paid twice."""
    found: dict[int, set[int]] = {}
    ids = [cell.id for cell in held if cell.is_judging]
    if ids:
        rows = ExperimentScore.objects.filter(cell__in=ids).values_list("cell_id", "evaluator_version_id")
        for cell_id, version_id in rows:
            found.setdefault(cell_id, set()).add(version_id)
    return found


def _rivals_of(held: Sequence[Held]) -> dict[tuple[int, int], str]:
    """Return what column 0 answered to the items of the cells, by item and repetition."""
    judged = [cell for cell in held if cell.is_judging]
    if not judged:
        return {}
    rows = ExperimentCell.objects.filter(
        experiment=judged[0].experiment_id, column=0, item__in={cell.item_id for cell in judged},
        state__in=["answered", "judging", "done"],
    )  # fmt: skip
    return {(item, repetition): output for item, repetition, output in rows.values_list("item", "repetition", "output")}
