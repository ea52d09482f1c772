"""Checking an invoice, on its pages."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from monitoring.costs.models import CostInvoice
from projects.roles import Role
from tests.monitoring.costs.factories import count_day
from tests.projects.factories import make_member, make_project, signed_in
from tests.webapp.hostile_texts import MARKUP

pytestmark = pytest.mark.django_db

FILE = "date,model,cost\n2026-11-03,gpt-5-mini,5\n2026-11-04,gpt-5-mini,7\n"


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def admin(project):
    return signed_in(make_member(project=project, role=Role.ADMIN))


def hand_in(browser, project, text=FILE, **fields):
    file = SimpleUploadedFile("usage.csv", text.encode(), content_type="text/csv")
    return browser.post(f"/p/{project.slug}/costs/invoices/add/", {"file": file, **fields}, follow=True)


def test_differences_are_shown_with_their_likely_reason(project, admin):
    count_day(project, datetime(2026, 11, 3, tzinfo=UTC), 5)

    text = hand_in(admin, project, name="November").text

    assert "$12.00 was charged, $5.00 was counted here" in text
    assert "No call seen here" in text
    assert "1 of 2 days and models agree" in text


def test_an_invoice_can_be_found_again_by_everybody(project, admin):
    hand_in(admin, project, name="November")
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    text = viewer.get(f"/p/{project.slug}/costs/invoices/").text

    assert "November" in text
    assert "Check it" not in text


@pytest.mark.parametrize(
    ("text", "says"),
    [("a,b\n1,2\n", "No column for"), ("", "The file is empty"), ("date,model,cost\nx,y,z\n", "No row")],
)
def test_a_file_that_cannot_be_read_says_why(project, admin, text, says):
    answer = hand_in(admin, project, text)

    assert answer.status_code == 422
    assert says in answer.text


def test_names_in_the_file_are_never_markup(project, admin):
    quoted = MARKUP[1].replace('"', '""')

    text = hand_in(admin, project, f'date,model,cost\n2026-11-03,"{quoted}",5\n{quoted},m,1\n', name=MARKUP[0]).text

    assert "&lt;img" in text
    assert MARKUP[0] not in text
    assert MARKUP[1] not in text


def test_the_export_has_every_line_and_no_formula(project, admin):
    hand_in(admin, project, "date,model,cost\n2026-11-03,=1+1,5\n2026-11-04,m,2\n")
    invoice = CostInvoice.objects.get()

    answer = admin.get(f"/p/{project.slug}/costs/invoices/{invoice.pk}/export.csv")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))

    assert [(row["model"], row["charged_usd"], row["more_was"]) for row in rows] == [
        ("'=1+1", "5.000000000", "charged"), ("m", "2.000000000", "charged"),
    ]  # fmt: skip


def test_an_invoice_can_be_deleted(project, admin):
    hand_in(admin, project)

    admin.post(f"/p/{project.slug}/costs/invoices/{CostInvoice.objects.get().pk}/delete/")

    assert not CostInvoice.objects.exists()
