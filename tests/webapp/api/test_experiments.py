"""Experiments through the API: read, brought from code, started here, and stopped."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from evals.evaluators import definitions, queries
from evals.evaluators.models import CODE, EvaluatorVersion
from evals.experiments.models import Experiment, ExperimentCell, ExperimentScore
from projects import keys
from projects.models import Project, User
from projects.roles import Role, Scope
from prompt_registry.models import ProviderConnection
from tests.evals.experiment_factories import make_judged
from tests.evals.factories import fill, make_dataset
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version

pytestmark = pytest.mark.django_db
HASH = "a" * 16


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def editor(project) -> User:
    return make_member(project, Role.EDITOR, name="Dana", email="dana@example.org")


@pytest.fixture
def dataset(project):
    dataset = make_dataset(project, name="refunds")
    fill(dataset, 3)
    return dataset


@pytest.fixture
def headers(project, editor) -> dict[str, str]:
    return headers_of(project, editor, Scope.API_WRITE, Scope.API_READ)


def headers_of(project, by, *scopes) -> dict[str, str]:
    _, plain = keys.create(project=project, name="ci", scopes=list(scopes), by=by)
    return {"Authorization": f"Bearer {plain}"}


CODE_ROUTE = "/api/v1/code-experiments"


def post(headers, path: str, body: Any = None, **more: str):
    return Client().post(
        path if path == CODE_ROUTE else f"/api/v1/experiments{path}",
        orjson.dumps(body or {}),
        content_type="application/json",
        headers=headers | more,
    )


def get(headers, path: str = ""):
    return Client().get(f"/api/v1/experiments{path}", headers=headers)


def begin(headers, **body: Any) -> int:
    answer = post(headers, CODE_ROUTE, {"dataset": "refunds"} | body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def result(item: int, **more: Any) -> dict[str, Any]:
    return {"item": item, "output": "Thirty days"} | more


def score(**more: Any) -> dict[str, Any]:
    return {"evaluator": "is polite", "hash": HASH, "value": 1.0, "passed": True} | more


def test_a_finished_experiment_is_read_with_levels_and_verdicts(project, headers):
    made = make_judged({"Correct": ["1" * 10 + "0" * 20, "1" * 29 + "!"]}, project)

    told = get(headers, f"/{made.pk}").json()

    assert (told["state"], told["is_over"], told["progress"]["total"]) == ("done", True, 60)
    first, second = told["results"]
    assert (first["verdict"], second["verdict"], second["checks"][0]["errors"]) == (None, "better", 1)
    assert first["checks"][0]["mean"] == pytest.approx(1 / 3)
    assert first["checks"][0]["low"] < 1 / 3 < first["checks"][0]["high"]
    assert first["checks"][0]["worst"][0]["value"] == 0


def test_an_answer_that_could_not_be_judged_does_not_pass(project, headers):
    made = make_judged({"Correct": ["11!x"]}, project)

    assert get(headers, f"/{made.pk}").json()["results"][0]["pass_rate"] == 0.5


def test_the_list_goes_on_and_shows_own_experiments_only(project, headers):
    ids = [make_judged({name: ["1"]}, project).pk for name in ("Correct", "Short")]
    make_judged({"Correct": ["1"]})

    first = get(headers, "?limit=1").json()

    assert [item["id"] for item in first["items"]] == [ids[1]]
    assert [item["id"] for item in get(headers, f"?before={first['next']}").json()["items"]] == [ids[0]]


def test_experiments_of_other_projects_are_not_there(headers):
    other = make_judged({"Correct": ["1"]})

    assert get(headers, f"/{other.pk}").status_code == 404
    for act in ("cancel", "finish", "results", "scores"):
        assert post(headers, f"/{other.pk}/{act}", {"results": [result(1)]}).status_code == 404


def test_results_from_code_are_judged_here_and_end_the_experiment(project, dataset, editor, headers):
    definitions.create(project=project, name="Short", kind="length", settings={"most": 3}, by=editor)
    number = begin(headers, evaluators=["Short"])
    outputs = ["Thirty days", {"days": 30}, "One two three four"]

    told = post(headers, f"/{number}/results", {"results": [result(i + 1, output=o) for i, o in enumerate(outputs)]})

    assert told.json() == {"accepted": 3, "repeated": 0, "state": "done"}
    column = get(headers, f"/{number}").json()["results"][0]
    assert column["checks"][0]["pass_rate"] == pytest.approx(2 / 3)
    assert column["checks"][0]["worst"][0]["item"] == 3


def test_a_batch_that_is_sent_again_changes_nothing(dataset, headers):
    number = begin(headers)
    batch = {"results": [result(item, scores=[score()]) for item in (1, 2, 3)]}
    first = post(headers, f"/{number}/results", batch).json()

    again = post(headers, f"/{number}/results", {"results": [one | {"output": "Other"} for one in batch["results"]]})

    assert (first["accepted"], again.json()) == (3, {"accepted": 0, "repeated": 3, "state": "done"})
    assert set(ExperimentCell.objects.values_list("output", flat=True)) == {"Thirty days"}
    assert ExperimentScore.objects.count() == 3


def test_the_same_result_twice_in_one_batch_counts_once(dataset, headers):
    number = begin(headers)

    told = post(headers, f"/{number}/results", {"results": [result(1), result(1, output="Other")]}).json()

    assert (told["accepted"], told["repeated"]) == (1, 1)


def test_another_text_of_a_function_is_another_version(dataset, headers):
    for content_hash in (HASH, HASH, "b" * 16):
        number = begin(headers)
        post(headers, f"/{number}/results", {"results": [result(1, scores=[score(hash=content_hash)])]})

    found = EvaluatorVersion.objects.order_by("number").values_list("kind", "number", "settings")
    assert list(found) == [(CODE, 1, {"hash": HASH}), (CODE, 2, {"hash": "b" * 16})]


def test_a_function_with_the_name_of_a_server_check_is_refused(project, dataset, editor, headers):
    definitions.create(project=project, name="is polite", kind="length", settings={"most": 3}, by=editor)
    number = begin(headers)

    assert post(headers, f"/{number}/results", {"results": [result(1, scores=[score()])]}).status_code == 409
    assert post(headers, f"/{number}/results", {"results": [result(1)]}).json()["accepted"] == 1


def test_scores_may_come_after_the_answers_and_count_once(dataset, headers):
    number = begin(headers)
    post(headers, f"/{number}/results", {"results": [result(item) for item in (1, 2, 3)]})
    scores = {"scores": [{"item": 1} | score(value=0.25, passed=False)]}

    told = [post(headers, f"/{number}/scores", scores).json() for _ in range(2)]

    assert [(one["accepted"], one["repeated"]) for one in told] == [(1, 0), (0, 1)]
    assert get(headers, f"/{number}/answers").json()["items"][0]["scores"][0]["value"] == 0.25


def test_what_is_missing_at_the_finish_was_not_run(dataset, headers):
    number = begin(headers)
    post(headers, f"/{number}/results", {"results": [result(1), {"item": 2, "error": "It broke"}]})

    told = [post(headers, f"/{number}/finish").json()["state"] for _ in range(2)]

    assert told == ["done", "done"]
    column = get(headers, f"/{number}").json()["results"][0]
    assert (column["answers"], column["failed"], column["skipped"]) == (1, 1, 1)
    assert post(headers, f"/{number}/results", {"results": [result(3)]}).json()["repeated"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"item": 99}, {"column": "other"}, {"repetition": 1}, {"output": None}, {"error": "and an output"},
        {"latency_ms": -1}, {"trace_id": "no"}, {"surprise": 1}, {"item": 0}, {"scores": [score(value=2)]},
        {"scores": [score(value=None)]}, {"scores": [score(hash="../x")]},
    ],
    ids=str,
)  # fmt: skip
def test_a_batch_with_one_wrong_result_is_stored_not_at_all(dataset, headers, wrong):
    number = begin(headers)

    answer = post(headers, f"/{number}/results", {"results": [result(1), result(2) | wrong]})

    assert (answer.status_code, bool(answer.json()["errors"])) == (422, True)
    assert not ExperimentCell.objects.exclude(state="ready").exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"dataset": "none"}, 404), ({"evaluators": ["none"]}, 404), ({"columns": []}, 422), ({"columns": ["a", "a"]}, 422),
        ({"repetitions": 11}, 422), ({"revision": 99}, 422), ({"split": "none"}, 422), ({"max_cost_usd": -1}, 422),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_begin_is_refused(dataset, headers, body, status):
    assert post(headers, CODE_ROUTE, {"dataset": "refunds"} | body).status_code == status


def test_a_request_sent_again_under_its_key_begins_once(dataset, headers):
    told = [post(headers, CODE_ROUTE, {"dataset": "refunds"}, **{"Idempotency-Key": "k1"}) for _ in range(2)]

    assert [one.status_code for one in told] == [201, 200]
    assert Experiment.objects.count() == 1


def test_versions_are_compared_here_in_the_name_of_the_keys_maker(project, dataset, editor, headers):
    prompt = _prompt(project)
    definitions.create(project=project, name="Short", kind="length", settings={"most": 300}, by=editor)
    wanted = {
        "prompt": prompt.name, "dataset": "refunds", "variants": [{"version": 1}, {"label": "latest"}],
        "evaluators": ["Short"], "max_cost_usd": 0.5,
    }  # fmt: skip

    told = post(headers, "", wanted)

    assert told.status_code == 201, told.text
    experiment = Experiment.objects.get(pk=told.json()["id"])
    assert (experiment.created_by, experiment.cap_nano_usd, experiment.cells.count()) == (editor, 500_000_000, 6)
    assert told.json()["columns"] == ["v1", "v2"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"prompt": "none"}, 404), ({"variants": [{"version": 9}]}, 404), ({"variants": [{"label": "none"}]}, 404),
        ({"variants": [{}]}, 422), ({"variants": []}, 422), ({"evaluators": []}, 422),
        ({"variants": [{"version": 1, "connection": "none"}]}, 404),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_start_is_refused(project, dataset, editor, headers, change, status):
    prompt = _prompt(project)
    definitions.create(project=project, name="Short", kind="length", settings={"most": 300}, by=editor)
    wanted = {"prompt": prompt.name, "dataset": "refunds", "variants": [{"version": 1}], "evaluators": ["Short"]}

    assert post(headers, "", wanted | change).status_code == status


def test_reading_and_writing_need_their_scopes(project, dataset, editor):
    reads, writes = (headers_of(project, editor, scope) for scope in (Scope.API_READ, Scope.API_WRITE))

    assert post(reads, CODE_ROUTE, {"dataset": "refunds"}).status_code == 403
    assert get(writes).status_code == 403


def test_a_key_whose_maker_may_not_run_models_starts_nothing(project, dataset):
    viewer = make_member(project, Role.VIEWER, name="Vic", email="vic@example.org")

    assert post(headers_of(project, viewer, Scope.API_WRITE), CODE_ROUTE, {"dataset": "refunds"}).status_code == 403


def test_a_running_experiment_is_stopped_once(dataset, headers):
    number = begin(headers)

    assert [post(headers, f"/{number}/cancel").json()["state"] for _ in range(2)] == ["cancelled", "cancelled"]


def _prompt(project):
    ProviderConnection.objects.create(
        project=project, name="Fake", base_url="http://127.0.0.1:9", default_model="fake-1"
    )
    prompt = make_prompt(project, name="support/refund")
    for text in ("Answer {{question}}", "Answer briefly {{question}}"):
        make_version(prompt, chat(("system", text)))
    return prompt


def test_an_experiment_in_code_has_a_page_and_its_functions_are_not_offered_elsewhere(
    project, dataset, editor, headers
):
    number = begin(headers)
    post(headers, f"/{number}/results", {"results": [result(item, scores=[score()]) for item in (1, 2, 3)]})
    browser = Client()
    browser.force_login(editor)
    evaluator = EvaluatorVersion.objects.get().evaluator_id

    addresses = (f"experiments/{number}/", "experiments/", "evaluators/", f"evaluators/{evaluator}/")
    pages = [browser.get(f"/p/{project.slug}/{address}") for address in addresses]

    assert [page.status_code for page in pages] == [200] * 4
    assert queries.usable(project) == []
