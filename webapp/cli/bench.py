"""`callboard bench`: measures this version on this machine, on a throw-away Callboard of its own."""

from __future__ import annotations

import argparse
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from webapp.cli.terminal import complain, plainly, say
from webapp.supervisor.errors import StartError
from webapp.supervisor.signals import StopRequested, StopSignals

STOPPED = 130


class BenchmarksMissing(StartError):
    """The benchmarks are not part of this installation. Run them from a checkout of Callboard."""


class LabelledTextsMissing(StartError):
    """There are no labelled texts. Name a JSON Lines file or a folder that holds some."""


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser("bench", help="measure Callboard on this machine, beside a database of its own")
    benches = parser.add_subparsers(required=True, metavar="BENCHMARK")
    _add_ingest(benches)
    _add_reads(benches)
    _add_pages(benches)
    _add_sdk(benches)
    _add_prompts(benches)
    _add_peer(benches)
    _add_masking(benches)
    _add_embeddings(benches)
    _add_rollouts(benches)
    _add_loop(benches)
    _add_proposals(benches)
    _add_experiments(benches)
    _add_detectors(benches)
    _add_alarms(benches)
    _add_clusters(benches)
    _add_analysis(benches)
    _add_issues(benches)
    _add_export(benches)


def _add_ingest(benches: Any) -> None:
    parser = _add(benches, "ingest", _ingest, "spans a second that are committed and visible, and what one costs")
    parser.add_argument("--seconds", type=_positive, default=12.0, help="length of the main run (default: %(default)g)")
    parser.add_argument("--spans", type=_count, default=0, help="stop the main run after this many spans")
    parser.add_argument("--concurrency", type=_count, default=4, help="requests at a time (default: %(default)s)")
    parser.add_argument("--processes", type=_count, default=1, help="web processes (default: %(default)s)")
    parser.add_argument("--gzip", action="store_true", help="send compressed requests")
    parser.add_argument(
        "--stored", type=_count, action="append", default=[], metavar="SPANS",
        help="measure again with this many spans stored; may be given several times",
    )  # fmt: skip


def _add_reads(benches: Any) -> None:
    parser = _add(benches, "reads", _reads, "how long pages take on a project with much traffic")
    parser.add_argument("--spans", type=_count, default=10_000_000, help="spans to store first (default: %(default)s)")
    parser.add_argument("--requests", type=_count, default=20, help="requests per page (default: %(default)s)")
    parser.add_argument(
        "--steps", type=_count, default=10_000, help="steps of the longest trace (default: %(default)s)"
    )
    parser.add_argument("--calls", type=_count, default=500, help="calls of the longest session (default: %(default)s)")
    parser.add_argument(
        "--plans",
        type=_count,
        default=0,
        metavar="QUERIES",
        help="also show how the database answers the slowest queries",
    )
    parser.add_argument(
        "--longest-text", type=_count, default=400, metavar="CHARACTERS",
        help="cut texts, or 0: ten million spans with whole ones need 70 GB (default: %(default)s)",
    )  # fmt: skip


def _add_export(benches: Any) -> None:
    summary = "how fast files of calls and training data are written, in which memory, and whether a kill loses lines"
    parser = _add(benches, "export", _export, summary)
    parser.add_argument("--spans", type=_count, default=30_000, help="spans to store first (default: %(default)s)")


def _add_pages(benches: Any) -> None:
    parser = _add(benches, "pages", _pages, "how long the server works on the pages of very many prompts and versions")
    parser.add_argument("--prompts", type=_count, default=2_000, help="prompts on the list (default: %(default)s)")
    parser.add_argument("--versions", type=_count, default=500, help="versions of one of them (default: %(default)s)")
    parser.add_argument("--requests", type=_count, default=20, help="requests per page (default: %(default)s)")


def _add_sdk(benches: Any) -> None:
    parser = _add(benches, "sdk", _sdk, "what a traced call costs the application that is traced")
    parser.add_argument("--calls", type=_count, default=200_000, help="calls without a pause (default: %(default)s)")


def _add_prompts(benches: Any) -> None:
    parser = _add(benches, "prompts", _prompts, "how fast applications get prompts while ingest is flooded")
    parser.add_argument("--seconds", type=_positive, default=10.0, help="length of each run (default: %(default)g)")
    parser.add_argument("--rate", type=_count, default=100, help="prompt fetches a second (default: %(default)s)")
    parser.add_argument(
        "--processes", type=_count, default=200, help="processes that follow a publish (default: %(default)s)"
    )


def _add_peer(benches: Any) -> None:
    parser = _add(benches, "peer", _peer, "the load of «ingest» on another server that takes OTLP and runs already")
    parser.add_argument("--url", required=True, help="its address, on this machine")
    parser.add_argument("--pid", type=_count, required=True, help="its main process; children count too")
    parser.add_argument("--database", type=Path, required=True, help="its SQLite file")
    parser.add_argument("--table", default="spans", help="where its spans stand (default: %(default)s)")
    parser.add_argument("--seconds", type=_positive, default=12.0, help="how long to send (default: %(default)g)")


def _add_masking(benches: Any) -> None:
    parser = _add(benches, "masking", _masking, "what masking adds to storing a span")
    parser.add_argument("--rounds", type=_count, default=15, help="rounds of each case (default: %(default)s)")


def _add_embeddings(benches: Any) -> None:
    parser = _add(
        benches, "embeddings", _embeddings, "how well the local embedding knows texts of one intent, and how fast"
    )
    parser.add_argument("--data", type=Path, required=True, help="JSON lines with text, intent and domain")


def _add_rollouts(benches: Any) -> None:
    parser = _add(benches, "rollouts", _rollouts, "how often rollouts are undone for nothing, and how soon for harm")
    parser.add_argument("--rounds", type=_count, default=200, help="rollouts of each kind (default: %(default)s)")


def _add_loop(benches: Any) -> None:
    parser = _add(
        benches, "loop", _loop, "how often true fixes and placebos are called proved while the traffic shifts"
    )
    parser.add_argument("--runs", type=_count, default=200, help="fixes of each kind (default: %(default)s)")


def _add_proposals(benches: Any) -> None:
    parser = _add(
        benches,
        "proposals",
        _proposals,
        "how often proposed fixes help, and whether what learned a test by heart is refused",
    )
    parser.add_argument("--runs", type=_count, default=120, help="searches of each kind (default: %(default)s)")


def _add_experiments(benches: Any) -> None:
    summary = "how near experiments come to the shortest time, with a failing provider and killed workers as well"
    parser = _add(benches, "experiments", _experiments, summary)
    parser.add_argument(
        "--items", type=_count, default=2_000, help="items, for each of two variants (default: %(default)s)"
    )
    parser.add_argument("--concurrency", type=_count, default=64, help="calls at a time (default: %(default)s)")
    parser.add_argument("--latency", type=_positive, default=0.5, help="seconds of an answer (default: %(default)g)")
    parser.add_argument(
        "--failing", type=_share, default=0.3, help="share of failures in a second run; 0 leaves it out"
    )
    parser.add_argument("--kills", type=int, default=10, help="kills of the worker in a third run; 0 leaves it out")


def _add_detectors(benches: Any) -> None:
    parser = _add(
        benches, "detectors", _detectors, "how good the detectors are on labelled texts, and how long they take"
    )
    parser.add_argument("files", nargs="*", type=Path, help="JSON Lines files, or folders with some")
    parser.add_argument("--data", type=Path, action="append", default=[], help="a folder with labelled files")
    parser.add_argument(
        "--train", action="store_true", help="write new weights from these files into this checkout first"
    )
    parser.add_argument(
        "--quick", action="store_true", help="measure the shipped weights only, without teaching any anew"
    )


def _add_alarms(benches: Any) -> None:
    parser = _add(benches, "alarms", _alarms, "how often alarms about rates are false, and how soon changes are found")
    parser.add_argument("--streams", type=_count, default=1_000, help="streams of each kind (default: %(default)s)")


def _add_clusters(benches: Any) -> None:
    summary = "how well groups of calls agree with labelled intents, and how long grouping very many takes"
    parser = _add(benches, "clusters", _clusters, summary)
    parser.add_argument("data", nargs="?", type=Path, help="JSON lines with text, intent and source")
    parser.add_argument(
        "--planted", type=int, default=100_000, help="planted calls to group; 0 leaves it out (default: %(default)s)"
    )


def _add_analysis(benches: Any) -> None:
    parser = _add(
        benches, "analysis", _analysis, "how many calls a second one worker looks at, and what takes the time"
    )
    parser.add_argument("--calls", type=_count, default=1_000, help="calls to look at (default: %(default)s)")


def _add_issues(benches: Any) -> None:
    parser = _add(
        benches, "issues", _issues, "which planted problems become issues with the right cause, and what else does"
    )
    parser.add_argument(
        "--calls", type=int, default=3_000, help="calls with problems; 0 for none (default: %(default)s)"
    )
    parser.add_argument(
        "--quiet-calls", type=int, default=10_000, help="calls without any; 0 for none (default: %(default)s)"
    )


def _add(
    benches: Any, name: str, measure: Callable[[argparse.Namespace], dict[str, Any]], summary: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = benches.add_parser(name, help=summary, description=f"Measures {summary}.")
    parser.add_argument("--json", action="store_true", help="print the figures on one line and nothing else")
    parser.set_defaults(run=run, measure=measure, benchmark=name)
    return parser


@plainly
def run(args: argparse.Namespace) -> int:
    """Run one benchmark and print its figures as a JSON object."""
    StopSignals().listen()
    if not args.json:
        say("Measuring on a throw-away Callboard; other work on this machine falsifies the figures ...")
    try:
        figures = args.measure(args)
    except StopRequested:
        complain(args, "Stopped. Everything that was started has ended; nothing was measured.")
        return STOPPED
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("benchmarks"):
            raise BenchmarksMissing from error
        raise
    say(json.dumps({"benchmark": args.benchmark, **figures}, indent=None if args.json else 2))
    return 0


def _ingest(args: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import ingest

    options = ingest.Options(
        senders=args.concurrency,
        processes=args.processes,
        seconds=args.seconds,
        spans=args.spans,
        is_gzipped=args.gzip,
        stored=tuple(args.stored),
    )
    return ingest.run(options)


def _reads(args: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import reads

    options = reads.Options(
        spans=args.spans, requests=args.requests, steps=args.steps, calls=args.calls, plans=args.plans,
        longest_text=args.longest_text,
    )  # fmt: skip
    return reads.run(options)


def _export(args: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import export

    return export.run(export.Options(spans=args.spans))


def _pages(args: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import pages

    return pages.run(pages.Options(prompts=args.prompts, versions=args.versions, requests=args.requests))


def _sdk(args: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import sdk

    return sdk.run(sdk.Options(calls=args.calls))


def _prompts(args: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import prompts

    return prompts.run(prompts.Options(rate=args.rate, seconds=args.seconds, followers=args.processes))


def _peer(args: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import peer

    return peer.run(
        peer.Options(url=args.url, pid=args.pid, database=args.database, table=args.table, seconds=args.seconds)
    )


def _masking(args: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import masking

    return masking.run(masking.Options(rounds=args.rounds))


def _set_up_without_servers() -> None:
    """Make the tables known to what is measured here although none is read; no key that is in use is needed for that."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    os.environ.setdefault("CALLBOARD_SECRET_KEY", secrets.token_hex())
    os.environ.setdefault("CALLBOARD_LOG_LEVEL", "WARNING")
    import django

    django.setup()


def _embeddings(args: argparse.Namespace) -> dict[str, Any]:
    _set_up_without_servers()
    from benchmarks import embeddings

    return embeddings.run(embeddings.Options(data=args.data))


def _issues(args: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import issues

    return issues.run(issues.Options(calls=args.calls, quiet_calls=args.quiet_calls))


def _rollouts(args: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import rollouts

    return rollouts.run(rollouts.Options(rounds=args.rounds))


def _loop(args: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import loop

    return loop.run(loop.Options(runs=args.runs))


def _proposals(args: argparse.Namespace) -> dict[str, Any]:
    _set_up_without_servers()
    from benchmarks import proposals

    return proposals.run(proposals.Options(runs=args.runs))


def _experiments(args: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import experiments

    return experiments.run(
        experiments.Options(
            items=args.items, concurrency=args.concurrency, latency_seconds=args.latency, failing=args.failing,
            kills=args.kills,
        )
    )  # fmt: skip


def _analysis(args: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import analysis

    return analysis.run(analysis.Options(calls=args.calls))


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError("this must be a share from 0 to below 1")
    return number


def _detectors(args: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.detectors import rows
    from benchmarks.detectors.run import Options
    from benchmarks.detectors.run import run as measure

    try:
        return measure(Options((*args.files, *args.data), is_training=args.train, is_cross_validated=not args.quick))
    except (rows.DataRefused, OSError) as error:
        raise LabelledTextsMissing(str(error)) from error


def _alarms(args: argparse.Namespace) -> dict[str, Any]:
    from benchmarks import alarms

    return alarms.run(alarms.Options(streams=args.streams))


def _clusters(args: argparse.Namespace) -> dict[str, Any]:
    _set_up_without_servers()
    from benchmarks import clusters

    try:
        return clusters.run(clusters.Options(data=args.data, planted=args.planted))
    except (OSError, ValueError, KeyError) as error:
        raise LabelledTextsMissing(f"{args.data} cannot be read as JSON Lines with text, intent and source.") from error


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("this must be a whole number from 1 upwards")
    return number


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 86_400:
        raise argparse.ArgumentTypeError("this must be a number of seconds above 0")
    return number
