"""Keeps out what arrives late for somebody who was deleted: known by a keyed hash, for as long as the request holds."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import F
from django.utils import timezone

from monitoring.erasure.models import ErasedTrace, Erasure, SubjectKind
from projects import secrets

# A request holds in every process within this time; the last look of a deletion comes later than that.
CACHE_SECONDS = 5.0
WITHHELD = "(not kept: it may be about somebody whose data was deleted)"
_LONGEST_ID = 255
_HASHED = (SubjectKind.USER, SubjectKind.SESSION)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tombstones:
    """The requests of a project that still hold: which hash belongs to which, and whether any is there at all."""

    by_hash: dict[str, int]
    is_any: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """What something that arrives is about."""

    trace_id: UUID
    user_id: str = ""
    session_id: str = ""


_NONE = Tombstones({}, False)
_cache: dict[int, tuple[float, Tombstones]] = {}


def forget() -> None:
    """Empty this process's memory of what was deleted."""
    _cache.clear()


def hash_of(*, project_id: int, kind: str, subject: str) -> str:
    """Return what is kept of an id; without the key of the installation nobody can try out ids."""
    key = secrets.derived_key(project_id=project_id, purpose="erasure")
    return hmac.new(key, f"{kind}\x1f{subject}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def kept(*, project_id: int, rows: Sequence[T], identity: Callable[[T], Identity]) -> list[T]:
    """Return the rows that nobody asked to delete, and count the others on the requests that keep them out."""
    known = _of(project_id)
    if not known.is_any:
        return list(rows)
    gone = _erased(project_id, known, {identity(row) for row in rows})
    left = [row for row in rows if identity(row) not in gone]
    if len(left) < len(rows):
        _count(gone[identity(row)] for row in rows if identity(row) in gone)
    return left


def told(*, project_id: int, content: str) -> str:
    """Return what may be kept of a span that cannot be stored: nothing when it names somebody who was deleted."""
    known = _of(project_id)
    if not known.by_hash:
        return content
    try:
        texts = [text for text in _texts(orjson.loads(content)) if len(text) <= _LONGEST_ID]
    except orjson.JSONDecodeError:
        return WITHHELD
    named = [
        one for kind in _HASHED for one in _matching(project_id, known, kind, set(texts))
    ]  # fmt: skip
    return WITHHELD if named else content


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _erased(project_id: int, known: Tombstones, identities: Collection[Identity]) -> dict[Identity, int]:
    """Return the request that each of them falls under, of those that fall under any."""
    traces = _traces(project_id, {one.trace_id for one in identities})
    users = _matching(project_id, known, SubjectKind.USER, {one.user_id for one in identities})
    sessions = _matching(project_id, known, SubjectKind.SESSION, {one.session_id for one in identities})
    found = {}
    for one in identities:
        request = users.get(one.user_id) or sessions.get(one.session_id) or traces.get(one.trace_id)
        if request:
            found[one] = request
    return found


def _matching(project_id: int, known: Tombstones, kind: str, subjects: Collection[str]) -> dict[str, int]:
    if not known.by_hash:
        return {}
    hashed = {one: hash_of(project_id=project_id, kind=kind, subject=one) for one in subjects if one}
    return {one: known.by_hash[digest] for one, digest in hashed.items() if digest in known.by_hash}


def _traces(project_id: int, trace_ids: Collection[UUID]) -> dict[UUID, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT trace_id, erasure_id FROM erased_trace WHERE project_id = %s AND trace_id = ANY(%s)",
            [project_id, list(trace_ids)],
        )
        return dict(cursor.fetchall())


def _count(requests: Iterable[int]) -> None:
    counted: dict[int, int] = {}
    for one in requests:
        counted[one] = counted.get(one, 0) + 1
    for pk in sorted(counted):
        Erasure.objects.filter(pk=pk).update(late_count=F("late_count") + counted[pk])


def _of(project_id: int) -> Tombstones:
    cached = _cache.get(project_id)
    if cached is None or cached[0] < time.monotonic():
        if len(_cache) > 10_000:
            _cache.clear()
        cached = _cache[project_id] = (time.monotonic() + CACHE_SECONDS, _load(project_id))
    return cached[1]


def _load(project_id: int) -> Tombstones:
    rows = Erasure.objects.filter(project_id=project_id).still_valid(timezone.now()).values_list("pk", "kind", "hashes")
    found = list(rows)
    if not found:
        return _NONE
    return Tombstones({digest: pk for pk, kind, hashes in found if kind in _HASHED for digest in hashes}, True)


def delete_expired() -> int:
    """Forget the random ids of traces whose requests no longer hold; return how many."""
    over = Erasure.objects.filter(valid_until__lte=timezone.now()).exclude(hashes=[])
    over.filter(state="done").update(hashes=[])
    return ErasedTrace.objects.filter(erasure__valid_until__lte=timezone.now(), erasure__state="done").delete()[0]
