"""Invoices are kept per project and held against what is counted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from monitoring.costs import invoices
from monitoring.costs.errors import InvoiceRefused
from monitoring.costs.models import CostInvoice, CostInvoiceLine
from projects.models import AuditEvent
from tests.monitoring.costs.factories import count_day
from tests.projects.factories import make_member, make_project

pytestmark = pytest.mark.django_db

FILE = b"date,model,cost\n2026-11-03,gpt-5-mini,5\n2026-11-04,gpt-5-mini,7\n"


@pytest.fixture
def project():
    return make_project()


def take(project, content=FILE, name="November"):
    return invoices.take(project=project, name=name, content=content, by=make_member(project=project))


def test_an_invoice_is_kept_with_its_days_and_models(project):
    invoice = take(project)

    assert (invoice.name, invoice.billed_usd, invoice.lines.count()) == ("November", 12.0, 2)
    assert AuditEvent.objects.filter(project=project, action="costs.invoice_added").exists()


def test_it_is_held_against_what_is_counted_now(project):
    invoice = take(project)
    count_day(project, datetime(2026, 11, 3, tzinfo=UTC), 5)
    count_day(project, datetime(2026, 11, 5, tzinfo=UTC), 99)

    found = invoices.match(invoice=invoice)

    assert [(line.day.day, line.difference_nano_usd) for line in found.differing] == [(4, 7_000_000_000)]


def test_calls_of_another_project_are_not_counted(project):
    count_day(make_project(), datetime(2026, 11, 3, tzinfo=UTC), 5)

    assert invoices.match(invoice=take(project)).counted_nano_usd == 0


def test_a_file_that_is_refused_leaves_nothing(project):
    with pytest.raises(InvoiceRefused):
        take(project, b"nothing")

    assert not CostInvoice.objects.exists()


def test_a_project_keeps_only_so_many(project, monkeypatch):
    monkeypatch.setattr(invoices, "MOST_INVOICES", 1)
    take(project)

    with pytest.raises(InvoiceRefused, match="keeps up to 1"):
        take(project)


def test_calls_go_on_arriving_while_a_large_invoice_is_stored(project):
    # Every call that is stored shares a lock of its project, which FOR UPDATE alone would keep from it.
    with CaptureQueriesContext(connection) as queries:
        take(project)

    locks = [query["sql"] for query in queries if "FOR " in query["sql"] and '"project"' in query["sql"]]
    assert any("FOR NO KEY UPDATE" in lock for lock in locks)
    assert not any("FOR UPDATE" in lock for lock in locks)


def test_a_deleted_invoice_is_gone_with_its_lines(project):
    invoice = take(project)

    invoices.delete(invoice=invoice, by=make_member(project=project))

    assert not CostInvoiceLine.objects.exists()


def test_the_database_refuses_a_line_in_another_project(project):
    line = CostInvoiceLine(project=make_project(), invoice=take(project), day="2026-11-09", model="m", nano_usd=1)
    line.save()

    with pytest.raises(IntegrityError):
        connection.check_constraints()
