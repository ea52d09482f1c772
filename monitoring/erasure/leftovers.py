"""Looks whether the id of somebody who was deleted is still written anywhere: in prompts, comments and notes of the team.

Such texts were typed by people; nothing ties them to a call, so they are named and not touched.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import DatabaseError, connection, transaction

# Shorter ids would be found inside all kinds of words.
SHORTEST = 4
# Written once by rule, or about the request itself; spans are deleted by whose they are, not by whom they mention.
_LEFT_OUT = ("audit_event", "erasure", "span", "trace", "call_analysis", "usage_minute", "usage_hour", "usage_day")
_TEXTS = """
    SELECT c.table_name, array_agg(c.column_name::text ORDER BY c.ordinal_position)
      FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
      JOIN pg_class k ON k.oid = format('%%I.%%I', c.table_schema, c.table_name)::regclass AND NOT k.relispartition
     WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.table_name <> ALL(%s)
       AND c.data_type IN ('text', 'character varying', 'jsonb', 'ARRAY')
       AND EXISTS (SELECT FROM information_schema.columns p WHERE p.table_schema = c.table_schema
                      AND p.table_name = c.table_name AND p.column_name = 'project_id')
     GROUP BY c.table_name ORDER BY c.table_name
"""


def find(*, project_id: int, ids: Sequence[str]) -> list[tuple[str, int]]:
    """Return the tables in whose texts one of the ids is written, with how many rows that are."""
    needles = [one for one in ids if len(one) >= SHORTEST]
    if not needles:
        return []
    found = []
    for table, columns in _tables():
        if count := _count(table, columns, project_id, needles):
            found.append((table, count))
    return found


def _tables() -> list[tuple[str, list[str]]]:
    with connection.cursor() as cursor:
        cursor.execute(_TEXTS, [list(_LEFT_OUT)])
        return list(cursor.fetchall())


def _count(table: str, columns: Sequence[str], project_id: int, needles: Sequence[str]) -> int:
    quote = connection.ops.quote_name
    written = " OR ".join(f"strpos({quote(column)}::text, needle) > 0" for column in columns)
    statement = f"""
        SELECT count(*) FROM {quote(table)} WHERE project_id = %s AND EXISTS (
            SELECT FROM unnest(%s::text[]) AS needle WHERE {written})
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '60s'")
            cursor.execute(statement, [project_id, list(needles)])
            return int(cursor.fetchone()[0])
    except DatabaseError:
        # A table too large to be read through; deleting does not depend on it.
        return 0
