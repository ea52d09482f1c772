"""Counts the costs of past calls anew, with the prices that held when they were made; piece by piece, and stoppable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from monitoring.errors import RepricingRefused
from monitoring.ingest.turns import wait_for_turn
from monitoring.kinds import Kind
from monitoring.models import Repricing, RepricingState
from projects import audit, jobs
from projects.models import Project, User
from prompt_registry.prices import books
from prompt_registry.prices.costs import Book

KIND = "prices.reprice"
PIECE = 2_000
# A shard that no receiver writes to: nobody waits for another, and only sums are ever read.
_SHARD = 100
_KINDS = (int(Kind.LLM), int(Kind.EMBEDDING))
_FIRST = ["0001-01-01", "00000000-0000-0000-0000-000000000000", 0]
_SERIES = "kind, arm, prompt_version, rollout_id, environment, model, prompt_name"
# A cost that the application sent stays as it was sent.
_SENT = r'"(langfuse\.observation\.cost_details|gen_ai\.usage\.cost|llm\.cost\.(total|prompt|completion))":'

Row = tuple[Any, ...]


@transaction.atomic
def start(*, project: Project, since: date, by: User) -> Repricing:
    """Begin to count the calls from a day on anew; one run of a project at a time."""
    today = timezone.now().date()
    if since > today:
        raise RepricingRefused("Choose a day that has come already.")
    run = _made(project=project, since=since, until=today + timedelta(days=1), by=by)
    audit.record(action="prices.repricing_started", subject=project.slug, by=by, project=project, since=str(since))
    jobs.add(kind=KIND, dedupe_key=f"repricing {run.pk}", payload={"repricing": run.pk}, project_id=project.pk)
    return run


@transaction.atomic
def stop(*, project: Project, by: User) -> bool:
    """End the run after the piece that is being counted; what was counted stays. Return False when none runs."""
    running = Repricing.objects.filter(project=project, state=RepricingState.RUNNING)
    stopped = running.update(state=RepricingState.STOPPED, finished_at=timezone.now())
    if stopped:
        audit.record(action="prices.repricing_stopped", subject=project.slug, by=by, project=project)
    return bool(stopped)


def latest(*, project: Project) -> Repricing | None:
    """Return the newest run of a project."""
    return Repricing.objects.filter(project=project).select_related("started_by").order_by("-pk").first()


@transaction.atomic
def step(*, run_id: int) -> bool:
    """Count one piece of a run; return whether there is more to do."""
    run = Repricing.objects.select_for_update().filter(pk=run_id, state=RepricingState.RUNNING).first()
    if run is None:
        return False
    rows = _piece(run)
    changed, difference = _correct(run, _wrong(rows, books.of(run.project_id)))
    is_last = len(rows) < PIECE
    done = {"state": RepricingState.DONE, "finished_at": timezone.now()} if is_last else {}
    place = [str(rows[-1][0]), str(rows[-1][1]), rows[-1][2]] if rows else run.place
    Repricing.objects.filter(pk=run.pk).update(
        place=place, checked_count=F("checked_count") + len(rows), changed_count=F("changed_count") + changed,
        difference_nano_usd=F("difference_nano_usd") + difference, **done,
    )  # fmt: skip
    return not is_last


def _made(*, project: Project, since: date, until: date, by: User) -> Repricing:
    try:
        with transaction.atomic():
            return Repricing.objects.create(
                project=project, since=since, until=until, call_count=_about(project, since), started_by=by
            )
    except IntegrityError as error:
        raise RepricingRefused("Past calls are being counted again already. Wait, or stop that first.") from error


def _about(project: Project, since: date) -> int:
    """Return about how many calls there are, from the counters."""
    query = "SELECT coalesce(sum(span_count), 0) FROM usage_day WHERE project_id = %s AND at >= %s AND kind = ANY(%s)"
    with connection.cursor() as cursor:
        cursor.execute(query, [project.pk, datetime.combine(since, datetime.min.time(), UTC), list(_KINDS)])
        return int((cursor.fetchone() or (0,))[0])


_PIECE = """
    SELECT start_day, trace_id, span_id, cost_nano_usd, start_ns, provider, model, input_tokens, coalesce(output_tokens, 0),
           coalesce(cache_read_tokens, 0), coalesce(cache_write_tokens, 0), coalesce(reasoning_tokens, 0)
      FROM span
     WHERE project_id = %s AND start_day >= greatest(%s::date, %s::date) AND start_day <= %s
       AND (start_day, trace_id, span_id) > (%s::date, %s::uuid, %s::bigint)
       AND kind = ANY(%s) AND input_tokens IS NOT NULL
     ORDER BY start_day, trace_id, span_id LIMIT %s
"""


def _piece(run: Repricing) -> list[Row]:
    place: list[Any] = run.place or _FIRST
    day, trace_id, span_id = place
    with connection.cursor() as cursor:
        cursor.execute(
            _PIECE, [run.project_id, run.since, day, run.until, day, trace_id, span_id, list(_KINDS), PIECE]
        )  # fmt: skip
        rows: list[Row] = cursor.fetchall()
        return rows


def _wrong(rows: Sequence[Row], book: Book) -> list[tuple[date, UUID, int, int]]:
    """Return the keys of calls whose cost differs, with the right one; a price that is unknown now takes nothing away."""
    found = []
    for day, trace_id, span_id, cost, start_ns, provider, model, *counts in rows:
        input_, output, cache_read, cache_write, reasoning = counts
        right = book.cost_nano_usd(
            provider=provider, model=model, input_tokens=input_, output_tokens=output, cache_read_tokens=cache_read,
            cache_write_tokens=cache_write, reasoning_tokens=reasoning, at=start_ns,
        )  # fmt: skip
        if right is not None and right != cost:
            found.append((day, trace_id, span_id, right))
    return found


def _usage(grain: str) -> str:
    table = f"usage_{grain}"
    return f"""
    {grain}s AS (
        INSERT INTO {table} (project_id, at, shard, {_SERIES}, span_count, root_count, error_count, unpriced_count, input_tokens,
            output_tokens, cache_read_tokens, reasoning_tokens, cost_nano_usd, duration_ns, latency, ttft)
        SELECT project_id, date_trunc('{grain}', sort_at, 'UTC') AS at, {_SHARD}, {_SERIES}, 0, 0, 0, sum(unpriced), 0, 0, 0, 0,
            sum(difference), 0, '{{}}', '{{}}'
        FROM held GROUP BY project_id, at, {_SERIES} ORDER BY project_id, at, {_SERIES}
        ON CONFLICT ON CONSTRAINT {table}_key DO UPDATE SET unpriced_count = {table}.unpriced_count + excluded.unpriced_count,
            cost_nano_usd = {table}.cost_nano_usd + excluded.cost_nano_usd
    )"""


_LOCK_TRACES = "SELECT FROM trace WHERE project_id = %s AND trace_id = ANY(%s) ORDER BY trace_id FOR UPDATE"
_CORRECT = f"""
    WITH held AS MATERIALIZED (
        SELECT s.project_id, s.start_day, s.trace_id, s.span_id, s.sort_at, {", ".join(f"s.{name}" for name in _SERIES.split(", "))},
            w.cost AS after, w.cost - coalesce(s.cost_nano_usd, 0) AS difference,
            CASE WHEN s.kind = {int(Kind.LLM)} AND s.cost_nano_usd IS NULL THEN -1 ELSE 0 END AS unpriced
        FROM span s JOIN unnest(%(days)s::date[], %(traces)s::uuid[], %(spans)s::bigint[], %(costs)s::bigint[])
             AS w (start_day, trace_id, span_id, cost) USING (start_day, trace_id, span_id)
        WHERE s.project_id = %(project)s AND s.start_day = ANY(%(days)s::date[])
            AND s.cost_nano_usd IS DISTINCT FROM w.cost AND coalesce(s.attributes, '') !~ %(sent)s
        FOR UPDATE OF s
    ),
    spans AS (
        UPDATE span SET cost_nano_usd = held.after FROM held
        WHERE span.project_id = held.project_id AND span.start_day = held.start_day AND span.trace_id = held.trace_id
            AND span.span_id = held.span_id
    ),
    traces AS (
        UPDATE trace SET cost_nano_usd = trace.cost_nano_usd + sums.difference, unpriced_count = trace.unpriced_count + sums.unpriced
        FROM (SELECT trace_id, sum(difference) AS difference, sum(unpriced) AS unpriced FROM held GROUP BY trace_id) sums
        WHERE trace.project_id = %(project)s AND trace.trace_id = sums.trace_id
    ),
    {_usage("minute")}, {_usage("hour")}, {_usage("day")}
    SELECT count(*), coalesce(sum(difference), 0) FROM held
"""


def _correct(run: Repricing, wrong: Sequence[tuple[date, UUID, int, int]]) -> tuple[int, int]:
    """Write the right costs to spans, traces and counters; return how many changed and by how much in all."""
    if not wrong:
        return 0, 0
    # Like a batch that merges spans: it changes what others change.
    wait_for_turn(run.project_id)
    days, traces, spans, costs = (list(column) for column in zip(*wrong, strict=True))
    with connection.cursor() as cursor:
        # In the order in which batches lock them.
        cursor.execute(_LOCK_TRACES, [run.project_id, traces])
        cursor.execute(_CORRECT, {
            "project": run.project_id, "days": days, "traces": traces, "spans": spans, "costs": costs, "sent": _SENT,
        })  # fmt: skip
        changed, difference = cursor.fetchone() or (0, 0)
    return int(changed), int(difference)
