"""The labels of a prompt: where they point, where they pointed, and moving those that are not protected."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags
from ninja import Router
from pydantic import Field, StringConstraints

from projects.roles import Scope
from prompt_registry import labels, protection, queries, versions
from prompt_registry.errors import AlreadyThere, PromptRegistryError
from prompt_registry.models import Label, LabelMove, Prompt
from webapp.access import one
from webapp.api import bodies
from webapp.api.auth import KeyAuth
from webapp.api.conditions import answered
from webapp.api.errors import ApiError
from webapp.api.prompt_refusals import refused
from webapp.api.prompt_schemas import LabelList, LabelPlace, MovePage, one_of
from webapp.api.prompt_versions import Limit, Name, prompt_of

router = Router(tags=["Prompt labels"])

LabelName = Annotated[str, StringConstraints(min_length=1, max_length=36, pattern=r"^[^\x00]*$")]
Cursor = Annotated[int, Field(ge=1, le=2**63 - 1)]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["version"],
                    "properties": {
                        "version": {"type": "integer", "minimum": 1},
                        "reason": {"type": "string", "maxLength": labels.MAX_REASON},
                    },
                },
                "example": {"version": 7, "reason": "Passed the tests"},
            }
        },
    }
}
# A number that no version has: a condition that cannot be read is one that does not hold.
_NEVER = -1


@router.get(
    "/prompt-labels", auth=KeyAuth(Scope.API_READ), response=one_of(LabelList), summary="Where the labels of a prompt point"
)  # fmt: skip
def list_labels(request: HttpRequest, prompt: Name) -> dict[str, Any]:
    """All labels of a prompt, production first. «latest» is none of them: it is always the newest version."""
    found = prompt_of(request, prompt)
    return {"items": [_place(found, label) for label in queries.live(prompt=found)], "next": None}


@router.get(
    "/prompt-labels/{label}", auth=KeyAuth(Scope.API_READ), response=one_of(LabelPlace), summary="Where a label points"
)
def get_label(request: HttpRequest, label: LabelName, prompt: Name) -> HttpResponse:
    """Where one label points; send the ETag as `If-Match` when you move it."""
    found = prompt_of(request, prompt)
    return _answered(request, found, one(_labels(found), name=label))


@router.put(
    "/prompt-labels/{label}", auth=KeyAuth(Scope.API_WRITE), response=one_of(LabelPlace), summary="Move a label",
    openapi_extra=_BODY,
)  # fmt: skip
def move_label(request: HttpRequest, label: LabelName, prompt: Name) -> HttpResponse:
    """Point a label that is not protected to a version; moving it where it points already changes nothing.

    With `If-Match` (the ETag of the label), or `If-None-Match: *` for a label that must be new, nothing is moved when it
    points elsewhere by now: the answer is 412. A protected label is moved by people only: 403.
    """
    found, document = prompt_of(request, prompt), bodies.json_object(request)
    number, reason = document.get("version"), document.get("reason") or ""
    if type(number) is not int or not 0 < number < 2**31 or not isinstance(reason, str):
        raise ApiError(422, 'Send {"version": 7, "reason": "…"}: a version number, and a text if you like.')
    try:
        version = versions.by_number(found, number)
        labels.publish(
            prompt=found, version=version, label=label, by=None, reason=reason, expected_version=_expected(request)
        )
    except AlreadyThere:
        pass
    except PromptRegistryError as error:
        raise refused(error) from error
    return _answered(request, found, one(_labels(found), name=labels.clean_name(label)))


@router.post(
    "/prompt-labels/{label}/undo", auth=KeyAuth(Scope.API_WRITE), response=one_of(LabelPlace), summary="Undo the last move"
)  # fmt: skip
def undo_move(request: HttpRequest, label: LabelName, prompt: Name) -> HttpResponse:
    """Point the label back to what was live before its last move: the way out of an emergency, for every label.

    With `If-Match` (the ETag of the label) nothing is moved when it points elsewhere by now: the answer is 412.
    """
    found = prompt_of(request, prompt)
    try:
        labels.undo(prompt=found, label=label, by=None, expected_version=_expected(request))
    except PromptRegistryError as error:
        raise refused(error) from error
    return _answered(request, found, one(_labels(found), name=labels.clean_name(label)))


@router.get(
    "/prompt-label-moves", auth=KeyAuth(Scope.API_READ), response=one_of(MovePage), summary="Who moved labels, newest first"
)  # fmt: skip
def list_moves(
    request: HttpRequest, prompt: Name, label: Annotated[str, StringConstraints(max_length=36, pattern=r"^[^\x00]*$")] = "",
    cursor: Cursor | None = None, limit: Limit = 50,
) -> dict[str, Any]:  # fmt: skip
    """One page of the moves of all labels of a prompt, or of one label; go on with `next` as `cursor`."""
    found = prompt_of(request, prompt)
    rows, has_older = queries.moves_before(prompt=found, label=label, before=cursor, limit=limit)
    return {"items": [_move(row) for row in rows], "next": rows[-1].pk if has_older else None}


def _expected(request: HttpRequest) -> int | None:
    """Return the version that the label must still point to; 0 when it must not exist, None when nobody asks."""
    wanted = request.headers.get("If-Match", "").strip()
    if request.headers.get("If-None-Match", "").strip() == "*":
        return 0
    if wanted in ("", "*"):
        return None
    tags = parse_etags(wanted)
    number = tags[0].removeprefix("W/").strip('"').removeprefix("v") if len(tags) == 1 else ""
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else _NEVER


def _labels(prompt: Prompt) -> Any:
    return prompt.labels.select_related("version", "updated_by")


def _answered(request: HttpRequest, prompt: Prompt, label: Label) -> HttpResponse:
    body = orjson.dumps(LabelPlace(**_place(prompt, label)).model_dump())
    return answered(request, body, etag=f'"v{label.version.number}"')


def _place(prompt: Prompt, label: Label) -> dict[str, Any]:
    return {
        "prompt": prompt.name,
        "label": label.name,
        "version": label.version.number,
        "is_protected": protection.of(prompt.project).covers(label.name),
        "updated_at": label.updated_at,
        "updated_by": label.updated_by.display_name if label.updated_by else None,
    }


def _move(move: LabelMove) -> dict[str, Any]:
    return {
        "id": move.pk,
        "label": move.label,
        "from_version": move.from_version.number if move.from_version else None,
        "to_version": move.to_version.number,
        "is_undo": move.is_undo,
        "reason": move.reason,
        "moved_by": move.moved_by.display_name if move.moved_by else None,
        "moved_at": move.moved_at,
    }
