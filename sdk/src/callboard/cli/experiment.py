"""`callboard experiment run`: compare a version of a prompt, or a function, on a dataset, and gate a build on it."""

import argparse
import importlib.util
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callboard import settings as client_settings
from callboard.cli.output import say, say_error, say_json
from callboard.experiment_gates import Gate, GateNotReadable, Judged, judge, parse
from callboard.experiment_results import ExperimentResult

if TYPE_CHECKING:
    from callboard.cli.main import Subparsers
    from callboard.experiment_server import ExperimentServer

PASSED, GATE_FAILED, REFUSED, STOPPED = 0, 1, 2, 3
_EPILOG: Final = (
    "Gates: pass_rate>=0.9, pass_rate[check]>=0.9, mean[check]>=0.8, verdict!=worse, verdict[check]==better, errors==0,"
    " failed==0, cost_usd<0.01, p95_ms<2000. What is not known fails its gate. Exit status 0: every gate holds, 1: a gate"
    " does not hold, 2: wrong use or refused, 3: stopped, out of money or out of time."
)


class _Refused(Exception):
    """Nothing can be run like this."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser("experiment", help="run an experiment and gate a build on it")
    verbs = parser.add_subparsers(title="verbs", metavar="<verb>", required=True)
    run_parser = verbs.add_parser("run", help="start, wait, and say whether the gates hold", epilog=_EPILOG)
    add = run_parser.add_argument
    add("--dataset", required=True, help="name of the dataset")
    add("--prompt", help="name of the prompt")
    add("--version", type=int, help="version of the prompt to test")
    add("--label", help="test the version at this label instead")
    add("--against", help="label or version number to compare with, such as production")
    add("--file", help="run a function of yours instead of a prompt: my_task.py:function")
    add("--model", default="", help="ask this model instead of the prompt's own")
    add("--evaluators", default="", help="names of checks, separated by commas")
    add("--gate", action="append", default=[], help="a condition; may be given more than once")
    add("--name", default="", help="name of the experiment")
    add("--split", default="", help="only items of this split")
    add("--limit", type=int, default=0, help="at most so many items (default: all)")
    add("--repetitions", type=int, default=1, help="answers to each item (default: 1)")
    add("--max-concurrency", type=int, default=10, help="calls of your function at the same time (default: 10)")
    add("--max-cost", type=float, default=0.0, help="dollars that it may cost at most")
    add("--timeout", type=float, default=1800.0, help="seconds to wait (default: 1800)")
    add("--junit", type=Path, help="write JUnit XML to this file")
    add("--markdown", type=Path, help="write Markdown for a pull request to this file")
    add("--json", action="store_true", help="write what was found as JSON")
    add("--quiet", action="store_true", help="show no progress")
    add("--url", help="address of Callboard (default: CALLBOARD_URL)")
    run_parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it, report, and return the exit status."""
    from callboard.experiment_server import ExperimentError  # brings in the network modules

    try:
        gates = [parse(text) for text in arguments.gate]
        _check(arguments)
        result = _in_code(arguments) if arguments.file else _in_workers(arguments)
    except (GateNotReadable, _Refused) as error:
        say_error(str(error))
        return REFUSED
    except ExperimentError as error:
        say_error(str(error))
        return REFUSED if 400 <= error.status < 500 else STOPPED
    except KeyboardInterrupt:
        say_error("stopped")
        return STOPPED
    return _report(arguments, result, gates)


def _check(arguments: argparse.Namespace) -> None:
    if bool(arguments.file) == bool(arguments.prompt):
        raise _Refused("give either --prompt or --file")
    if arguments.prompt and (arguments.version is None) == (not arguments.label):
        raise _Refused("say with --version or --label which version of the prompt to test")
    if not (math.isfinite(arguments.timeout) and arguments.timeout > 0):
        raise _Refused("--timeout must be a number of seconds above 0")
    if not (math.isfinite(arguments.max_cost) and arguments.max_cost >= 0):
        raise _Refused("--max-cost must be a number of dollars")


def _in_workers(arguments: argparse.Namespace) -> ExperimentResult:
    from callboard.experiment_server import ExperimentServer
    from callboard.experiments import wait_for

    settings = client_settings.resolve({"url": arguments.url})
    server = ExperimentServer(url=settings.url, api_key=settings.api_key)
    wanted = {"version": arguments.version} if arguments.version is not None else {"label": arguments.label}
    variants = [*([_variant(arguments.against)] if arguments.against else []), wanted]
    plan = {
        "prompt": arguments.prompt, "variants": [one | {"model": arguments.model} for one in variants],
        "dataset": arguments.dataset, "evaluators": _names(arguments.evaluators), "name": arguments.name,
        "split": arguments.split, "limit": arguments.limit, "repetitions": arguments.repetitions,
        "max_cost_usd": arguments.max_cost,
    }  # fmt: skip
    try:
        started = server.start(plan, in_code=False)
        _progress(arguments, f"{started['name']}: {started['url']}")
        each = _shower(arguments)
        try:
            report = wait_for(server, int(started["id"]), seconds=arguments.timeout, each=each)
        except KeyboardInterrupt:
            server.cancel(int(started["id"]))
            raise
        return ExperimentResult(_stopped_if_late(server, report))
    finally:
        server.close()


def _stopped_if_late(server: "ExperimentServer", report: Mapping[str, Any]) -> Mapping[str, Any]:
    """Nobody waits for it any more, so it must not go on spending."""
    if report["is_over"]:
        return report
    server.cancel(int(report["id"]))
    reason = report["reason"] or "It was stopped because the time was over."
    return {**server.report(int(report["id"])), "reason": reason}


def _in_code(arguments: argparse.Namespace) -> ExperimentResult:
    from callboard.client import Callboard
    from callboard.experiments import run_experiment

    if arguments.against or arguments.version is not None or arguments.label or arguments.model:
        raise _Refused("--against, --version, --label and --model belong to --prompt, not to --file")
    client = Callboard(url=arguments.url)
    return run_experiment(
        dataset=arguments.dataset, task=_function(arguments.file), evaluators=_names(arguments.evaluators),
        name=arguments.name, split=arguments.split, limit=arguments.limit, repetitions=arguments.repetitions,
        max_concurrency=arguments.max_concurrency, max_cost=arguments.max_cost, wait=arguments.timeout, client=client,
    )  # fmt: skip


def _function(where: str) -> Callable[[Any], Any]:
    path, _, name = where.rpartition(":")
    if not path or not name.isidentifier() or not Path(path).is_file():
        raise _Refused(f"--file takes a Python file and a function in it, such as my_task.py:answer, and not {where!r}")
    spec = importlib.util.spec_from_file_location("callboard_task", path)
    if spec is None or spec.loader is None:
        raise _Refused(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    # It may import its neighbours, as when Python runs it.
    sys.path.insert(0, str(Path(path).resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the file is the user's
        raise _Refused(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    found = getattr(module, name, None)
    if not callable(found):
        raise _Refused(f"{path} has no function {name!r}")
    function: Callable[[Any], Any] = found
    return function


def _report(arguments: argparse.Namespace, result: ExperimentResult, gates: list[Gate]) -> int:
    judged = [judge(gate, result.column) for gate in gates]
    _write_files(arguments, result, judged)
    if arguments.json:
        found = [{"gate": one.gate.text, "passed": one.is_passed, "found": one.found} for one in judged]
        say_json({**result.report, "gates": found})
    else:
        say(result.summary())
        for one in judged:
            say(f"{'passed' if one.is_passed else 'FAILED'}  {one.gate.text}  ({one.found})")
    if not result.is_done:
        say_error(f"the experiment is {result.state}: {result.report['reason'] or 'it is not done yet'}")
        return STOPPED
    return PASSED if all(one.is_passed for one in judged) else GATE_FAILED


def _write_files(arguments: argparse.Namespace, result: ExperimentResult, judged: list[Judged]) -> None:
    from callboard.cli import experiment_reports  # brings in XML

    if arguments.junit:
        arguments.junit.write_bytes(experiment_reports.junit(result, judged))
    if arguments.markdown:
        arguments.markdown.write_text(experiment_reports.markdown(result, judged), encoding="utf-8")


def _shower(arguments: argparse.Namespace) -> Callable[[Mapping[str, Any]], None]:
    shown = ""

    def show(report: Mapping[str, Any]) -> None:
        nonlocal shown
        progress = report["progress"]
        over = progress["done"] + progress["failed"] + progress["skipped"]
        line = f"{over:.0f} of {progress['total']:.0f} answers, ${report['spent_usd']:.4f}"
        if line != shown:
            shown = line
            _progress(arguments, line)

    return show


def _progress(arguments: argparse.Namespace, line: str) -> None:
    if not arguments.quiet:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def _variant(named: str) -> dict[str, Any]:
    return {"version": int(named)} if named.isascii() and named.isdigit() else {"label": named}


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]
