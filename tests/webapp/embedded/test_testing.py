import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import redis

from webapp.embedded.testing import forget_abandoned, start_test_servers

ROOT = Path(__file__).parents[3]


def test_test_servers_answer_and_leave_nothing_behind():
    servers = start_test_servers()
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE another")
    with psycopg.connect(servers.database_url.replace("/callboard?", "/another?")) as connection:
        assert connection.execute("SELECT '[1]'::vector::text").fetchone() == ("[1]",)
    with redis.Redis.from_url(servers.redis_url) as connection:
        assert connection.ping()
    children = list(servers.children)

    servers.stop()

    assert [child.exit_code for child in children] == [0, 0]
    assert not servers.directory.exists()


def test_servers_of_a_test_run_that_was_killed_end_and_their_files_are_deleted():
    code = "from webapp.embedded.testing import start_test_servers; import time\n"
    code += "print(start_test_servers().directory, flush=True); time.sleep(60)"
    run = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    directory = Path(run.stdout.readline().strip())
    postmaster = int((directory / "postgres" / "postmaster.pid").read_text().split()[0])

    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()

    deadline = time.monotonic() + 10
    while Path(f"/proc/{postmaster}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{postmaster}").exists()
    forget_abandoned()
    assert not directory.exists()


def test_a_command_runs_beside_throw_away_servers():
    code = "import os, psycopg; psycopg.connect(os.environ['DATABASE_URL']).close(); raise SystemExit(5)"

    answer = subprocess.run(
        [sys.executable, "-m", "webapp.embedded.testing", sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ,
        check=False,
    )

    assert answer.returncode == 5
