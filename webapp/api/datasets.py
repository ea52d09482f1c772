"""Datasets for applications: list and make them, read their items at any revision, add to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field, StringConstraints

from evals import datasets, documents, item_contents, queries, repeated_requests
from evals.adding import NewItem
from evals.errors import DatasetArchived, DatasetNameTaken, EvalsError, ItemNotUsable, RequestDiffers
from evals.models import Dataset, ItemSource
from projects.models import Project
from projects.roles import Scope
from webapp.api import bodies
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError

router = Router(tags=["Datasets"])

MAX_LIMIT = 200
MOST_AT_ONCE = 1_000
PROBLEMS_NAMED = 20
_MAX_INT = 2**31 - 1
_STATUSES: dict[type[EvalsError], int] = {DatasetNameTaken: 409, DatasetArchived: 409, RequestDiffers: 422}

T = TypeVar("T")
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Number = Annotated[int, Field(ge=0, le=_MAX_INT)]
Name = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$")]


@router.get("/datasets", auth=KeyAuth(Scope.API_READ), summary="List datasets by name")
def list_datasets(request: HttpRequest, limit: Limit = 50, cursor: Name = "", name: Name = "") -> dict[str, Any]:
    """One page of the datasets, or the one called `name`; go on with `next` as `cursor`."""
    project = _project(request)
    if name:
        found = Dataset.objects.for_project(project).active().filter(name=name)
        return {"items": [_summary(dataset) for dataset in found], "next": None}
    rows, has_more = queries.datasets(project=project, after=cursor, limit=limit)
    return {"items": [_summary(dataset) for dataset in rows], "next": rows[-1].name if has_more else None}


@router.post("/datasets", auth=KeyAuth(Scope.API_WRITE), summary="Make a dataset")
def create_dataset(request: HttpRequest) -> HttpResponse:
    """Make a dataset of `{"name", "description"}`; answers 201, or 409 when the name is taken."""
    document = bodies.json_object(request)
    name, description = _text(document, "name"), _text(document, "description")
    made = _asked(lambda: datasets.create(project=_project(request), name=name, description=description, by=None))
    return _answer(_summary(made), status=201)


@router.get("/datasets/{dataset_id}", auth=KeyAuth(Scope.API_READ), summary="One dataset")
def get_dataset(request: HttpRequest, dataset_id: Number) -> dict[str, Any]:
    return _summary(_dataset(request, dataset_id))


@router.get("/datasets/{dataset_id}/items", auth=KeyAuth(Scope.API_READ), summary="Items of a dataset")
def list_items(
    request: HttpRequest,
    dataset_id: Number,
    limit: Limit = 50,
    cursor: Number = 0,
    revision: Number | None = None,
    split: Name = "",
    tag: Name = "",
) -> dict[str, Any]:
    """One page of the items by number, as they are now or at `revision`; go on with `next` as `cursor`.

    The answer names the revision that it shows: ask for the following pages with it, so that they belong together.
    """
    dataset = _dataset(request, dataset_id)
    shown = dataset.revision if revision is None else revision
    items = _asked(lambda: datasets.items_at(dataset=dataset, revision=shown))
    wanted = queries.ItemFilter(tag=tag, split=split)
    page = queries.item_page(items=items, wanted=wanted, after=cursor, limit=limit)
    return {"items": [documents.of_item(item) for item in page.items], "next": page.after, "revision": shown}


@router.post("/datasets/{dataset_id}/items", auth=KeyAuth(Scope.API_WRITE), summary="Add one item")
def add_item(request: HttpRequest, dataset_id: Number) -> HttpResponse:
    """Add `{"input", "expected_output", "context", "metadata", "tags", "split"}`.

    `input` is an object of blanks and their values, a text, or a list of messages. Answers 201 with the item, or 200 with
    the one that says the same already.
    """
    dataset, document = _dataset(request, dataset_id), bodies.json_object(request)
    item = _asked(lambda: datasets.add_item(dataset=dataset, **_fields(document), by=None))
    return _answer(documents.of_item(item), status=200 if item.was_there_already else 201)


@router.post("/datasets/{dataset_id}/items/bulk", auth=KeyAuth(Scope.API_WRITE), summary="Add many items")
def add_items(request: HttpRequest, dataset_id: Number) -> HttpResponse:
    """Add `{"items": […]}`, up to 1,000, as one revision or not at all.

    With an `Idempotency-Key` header the same request may be sent again for 48 hours: it is done once, and answered alike.
    """
    dataset = _dataset(request, dataset_id)
    body, _ = bodies.read(request)
    items = _new_items(_items_of(body))
    key = request.headers.get("Idempotency-Key", "").replace("\x00", "").strip()
    if len(key) > repeated_requests.MAX_KEY:
        raise ApiError(422, "The Idempotency-Key is longer than 200 characters.")

    def do() -> dict[str, Any]:
        done = datasets.add_items(dataset=dataset, items=items, by=None)
        return {
            "added": done.added_count, "duplicates": [asdict(each) for each in done.duplicates],
            "duplicate_count": done.duplicate_count, "revision": done.revision,
        }  # fmt: skip

    if not key:
        return _answer(_asked(do))
    scope = b"%d\x00" % dataset.pk + body
    answer, _ = _asked(
        lambda: repeated_requests.once(project=dataset.project, key=key, request=scope, do=do)
    )  # fmt: skip
    return _answer(answer)


def _project(request: HttpRequest) -> Project:
    return Project.objects.get(pk=caller_of(request).project_id)


def _dataset(request: HttpRequest, dataset_id: int) -> Dataset:
    rows = Dataset.objects.filter(project_id=caller_of(request).project_id).select_related("project")
    found = rows.filter(pk=dataset_id).first()
    if found is None:
        raise ApiError(404, "This dataset does not exist, or it belongs to another project.")
    return found


def _items_of(body: bytes) -> list[Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "The body is not valid JSON.") from error
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_AT_ONCE:
        raise ApiError(422, f"Send «items»: a list of 1 to {MOST_AT_ONCE:,} items.")
    return items


def _new_items(items: list[Any]) -> list[NewItem]:
    found, errors = [], []
    for place, document in enumerate(items):
        try:
            content = item_contents.checked(**_fields(document))
        except ItemNotUsable as error:
            errors.append({"field": f"items.{place}", "reason": str(error)})
        except ApiError as error:
            errors.append({"field": f"items.{place}", "reason": error.detail})
        else:
            found.append(NewItem(content, ItemSource.API, line=place))
    if errors:
        sentence = f"{len(errors)} of {len(items)} items cannot be stored, so none was; see «errors»."
        raise ApiError(422, sentence, errors=errors[:PROBLEMS_NAMED])
    return found


def _fields(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise ApiError(422, "An item must be an object with an «input».")
    names = ("input", "expected_output", "context", "metadata", "tags", "split")
    return {name: document[name] for name in names if name in document} | {"input": document.get("input")}


def _text(document: dict[str, Any], name: str) -> str:
    found = document.get(name, "")
    if not isinstance(found, str):
        raise ApiError(422, f"«{name}» must be a text.")
    return found


def _asked(do: Callable[[], T]) -> T:
    try:
        return do()
    except ItemNotUsable as error:
        found = [{"field": "item", "reason": reason} for reason in error.problems]
        raise ApiError(422, "The item cannot be stored like this; see «errors».", errors=found) from error
    except EvalsError as error:
        raise ApiError(_STATUSES.get(type(error), 422), str(error)) from error


def _summary(dataset: Dataset) -> dict[str, Any]:
    return {
        "id": dataset.pk, "name": dataset.name, "description": dataset.description, "revision": dataset.revision,
        "item_count": dataset.item_count, "created_at": dataset.created_at.isoformat(),
        "changed_at": dataset.changed_at.isoformat(), "is_archived": dataset.archived_at is not None,
    }  # fmt: skip


def _answer(document: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(document), status=status, content_type="application/json")
