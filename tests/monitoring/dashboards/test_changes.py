"""Dashboards are kept for the whole project: made, named, ordered, copied, deleted and brought back."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection

from monitoring.dashboards import changes, questions
from monitoring.dashboards.models import Dashboard, SavedChart
from monitoring.errors import DashboardRefused
from monitoring.exploring import language
from projects.models import AuditEvent
from tests.projects.factories import make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return make_user()


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def money(project, ann):
    return changes.create(project=project, name="Money", by=ann)


def keep(dashboard, ann, title="", **values):
    return changes.keep(dashboard=dashboard, question=questions.read(values), title=title, by=ann)


def titles(dashboard):
    return [chart.title for chart in dashboard.charts.kept().in_order()]


def test_a_chart_is_kept_as_it_was_asked_and_called_by_what_it_shows(money, ann):
    asked = {"measure": "p95", "q": "prompt:greet -model:old", "split": "metadata", "key": "plan", "compare": "1"}

    chart = keep(money, ann, **asked)

    assert SavedChart.objects.get(pk=chart.pk).values == asked
    assert chart.title == "95 of 100 answered within (p95), by metadata plan"


def test_a_filter_that_is_longer_written_out_than_typed_is_refused_when_it_cannot_be_kept(money, ann):
    typed = " ".join(f"env:{number:062d}" for number in range(29))
    assert len(typed) < language.MOST_CHARS

    with pytest.raises(DashboardRefused, match="too long to be kept"):
        keep(money, ann, q=typed)


def test_a_filter_is_kept_without_what_makes_no_sense_in_it(money, ann):
    assert keep(money, ann, q="promt:greet version:>=2").line == "version:>=2"


@pytest.mark.parametrize("values", [{"measure": "score"}, {"split": "metadata"}])
def test_a_chart_that_lacks_a_name_is_not_kept(money, ann, values):
    with pytest.raises(DashboardRefused, match="Name the"):
        keep(money, ann, **values)


@pytest.mark.parametrize(
    ("moved", "steps", "order"),
    [("A", 1, "BAC"), ("C", -1, "ACB"), ("A", -1, "ABC"), ("C", 5, "ABC"), ("C", -9, "CAB")],
)
def test_charts_are_put_in_another_order(money, ann, moved, steps, order):
    charts = {title: keep(money, ann, title) for title in "ABC"}

    changes.move_chart(chart=charts[moved], steps=steps, by=ann)

    assert titles(money) == list(order)


def test_a_chart_that_is_removed_comes_back_where_it_was(money, ann):
    charts = [keep(money, ann, title) for title in "ABC"]

    changes.delete_chart(chart=charts[1], by=ann)
    assert titles(money) == ["A", "C"]

    changes.bring_back_chart(chart=charts[1], by=ann)
    assert titles(money) == ["A", "B", "C"]


def test_a_copy_of_a_chart_stands_right_after_it(money, ann):
    charts = [keep(money, ann, title, measure="cost") for title in "ABC"]

    copy = changes.duplicate_chart(chart=charts[0], by=ann)

    assert titles(money) == ["A", "A (copy)", "B", "C"]
    assert copy.values == charts[0].values


def test_a_chart_can_show_something_else_where_it_is(money, ann):
    charts = [keep(money, ann, title) for title in "AB"]

    changes.replace_chart(
        chart=charts[0], question=questions.read({"measure": "cost", "split": "model"}), title="Cost", by=ann
    )

    assert titles(money) == ["Cost", "B"]
    assert SavedChart.objects.get(pk=charts[0].pk).values == {"measure": "cost", "split": "model"}


def test_a_copy_of_a_dashboard_has_the_same_charts_and_lives_on_its_own(money, ann):
    first = keep(money, ann, "A")
    keep(money, ann, "B")

    copy = changes.duplicate(dashboard=money, by=ann)
    again = changes.duplicate(dashboard=money, by=ann)
    changes.delete_chart(chart=first, by=ann)

    assert (copy.name, again.name) == ("Money (copy)", "Money (copy 2)")
    assert titles(copy) == ["A", "B"]
    assert titles(money) == ["B"]


def test_a_dashboard_that_is_deleted_comes_back_with_its_charts(project, money, ann):
    keep(money, ann, "A")

    changes.delete(dashboard=money, by=ann)
    assert not Dashboard.objects.for_project(project).kept().exists()

    changes.bring_back(dashboard=money, by=ann)
    assert titles(Dashboard.objects.for_project(project).kept().get()) == ["A"]


def test_two_dashboards_of_a_project_never_have_the_same_name(project, money, ann):
    other = changes.create(project=project, name="Speed", by=ann)

    with pytest.raises(DashboardRefused, match="already"):
        changes.create(project=project, name=" Money ", by=ann)
    with pytest.raises(DashboardRefused, match="already"):
        changes.rename(dashboard=other, name="Money", by=ann)

    changes.delete(dashboard=money, by=ann)
    changes.rename(dashboard=other, name="Money", by=ann)
    with pytest.raises(DashboardRefused, match="by now"):
        changes.bring_back(dashboard=money, by=ann)


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\x00b"])
def test_a_dashboard_needs_a_name_that_can_be_kept(project, ann, name):
    with pytest.raises(DashboardRefused):
        changes.create(project=project, name=name, by=ann)


def test_there_are_so_many_charts_on_a_dashboard_and_no_more(money, ann, monkeypatch):
    monkeypatch.setattr(changes, "MOST_CHARTS", 2)
    charts = [keep(money, ann, title) for title in "AB"]

    with pytest.raises(DashboardRefused, match="2 charts"):
        keep(money, ann, "C")
    with pytest.raises(DashboardRefused, match="2 charts"):
        changes.duplicate_chart(chart=charts[0], by=ann)


def test_the_database_refuses_a_chart_on_a_dashboard_of_another_project(money, ann):
    chart = keep(money, ann)

    elsewhere = make_project()

    SavedChart.objects.filter(pk=chart.pk).update(project=elsewhere)

    with pytest.raises(IntegrityError):
        connection.check_constraints()


def test_what_is_noted_of_a_change_never_names_whom_the_filter_is_about(money, ann):
    keep(money, ann, "Ann's calls", q="user:ann-the-user")

    events = AuditEvent.objects.filter(project=money.project)
    assert [event.action for event in events.order_by("pk")][-2:] == ["dashboard.created", "dashboard.chart_added"]
    assert "ann-the-user" not in str([(event.subject, event.details) for event in events])
