"""What a database holds, as numbers that can be compared: rows of each table, and the digests of some of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

_SAMPLES, _SAMPLES_OF_SPANS = 100, 1_000
# A sample of whole pages is read; so many times more rows than wanted, because some pages are nearly empty.
_GENEROSITY = 20
_TABLES = """
    SELECT c.relname, array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum)),
           array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY array_position(i.indkey::int2[], a.attnum))
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
     WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     GROUP BY c.oid, c.relname ORDER BY c.relname
"""


@dataclass(frozen=True)
class Sample:
    """The key of a row, as texts, and the digest of the whole row."""

    key: tuple[str, ...]
    digest: str


@dataclass(frozen=True)
class Table:
    """How many rows a table has, and some of them."""

    rows: int
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True)
class Contents:
    """All tables by name."""

    tables: dict[str, Table] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    @property
    def samples(self) -> int:
        return sum(len(table.samples) for table in self.tables.values())

    def to_json(self) -> dict[str, Any]:
        return {
            name: {"rows": table.rows, "samples": [[list(one.key), one.digest] for one in table.samples]}
            for name, table in self.tables.items()
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Contents:
        return cls({
            str(name): Table(
                int(table["rows"]), tuple(Sample(tuple(map(str, key)), str(digest)) for key, digest in table["samples"])
            )
            for name, table in raw.items()
        })  # fmt: skip


def look(connection: psycopg.Connection) -> Contents:
    """Return what the database holds, as the connection's snapshot sees it."""
    _fix_forms(connection)
    return Contents({name: _table(connection, name, keys) for name, keys, _ in _tables(connection)})


def differences(connection: psycopg.Connection, expected: Contents) -> list[str]:
    """Return in words what this database lacks of what is expected: tables, rows, rows that read otherwise."""
    _fix_forms(connection)
    found = {name: (keys, types) for name, keys, types in _tables(connection)}
    said = []
    for name, table in expected.tables.items():
        if name not in found:
            said.append(f"the table {name} is missing")
            continue
        rows = _count(connection, name)
        if rows != table.rows:
            said.append(f"{name} has {rows} rows instead of {table.rows}")
        if wrong := len(table.samples) - _same(connection, name, *found[name], table.samples):
            said.append(f"{wrong} of {len(table.samples)} looked-at rows of {name} are missing or differ")
    return said


def _fix_forms(connection: psycopg.Connection) -> None:
    """Let values read the same whatever this server or role prefers."""
    connection.execute("SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'")
    connection.execute("SET extra_float_digits = 1; SET bytea_output = 'hex'; SET statement_timeout = 0")


def _tables(connection: psycopg.Connection) -> list[tuple[str, list[str], list[str]]]:
    rows = connection.execute(_TABLES).fetchall()
    return [(name, *(([], []) if keys == [None] else (keys, types))) for name, keys, types in rows]


def _count(connection: psycopg.Connection, name: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
    return int(row[0]) if row else 0


def _table(connection: psycopg.Connection, name: str, keys: list[str]) -> Table:
    rows = _count(connection, name)
    if not rows or not keys:
        return Table(rows)
    wanted = _SAMPLES_OF_SPANS if name == "span" else _SAMPLES
    percent = min(100.0, 100.0 * wanted * _GENEROSITY / rows)
    statement = sql.SQL("SELECT ARRAY[{}], md5(t::text) FROM {} t TABLESAMPLE SYSTEM ({}) LIMIT {}").format(
        sql.SQL(", ").join(sql.SQL("t.{}::text").format(sql.Identifier(key)) for key in keys),
        sql.Identifier(name), sql.Literal(percent), sql.Literal(wanted),
    )  # fmt: skip
    found = connection.execute(statement).fetchall()
    return Table(rows, tuple(Sample(tuple(key), digest) for key, digest in found))


def _same(
    connection: psycopg.Connection, name: str, keys: list[str], types: list[str], samples: tuple[Sample, ...]
) -> int:
    """Return how many of the sampled rows are there and read as they did."""
    if not samples:
        return 0
    columns = [[one.key[place] for one in samples] for place in range(len(keys))]
    joins = sql.SQL(" AND ").join(
        sql.SQL("t.{} = s.{}::{}").format(sql.Identifier(key), sql.Identifier(f"k{place}"), sql.SQL(kind))
        for place, (key, kind) in enumerate(zip(keys, types, strict=True))
    )
    names = sql.SQL(", ").join(map(sql.Identifier, [*(f"k{place}" for place in range(len(keys))), "digest"]))
    arrays = sql.SQL(", ").join([sql.SQL("%s::text[]")] * (len(keys) + 1))
    statement = sql.SQL(
        "SELECT count(*) FROM unnest({}) AS s({}) JOIN {} t ON {} WHERE md5(t::text) = s.digest"
    ).format(arrays, names, sql.Identifier(name), joins)  # fmt: skip
    row = connection.execute(statement, [*columns, [one.digest for one in samples]]).fetchone()
    return int(row[0]) if row else 0
