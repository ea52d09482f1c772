"""`callboard bench` as a person runs it: real servers, one JSON object, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MACHINE = {"cores", "load_average_at_start", "is_busy", "python"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "callboard", "bench", *arguments]


def bench(*arguments: str) -> dict[str, Any]:
    answer = subprocess.run(command(*arguments, "--json"), cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return json.loads(answer.stdout)


def test_ingest_finds_every_span_it_sent() -> None:
    found = bench("ingest", "--seconds", "1", "--concurrency", "2", "--stored", "20000")

    assert found["stored"] == found["sent"] > 0
    assert found["spans_per_s"] > 0
    assert found["spans_per_cpu_s"] > 0
    assert 0 < found["ack_p50_ms"] <= found["ack_p99_ms"]
    assert found["peak_rss_mb"] > 30
    assert found["bytes_per_span"] > 500
    assert found["growth"][0]["stored"] >= 20_000
    assert found["growth"][0]["times_the_first"] > 0
    assert set(found["machine"]) == {*MACHINE, "postgres"}


def test_reads_measures_every_page() -> None:
    found = bench("reads", "--spans", "3000", "--steps", "700", "--calls", "30", "--requests", "2", "--plans", "2")

    assert found["spans_stored"] >= 3000
    assert found["calls_looked_at"] > 1000
    wanted = {
        "overview 30d", "trace list, no filter", "trace list, text of few calls", "trace detail", "trace of very many steps",
        "session of very many calls", "issue page", "prompt page",
    }  # fmt: skip
    assert wanted <= set(found["pages"])
    assert all(0 < page["p50_ms"] <= page["p95_ms"] and page["gz_kb"] > 0 for page in found["pages"].values())
    assert set(found["web_memory_mb"]) == {"before", "after"}
    assert all(query["plan"] for query in found["slowest_queries"])


def test_export_writes_every_line_once_though_it_is_killed() -> None:
    found = bench("export", "--spans", "4000")

    files = found["files"]
    assert files["jsonl"]["lines_in_the_file"] == files["jsonl"]["different_lines"] == files["jsonl"]["rows"] > 0
    assert files["parquet"]["lines_in_the_file"] == files["parquet"]["different_lines"] == files["jsonl"]["rows"]
    assert files["tuning"]["lines_in_the_file"] == files["tuning"]["different_lines"] == files["tuning"]["rows"]
    assert files["tuning"]["format_problems"] == {}
    assert all(0 < one["peak_mb_at_a_tenth"] <= one["peak_mb"] for one in files.values())


def test_pages_measures_the_list_and_the_history() -> None:
    found = bench("pages", "--prompts", "60", "--versions", "12", "--requests", "2")

    assert (found["prompts"], found["versions"]) == (60, 12)
    assert {"list, folders", "list, words in every text", "history of 12 versions", "compare"} <= set(found["pages"])
    assert all(0 < times["p50_ms"] <= times["p95_ms"] for times in found["pages"].values())


def test_issues_replays_a_stream_with_problems_and_one_without() -> None:
    found = bench("issues", "--calls", "200", "--quiet-calls", "50")

    assert (found["planted"]["planted"], found["quiet"]["planted"]) == (3, 0)
    assert found["quiet"]["opened"] == found["planted"]["false"] == 0
    assert set(found["planted"]["seconds"]) == {"store", "analyse", "group", "issues"}


def test_alarms_measures_every_kind_of_change() -> None:
    found = bench("alarms", "--streams", "40")

    assert set(found["kinds"]) >= {"refusal 2 to 4 %, 200/h", "refusal 2 to 4 %, 20/h"}
    assert all(kind["found"] > 0.9 for kind in found["kinds"].values())
    assert set(found["machine"]) == MACHINE


def test_sdk_loses_nothing_that_it_measures() -> None:
    found = bench("sdk", "--calls", "5000")

    assert found["lost_in_measured_rounds"] == 0
    assert 0 < found["traced_call_us_p50"] <= found["traced_call_us_p99"]
    assert found["paced_call_us_p50"] > 0
    assert "rss_growth_mb" in found


def test_masking_costs_less_when_there_is_nothing_to_mask() -> None:
    found = bench("masking", "--rounds", "2")

    nothing, everywhere = found["all_kinds_nothing_found"], found["all_kinds_found_in_every_span"]
    assert 0 < nothing["us_per_kb"] < everywhere["us_per_kb"]
    assert found["kb_per_span"] > 1


def test_clusters_are_found_and_compared_with_the_intents_of_a_file(tmp_path: Path) -> None:
    questions = [("refund", "I want my money back for order"), ("card", "My credit card was stolen in street")]
    rows = [
        {"source": "bank", "intent": intent, "text": f"{words} {number}"}
        for intent, words in questions
        for number in range(9)
    ]
    data = tmp_path / "intents.jsonl"
    data.write_text("\n".join(json.dumps(row) for row in rows))

    found = bench("clusters", "--planted", "0", str(data))

    assert set(found["sources"]) == {"bank"}
    assert found["macro"]["nmi"] > 0


def test_experiments_repeat_nothing_and_end_whatever_fails() -> None:
    found = bench("experiments", "--items", "20", "--concurrency", "8", "--latency", "0.2", "--kills", "0")

    assert found["calls"] == 40
    assert found["repeated_calls"] == found["failing_repeated_calls"] == 0
    assert found["wall_over_bound"] > 0.9
    assert sum(found["failing_cells"].values()) == 40
    assert found["peak_rss_mb"] > 30
    assert found["cells_per_s_without_latency"] > 0


def test_prompts_are_fetched_under_flood_after_a_publish_and_in_an_outage() -> None:
    found = bench("prompts", "--seconds", "1", "--rate", "40", "--processes", "6")

    assert 0 < found["memory_get_us_p50"] < 1_000
    assert 0 < found["server_p50_ms"] <= found["server_p99_ms"]
    assert found["server_304_p50_ms"] > 0
    assert found["flood_spans_per_s"] > 0
    assert found["follow_processes"] == 6
    # Pushed, not polled: asking once a minute would take far longer, also on a busy machine.
    assert 0 < found["follow_publish_p50_ms"] <= found["follow_publish_p95_ms"] < 10_000
    assert found["server_down_gets"] == 10_000
    assert 0 < found["server_down_get_us_p50"] <= found["server_down_get_us_p99"] < 1_000


def test_a_benchmark_that_is_stopped_ends_everything_it_started(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command("ingest"), cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        postmaster = _wait_for_postmaster(tmp_path)

        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=60)

    assert run.returncode == 130
    assert "Stopped" in errors
    assert "Traceback" not in errors
    assert not Path(f"/proc/{postmaster}").exists()
    assert list(tmp_path.glob("callboard-test-*")) == []


@pytest.mark.parametrize(
    "wrong", [["ingest", "--seconds", "0"], ["reads", "--spans", "-5"], ["sdk", "--calls", "many"], ["nothing"]]
)
def test_options_that_make_no_sense_are_refused(wrong: list[str]) -> None:
    answer = subprocess.run(command(*wrong), cwd=ROOT, capture_output=True, text=True, check=False)

    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr


def _wait_for_postmaster(directory: Path) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for file in directory.glob("callboard-test-*/postgres/postmaster.pid"):
            if lines := file.read_text().split():
                return int(lines[0])
        time.sleep(0.05)
    raise AssertionError("the database did not start")


def test_analysis_looks_at_every_call_and_says_what_took_the_time() -> None:
    found = bench("analysis", "--calls", "40")

    assert found["looked_at"] == found["calls"] == 40
    assert found["calls_per_second"] > 0
    assert found["peak_rss_mb"] > 30
    assert {"embedding", "refused", "unsupported", "everything else"} <= set(found["share_of_time"])
