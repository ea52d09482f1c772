"""`callboard replay`: logs the conversations of labelled data as if an application were having them now."""

import argparse
import dataclasses
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callboard import Callboard, context, create_trace_id, ids
from callboard.cli import replay_arrivals, replay_rows
from callboard.cli.output import say, say_error, say_json
from callboard.cli.replay_rows import BadLine, Conversation, Reply, chance
from callboard.errors import Unreachable
from callboard.http_client import HttpClient
from callboard.spans import Span

if TYPE_CHECKING:
    from callboard.cli.main import Subparsers

OK, FAILED, WRONG_USE = 0, 1, 2
_DEFAULT_RATE: Final = 5.0
_MAX_WAITING: Final = 4_000
_BAD_LINES_NAMED: Final = 20
_FLUSH_SECONDS: Final = 60.0
_MS: Final = 1_000_000


@dataclasses.dataclass(slots=True)
class Summary:
    """What a replay did."""

    run: str
    traces: int = 0
    calls: int = 0
    spans: int = 0
    feedback: int = 0
    dropped: int = 0
    bad_lines: int = 0
    seconds: float = 0.0
    stopped: bool = False


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "replay",
        help="log the conversations of a JSONL file as traces with feedback",
        description="Logs the conversations of a JSONL file as traces with feedback, at the pace of real traffic. The "
        "kind of data is told by its fields: hallucination, refusal, injection, toxicity, intents or pairwise.",
        epilog="A load_trace.csv beside the file gives the arrival times. Exit status 0: everything arrived, 1: something "
        "was dropped or it was stopped, 2: wrong use.",
    )
    parser.add_argument("file", type=Path, help="the JSONL file")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument(
        "--rate", type=_positive, metavar="N", help="traces per second, at random (default without a load trace: 5)"
    )
    pace.add_argument("--speed", type=_positive, metavar="N", help="times as fast as the load trace (default: 1)")
    pace.add_argument("--no-wait", action="store_true", help="as fast as the server takes them")
    parser.add_argument("--limit", type=_count, metavar="N", help="stop after N traces")
    parser.add_argument("--run", dest="run_id", metavar="ID", help="same ID, same trace ids (default: a new one)")
    parser.add_argument("--url", help="address of Callboard (default: CALLBOARD_URL, else http://127.0.0.1:8400)")
    parser.add_argument("--key", help="API key with the scopes ingest and feedback:write (default: CALLBOARD_API_KEY)")
    parser.add_argument("--json", action="store_true", help="write the summary as JSON, and no progress")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Replay the file and return 0 when everything arrived."""
    if not arguments.file.is_file():
        say_error(f"there is no file {arguments.file}")
        return WRONG_USE
    client = Callboard(
        url=arguments.url,
        api_key=arguments.key,
        service_name="callboard-replay",
        flush_interval=0.2,
        enabled=True,
        sample_rate=1.0,
    )
    obstacle = _obstacle(client)
    if obstacle:
        say_error(obstacle)
        client.shutdown(0.0)
        return WRONG_USE
    replay = _Replay(client, Summary(run=arguments.run_id or secrets.token_hex(4)), is_quiet=arguments.json)
    summary = replay.play(arguments.file, _pace(arguments), arguments.limit)
    if arguments.json:
        say_json(dataclasses.asdict(summary))
    else:
        say(_in_words(summary))
    return FAILED if summary.dropped or summary.stopped else OK


def _obstacle(client: Callboard) -> str:
    """Return why nothing could be sent, or nothing."""
    settings = client.settings
    if not settings.api_key:
        return "there is no API key; pass --key or set CALLBOARD_API_KEY"
    connection = HttpClient(url=settings.url, api_key=settings.api_key, timeout=settings.timeout)
    try:
        status = connection.request("GET", "/api/v1/me").status
    except Unreachable as error:
        return f"no answer from {settings.url} ({error}); is Callboard running, is the address right?"
    finally:
        connection.close()
    if status in (401, 403):
        return f"the server refused the key ({status}); it may be incomplete, revoked or expired"
    return "" if status == 200 else f"the answer ({status}) does not come from Callboard; check --url or CALLBOARD_URL"


def _pace(arguments: argparse.Namespace) -> Iterator[float] | None:
    """Return the seconds at which traces begin; None when nothing is waited for."""
    if arguments.no_wait:
        return None
    trace = arguments.file.with_name(replay_arrivals.TRACE_NAME)
    recorded = replay_arrivals.recorded(trace) if arguments.rate is None and trace.is_file() else []
    if recorded:
        speed = arguments.speed or 1.0
        return (second / speed for second in replay_arrivals.repeated(recorded))
    return replay_arrivals.poisson(arguments.rate or _DEFAULT_RATE * (arguments.speed or 1.0), str(arguments.file.name))


class _Replay:
    """One run through a file."""

    def __init__(self, client: Callboard, summary: Summary, *, is_quiet: bool) -> None:
        self._client = client
        self._summary = summary
        self._shows_progress = not is_quiet and sys.stderr.isatty()
        self._feedback_queued = 0
        self._shown_at = 0.0

    def play(self, path: Path, pace: Iterator[float] | None, limit: int | None) -> Summary:
        """Send every conversation of the file at its time; Ctrl-C ends it early but keeps what was sent."""
        began = time.monotonic()
        try:
            self._send_all(path, pace, limit, began)
            self._client.flush(_FLUSH_SECONDS)
        except KeyboardInterrupt:
            self._summary.stopped = True
        self._client.shutdown(10.0 if self._summary.stopped else _FLUSH_SECONDS)
        self._count(began)
        if self._shows_progress:
            sys.stderr.write("\r\x1b[K")
        return self._summary

    def _send_all(self, path: Path, pace: Iterator[float] | None, limit: int | None, began: float) -> None:
        with path.open("rb") as lines:
            for read in replay_rows.read(lines):
                if isinstance(read, BadLine):
                    self._note(read)
                    continue
                if limit is not None and self._summary.traces >= limit:
                    return
                self._wait(began + next(pace) if pace is not None else 0.0)
                self._send(read)
                self._show(began)

    def _wait(self, until: float) -> None:
        left = until - time.monotonic()
        if left > 0:
            time.sleep(left)
        # Faster than the server takes it: wait here instead of letting the queue drop spans.
        if self._waiting() > _MAX_WAITING:
            self._client.flush(_FLUSH_SECONDS)

    def _waiting(self) -> int:
        stats = self._client.stats()
        return self._summary.spans - stats["spans_sent"] - stats["spans_lost"]

    def _send(self, talk: Conversation) -> None:
        trace_id = create_trace_id(f"{self._summary.run}/{talk.row_id}")
        user = f"replay-user-{int(chance(talk.row_id, 'user') * 200):03d}"
        session = f"{user}-{int(chance(talk.row_id, 'session') * 5)}"
        facts = {"replay_run": self._summary.run, "row_id": talk.row_id, "data": talk.kind, "source": talk.source}
        with context(user=user, session=session, tags=["replay", talk.kind], metadata=facts, trace_id=trace_id):
            spans = _Trace(self._client, talk, trace_id).record()
        self._summary.traces += 1
        self._summary.calls += len(talk.replies)
        self._summary.spans += spans.count
        self._give_feedback(talk, trace_id, spans.reply_ids, user)

    def _give_feedback(self, talk: Conversation, trace_id: str, reply_ids: list[str], user: str) -> None:
        opinion = replay_rows.thumbs(talk)
        if opinion is not None:
            self._client.feedback(trace_id, reply_ids[-1], thumbs=opinion, user=user)
            self._feedback_queued += 1
        for reply, span_id in zip(talk.replies, reply_ids, strict=True):
            if reply.score is not None:
                self._client.feedback(
                    trace_id, span_id, name="preference", value=reply.score, user=user, source="human"
                )
                self._feedback_queued += 1

    def _note(self, bad: BadLine) -> None:
        self._summary.bad_lines += 1
        if self._summary.bad_lines <= _BAD_LINES_NAMED:
            say_error(f"line {bad.number} was left out: {bad.reason}")

    def _show(self, began: float) -> None:
        now = time.monotonic()
        if not self._shows_progress or now - self._shown_at < 0.25:
            return
        self._shown_at = now
        sent, lost = self._summary.calls, self._client.stats()["spans_lost"]
        sys.stderr.write(f"\r\x1b[K{sent:,} calls, {sent / (now - began):,.0f} a second, {lost:,} spans dropped")
        sys.stderr.flush()

    def _count(self, began: float) -> None:
        stats, summary = self._client.stats(), self._summary
        # What nobody answered for in time counts as dropped, because nobody knows.
        unsettled = summary.spans - stats["spans_sent"] + self._feedback_queued - stats["feedback_sent"]
        summary.feedback = stats["feedback_sent"]
        summary.dropped = max(unsettled, stats["spans_lost"] + stats["feedback_lost"])
        summary.seconds = round(time.monotonic() - began, 1)


class _Trace:
    """Records one conversation as finished spans, with times that such calls would have taken."""

    def __init__(self, client: Callboard, talk: Conversation, trace_id: str) -> None:
        self._client = client
        self._talk = talk
        self._trace_id = trace_id
        self._end_ns = time.time_ns()
        self.count = 0
        self.reply_ids: list[str] = []

    def record(self) -> "_Trace":
        """Record the spans; they end now and began as long ago as they would have taken."""
        talk = self._talk
        waits_ms = [_latency_ms(talk, reply) for reply in talk.replies]
        search_ms = 8 + 60 * chance(talk.row_id, "search") if talk.documents else 0.0
        whole_ms = sum(waits_ms, search_ms) + 3
        with self._start("root", f"answer {talk.kind}", "chain", talk.question) as root:
            clock = self._end_ns - int(whole_ms * _MS)
            started_ns = clock
            if talk.documents:
                clock = self._search(clock, search_ms)
            for reply, wait_ms in zip(talk.replies, waits_ms, strict=True):
                clock = self._reply(reply, clock, wait_ms)
            if talk.replies[-1].output is not None:
                root.set_output(talk.replies[-1].output)
            self._finish(root, started_ns, whole_ms)
        return self

    def _start(self, key: str, name: str, kind: str, input: Any) -> Span:
        span = self._client.span(name, kind, input=input)
        # Before any child is made, which notes its parent's id.
        span.id = ids.parse_span_id(create_trace_id(f"{self._trace_id}/{key}")[:16]) or span.id
        return span

    def _search(self, clock: int, duration_ms: float) -> int:
        span = self._start("search", "find documents", "retriever", self._talk.question)
        span.set_output([{"id": str(number), "content": text} for number, text in enumerate(self._talk.documents, 1)])
        return self._finish(span, clock, duration_ms)

    def _reply(self, reply: Reply, clock: int, wait_ms: float) -> int:
        span = self._start(reply.name, reply.name, "llm", reply.messages)
        span.set(
            model=reply.model,
            provider="simulated" if reply.model == replay_rows.DEFAULT_MODEL else None,
            input_tokens=sum(_tokens(message["content"]) + 4 for message in reply.messages),
            output_tokens=_tokens(reply.output or ""),
            attributes={"gen_ai.response.time_to_first_chunk": wait_ms * 0.3 / 1000},
        )
        if reply.output is not None:
            span.set_output(reply.output)
        ended = self._finish(span, clock, wait_ms)
        self.reply_ids.append(span.span_id)
        return ended

    def _finish(self, span: Span, start_ns: int, duration_ms: float) -> int:
        # Ended by hand, because the times lie in the past; `end()` then has nothing left to do.
        span.start_ns, span.end_ns = start_ns, start_ns + int(duration_ms * _MS)
        self._client.tracer.finish(span)
        self.count += 1
        return span.end_ns


def _latency_ms(talk: Conversation, reply: Reply) -> float:
    """Return how long such a call takes: a wait for the first word, then about 80 tokens a second, now and then slow."""
    first = 250 + 500 * chance(talk.row_id, f"first {reply.name}")
    slowness = 6.0 if chance(talk.row_id, f"slow {reply.name}") < 0.02 else 1.0
    return (first + 12.5 * _tokens(reply.output or "")) * slowness


def _tokens(text: str) -> int:
    return (len(text) + 3) // 4


def _in_words(summary: Summary) -> str:
    text = (
        f"{'Stopped: ' if summary.stopped else ''}{summary.calls:,} calls in {summary.traces:,} traces sent, "
        f"{summary.feedback:,} pieces of feedback, {summary.dropped:,} dropped, {summary.seconds:,.1f} s (run {summary.run})"
    )
    return f"{text}, {summary.bad_lines:,} lines left out" if summary.bad_lines else text


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("give a number above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("give a whole number of at least 1")
    return value
