from __future__ import annotations

import secrets as random
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from webapp.backups.servers import Server

_TABLES = """
    CREATE TABLE span (project_id int, start_day date, span_id bigint, body text, meaning halfvec(3), at timestamptz DEFAULT now(),
                       PRIMARY KEY (project_id, start_day, span_id)) PARTITION BY RANGE (start_day);
    CREATE TABLE span_2026_11 PARTITION OF span FOR VALUES FROM ('2026-11-01') TO ('2026-12-01');
    CREATE TABLE span_default PARTITION OF span DEFAULT;
    CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, words text, price numeric, bytes bytea);
    CREATE TABLE keyless (words text);
    INSERT INTO span SELECT n % 3, date '2026-10-20' + n % 40, n, 'call ' || n || ' ü€', ARRAY[n, 1, 0]::real[]::halfvec
      FROM generate_series(1, 3000) n;
    INSERT INTO note (words, price, bytes) SELECT 'note ' || n, n / 7.0, decode('00ff', 'hex') FROM generate_series(1, 50) n;
    INSERT INTO keyless VALUES ('once'), ('twice');
"""


def address_of_tests() -> str:
    """Return the address of the database that the tests of this process have."""
    settings = connection.settings_dict
    return make_conninfo(
        host=settings["HOST"], port=settings["PORT"] or None, user=settings["USER"], password=settings["PASSWORD"],
        dbname=settings["NAME"],
    )  # fmt: skip


@pytest.fixture
def server() -> Iterator[Server]:
    """A database of its own with a few tables, one of them in parts."""
    name = f"backups_{random.token_hex(4)}"
    around = Server(address_of_tests())
    around.make_database(name)
    made = Server(around.beside(name))
    with psycopg.connect(made.url) as fresh:
        fresh.execute(_TABLES)
    yield made
    with made.administer() as admin:
        left = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{name}%"]).fetchall()
    for (database,) in left:
        made.drop_database(database)


@pytest.fixture
def databases(server: Server):
    """The names of the databases that belong to the one of the test."""

    def names() -> set[str]:
        with server.administer() as admin:
            rows = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{server.name}%"])
            return {name for (name,) in rows.fetchall()}

    return names
