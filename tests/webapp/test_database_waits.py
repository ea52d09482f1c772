"""No request waits for ever for a database that has stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from webapp.database import django_database
from webapp.database_waits import ImpatientConnection, within

pytestmark = pytest.mark.django_db


@pytest.fixture
def impatient() -> Iterator[ImpatientConnection]:
    known = {name: connection.settings_dict[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    with ImpatientConnection.connect(
        dbname=known["NAME"], user=known["USER"], password=known["PASSWORD"], host=known["HOST"], port=known["PORT"] or None
    ) as opened:  # fmt: skip
        backend = opened.info.backend_pid
        yield opened
    with connection.cursor() as cursor:
        # What it was left with may go on for as long as the server allows.
        cursor.execute("SELECT pg_terminate_backend(%s)", [backend])


def test_a_statement_without_an_answer_ends_at_the_deadline(impatient):
    began = time.monotonic()

    with within(0.3), pytest.raises(psycopg.OperationalError, match="in time"):
        impatient.execute("SELECT pg_sleep(20)")

    assert time.monotonic() - began < 5
    assert impatient.closed


def test_several_statements_share_one_deadline(impatient):
    with within(0.5):
        impatient.execute("SELECT pg_sleep(0.2)")
        with pytest.raises(psycopg.OperationalError, match="in time"):
            impatient.execute("SELECT pg_sleep(0.4)")


def test_an_inner_deadline_never_outlives_the_outer_one(impatient):
    with within(0.2), within(60), pytest.raises(psycopg.OperationalError):
        impatient.execute("SELECT pg_sleep(20)")


def test_what_answers_in_time_is_not_disturbed(impatient):
    with within(20):
        assert impatient.execute("SELECT 1").fetchone() == (1,)
    with impatient.cursor().copy("COPY (SELECT generate_series(1, 1000)) TO STDOUT") as copy:
        assert len(list(copy.rows())) == 1000


def test_web_processes_use_impatient_connections():
    settings = django_database({"CALLBOARD_DB_POOL": "4"})

    assert settings["OPTIONS"]["pool"]["connection_class"] is ImpatientConnection
