"""Reads calls in columns of numbers, half a million within seconds: texts become numbers on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from monitoring.analysis.flags import BITS, bit_of
from monitoring.analysis.running import ALL
from monitoring.kinds import Kind, Mark, Status
from monitoring.streams.scopes import DISLIKED

Ints = NDArray[np.int64]

MOST_CALLS = 1_000_000
# Finding out what retrievers found takes one look-up for each trace.
MOST_RETRIEVALS = 60_000
TEXTS = ("prompt_name", "model", "environment", "release", "service", "language", "segment")
_UNIT = "coalesce(nullif(a.user_id, ''), nullif(a.session_id, ''), a.trace_id::text)"
_CONVERSATION = "coalesce(nullif(a.session_id, ''), a.trace_id::text)"
_DISLIKED_BIT = BITS
# Name, and the SQL that makes a bigint of it.
_COLUMNS: tuple[tuple[str, str], ...] = (
    ("cluster", "coalesce(a.cluster_id, 0)"),
    ("prompt_version", "a.prompt_version::bigint"),
    ("arm", "a.arm::bigint"),
    # Whole hours since 1970.
    ("at", "floor(extract(epoch FROM a.call_at) / 3600)::bigint"),
    ("unit", f"hashtextextended({_UNIT}, 0)"),
    ("conversation", f"hashtextextended({_CONVERSATION}, 0)"),
    ("trace", "uuid_hash_extended(a.trace_id, 0)"),
    ("flags", f"a.flags::bigint | ((d.trace_id IS NOT NULL)::integer::bigint << {_DISLIKED_BIT})"),
    *((name, f"hashtextextended(a.{name}, 0)") for name in TEXTS),
)
_FROM = """
    FROM call_analysis a LEFT JOIN (
        SELECT trace_id FROM trace WHERE project_id = %(project)s AND thumbs_down > 0 AND started_at >= %(since)s - interval '2 days'
    ) d ON d.trace_id = a.trace_id
    WHERE a.project_id = %(project)s AND a.call_at >= %(since)s AND a.call_at < %(until)s AND a.draw < %(below)s AND {condition}
"""
# PostgreSQL's binary format: a header, and of each row the number of fields, of each field its length and the value.
_HEADER_BYTES, _TRAILER_BYTES = 19, 2

# What is left of the output of a retriever that found nothing when names, brackets and counts of nothing are taken away.
_EMPTIED = r"""regexp_replace(s.output, '"[^"]*"\s*:|\mnull\M|\mNone\M|\m0(\.0+)?\M|""|[][{}(),\s]', '', 'g')"""
_NO_RESULTS = (
    r"'^\W*(no|0) (relevant |matching )?(documents?|results?|passages?|pages?|matches|hits)( (were )?found)?\W*$'"
)
# One look-up for each trace, whatever the planner believes of tables that nobody counted yet.
# Retrievers of which not even half of the outputs are recorded tell nothing by one that is missing.
_RETRIEVALS = f"""
    WITH looked AS (
        SELECT uuid_hash_extended(s.trace_id, 0) AS trace, s.name, s.output IS NOT NULL AS is_told,
               CASE WHEN s.output IS NULL THEN s.status <> {int(Status.ERROR)}
                    WHEN pg_column_size(s.output) > 400 THEN false
                    ELSE {_EMPTIED} = '' OR s.output ~* {_NO_RESULTS} END AS is_nothing
          FROM (SELECT DISTINCT a.trace_id, a.start_day {_FROM}) t
         CROSS JOIN LATERAL (
            SELECT * FROM span s
             WHERE s.project_id = %(project)s AND s.start_day = t.start_day AND s.trace_id = t.trace_id
               AND s.kind = {int(Kind.RETRIEVER)} AND s.marks & {int(Mark.WITHHELD)} = 0 OFFSET 0
         ) s
    ),
    known AS (SELECT name FROM looked GROUP BY name HAVING avg(is_told::integer) >= 0.5)
    SELECT trace, min(name) FILTER (WHERE is_nothing) FROM looked JOIN known USING (name) GROUP BY trace
"""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Calls as numbers by column; of texts the number of the text in `names`. Each call stands for `times` calls."""

    numbers: Mapping[str, Ints]
    names: Mapping[str, Sequence[str]]
    times: float

    def __len__(self) -> int:
        return len(self.numbers["at"])

    def is_bad(self, signal: str) -> NDArray[np.bool_]:
        """Tell which calls are bad by a signal."""
        bit = 1 << _DISLIKED_BIT if signal == DISLIKED else int(bit_of(signal))
        found: NDArray[np.bool_] = self.numbers["flags"] & bit != 0
        return found


def load(
    *, project_id: int, since: datetime, until: datetime, condition: str = "true", values: Mapping[str, Any] | None = None
) -> Columns:  # fmt: skip
    """Return the calls of a time for which the condition on rows `a` of call_analysis holds; a uniform sample of very many."""
    asked = {"project": project_id, "since": since, "until": until, "below": ALL, **(values or {})}
    source = _FROM.replace("{condition}", condition)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {source}", asked)
        share = min(1.0, MOST_CALLS / max(1, cursor.fetchone()[0]))
        asked["below"] = int(ALL * share)
        numbers = _copied(cursor, source, asked)
        names = _coded(cursor, numbers, source, asked)
        asked["below"] = int(ALL * min(share, share * MOST_RETRIEVALS / max(1, len(numbers["at"]))))
        numbers["retrieval"], names["retrieval"] = _retrievals(cursor, numbers["trace"], condition, asked)
    for name in ("unit", "conversation"):
        numbers[name] = np.unique(numbers[name], return_inverse=True)[1]
    return Columns(numbers, names, 1 / share)


def _copied(cursor: Any, source: str, asked: Mapping[str, Any]) -> dict[str, Ints]:
    fields = ", ".join(f"{sql} AS {name}" for name, sql in _COLUMNS)
    # The driver's own cursor: the one that Django shows in debug mode takes no values here.
    with cursor.cursor.copy(f"COPY (SELECT {fields} {source}) TO STDOUT (FORMAT BINARY)", asked) as copy:
        sent = b"".join(bytes(block) for block in copy)
    row = np.dtype(
        [
            ("fields", ">i2"),
            *((f"{part}{name}", kind) for name, _ in _COLUMNS for part, kind in (("_", ">i4"), ("", ">i8"))),
        ]
    )
    rows = np.frombuffer(
        sent, dtype=row, offset=_HEADER_BYTES, count=(len(sent) - _HEADER_BYTES - _TRAILER_BYTES) // row.itemsize
    )
    return {name: rows[name].astype(np.int64) for name, _ in _COLUMNS}


def _coded(cursor: Any, numbers: dict[str, Ints], source: str, asked: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """Turn the hashes of the texts into numbers of the texts, and return the texts."""
    pairs = ", ".join(f"hashtextextended({name}, 0), {name}" for name in TEXTS)
    columns = ", ".join(f"a.{name}" for name in TEXTS)
    cursor.execute(f"SELECT {pairs} FROM (SELECT DISTINCT {columns} {source}) used", asked)
    used = cursor.fetchall()
    names: dict[str, Sequence[str]] = {}
    for place, name in enumerate(TEXTS):
        texts = {row[2 * place]: row[2 * place + 1] for row in used}
        hashes, numbers[name] = np.unique(numbers[name], return_inverse=True)
        names[name] = [texts.get(int(one), "") for one in hashes]
    return names


def _retrievals(cursor: Any, traces: Ints, condition: str, asked: Mapping[str, Any]) -> tuple[Ints, list[str]]:
    """Return for each call -1 when not known, 0 when its retrievers found something, and else the number of one that did not."""
    cursor.execute(_RETRIEVALS.replace("{condition}", condition), asked)
    found = cursor.fetchall()
    names = sorted({name for _, name in found if name is not None})
    numbers = {name: place for place, name in enumerate(names, 1)}
    codes = np.full(len(traces), -1, dtype=np.int64)
    if found:
        keys = np.array([trace for trace, _ in found], dtype=np.int64)
        values = np.array([0 if name is None else numbers[name] for _, name in found], dtype=np.int64)
        order = np.argsort(keys)
        place = np.minimum(np.searchsorted(keys[order], traces), len(keys) - 1)
        is_known = keys[order][place] == traces
        codes[is_known] = values[order][place][is_known]
    return codes, names
