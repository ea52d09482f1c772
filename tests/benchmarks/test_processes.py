"""Only the processes we started are measured, their children and the dead among them included."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from benchmarks.processes import PeakMemory, cpu_seconds, memory_mb, with_children

SPIN = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"


def test_the_work_of_a_child_that_has_ended_counts_for_its_parent() -> None:
    code = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {SPIN!r}]); print('over', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()

        found = cpu_seconds([process.pid])
        process.kill()

    assert 0.3 <= found < 2


def test_children_of_children_belong_to_a_process() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    with subprocess.Popen([sys.executable, "-c", code], start_new_session=True) as process:
        deadline = time.monotonic() + 10
        while len(with_children([process.pid])) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        found = with_children([process.pid])
        os.killpg(process.pid, 9)

    assert len(found) == 2
    assert os.getpid() not in found


def test_a_process_that_is_gone_costs_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()

    assert cpu_seconds([process.pid]) == 0
    assert memory_mb([process.pid]) == 0


def test_the_peak_is_seen_while_it_lasts() -> None:
    with PeakMemory([os.getpid()]) as memory:
        held = bytearray(64 * 1024 * 1024)
        time.sleep(1.2)

    assert memory.mb > len(held) / 1024**2
