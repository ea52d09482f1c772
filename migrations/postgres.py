"""Operations that Django has no words for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.db import migrations


def sql_file(path: Path, *, reverse: str) -> migrations.RunSQL:
    """Run the statements of a file."""
    return migrations.RunSQL(path.read_text(), reverse_sql=reverse)


def composite_foreign_key(
    *, table: str, name: str, columns: Sequence[str], target: str, target_columns: Sequence[str]
) -> migrations.RunSQL:
    """Let the database refuse a link into another project: the key carries the project on both sides."""
    local, remote = ", ".join(columns), ", ".join(target_columns)
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({local}) REFERENCES {target} ({remote}) "
        "ON DELETE NO ACTION DEFERRABLE INITIALLY DEFERRED",
        reverse_sql=f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )
