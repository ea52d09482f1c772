"""Answers that an application got already, as a column of an experiment: nobody is asked for them, and nothing is spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import orjson
from django.db import connection

from evals.experiments.models import Experiment

_FILL = """
    UPDATE experiment_cell c SET state = 'answered', output = n.output, latency_ms = n.latency_ms,
           input_tokens = n.input_tokens, output_tokens = n.output_tokens, cost_nano_usd = n.cost_nano_usd,
           is_price_known = n.cost_nano_usd IS NOT NULL, model = n.model, run_at = statement_timestamp()
      FROM json_to_recordset(%(answers)s::json) AS n(item bigint, output text, latency_ms float8, input_tokens int,
           output_tokens int, cost_nano_usd bigint, model text)
     WHERE c.experiment_id = %(experiment)s AND c."column" = %(column)s AND c.item_id = n.item AND c.state = 'ready'
"""


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """What a call answered, how long that took and what it cost then; None of what was not recorded."""

    output: str
    model: str = ""
    latency_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nano_usd: int | None = None


def fill(*, experiment: Experiment, column: int, answers: Mapping[int, RecordedAnswer]) -> int:
    """Put recorded answers into the cells of a column, by item, to be judged; return how many cells that were."""
    rows = [{"item": item_id, **asdict(answer)} for item_id, answer in answers.items()]
    values: dict[str, str | int] = {
        "answers": orjson.dumps(rows).decode(), "experiment": experiment.pk, "column": column,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_FILL, values)
        return int(cursor.rowcount)
