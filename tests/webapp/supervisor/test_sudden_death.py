import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]

# A supervisor in a process of its own, with a child that has a child.
STAGE = """
import sys, time
from pathlib import Path
from webapp.supervisor.children import Program
from webapp.supervisor.supervisor import Supervisor

directory = Path(sys.argv[1])
cast = Supervisor(record=directory / "processes.json", say=print)
for number in range(3):
    cast.start(Program(name=f"child {number}", argv=("/bin/sleep", "60"), directory=directory, log=directory / "log"))
print("ready", *[post.child.pid for post in cast._posts], flush=True)
time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_no_child_outlives_a_supervisor_that_is_killed(tmp_path):
    stage = subprocess.Popen(
        [sys.executable, "-c", STAGE, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert stage.stdout is not None
    pids = [int(word) for word in stage.stdout.readline().split()[1:]]
    assert len(pids) == 3

    stage.send_signal(signal.SIGKILL)
    stage.wait()
    stage.stdout.close()

    deadline = time.monotonic() + 5
    while any(is_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [pid for pid in pids if is_alive(pid)] == []
