"""The dataset API, as applications call it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from evals import datasets
from evals.models import Dataset, DatasetItem
from projects import keys
from projects.models import AuditEvent, Project
from projects.roles import Scope
from tests.evals.factories import add, fill, make_dataset
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def dataset(project) -> Dataset:
    return make_dataset(project, name="support/refunds")


def _headers(project: Project, scope: str) -> dict[str, str]:
    _, plain = keys.create(project=project, name="app", scopes=[scope])
    return {"Authorization": f"Bearer {plain}"}


def _get(project: Project, path: str, **query: Any):
    return Client().get(f"/api/v1/datasets{path}", query, headers=_headers(project, Scope.API_READ))


def _post(project: Project, path: str, body: Any, **more: str):
    return Client().post(
        f"/api/v1/datasets{path}", orjson.dumps(body), content_type="application/json",
        headers=_headers(project, Scope.API_WRITE) | more,
    )  # fmt: skip


def test_a_dataset_is_made_found_by_name_and_read(project):
    made = _post(project, "", {"name": "support/refunds", "description": "Words"})

    assert made.status_code == 201
    found = _get(project, "", name="support/refunds").json()["items"][0]
    assert found == _get(project, f"/{made.json()['id']}").json() == made.json()
    assert (found["revision"], found["item_count"]) == (0, 0)
    assert AuditEvent.objects.get(action="dataset.created").actor.startswith("key ")


def test_a_name_that_is_taken_is_a_conflict(project, dataset):
    assert _post(project, "", {"name": dataset.name}).status_code == 409
    assert _post(project, "", {"name": ""}).status_code == 422
    assert _post(project, "", {"name": 7}).status_code == 422


def test_datasets_are_listed_page_by_page(project):
    for name in "cab":
        make_dataset(project, name=name)

    first = _get(project, "", limit=2).json()
    rest = _get(project, "", limit=2, cursor=first["next"]).json()

    assert [each["name"] for each in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert rest["next"] is None


def test_an_item_is_added_once(project, dataset):
    body = {
        "input": {"question": "Where?"},
        "expected_output": "Here.",
        "metadata": {"a": 1},
        "tags": ["x"],
        "split": "test",
    }

    first, again = (_post(project, f"/{dataset.pk}/items", body) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert {name: first.json()[name] for name in body} == body
    assert first.json()["source"] == "api"


@pytest.mark.parametrize(
    "body", [{}, {"input": {}}, {"input": 7}, {"input": {"a": "b"}, "tags": "x"}, {"input": {"a\x00": "b"}}]
)
def test_an_item_that_cannot_be_stored_is_refused_with_reasons(project, dataset, body):
    answer = _post(project, f"/{dataset.pk}/items", body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["reason"]


def test_items_are_read_page_by_page_at_one_revision(project, dataset):
    fill(dataset, 5)
    datasets.remove_item(dataset=dataset, number=5, by=None)

    first = _get(project, f"/{dataset.pk}/items", limit=3, revision=1).json()
    rest = _get(project, f"/{dataset.pk}/items", limit=3, revision=1, cursor=first["next"]).json()
    now = _get(project, f"/{dataset.pk}/items").json()

    assert [item["id"] for item in first["items"] + rest["items"]] == [1, 2, 3, 4, 5]
    assert ([item["id"] for item in now["items"]], now["revision"]) == ([1, 2, 3, 4], 2)
    assert _get(project, f"/{dataset.pk}/items", revision=9).status_code == 422


def test_items_are_narrowed_by_part_and_tag(project, dataset):
    add(dataset, split="test", tags=["x"])
    add(dataset, split="train")

    assert [item["id"] for item in _get(project, f"/{dataset.pk}/items", split="test").json()["items"]] == [1]
    assert [item["id"] for item in _get(project, f"/{dataset.pk}/items", tag="x").json()["items"]] == [1]


def test_many_items_are_added_as_one_revision(project, dataset):
    items = [{"input": f"Q{number}"} for number in (1, 2, 2)]

    answer = _post(project, f"/{dataset.pk}/items/bulk", {"items": items}).json()

    assert answer == {"added": 2, "duplicates": [{"line": 2, "number": 2}], "duplicate_count": 1, "revision": 1}


def test_one_bad_item_keeps_all_out_and_is_named(project, dataset):
    answer = _post(project, f"/{dataset.pk}/items/bulk", {"items": [{"input": "a"}, {"input": {}}, 7]})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["items.1", "items.2"]
    assert not DatasetItem.objects.exists()


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": [{"input": "a"}] * 1001}, [], {"items": "x"}])
def test_a_bulk_needs_one_to_a_thousand_items(project, dataset, body):
    assert _post(project, f"/{dataset.pk}/items/bulk", body).status_code == 422


def test_a_bulk_that_is_sent_again_under_its_key_is_done_once(project, dataset):
    body, key = {"items": [{"input": "a"}]}, {"Idempotency-Key": "import 7"}

    first = _post(project, f"/{dataset.pk}/items/bulk", body, **key)
    datasets.remove_item(dataset=dataset, number=1, by=None)
    again = _post(project, f"/{dataset.pk}/items/bulk", body, **key)
    other = _post(project, f"/{dataset.pk}/items/bulk", {"items": [{"input": "b"}]}, **key)

    assert first.json() == again.json() == {"added": 1, "duplicates": [], "duplicate_count": 0, "revision": 1}
    assert (again.status_code, other.status_code) == (200, 422)
    assert "Idempotency-Key" in other.json()["detail"]
    assert not dataset.items.current().exists()


def test_an_archived_dataset_takes_nothing(project, dataset):
    datasets.archive(dataset=dataset, by=None)

    assert _post(project, f"/{dataset.pk}/items", {"input": "a"}).status_code == 409


def test_datasets_of_others_do_not_exist(dataset):
    other = make_project()

    assert _get(other, f"/{dataset.pk}").status_code == 404
    assert _get(other, f"/{dataset.pk}/items").status_code == 404
    assert _post(other, f"/{dataset.pk}/items", {"input": "a"}).status_code == 404
    assert _post(other, f"/{dataset.pk}/items/bulk", {"items": [{"input": "a"}]}).status_code == 404
    assert _get(other, "").json()["items"] == []


def test_the_operations_are_in_the_openapi_document(client, project):
    from tests.projects.factories import make_member, signed_in

    document = signed_in(make_member(project=project)).get("/api/v1/openapi.json").json()

    assert {"/api/v1/datasets", "/api/v1/datasets/{dataset_id}/items/bulk"} <= set(document["paths"])
