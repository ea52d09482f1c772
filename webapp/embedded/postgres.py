"""The embedded PostgreSQL: makes its files, starts it durable and private, and gives Callboard a database in it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from webapp.embedded import accounts, binaries, secrets, sockets
from webapp.embedded.errors import EmbeddedServerFailed, ForeignCluster
from webapp.supervisor import processes
from webapp.supervisor.children import Child, Identity, Program
from webapp.supervisor.logs import last_lines

ADMIN = "postgres"
ROLE = "callboard"
DATABASE = "callboard"
SPARE_HOME = Path("/var/lib/callboard")
SECONDS_TO_START = 120.0  # crash recovery after a hard stop may replay gigabytes

# A 2xx of Callboard means "committed", so these are not open to change (CONTRACTS D-3).
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
THROW_AWAY = {
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
    # Tests let fifty threads at one thing, while others run beside them.
    "max_connections": "200",
}  # fmt: skip

STARTING_VALUES = """
# Callboard's starting values; change them as you like and restart. Durability, sockets and access are set by Callboard.
max_connections = 60
shared_buffers = 128MB
work_mem = 16MB
maintenance_work_mem = 128MB
effective_cache_size = 1GB
random_page_cost = 1.1
max_wal_size = 2GB
min_wal_size = 160MB
# Whole pages are logged after each checkpoint; compressing them with pglz, all this server has, costs more than writing them.
wal_compression = off
checkpoint_timeout = 15min
max_parallel_workers_per_gather = 1
autovacuum_naptime = 20s
jit = off
timezone = UTC
log_timezone = UTC
log_line_prefix = '%m [%p] %a '
log_min_duration_statement = 2000
log_checkpoints = off
"""


@dataclass(frozen=True)
class Cluster:
    """The files of an embedded PostgreSQL and how it is reached."""

    directory: Path
    sockets: Path
    binaries: Path
    identity: Identity | None
    admin_password: str
    password: str

    def url(self, *, database: str = DATABASE, role: str = ROLE) -> str:
        """Return the address of a database of this cluster."""
        password = self.admin_password if role == ADMIN else self.password
        return f"postgresql://{role}:{quote(password)}@/{database}?host={quote(str(self.sockets), safe='')}"

    @property
    def admin_url(self) -> str:
        """The address for the superuser, who has no part in Callboard's daily work."""
        return self.url(database=ADMIN, role=ADMIN)


def prepare(data_dir: Path, *, log: Path, identity: Identity | None, spare_home: Path = SPARE_HOME) -> Cluster:
    """Return the cluster in this data directory, made on first use and freed from a server left over by a crash."""
    home = _home(data_dir, identity, spare_home)
    cluster = Cluster(
        directory=home / "postgres",
        sockets=sockets.directory(home / "socket", owner=accounts.owner_of_files(identity)),
        binaries=binaries.postgres_within_reach(identity, spare=spare_home),
        identity=identity,
        admin_password=secrets.keep(data_dir / "secrets" / "postgres-admin.password"),
        password=secrets.keep(data_dir / "secrets" / "postgres.password"),
    )
    if not cluster.directory.exists():
        _make_files(cluster, log=log)
    _require_own_version(cluster)
    end_leftover(cluster)
    return cluster


def _home(data_dir: Path, identity: Identity | None, spare_home: Path) -> Path:
    """Return the data directory, or one in the spare home when the account of the server cannot enter it."""
    if accounts.owner_of_files(identity) != os.geteuid():
        data_dir.chmod(0o711)
    if accounts.can_reach(data_dir / "postgres", identity):
        return data_dir
    home = spare_home / re.sub(r"[^A-Za-z0-9]+", "-", str(data_dir.resolve())).strip("-")
    accounts.make_enterable(home.parent)
    accounts.make_enterable(home)
    return home


def _make_files(cluster: Cluster, *, log: Path) -> None:
    # Made beside the final place and moved there when whole: a killed first start leaves no half cluster behind.
    draft = cluster.directory.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w", prefix="callboard-") as password_file:
        password_file.write(cluster.admin_password)
        password_file.flush()
        owner = accounts.owner_of_files(cluster.identity)
        if owner != os.geteuid():
            os.chown(password_file.name, owner, -1)
            os.chown(draft, owner, -1)
        _run_initdb(cluster, draft, password_file=password_file.name, log=log)
    with (draft / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write(STARTING_VALUES)
    draft.rename(cluster.directory)


def _run_initdb(cluster: Cluster, draft: Path, *, password_file: str, log: Path) -> None:
    # The built-in C.UTF-8 sorts the same on every machine, so indexes survive a move to another operating system.
    argv = [
        str(cluster.binaries / "initdb"),
        "-D",
        str(draft),
        "-U",
        ADMIN,
        f"--pwfile={password_file}",
        "--no-instructions",
    ]
    argv += [
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
    ]
    answer = subprocess.run(
        accounts.as_identity(argv, cluster.identity), capture_output=True, text=True, check=False, cwd=draft
    )
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with log.open("a", encoding="utf-8") as file:
        file.write(answer.stdout + answer.stderr)
    if answer.returncode:
        raise EmbeddedServerFailed(f"The database could not be made in {draft.parent}: {_reason(answer.stderr)}")


def _reason(output: str) -> str:
    """Return what PostgreSQL's output says is wrong, without its time stamps."""
    telling = re.findall(
        r"(?:error|FATAL|PANIC|LOG): +(.*(?:invalid|could not|contains errors|No space|denied|exist|in use).*)", output
    )
    return "; ".join(telling) or output.strip().rpartition("\n")[2] or "it gave no reason"


def _require_own_version(cluster: Cluster) -> None:
    version = (cluster.directory / "PG_VERSION").read_text(encoding="ascii").strip()
    if version != str(binaries.POSTGRES_MAJOR):
        raise ForeignCluster(
            f"The files in {cluster.directory} belong to PostgreSQL {version}, "
            f"and this Callboard brings {binaries.POSTGRES_MAJOR}. "
            "Dump them with the older Callboard, start this one with an empty --data-dir, and restore."
        )


def end_leftover(cluster: Cluster) -> None:
    """Stop a server that a killed Callboard left on these files, and forget a lock that names no such server."""
    lock = cluster.directory / "postmaster.pid"
    if not lock.exists():
        return
    pid = int(lock.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0] or 0)
    mark = processes.started_at(pid) if pid else ""
    if mark and str(cluster.directory) in processes.command_line(pid):
        for ending in (signal.SIGINT, signal.SIGQUIT):
            os.kill(pid, ending)
            if processes.wait_until_gone(pid, mark, seconds=20):
                return
        raise EmbeddedServerFailed(
            f"A PostgreSQL server (process {pid}) left by an earlier start does not end. Stop it and try again."
        )
    # After a restart of the machine or container the number may belong to anything; PostgreSQL would refuse to start.
    lock.unlink(missing_ok=True)


def program(cluster: Cluster, *, log: Path, is_durable: bool = True) -> Program:
    """Return how to run the server."""
    settings = {
        **(DURABLE if is_durable else THROW_AWAY),
        "listen_addresses": "",
        "unix_socket_directories": f'"{cluster.sockets}"',
        "unix_socket_permissions": "0700",
        "logging_collector": "off",
    }
    flags = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
    return Program(
        name="PostgreSQL",
        argv=(str(cluster.binaries / "postgres"), "-D", str(cluster.directory), *flags),
        directory=cluster.directory,
        log=log,
        is_server=True,
        environ={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
        identity=cluster.identity,
        stop_signal=signal.SIGINT,  # "fast": ends sessions, then writes a checkpoint
        stop_seconds=60.0,
    )


def wait_until_ready(cluster: Cluster, child: Child) -> None:
    """Return when the server takes connections; raise with its own words when it ends instead."""
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            psycopg.connect(cluster.admin_url, connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if child.exit_code is not None:
                raise EmbeddedServerFailed(
                    f"PostgreSQL did not start: {_reason(last_lines(child.program.log))}"
                ) from error
            if time.monotonic() > deadline:
                raise EmbeddedServerFailed(
                    f"PostgreSQL did not start within {SECONDS_TO_START:.0f} seconds: {error}"
                ) from error
            time.sleep(0.05)
        else:
            return


def ensure_database(cluster: Cluster) -> None:
    """Make Callboard's role and database, and vectors in it and in every database made later; safe to repeat."""
    with psycopg.connect(cluster.admin_url, autocommit=True) as connection:
        role, password = sql.Identifier(ROLE), sql.Literal(cluster.password)
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(role, password))
            connection.execute(sql.SQL("GRANT pg_monitor TO {}").format(role))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            _add_vectors(cluster, "template1")
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), role))


def _add_vectors(cluster: Cluster, database: str) -> None:
    with psycopg.connect(cluster.url(database=database, role=ADMIN), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
