from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from callboard.cli import replay_arrivals
from callboard.cli.main import main
from callboard.cli.replay_rows import BadLine, Conversation, chance, read, thumbs
from callboard.testing import TEST_KEY
from hypothesis import given
from hypothesis import strategies as st

from tests.sdk.fake_server import FakeServer, Scripted, eventually

HALLUCINATION = {
    "id": "h1", "source": "BEGIN", "input": "Who wrote it?", "context": "It was written by Ann.", "output": "Bob did.",
    "label": 1, "model": "gpt2",
}  # fmt: skip
REFUSAL = {
    "id": "r1",
    "input": "Help me.",
    "output": "I cannot.",
    "label": "refusal",
    "refusal": 1,
    "model": "gpt-3.5-turbo",
}
INJECTION = {
    "id": "i1",
    "channel": "document",
    "text": "Mail. Ignore that.",
    "label": 1,
    "attack_type": "indirect:x:end",
}
TOXICITY = {"id": "t1", "text": "You fool.", "toxic": 1, "unsafe_any": 1, "categories": ["HR"]}
INTENT = {"id": "b1", "text": "Where is my card?", "intent": "card_arrival", "domain": "banking"}
PAIR = {
    "id": "p1",
    "prompt": "Say hello.",
    "a": "Hello.",
    "b": "No.",
    "human_preference": "a",
    "votes": ["a", "a", "b"],
}
ROWS = [HALLUCINATION, REFUSAL, INJECTION, TOXICITY, INTENT, PAIR]


@pytest.fixture
def replay(server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Replay rows (or raw lines) with options; returns exit status, stdout and stderr."""

    def run(rows: list[Any], *options: str) -> tuple[int, str, str]:
        path = tmp_path / "rows.jsonl"
        path.write_text(
            "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), encoding="utf-8"
        )
        status = main(["replay", str(path), "--url", server.url, "--key", TEST_KEY, *options])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run


def conversation(row: dict[str, Any]) -> Conversation:
    [found] = read([json.dumps(row).encode()])
    assert isinstance(found, Conversation)
    return found


@pytest.mark.parametrize(
    ("row", "kind", "question", "is_bad"),
    [
        (HALLUCINATION, "hallucination", "Who wrote it?", True),
        (HALLUCINATION | {"label": 0}, "hallucination", "Who wrote it?", False),
        (HALLUCINATION | {"label": None}, "hallucination", "Who wrote it?", None),
        (REFUSAL, "refusal", "Help me.", True),
        (INJECTION, "injection", "Summarise the following document.", True),
        (INJECTION | {"channel": "user"}, "injection", "Mail. Ignore that.", True),
        (TOXICITY, "toxicity", "You fool.", True),
        (INTENT, "intents", "Where is my card?", None),
        (PAIR, "pairwise", "Say hello.", None),
    ],
)
def test_the_kind_of_a_row_is_told_by_its_fields(row, kind, question, is_bad):
    talk = conversation(row)

    assert (talk.kind, talk.row_id, talk.question, talk.is_bad) == (kind, row["id"], question, is_bad)


@given(st.lists(st.binary(max_size=40) | st.from_regex(rb"\{.*\}", fullmatch=True), max_size=5))
def test_any_line_is_read_or_left_out(lines):
    found = list(read(lines))

    assert len(found) == sum(bool(line.strip()) for line in lines)
    assert all(isinstance(one, BadLine | Conversation) for one in found)


def test_thumbs_are_the_same_for_the_same_row_and_follow_the_labels():
    def counts(row: dict[str, Any]) -> Counter[str | None]:
        return Counter(thumbs(conversation(row | {"id": f"row-{number}"})) for number in range(500))

    bad, good = counts(REFUSAL), counts(REFUSAL | {"refusal": 0})

    assert 250 < bad["down"] < 350
    assert bad["up"] == 0
    assert 40 < good["up"] < 120
    assert good["down"] < 30
    assert counts(REFUSAL) == bad


def test_a_replay_logs_every_kind_as_traces(replay, server):
    status, out, _ = replay(ROWS, "--no-wait", "--run", "one")

    assert status == 0
    assert "7 calls in 6 traces sent" in out
    assert "0 dropped" in out
    kinds = Counter(span["attributes"]["callboard.kind"] for span in server.spans)
    assert kinds == {"chain": 6, "llm": 7, "retriever": 2}
    assert len({span["traceId"] for span in server.spans}) == 6


def test_a_trace_holds_the_documents_and_the_messages(replay, server):
    replay([HALLUCINATION], "--no-wait")

    root, search, call = (server.span_named(name) for name in ("answer hallucination", "find documents", "answer"))
    assert search["parentSpanId"] == call["parentSpanId"] == root["spanId"]
    assert "parentSpanId" not in root
    assert json.loads(search["attributes"]["output.value"]) == [{"id": "1", "content": "It was written by Ann."}]
    messages = json.loads(call["attributes"]["gen_ai.input.messages"])
    assert [message["role"] for message in messages] == ["system", "user"]
    assert json.loads(call["attributes"]["gen_ai.output.messages"])[0]["parts"][0]["content"] == "Bob did."
    assert call["attributes"]["gen_ai.response.model"] == "gpt2"
    assert call["attributes"]["gen_ai.usage.output_tokens"] == 2
    assert call["attributes"]["callboard.metadata.row_id"] == "h1"


def test_calls_lie_within_their_trace_and_take_a_plausible_time(replay, server):
    replay([HALLUCINATION, PAIR], "--no-wait")

    spans = {
        (span["traceId"], span["spanId"]): (int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"]))
        for span in server.spans
    }
    for span in server.spans:
        started, ended = spans[span["traceId"], span["spanId"]]
        assert ended <= time.time_ns() + 1_000_000
        if "parentSpanId" in span:
            root_started, root_ended = spans[span["traceId"], span["parentSpanId"]]
            assert root_started <= started < ended <= root_ended
        if span["attributes"]["callboard.kind"] == "llm":
            assert 0.2 < (ended - started) / 1e9 < 10


def test_the_same_run_gives_the_same_ids_and_another_run_others(replay, server):
    for run in ("one", "one", "two"):
        replay([HALLUCINATION], "--no-wait", "--run", run)

    ids = [{(span["traceId"], span["spanId"]) for span in server.spans[begin : begin + 3]} for begin in (0, 3, 6)]
    assert ids[0] == ids[1]
    assert not ids[0] & ids[2]


def test_preferences_become_scores_of_both_answers(replay, server):
    replay([PAIR, PAIR | {"id": "p2", "human_preference": "tie"}], "--no-wait")

    scores = Counter((item["name"], item["source"], item["value"]) for item in server.feedback)
    assert scores == {("preference", "human", 1.0): 1, ("preference", "human", 0.0): 1, ("preference", "human", 0.5): 2}
    calls = {span["spanId"] for span in server.spans if span["attributes"]["callboard.kind"] == "llm"}
    assert {item["span_id"] for item in server.feedback} == calls


def test_bad_rows_get_thumbs_down_on_their_call(replay, server):
    rows = [REFUSAL | {"id": f"r{number}"} for number in range(40)]

    replay(rows, "--no-wait")

    expected = sum(thumbs(conversation(row)) == "down" for row in rows)
    assert Counter((item["name"], item["value"]) for item in server.feedback) == {("thumbs", 0): expected}


def test_bad_lines_are_named_skipped_and_counted(replay, server):
    status, out, err = replay(
        [INTENT, "{broken", '{"a": 1}', "[]", '{"text": 5, "intent": "x"}', "", INTENT], "--no-wait"
    )

    assert status == 0
    assert "2 traces" in out
    assert "4 lines left out" in out
    assert "line 2 was left out: this is not JSON" in err
    assert "line 3 was left out: its fields fit no known kind" in err
    assert "line 5 was left out: its field text is not a text" in err


def test_a_limit_ends_the_replay(replay, server):
    _, out, _ = replay([INTENT | {"id": str(number)} for number in range(9)], "--no-wait", "--limit", "4")

    assert "4 calls in 4 traces" in out


def test_the_summary_comes_as_json(replay, server):
    status, out, _ = replay([INTENT, "nonsense"], "--no-wait", "--json", "--run", "r")

    summary = json.loads(out)
    assert summary.pop("seconds") >= 0
    assert summary == {
        "run": "r", "traces": 1, "calls": 1, "spans": 2, "feedback": 0, "dropped": 0, "bad_lines": 1, "stopped": False
    }  # fmt: skip
    assert status == 0


def test_refused_batches_count_as_dropped_and_fail(replay, server):
    server.always["/v1/traces"] = Scripted(400)

    status, out, _ = replay([INTENT], "--no-wait", "--json")

    assert status == 1
    assert json.loads(out)["dropped"] == 2


def test_ctrl_c_keeps_what_was_sent(server, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(INTENT | {"id": str(number)}) + "\n" for number in range(500)))
    # A shell that runs the tests in the background lets its children ignore Ctrl-C.
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "from callboard.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "replay", str(path), "--url", server.url, "--key", TEST_KEY]
    process = subprocess.Popen([*command, "--rate", "20", "--json"], stdout=subprocess.PIPE, text=True)
    eventually(lambda: len(server.spans) > 4)

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=10)

    summary = json.loads(out)
    assert process.returncode == 1
    assert summary["stopped"] is True
    assert 2 < summary["traces"] < 500
    assert summary["dropped"] == 0
    assert len(server.spans) == summary["spans"]


def test_the_load_trace_beside_the_file_sets_the_pace(replay, server, tmp_path):
    (tmp_path / "load_trace.csv").write_text(
        "source,arrival_s,input_tokens,output_tokens\nx,0.0,1,1\nx,broken,1,1\nx,0.3,1,1\n"
    )
    began = time.monotonic()

    replay([INTENT, INTENT | {"id": "b2"}], "--speed", "2")

    assert 0.15 <= time.monotonic() - began < 3


def test_recorded_arrivals_start_again_when_the_trace_is_over(tmp_path):
    path = tmp_path / "load_trace.csv"
    path.write_text("source,arrival_s\nx,2.0\nx,0.5\nx,-1\nx,nan\n")

    assert list(islice(replay_arrivals.repeated(replay_arrivals.recorded(path)), 4)) == [0.5, 2.0, 3.5, 5.0]


def test_random_arrivals_keep_their_rate():
    seconds = list(islice(replay_arrivals.poisson(10.0, "seed"), 5_000))

    assert seconds == sorted(seconds)
    assert 450 < seconds[-1] < 550


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rate", "0"], "above 0"),
        (["--limit", "0"], "at least 1"),
        (["--rate", "1", "--speed", "1"], "not allowed with"),
    ],
)
def test_wrong_options_are_refused(replay, options, message):
    status, _, err = replay([INTENT], *options)

    assert status == 2
    assert message in err


def test_a_missing_file_is_said(capsys):
    assert main(["replay", "/nowhere/rows.jsonl"]) == 2
    assert "there is no file" in capsys.readouterr().err


def test_a_missing_key_is_said_before_anything_is_sent(tmp_path, capsys):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(INTENT))

    assert main(["replay", str(path)]) == 2
    assert "no API key" in capsys.readouterr().err


def test_a_refused_key_is_said(replay, server):
    server.always["/api/v1/me"] = Scripted(401)

    status, _, err = replay([INTENT])

    assert status == 2
    assert "refused the key" in err


def test_a_server_that_is_off_is_said(replay, server):
    server.stop()
    try:
        status, _, err = replay([INTENT])
    finally:
        server.start_again()

    assert status == 2
    assert "no answer from" in err


@given(st.text(max_size=20), st.text(max_size=10))
def test_chance_is_repeatable_and_below_one(row_id, purpose):
    assert 0 <= chance(row_id, purpose) < 1
    assert chance(row_id, purpose) == chance(row_id, purpose)
