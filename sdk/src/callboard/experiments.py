"""Runs a task on every item of a dataset, in this process, and lets the server compare and keep what came out."""

import asyncio
import inspect
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from callboard.client import Callboard
from callboard.experiment_evaluators import CodeEvaluator, CodeScore, describe
from callboard.experiment_results import ExperimentResult, Row
from callboard.experiment_server import ExperimentError, ExperimentServer
from callboard.jsonable import to_json

Task = Callable[[Any], Any]
Evaluator = Callable[..., Any] | str
BASELINE: Final = "baseline"
_BATCH: Final = 50
_BATCH_CHARACTERS: Final = 1_000_000
_LONGEST: Final = 1_000_000
_SEND_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Job:
    """One call of one task."""

    task: Task
    column: str
    item: Mapping[str, Any]
    repetition: int


@dataclass
class _Run:
    """What the threads of an experiment share."""

    client: Callboard
    server: ExperimentServer
    id: int
    evaluators: Sequence[CodeEvaluator]
    loop: asyncio.AbstractEventLoop
    results: "queue.Queue[Mapping[str, Any] | None]" = field(default_factory=queue.Queue)
    problem: ExperimentError | None = None


def run_experiment(
    *,
    dataset: str,
    task: Task,
    evaluators: Iterable[Evaluator] = (),
    name: str = "",
    note: str = "",
    max_concurrency: int = 10,
    repetitions: int = 1,
    baseline: Task | None = None,
    split: str = "",
    limit: int = 0,
    max_cost: float = 0.0,
    wait: float = 600.0,
    patience: float = 120.0,
    client: Callboard | None = None,
) -> ExperimentResult:
    """Call the task on every item, sync or async, and return what the checks found.

    `evaluators` are functions, or names of checks on the server; checks that ask a model need `max_cost` in dollars.
    `baseline` is another task to compare with. A task that fails is a failed answer and stops nothing. While the server
    is away it is asked again for `patience` seconds; judges are waited for up to `wait` seconds.
    """
    if not 1 <= max_concurrency <= 500:
        raise ValueError("max_concurrency must be between 1 and 500")
    client = client or _default_client()
    server = ExperimentServer(url=client.settings.url, api_key=client.settings.api_key, patience=patience)
    known = list(evaluators)
    tasks = _columns(task, baseline)
    try:
        found = server.start(
            {
                "dataset": dataset, "name": name, "note": note, "split": split, "limit": limit, "columns": list(tasks),
                "repetitions": repetitions, "max_cost_usd": max_cost,
                "evaluators": [one for one in known if isinstance(one, str)],
            },
            in_code=True,
        )  # fmt: skip
        functions = [CodeEvaluator(one) for one in known if not isinstance(one, str)]
        items = _items(server, found, limit=limit)
        jobs = [
            _Job(one, label, item, repetition)
            for item in items
            for repetition in range(repetitions)
            for label, one in tasks.items()
        ]
        rows = _run(client, server, int(found["id"]), functions, jobs, max_concurrency)
        client.flush()
        server.finish(int(found["id"]))
        return ExperimentResult(wait_for(server, int(found["id"]), seconds=wait), rows)
    finally:
        server.close()


def wait_for(
    server: ExperimentServer,
    experiment: int,
    *,
    seconds: float,
    each: Callable[[Mapping[str, Any]], None] | None = None,
) -> Mapping[str, Any]:
    """Return the report of an experiment as soon as it is over or waits for a person, or when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        report = server.report(experiment)
        if each is not None:
            each(report)
        left = deadline - time.monotonic()
        if report["is_over"] or report["state"] == "paused" or left <= 0:
            return report
        time.sleep(min(_POLL_SECONDS, left))


def _default_client() -> Callboard:
    from callboard.lifecycle import default_client

    return default_client()


def _columns(task: Task, baseline: Task | None) -> dict[str, Task]:
    label = str(getattr(task, "__name__", type(task).__name__)).strip("<>")[:60] or "code"
    if baseline is None:
        return {label: task}
    return {BASELINE: baseline, label if label != BASELINE else "code": task}


def _items(server: ExperimentServer, found: Mapping[str, Any], *, limit: int) -> list[Mapping[str, Any]]:
    items = list(
        server.items(found["dataset_id"], revision=found["dataset_revision"], split=str(found.get("split", "")))
    )
    if not limit or limit >= len(items):
        return items
    # With a limit the server chooses, by hash, and only it knows which.
    chosen = server.numbers(int(found["id"]))
    return [item for item in items if item["id"] in chosen]


def _run(
    client: Callboard, server: ExperimentServer, experiment: int, evaluators: Sequence[CodeEvaluator], jobs: Sequence[_Job],
    max_concurrency: int,
) -> list[Row]:  # fmt: skip
    run = _Run(client, server, experiment, evaluators, asyncio.new_event_loop())
    looping = threading.Thread(target=run.loop.run_forever, name="callboard-experiment-tasks", daemon=True)
    sending = threading.Thread(target=_send_all, args=[run], name="callboard-experiment-results", daemon=True)
    looping.start()
    sending.start()
    pool = ThreadPoolExecutor(max_workers=max_concurrency, thread_name_prefix="callboard-experiment")
    try:
        rows = list(pool.map(lambda job: _do(run, job), jobs))
    except BaseException:
        run.problem = run.problem or ExperimentError("the experiment was stopped")
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        run.results.put(None)
        sending.join()
        run.loop.call_soon_threadsafe(run.loop.stop)
        looping.join()
        run.loop.close()
    if run.problem is not None:
        raise run.problem
    return [row for row in rows if row is not None]


def _do(run: _Run, job: _Job) -> Row | None:
    if run.problem is not None:  # What cannot be kept is not paid for.
        return None
    began = time.perf_counter()
    output, error, span = None, "", run.client.span(job.column, "chain", input=job.item.get("input"))
    span.set(metadata={"experiment": run.id, "item": job.item["id"]})
    try:
        output = _answer(run, job, span)
        sent = _sendable(output)
    except Exception as failure:  # the edge of one task: the others go on
        error, sent = describe(failure), None
    latency_ms = (time.perf_counter() - began) * 1_000
    trace_id = span.trace_id if run.client.is_recording and span.is_kept else None
    scores: list[CodeScore] = [] if error else [one.judge(output, job.item) for one in run.evaluators]
    place = {"item": job.item["id"], "column": job.column, "repetition": job.repetition}
    run.results.put(
        place
        | {
            "output": sent, "error": error, "latency_ms": latency_ms, "trace_id": trace_id,
            "scores": [score.to_json() for score in scores],
        }
    )  # fmt: skip
    return Row(
        **place, input=job.item.get("input"), expected=job.item.get("expected_output"), output=output, error=error,
        latency_ms=latency_ms, trace_id=trace_id, scores={score.evaluator: score.to_json() for score in scores},
    )  # fmt: skip


def _answer(run: _Run, job: _Job, span: Any) -> Any:
    if inspect.iscoroutinefunction(job.task) or inspect.iscoroutinefunction(type(job.task).__call__):
        # All in one event loop, so that they can share a client.
        return asyncio.run_coroutine_threadsafe(_awaited(job.task, job.item, span), run.loop).result()
    with span:
        output = job.task(job.item)
        if inspect.isawaitable(output):
            output = asyncio.run_coroutine_threadsafe(_wait(output), run.loop).result()
        span.set_output(output)
        return output


async def _awaited(task: Task, item: Mapping[str, Any], span: Any) -> Any:
    with span:
        output = await task(item)
        span.set_output(output)
        return output


async def _wait(awaitable: Any) -> Any:
    return await awaitable


def _sendable(output: Any) -> Any:
    if output is None:
        raise ValueError("the task returned None; return the answer as a text, or a dict")
    text = output if isinstance(output, str) else to_json(output)
    if len(text) > _LONGEST:
        raise ValueError(f"the answer has {len(text):,} characters; more than {_LONGEST:,} are not kept")
    # What is no Unicode text, such as half of an emoji, is replaced.
    return text.encode("utf-8", "replace").decode()


def _send_all(run: _Run) -> None:
    """Send results in batches as they come; after a refusal nothing more is sent, and no more tasks are called."""
    is_over = False
    while not is_over:
        batch, is_over = _batch(run.results)
        if not batch or run.problem is not None:
            continue
        try:
            run.server.send(run.id, batch)
        except ExperimentError as error:
            run.problem = error
        except Exception as error:  # whoever waits for this thread must learn why it ended
            run.problem = ExperimentError(describe(error))


def _batch(results: "queue.Queue[Mapping[str, Any] | None]") -> tuple[list[Mapping[str, Any]], bool]:
    batch: list[Mapping[str, Any]] = []
    until = time.monotonic() + _SEND_SECONDS
    size = 0
    while len(batch) < _BATCH and size < _BATCH_CHARACTERS:
        try:
            one = results.get(timeout=max(0.001, until - time.monotonic()))
        except queue.Empty:
            break
        if one is None:
            return batch, True
        batch.append(one)
        size += len(one["output"] or "")
    return batch, False
