"""Space is told table by table, with all parts of each."""

from __future__ import annotations

import pytest

from webapp.system import storage

pytestmark = pytest.mark.django_db


def test_the_parts_of_a_table_are_one_table():
    names = [table.name for table in storage.look().tables]

    assert len(names) == len(set(names))
    assert not any(name.startswith("span_2") for name in names)
