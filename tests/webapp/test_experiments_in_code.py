"""`callboard.run_experiment` and `callboard experiment run` against a running server."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import callboard
import pytest
from callboard import lifecycle
from callboard.cli.main import main
from callboard.experiment_server import ExperimentError
from django.conf import settings as django_settings

from evals.evaluators import definitions
from evals.experiments.models import Experiment, ExperimentCell
from projects import keys
from projects.models import Project
from projects.roles import Role, Scope
from tests.evals.factories import add, make_dataset
from tests.prompt_registry.factories import make_member, make_project

# The server answers in threads of its own, so nothing can be rolled back; naming the apps lets TRUNCATE cascade.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=django_settings.INSTALLED_APPS)
GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "experiments-in-code.md"


@pytest.fixture
def project() -> Project:
    project = make_project()
    editor = make_member(project, Role.EDITOR, name="Dana", email="dana@example.org")
    definitions.create(project=project, name="Correct", kind="exact", settings={}, by=editor)
    dataset = make_dataset(project, name="refunds")
    for number in range(12):
        add(dataset, f"What is {number}?", expected_output=f"answer {number}")
    return project


@pytest.fixture(autouse=True)
def environ(project, live_server, monkeypatch):
    for name in list(os.environ):
        if name.startswith("CALLBOARD_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    scopes = [Scope.API_READ, Scope.API_WRITE, Scope.INGEST]
    _, plain = keys.create(project=project, name="ci", scopes=scopes)
    monkeypatch.setenv("CALLBOARD_URL", live_server.url)
    monkeypatch.setenv("CALLBOARD_API_KEY", plain)
    lifecycle.replace_default(None)
    yield
    callboard.shutdown(1)
    lifecycle.replace_default(None)


def right(item):
    return item["expected_output"]


def has_answer(output):
    return output.startswith("answer")


def test_a_task_is_judged_here_and_there():
    result = callboard.run_experiment(dataset="refunds", task=right, evaluators=[has_answer, "Correct"], name="Mine")

    assert (result.state, result.pass_rate, result.mean("Correct"), result.mean("has_answer")) == (
        "done", 1.0, 1.0, 1.0,
    )  # fmt: skip
    assert result.url in result.summary()
    assert {row.trace_id for row in result.rows} == {cell.trace_id.hex for cell in ExperimentCell.objects.all()}


def test_async_tasks_run_at_the_same_time_in_one_loop():
    loops = set()
    running, most = 0, 0

    async def task(item):
        nonlocal running, most
        loops.add(asyncio.get_running_loop())
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        return item["expected_output"]

    result = callboard.run_experiment(dataset="refunds", task=task, evaluators=["Correct"], max_concurrency=6)

    assert (result.pass_rate, len(loops)) == (1.0, 1)
    assert 1 < most <= 6


def test_one_failing_task_stops_nothing_and_a_baseline_is_compared():
    def often(item):
        if item["id"] == 3:
            raise RuntimeError("no luck")
        return item["expected_output"]

    result = callboard.run_experiment(dataset="refunds", task=often, evaluators=["Correct"], baseline=lambda item: "no")

    assert (result.failed_count, result.pass_rate) == (1, pytest.approx(11 / 12))
    assert result.verdict == "better"
    assert [row.error for row in result.rows if row.error] == ["RuntimeError: no luck"]


def test_what_an_evaluator_cannot_judge_is_an_error_and_never_a_score():
    def broken(output):
        return 7

    result = callboard.run_experiment(dataset="refunds", task=right, evaluators=[broken], limit=2)

    assert (len(result.rows), result.check("broken")["errors"], result.mean("broken")) == (2, 2, None)


def test_an_unknown_dataset_is_refused_before_any_task_runs():
    with pytest.raises(ExperimentError, match="no dataset «none»"):
        callboard.run_experiment(dataset="none", task=lambda item: pytest.fail("ran"))
    assert not Experiment.objects.exists()


@pytest.fixture
def task_file(tmp_path) -> str:
    path = tmp_path / "my_task.py"
    path.write_text("def answer(item):\n    return item['expected_output'] if item['id'] > 3 else '<b>@no'\n")
    return f"{path}:answer"


@pytest.mark.parametrize(
    ("gates", "status"),
    [(["pass_rate>=0.7", "errors==0"], 0), (["pass_rate>=0.9"], 1), (["verdict!=worse"], 1), (["__import__('os')"], 2)],
    ids=["hold", "low", "unknown", "unreadable"],
)
def test_gates_decide_the_exit_status(task_file, tmp_path, capsys, gates, status):
    chosen = [word for gate in gates for word in ("--gate", gate)]

    ended = main(["experiment", "run", "--dataset", "refunds", "--file", task_file, "--evaluators", "Correct", *chosen])

    assert ended == status, capsys.readouterr().err


def test_reports_for_build_servers_and_pull_requests_are_written(task_file, tmp_path, capsys):
    xml, comment = tmp_path / "out.xml", tmp_path / "out.md"
    wanted = ["--junit", str(xml), "--markdown", str(comment), "--gate", "pass_rate>=0.9"]

    main(["experiment", "run", "--dataset", "refunds", "--file", task_file, "--evaluators", "Correct", *wanted])

    suite = ElementTree.fromstring(xml.read_bytes())  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert "Correct, item 1" in suite.find("testcase/failure").text
    assert "| Correct | 0.750 |" in comment.read_text()


@pytest.mark.parametrize(
    "arguments",
    [["--dataset", "refunds"], ["--dataset", "none", "--prompt", "p", "--version", "1"],
     ["--dataset", "refunds", "--prompt", "p"], ["--dataset", "refunds", "--file", "nothing.py:f"], []],
    ids=["nothing to run", "unknown", "no version", "no file", "no dataset"],
)  # fmt: skip
def test_wrong_use_ends_with_two(arguments, capsys):
    assert main(["experiment", "run", *arguments]) == 2


def test_the_pytest_recipe_of_the_guide_runs(tmp_path):
    recipe = re.search(r"^```python title=test_refunds.py\n(.*?)^```$", GUIDE.read_text(), re.M | re.S)[1]
    (tmp_path / "test_refunds.py").write_text(recipe)
    (tmp_path / "my_app.py").write_text(
        "def answer(question):\n    return 'answer ' + question.split()[-1].strip('?')\n"
    )

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "-c", os.devnull, "test_refunds.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout
