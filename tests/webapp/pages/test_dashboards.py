"""Charts and dashboards as pages."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import orjson
import pytest
from django.utils import timezone

from monitoring.dashboards.models import Dashboard, SavedChart
from projects.roles import Role
from tests.monitoring.analysis.factories import look
from tests.monitoring.factories import make_span, send
from tests.projects.factories import make_member, make_project, signed_in
from webapp.pages import dashboards_chart

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def browser(project):
    return signed_in(make_member(project=project, role=Role.EDITOR))


@pytest.fixture
def at(project):
    return lambda place="": f"/p/{project.slug}/dashboards/{place}"


@pytest.fixture
def traffic(project):
    now = timezone.now()
    spans = [
        make_span(at=now - HOUR, prompt="greet", version=version, took_ms=500, user="ann") for version in (1, 1, 2)
    ]
    send(project, *spans, make_span(at=now - 30 * HOUR, prompt="greet", version=1))


def keep(browser, at, **more):
    data = {"measure": "calls", "split": "version", "title": "Calls of versions", "name": "Money"}
    return browser.post(at("keep/"), data | more)


def test_a_chart_shows_its_parts_with_the_calls_behind_each(browser, at, traffic):
    page = browser.get(at("chart/?measure=calls&split=version&q=prompt:greet"))

    rows = page.context["drawn"].rows
    assert [(row.name, row.value) for row in rows] == [("greet v1", "2"), ("greet v2", "1")]
    assert "q=prompt%3Agreet+prompt_version%3A%22greet+v1%22" in rows[0].url


def test_a_chart_stands_beside_the_period_before(browser, at, traffic):
    page = browser.get(at("chart/?measure=calls&compare=1"))

    (row,) = page.context["drawn"].rows
    assert (row.value, row.before, row.change.direction) == ("3", "1", "up")
    assert "Period before" in page.text


def test_a_filter_that_makes_no_sense_is_named_and_left_out(browser, at, traffic):
    page = browser.get(at("chart/?q=promt:greet"))

    assert page.status_code == 422
    assert "There is no field promt" in page.text


def test_a_chart_asks_for_the_name_that_it_lacks(browser, at):
    assert "Name the score that counts." in browser.get(at("chart/?measure=score")).text


def test_too_much_to_read_is_said_and_no_failure(browser, at, traffic, project, monkeypatch):
    def never(**_):
        raise dashboards_chart.TookTooLong

    monkeypatch.setattr(dashboards_chart.numbers, "answer", never)

    page = browser.get(at("chart/?measure=users"))

    assert page.status_code == 200
    assert dashboards_chart.TOO_LONG in page.text


def test_the_numbers_of_a_chart_are_taken_away_as_a_table(browser, at, traffic):
    answer = browser.get(at("chart.csv?measure=calls&split=version&compare=1"))

    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    whole = rows[-2:]
    assert [(row["part"], row["calls"]) for row in whole] == [("greet v1", "2"), ("greet v2", "1")]
    assert sum(float(row["calls"] or 0) for row in rows[:-2]) == 3
    assert answer.headers["Content-Disposition"] == 'attachment; filename="callboard-chart.csv"'


def test_a_name_that_looks_like_a_formula_is_harmless_in_the_table(browser, at, project):
    send(project, make_span(at=timezone.now() - HOUR, prompt="=cmd()", version=1))

    assert b'"=cmd' not in browser.get(at("chart.csv?split=prompt")).getvalue()


def test_the_figure_has_the_same_numbers(browser, at, traffic):
    figure = orjson.loads(browser.get(at("chart.json?split=version")).content)

    assert {trace["name"]: sum(trace["y"]) for trace in figure["data"]} == {"greet v1": 2, "greet v2": 1}


def test_a_chart_is_saved_to_a_new_dashboard_and_drawn_there(browser, at, traffic, project):
    answer = keep(browser, at)

    dashboard = Dashboard.objects.get(project=project)
    assert answer.headers["Location"] == at(f"{dashboard.pk}/")
    page = browser.get(answer.headers["Location"])
    assert "Calls of versions" in page.text
    assert page.context["panels"][0].drawn.rows[0].name == "greet v1"


def test_the_second_click_of_a_double_click_leads_to_what_the_first_one_made(browser, at, project):
    first, second, other = keep(browser, at), keep(browser, at), keep(browser, at, measure="cost")

    assert second.headers["Location"] == first.headers["Location"]
    assert SavedChart.objects.filter(project=project).count() == 1
    # Another chart under a name that is taken is refused as ever.
    assert "chart/" in other.headers["Location"]


def test_a_dashboard_asks_for_charts_of_single_calls_one_by_one(browser, at, traffic, project):
    look(project)
    keep(browser, at, measure="users", split="")
    chart = SavedChart.objects.get(project=project)

    page = browser.get(at(f"{chart.dashboard_id}/?range=7d"))
    assert page.context["panels"][0].drawn is None
    assert f'hx-get="{at(f"{chart.dashboard_id}/charts/{chart.pk}/")}?range=7d"' in page.text

    part = browser.get(at(f"{chart.dashboard_id}/charts/{chart.pk}/?range=7d"))
    assert part.context["drawn"].rows[0].value == "1"


def test_a_link_keeps_the_time_and_the_environment(browser, at, project):
    keep(browser, at)
    dashboard = Dashboard.objects.get(project=project)

    page = browser.get(at(f"{dashboard.pk}/?range=7d&environment=staging&removed=3"))

    assert page.context["here_url"].endswith(at(f"{dashboard.pk}/?range=7d&environment=staging"))


def test_a_chart_is_changed_in_its_place(browser, at, project):
    keep(browser, at)
    chart = SavedChart.objects.get(project=project)

    keep(browser, at, measure="cost", title="Cost", chart=chart.pk)

    (changed,) = SavedChart.objects.filter(project=project)
    assert (changed.pk, changed.title, changed.measure) == (chart.pk, "Cost", "cost")


def test_a_removed_chart_and_a_deleted_dashboard_can_be_brought_back(browser, at, project):
    keep(browser, at)
    chart = SavedChart.objects.get(project=project)
    change, change_chart = at(f"{chart.dashboard_id}/change/"), at(f"{chart.dashboard_id}/charts/{chart.pk}/change/")

    gone = browser.post(change_chart, {"do": "remove"})
    assert "is removed" in browser.get(gone.headers["Location"]).text
    browser.post(change_chart, {"do": "restore"})
    assert browser.get(at(f"{chart.dashboard_id}/")).context["panels"]

    gone = browser.post(change, {"do": "delete"})
    assert "is deleted" in browser.get(gone.headers["Location"]).text
    assert browser.get(at(f"{chart.dashboard_id}/")).status_code == 404
    browser.post(change, {"do": "restore"})
    assert browser.get(at(f"{chart.dashboard_id}/")).status_code == 200


def test_charts_are_ordered_renamed_and_copied(browser, at, project):
    keep(browser, at, title="A")
    dashboard = Dashboard.objects.get(project=project)
    keep(browser, at, title="B", dashboard=dashboard.pk)
    first = SavedChart.objects.get(title="A", project=project)
    change = at(f"{dashboard.pk}/charts/{first.pk}/change/")

    for data in ({"do": "later"}, {"do": "rename", "title": "Z"}, {"do": "duplicate"}):
        browser.post(change, data)

    assert [chart.title for chart in dashboard.charts.kept().in_order()] == ["B", "Z", "Z (copy)"]


def test_viewers_look_and_change_nothing(browser, at, project):
    keep(browser, at)
    dashboard = Dashboard.objects.get(project=project)
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    page = viewer.get(at(f"{dashboard.pk}/"))

    assert page.status_code == 200
    assert "Rename" not in page.text
    assert viewer.post(at(f"{dashboard.pk}/change/"), {"do": "delete"}).status_code == 403


def test_what_is_refused_is_said_where_the_chart_was(browser, at, project):
    keep(browser, at)

    answer = browser.post(at("keep/"), {"measure": "cost", "name": "Money"}, follow=True)

    assert "There is a dashboard «Money» already" in answer.text
    assert answer.context["question"].measure.name == "cost"


def test_no_dashboard_is_made_for_a_chart_that_is_refused(browser, at, project):
    browser.post(at("keep/"), {"measure": "score", "name": "Nameless"})

    assert not Dashboard.objects.filter(project=project).exists()


def test_hostile_names_are_shown_as_text(browser, at, project):
    hostile = "<script>alert(1)</script>"
    keep(browser, at, title=hostile, name=hostile)
    send(project, make_span(at=timezone.now() - HOUR, prompt=hostile, version=1))

    page = browser.get(at(f"{Dashboard.objects.get(project=project).pk}/"))

    assert hostile not in page.text


def test_two_versions_are_compared_and_the_newest_two_are_shown_first(browser, at, project):
    at_noon = timezone.now() - HOUR
    for version in (1, 2, 3):
        spans = [
            make_span(
                at=at_noon, prompt="greet", version=version, user=f"user{place}", error="x" if version == 3 else ""
            )
            for place in range(30)
        ]
        send(project, *spans)
    look(project)

    page = browser.get(at("versions/"))

    assert (page.context["first"], page.context["second"]) == (2, 3)
    failed = next(line for line in page.context["lines"] if line.label == "Failed calls")
    assert (failed.first, failed.second, failed.verdict) == ("0%", "100%", "Worse")
    assert failed.difference.startswith("+100.0 points (+")


def test_a_prompt_with_one_version_has_nothing_to_compare(browser, at, project):
    send(project, make_span(at=timezone.now() - HOUR, prompt="greet", version=1))

    assert "Only one version was called" in browser.get(at("versions/")).text
