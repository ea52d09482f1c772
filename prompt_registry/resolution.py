"""Answers «which text does this name mean right now» for applications: one query, remembered for two seconds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import InterfaceError, OperationalError, connection, transaction

from prompt_registry import announcements, dependents, fillings
from prompt_registry.answer_cache import AnswerCache
from prompt_registry.models import LATEST
from prompt_registry.names import MAX_LENGTH
from prompt_registry.rollouts import delivery
from prompt_registry.rollouts.targeting import Targeting

CACHE_SECONDS = 2.0
# While the database is asked again, requests are answered from memory for at most this much longer.
GRACE_SECONDS = 1.0
CACHE_BYTES = 64 * 1024 * 1024
PAGE_SIZE = 500
# A page stays small enough to be fetched while an application that starts waits for it.
PAGE_BYTES = 1024 * 1024
MAX_LABEL_LENGTH = 36
# When a change touches more prompts than this, applications are told to look at all of theirs.
_MOST_NAMED = 50
_REFUSAL_BYTES = 500
_MAX_NUMBER = 2**31 - 1
_UNKNOWN = "This project has no prompt with this name and this label or version."


@dataclass(frozen=True, slots=True)
class Answer:
    """The body that applications get, ready to send; equal ETags mean equal bodies."""

    body: bytes
    etag: str
    # The version that the answer holds; 0 for an answer of many prompts.
    version: int = 0
    snapshot: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no answer: the prompt was deleted (410), or name, label or version are unknown (404)."""

    sentence: str
    is_deleted: bool = False
    snapshot: str = field(default="", compare=False)


Outcome = Answer | Refusal


def _cost(outcome: Outcome) -> int:
    return len(outcome.body) + _REFUSAL_BYTES if isinstance(outcome, Answer) else _REFUSAL_BYTES


_background = ThreadPoolExecutor(max_workers=4, thread_name_prefix="prompt-answers")


def _in_background(work: Callable[[], None]) -> None:
    _background.submit(_with_own_connection, work)


def _with_own_connection(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        connection.close()


_cache: AnswerCache[Outcome] = AnswerCache(
    seconds=CACHE_SECONDS,
    grace=GRACE_SECONDS,
    max_cost=CACHE_BYTES,
    cost_of=_cost,
    survives=(OperationalError, InterfaceError),
    beside=_in_background,
)


def by_label(*, project_id: int, name: str, label: str, change: str = "", is_raw: bool = False) -> Outcome:
    """Return the version of a prompt that a label points to; «latest» is the newest version.

    `change` is the token of a change that the caller was told about: the answer is never older than it. A raw answer
    holds the tags of snippets instead of their texts.
    """
    if not _is_possible(name, label):
        return Refusal(_UNKNOWN)
    key = ("l", name, label, is_raw)
    return _remembered(project_id, key, lambda: _one(project_id, name, label=label, is_raw=is_raw), change)


def by_version(*, project_id: int, name: str, number: int, change: str = "", is_raw: bool = False) -> Outcome:
    """Return one version of a prompt."""
    if not _is_possible(name, "") or not 0 < number <= _MAX_NUMBER:
        return Refusal(_UNKNOWN)
    key = ("v", name, number, is_raw)
    return _remembered(project_id, key, lambda: _one(project_id, name, number=number, is_raw=is_raw), change)


def now(*, project_id: int, name: str, number: int) -> Outcome:
    """Return one version as it is at this moment and as it was written, for whoever just saved it."""
    return _one(project_id, name, number=number, is_raw=True)


def page(*, project_id: int, label: str, after: str = "", is_raw: bool = False) -> Outcome:
    """Return every prompt that the label points into, by name, for an application that warms up."""
    if not _is_possible(after, label):
        return _answer({"items": [], "next": None}, binding="all")
    return _remembered(project_id, ("p", label, after, is_raw), lambda: _page(project_id, label, after, is_raw))


def forget(project_id: int | None = None) -> None:
    """Empty this process's memory of answers."""
    _cache.forget(project_id)


def forget_after_commit(project_id: int, *, name: str = "", labels: Iterable[str] = ()) -> None:
    """Empty the memory of a project's answers once the current change is committed, and tell applications about it.

    Without a name they look at all their prompts, without labels at every label of the prompt. Prompts that include
    this one change with it. Other web processes forget when an application asks for the change, or after two seconds.
    """
    labels = list(labels)
    announcements.announce(project_id=project_id, name=name, labels=labels)
    changed = dependents.names(project_id=project_id, name=name, labels=labels) if name else []
    # Without labels: an application that asks for a fixed version gets the snippet's new text as well.
    for changed_name in changed if len(changed) <= _MOST_NAMED else [""]:
        announcements.announce(project_id=project_id, name=changed_name)
    transaction.on_commit(lambda: _cache.forget(project_id))


def _is_possible(name: str, label: str) -> bool:
    """Tell whether such a name and label could exist; what could not never reaches the database or the memory."""
    return len(name) <= MAX_LENGTH and len(label) <= MAX_LABEL_LENGTH and "\x00" not in name + label


def _remembered(
    project_id: int, key: tuple[str, str, str | int, bool], load: Callable[[], Outcome], change: str = ""
) -> Outcome:
    if not change:
        return _cache.get(project_id, key, load)
    return _cache.get(
        project_id, key, load, knows=lambda outcome: announcements.is_seen(change=change, snapshot=outcome.snapshot)
    )


_COLUMNS = """
    p.name, p.type, p.deleted_at IS NOT NULL AS is_deleted, v.number, v.text, v.messages::text, v.variables::text,
    v.settings::text, v.note, v.content_hash, coalesce(l.updated_at, v.created_at) AS updated_at,
    newest.number AS newest,
    (SELECT coalesce(array_agg(other.name ORDER BY other.name), '{}')
       FROM prompt_label other WHERE other.prompt_id = p.id AND other.version_id = v.id) AS labels
"""
_ROLLOUT_COLUMNS = """
    r.id::text AS rollout_id, r.share_ppm, r.candidate_id, (r.plan -> 'targeting')::text AS targeting,
    r.step_began::text AS step_began, (r.plan -> 'steps')::text AS steps
"""
_TABLES = """
    FROM prompt p
    LEFT JOIN LATERAL (SELECT max(number) AS number FROM prompt_version WHERE prompt_id = p.id) newest ON true
    LEFT JOIN prompt_label l ON l.prompt_id = p.id AND l.name = %(label)s
    LEFT JOIN prompt_version v ON v.prompt_id = p.id
          AND CASE WHEN %(number)s > 0 THEN v.number = %(number)s
                   WHEN %(label)s = 'latest' THEN v.number = newest.number
                   ELSE v.id = l.version_id END
    LEFT JOIN rollout r ON r.prompt_id = p.id AND r.label = %(label)s AND r.state IN ('running', 'paused')
          AND %(number)s = 0
"""
_SNAPSHOT = "SELECT * FROM (SELECT pg_current_snapshot()::text AS snapshot) moment"
_ONE = f"SELECT {_COLUMNS}, {_ROLLOUT_COLUMNS} {_TABLES} WHERE p.project_id = %(project)s AND p.name = %(name)s"
_MANY = f"""
    SELECT {_COLUMNS}, {_ROLLOUT_COLUMNS} {_TABLES}
     WHERE p.project_id = %(project)s AND p.name > %(after)s AND p.deleted_at IS NULL AND v.id IS NOT NULL
     ORDER BY p.name LIMIT {PAGE_SIZE + 1}
"""
# What a rollout serves to some; the columns are those of the version it is compared with.
_CANDIDATES = f"""
    SELECT v.id, {_COLUMNS}
    FROM prompt_version v JOIN prompt p ON p.id = v.prompt_id
    LEFT JOIN LATERAL (SELECT max(number) AS number FROM prompt_version WHERE prompt_id = p.id) newest ON true
    LEFT JOIN prompt_label l ON false
    WHERE p.project_id = %(project)s AND v.id = ANY(%(candidates)s)
"""


def _one(project_id: int, name: str, *, label: str = "", number: int = 0, is_raw: bool) -> Outcome:
    snapshot, rows = _rows(_ONE, project=project_id, name=name, label=label, number=number)
    if not rows:
        return Refusal(_UNKNOWN, snapshot=snapshot)
    row = rows[0]
    if row["is_deleted"]:
        sentence = "This prompt was deleted. Somebody can bring it back under Prompts → Archive."
        return Refusal(sentence, is_deleted=True, snapshot=snapshot)
    if row["number"] is None:
        return Refusal(_why_nothing(row["newest"], label, number), snapshot=snapshot)
    [item] = _items([row], project_id, is_raw)
    return _answer(item, binding=row["content_hash"], version=row["number"], snapshot=snapshot)


def _page(project_id: int, label: str, after: str, is_raw: bool) -> Outcome:
    snapshot, rows = _rows(_MANY, project=project_id, label=label, number=0, after=after)
    items = _first_page(_items(rows[: _fitting(rows)], project_id, is_raw))
    following = items[-1]["name"] if len(rows) > len(items) else None
    return _answer({"items": items, "next": following}, binding="all", snapshot=snapshot)


def _fitting(rows: list[dict[str, Any]]) -> int:
    """Return how many of the rows make a page: at least one."""
    size = 0
    for count, row in enumerate(rows[:PAGE_SIZE]):
        size += sum(len(row[column]) for column in ("text", "messages", "variables", "settings"))
        if size > PAGE_BYTES:
            return max(1, count)
    return min(len(rows), PAGE_SIZE)


def _first_page(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items that make a page, at least one: with their snippets they are larger than their rows were."""
    page: list[dict[str, Any]] = []
    size = 0
    for item in items:
        texts = [item["text"], *(message.get("content") for message in item["messages"])]
        size += sum(len(text) for text in texts if text)
        if page and size > PAGE_BYTES:
            break
        page.append(item)
    return page


def _why_nothing(newest: int | None, label: str, number: int) -> str:
    if newest is None:
        return "This prompt has no version yet: nobody saved one."
    if number:
        return f"This prompt has no version {number}; the newest is {newest}."
    return f"No version of this prompt is published to «{label}» yet. The newest version is {newest}."


def _items(rows: list[dict[str, Any]], project_id: int, is_raw: bool) -> Iterable[dict[str, Any]]:
    items = [_item(row) for row in rows]
    if is_raw:
        return items
    # Later queries see at least what the first one saw, so the answer is as new as its snapshot says.
    candidates = _candidates(rows, project_id)
    whole = fillings.filled([*items, *candidates.values()], project_id=project_id)
    return _with_rollouts(rows, [next(whole) for _ in items], dict(zip(candidates, whole, strict=True)))


def _candidates(rows: list[dict[str, Any]], project_id: int) -> dict[int, dict[str, Any]]:
    """Return the versions that running rollouts serve to some, by id."""
    wanted = [row["candidate_id"] for row in rows if row["candidate_id"]]
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, {"project": project_id, "candidates": wanted})
        names = [column.name for column in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {row["id"]: _item(row) for row in found}


def _with_rollouts(
    rows: list[dict[str, Any]], items: list[dict[str, Any]], candidates: dict[int, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Give each item what its rollout needs to be decided where the prompt is used, without another request."""
    for row, item in zip(rows, items, strict=True):
        if (candidate := candidates.get(row["candidate_id"])) is not None:
            rollout = {
                "id": row["rollout_id"], "share_ppm": row["share_ppm"], "candidate": candidate,
                "shares": delivery.shares(orjson.loads(row["step_began"]), orjson.loads(row["steps"])),
            }  # fmt: skip
            targeting = Targeting.from_json(orjson.loads(row["targeting"] or "{}"))
            if targeting.is_everybody:
                item["rollout"] = rollout
            else:
                # Clients that cannot tell who it is about must see none.
                item["targeted_rollout"] = {**rollout, "targeting": targeting.for_clients(row["rollout_id"])}
    return items


def _item(row: dict[str, Any]) -> dict[str, Any]:
    labels = [*row["labels"], *([LATEST] if row["number"] == row["newest"] else [])]
    return {
        "name": row["name"],
        "type": row["type"],
        "version": row["number"],
        "labels": labels,
        "messages": orjson.loads(row["messages"]),
        "text": row["text"] if row["type"] == "text" else None,
        "variables": orjson.loads(row["variables"]),
        "settings": orjson.loads(row["settings"]),
        "content_hash": row["content_hash"],
        "note": row["note"],
        "rollout": None,
        "snippets": [],
        "updated_at": _rfc3339(row["updated_at"]),
    }


def _answer(value: dict[str, Any], *, binding: str, version: int = 0, snapshot: str = "") -> Answer:
    body = orjson.dumps(value)
    # The content's hash alone would miss a label that moved; the body's hash binds name, version, labels and note too.
    etag = f'"{binding}-{hashlib.sha256(body).hexdigest()[:24]}"'
    return Answer(body=body, etag=etag, version=version, snapshot=snapshot)


def _rows(query: str, **values: Any) -> tuple[str, list[dict[str, Any]]]:
    """Return the snapshot that the query saw, and its rows: one statement, so that the two belong together."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_SNAPSHOT} LEFT JOIN LATERAL ({query}) found ON true", values)
        names = [column.name for column in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return found[0]["snapshot"], [row for row in found if row["name"] is not None]


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
