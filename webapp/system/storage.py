"""How much the tables take, and whether the database keeps up with tidying them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

_MOST_TABLES = 12
# Beyond that reading gets slower, and tidying has fallen behind.
_MUCH_DEAD, _MANY_DEAD_ROWS = 0.2, 10_000
# PostgreSQL stops taking writes at two thousand million.
_OLD_TRANSACTIONS = 500_000_000


@dataclass(frozen=True, slots=True)
class TableSize:
    """One table with its parts and indexes."""

    name: str
    bytes: int
    rows: int
    dead_rows: int

    @property
    def is_untidy(self) -> bool:
        return self.dead_rows > _MANY_DEAD_ROWS and self.dead_rows > _MUCH_DEAD * (self.rows + self.dead_rows)


@dataclass(frozen=True, slots=True)
class Storage:
    """The whole database and its largest tables, the largest first."""

    bytes: int
    tables: list[TableSize]
    oldest_transaction: int

    @property
    def is_old(self) -> bool:
        return self.oldest_transaction > _OLD_TRANSACTIONS


def look() -> Storage:
    """Return the sizes as PostgreSQL knows them; rows are its estimates."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH parts AS (
                SELECT coalesce(pg_partition_root(c.oid), c.oid) AS root, c.oid
                  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = 'public' AND c.relkind = 'r')
            SELECT root::regclass::text, sum(pg_total_relation_size(parts.oid))::bigint,
                   coalesce(sum(s.n_live_tup), 0)::bigint, coalesce(sum(s.n_dead_tup), 0)::bigint
              FROM parts LEFT JOIN pg_stat_user_tables s ON s.relid = parts.oid
             GROUP BY root ORDER BY 2 DESC, 1 LIMIT %s
            """,
            [_MOST_TABLES],
        )
        tables = [TableSize(*row) for row in cursor.fetchall()]
        cursor.execute(
            """SELECT pg_database_size(current_database()), age(datfrozenxid)
                 FROM pg_database WHERE datname = current_database()"""
        )
        [size, oldest] = cursor.fetchone()
    return Storage(size, tables, oldest)
