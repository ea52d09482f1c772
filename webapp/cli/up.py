"""`callboard up`: runs everything on this machine until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from webapp.cli import instance, layouts, programs
from webapp.cli.layouts import Layout
from webapp.cli.programs import Addresses
from webapp.cli.terminal import plainly, say
from webapp.supervisor import records
from webapp.supervisor.children import Child
from webapp.supervisor.errors import AlreadyRunning, ChildFailed
from webapp.supervisor.locks import DirectoryLock
from webapp.supervisor.logs import last_lines, open_log
from webapp.supervisor.signals import StopRequested, StopSignals
from webapp.supervisor.supervisor import Supervisor

SECONDS_TO_ANSWER = 60.0


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser("up", help="run Callboard on this machine until Ctrl-C")
    parser.add_argument(
        "--no-demo", action="store_true", help="start without the demo project and its simulated traffic"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s, this machine only)"
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=8400,
        help="port of the pages and the API (default: %(default)s, or the next free one)",
    )
    parser.add_argument("--data-dir", metavar="DIR", help="where the data lives (default: .callboard in the checkout)")
    parser.set_defaults(run=run)


@plainly
def run(args: argparse.Namespace) -> int:
    """Start everything, look after it until a stop is requested, and stop everything."""
    layout = layouts.locate(args.data_dir)
    layouts.make(layout)
    lock = take_lock(layout)
    signals = StopSignals()
    cast = Supervisor(record=layout.record, say=say)
    try:
        signals.listen()
        start(args, layout, cast)
        cast.watch()
    except StopRequested:
        say("Stopping Callboard ...")
    finally:
        stop(layout, cast, signals)
        lock.release()
    say("Callboard has stopped.")
    return 0


def take_lock(layout: Layout) -> DirectoryLock:
    """Return the lock on the data directory, or say who holds it."""
    lock = DirectoryLock(layout.lock)
    if lock.take():
        return lock
    other = instance.running(layout)
    where = f" as process {other.pid}: {other.url}" if other else ", and is still starting or stopping"
    raise AlreadyRunning(
        f"Callboard already runs from {layout.directory}{where}. "
        "Use that one, stop it first, or choose another --data-dir."
    )


def start(args: argparse.Namespace, layout: Layout, cast: Supervisor) -> None:
    """Start servers, prepare them, then start Callboard's own processes, and say where to go."""
    say(f"Starting Callboard. Its data is in {layout.directory}")
    if leftovers := records.end_leftovers(layout.record):
        say(f"An earlier start was killed; ended what it left running: {', '.join(leftovers)}.")
    layouts.keep_reserve(layout)
    addresses = choose_addresses(args, layout, cast)
    environ = programs.environment(layout, addresses, secret_key=instance.secret_key(layout))
    say("Preparing the database ..." if args.no_demo else "Preparing the database and the demo project ...")
    facts = prepare(layout, environ, with_demo=not args.no_demo)
    web = cast.start(programs.web(layout, addresses, environ))
    cast.start(programs.live(layout, addresses, environ))
    wait_for_answer(web, addresses)
    instance.announce(
        layout,
        url=addresses.url,
        live_url=addresses.live_url,
        database_url=addresses.database_url,
        redis_url=addresses.redis_url,
    )
    greet(layout, addresses, facts)
    cast.start(programs.worker(layout, environ))
    cast.start(programs.beat(layout, environ))
    if backups := programs.backups(layout, environ):
        cast.start(backups)
    if facts["has_demo"]:
        cast.start(programs.demo_traffic(layout, addresses, environ))


def choose_addresses(args: argparse.Namespace, layout: Layout, cast: Supervisor) -> Addresses:
    """Return free ports and the servers to use, having started the embedded ones where no others are named."""
    from webapp.embedded import ports

    port = ports.first_free(args.host, args.port)
    if port != args.port:
        say(f"Port {args.port} is in use by another program; using {port} instead.")
    return Addresses(
        host=args.host,
        port=port,
        live_port=ports.first_free(args.host, port + 1),
        database_url=os.environ.get("DATABASE_URL") or start_postgres(layout, cast),
        redis_url=os.environ.get("REDIS_URL") or start_redis(layout, cast),
    )


def start_postgres(layout: Layout, cast: Supervisor) -> str:
    """Start the embedded PostgreSQL and return the address of Callboard's database in it."""
    from webapp.embedded import accounts, postgres

    cluster = postgres.prepare(layout.directory, log=layout.log("postgres"), identity=accounts.for_server())
    child = cast.start(postgres.program(cluster, log=layout.log("postgres")))
    postgres.wait_until_ready(cluster, child)
    postgres.ensure_database(cluster)
    return cluster.url()


def start_redis(layout: Layout, cast: Supervisor) -> str:
    """Start the embedded Redis and return its address."""
    from webapp.embedded import redis

    broker = redis.prepare(layout.directory)
    child = cast.start(redis.program(broker, log=layout.log("redis")))
    redis.wait_until_ready(broker, child)
    return broker.url


def prepare(layout: Layout, environ: Mapping[str, str], *, with_demo: bool) -> dict[str, Any]:
    """Ready the database in a process of its own and return what it reported."""
    from webapp.embedded.accounts import as_identity

    log = layout.log("preparation")
    argv = as_identity(programs.preparation(with_demo=with_demo), None)
    with open_log(log) as errors:
        process = subprocess.run(
            argv,
            env={**environ, "CALLBOARD_PROCESS": "preparation"},
            cwd=layouts.ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            check=False,
        )
    try:
        facts: dict[str, Any] = json.loads(process.stdout.decode().strip().rpartition("\n")[2])
    except ValueError:
        raise ChildFailed(f"The database could not be prepared. The end of {log}:\n{last_lines(log)}") from None
    if "error" in facts:
        raise ChildFailed(facts["error"])
    return facts


def wait_for_answer(web: Child, addresses: Addresses) -> None:
    """Return when the pages are served."""
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    while not _answers(addresses):
        if web.exit_code is not None or time.monotonic() > deadline:
            log = web.program.log
            raise ChildFailed(f"The web process does not answer. The end of {log}:\n{last_lines(log)}")
        time.sleep(0.05)


def greet(layout: Layout, addresses: Addresses, facts: Mapping[str, Any]) -> None:
    """Say where Callboard is and how to get in."""
    say(f"\nCallboard is running: {addresses.url}")
    if facts["sign_in_token"]:
        say(f"Sign in with this link, once, within 24 hours: {addresses.url}/sign-in/{facts['sign_in_token']}/")
    if addresses.host in programs.EVERYWHERE and not os.environ.get("CALLBOARD_URL"):
        say(
            "Other machines are refused until you set CALLBOARD_URL to the address they use, for example http://my-server:8400."
        )
    say(f"Press Ctrl-C to stop. Logs are in {layout.logs}\n")


def stop(layout: Layout, cast: Supervisor, signals: StopSignals) -> None:
    """Stop everything in order; a second Ctrl-C ends it at once."""
    signals.start_stopping()
    try:
        cast.stop()
    except StopRequested:
        cast.end()
    instance.withdraw(layout)


def _answers(addresses: Addresses) -> bool:
    try:
        with urllib.request.urlopen(f"{addresses.here(addresses.port)}/livez", timeout=5) as answer:  # noqa: S310 - own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return port
