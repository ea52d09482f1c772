"""The report of a week: what is news in it, what is not, and that it says the same for ever."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from monitoring.analysis.flags import Flag
from monitoring.issues.fix_models import FixState, IssueFix
from monitoring.issues.models import Issue
from monitoring.weekly import markdown, reports, weeks, words
from monitoring.weekly.comparing import Verdict
from monitoring.weekly.figures import Figures
from projects.models import Project, WeeklyReport, WeeklyReportMail
from projects.roles import Role
from prompt_registry import contents, labels, prompts, versions
from prompt_registry.models import PRODUCTION, LabelMove
from tests.monitoring.factories import rate
from tests.monitoring.issue_factories import make_issue
from tests.monitoring.weekly.factories import MORNING, WEEK, plant
from tests.projects.factories import make_member, make_project, make_user

pytestmark = pytest.mark.django_db
BEFORE = WEEK.start - timedelta(days=3)


@pytest.fixture
def project() -> Project:
    return make_project(name="Nordwind")


def report(project: Project) -> reports.Report:
    return reports.report(project=project, week=WEEK, now=MORNING)


def verdicts(project: Project) -> dict[str, Verdict]:
    return {one.name: one.verdict for one in report(project).figures.measured}


def section(project: Project, title: str) -> list[str]:
    found = next(one for one in words.sections(report(project)) if one.title.startswith(title))
    return [" ".join(f"{line.text} {line.detail}".split()) for line in found.lines]


def test_more_refusals_are_told_with_their_interval(project):
    plant(project, at=BEFORE, people=100, flags=Flag.REFUSED, flagged=2)
    plant(project, people=100, flags=Flag.REFUSED, flagged=30)

    (line,) = section(project, "What got")

    assert line.startswith("More refusals: 30% of the answers refuse or dodge, 2% the week before, between ")
    assert "100 people or conversations this week" in line
    assert verdicts(project)["refused"] == Verdict.WORSE


def test_what_chance_does_is_not_told(project):
    plant(project, at=BEFORE, people=100, flags=Flag.REFUSED, flagged=4)
    plant(project, people=100, flags=Flag.REFUSED, flagged=6)

    assert section(project, "What got") == []
    assert "refusals" in words.unchanged(report(project).figures)


def test_slow_answers_and_dear_calls_are_told(project):
    plant(project, at=BEFORE, people=60, took_ms=800, cost_usd=0.01)
    plant(project, people=60, took_ms=2500, cost_usd=0.03)

    found = section(project, "What got")

    assert any(line.startswith("Slower answers: 100% of the answers took longer than") for line in found)
    assert any(line.startswith("Calls cost more: $30 per 1,000, $10 the week before") for line in found)


def test_thumbs_down_are_counted_by_rated_traces(project):
    for trace in plant(project, at=BEFORE, people=40):
        rate(project, trace, up=True)
    for trace in plant(project, people=40):
        rate(project, trace)

    assert verdicts(project)["disliked"] == Verdict.WORSE


def test_one_busy_person_is_no_news(project):
    plant(project, at=BEFORE, people=60)
    plant(project, people=60)
    plant(project, people=1, calls=80, flags=Flag.FAILED, flagged=1, prefix="storm")

    assert verdicts(project)["failed"] == Verdict.UNKNOWN


def test_few_people_are_too_few_to_tell(project):
    plant(project, at=BEFORE, people=5)
    plant(project, people=5, flags=Flag.FAILED, flagged=5)

    assert set(verdicts(project).values()) == {Verdict.UNKNOWN}
    assert words.summary(report(project)).startswith("Too few people to compare")


def test_calls_of_other_projects_do_not_count(project):
    plant(project, people=30)
    plant(make_project(), people=50)

    assert report(project).figures.spent.calls == 30


def test_proved_fixes_come_before_those_that_are_not_confirmed(project):
    shown = {"before": 0.061, "after": 0.019, "less_low": 0.031, "less_high": 0.053, "version": 12}
    make_fix(project, FixState.NOT_CONFIRMED, {"version": 4}, title="Wrong language", model="a")
    make_fix(project, FixState.VERIFIED, shown, title="Refunds refused", model="b")

    proved, other = section(project, "Fixes")

    assert "Proved gone" in proved
    assert "between 3.1 and 5.3 points less, caused by v12" in proved
    assert "Not confirmed" in other
    assert "Wrong language" in other


def test_open_issues_are_told_by_harm_with_the_title_they_have_now(project):
    plant(project, people=3)
    make_issue(project, number=1, title="Small", harm=3.0, model="a")
    make_issue(project, number=2, title="Great", harm=300.0, model="b")
    report(project)
    Issue.objects.filter(project=project, number=2).update(title="Renamed")

    found = section(project, "Open problems")

    assert [line.split(" ", 2)[1] for line in found] == ["Renamed", "Small"]
    assert "about 300 a week above what is usual" in found[0]


def test_what_went_live_is_told(project):
    user = make_member(project=project, role=Role.ADMIN, name="Dana")
    prompt = prompts.create(project=project, name="support/answer", type="text", by=user)
    version = versions.save(
        prompt=prompt, content=contents.parse({"type": "text", "text": "Answer {{question}}"}), by=user
    )
    labels.publish(prompt=prompt, version=version, label=PRODUCTION, by=user)
    LabelMove.objects.filter(project=project, label=PRODUCTION).update(moved_at=WEEK.start + timedelta(days=2))

    assert section(project, "Rollouts") == ["support/answer v1 was published by Dana."]


def test_money_is_told_by_prompt(project):
    plant(project, at=BEFORE, people=10, cost_usd=0.1)
    plant(project, people=20, cost_usd=0.1)

    assert section(project, "Money")[:2] == [
        "Calls: $2, $1 the week before. 20 calls, 10 the week before.", "support/answer: $2, $1 the week before.",
    ]  # fmt: skip


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "America/St_Johns"])
def test_no_hour_counts_for_two_weeks_wherever_they_begin(project, settings, zone):
    settings.REPORT_TIME_ZONE = ZoneInfo(zone)
    week = weeks.week_of(WEEK.monday, settings.REPORT_TIME_ZONE)
    for hours in range(-3, 4):
        plant(project, at=week.start + timedelta(hours=hours), people=1, cost_usd=1.0, prefix=f"at {hours}")

    figures = reports.figures_of(project=project, week=week, now=MORNING)

    assert figures.spent.calls + figures.spent.calls_before == 7
    assert (figures.spent.usd or 0) + (figures.spent.usd_before or 0) == pytest.approx(7.0)
    (prompt,) = figures.prompts
    assert prompt.calls + prompt.calls_before == 7


def test_a_week_is_counted_once_for_all_time(project):
    plant(project, people=30)
    first = report(project)

    plant(project, people=30, prefix="late")

    assert report(project).figures == first.figures
    assert WeeklyReport.objects.filter(project=project).count() == 1


def test_the_numbers_come_back_as_they_were_kept(project):
    plant(project, at=BEFORE, people=30)
    plant(project, people=30)
    figures = reports.figures_of(project=project, week=WEEK, now=MORNING)

    kept = reports.kept_of(project=project, week=WEEK, now=MORNING)
    kept.refresh_from_db()

    assert Figures.from_json(kept.figures) == figures


def test_a_week_whose_calls_are_partly_gone_is_compared_with_nothing(project):
    plant(project, at=BEFORE, people=60)
    plant(project, people=60, flags=Flag.REFUSED, flagged=30)
    # The first days of the week before are gone four weeks later.
    later = WEEK.start + timedelta(days=22)

    figures = reports.figures_of(project=project, week=WEEK, now=later)

    refused = next(one for one in figures.measured if one.name == "refused")
    assert (refused.verdict, refused.now, refused.before) == (Verdict.UNKNOWN, 0.5, None)


def test_a_week_that_goes_on_has_no_report(project):
    plant(project, people=3)

    assert reports.week_of(project=project, monday=WEEK.monday, now=WEEK.end - timedelta(seconds=1)) is None
    assert reports.week_of(project=project, monday=WEEK.monday, now=MORNING) == WEEK


def test_a_day_that_is_no_monday_has_no_report(project):
    assert reports.week_of(project=project, monday=WEEK.monday + timedelta(days=1), now=MORNING) is None


def test_the_database_keeps_reports_to_mondays_and_mails_in_their_project(project):
    with pytest.raises(IntegrityError), transaction.atomic():
        WeeklyReport.objects.create(project=project, monday=WEEK.monday + timedelta(days=1), figures={})
    kept = WeeklyReport.objects.create(project=project, monday=WEEK.monday, figures={})
    with pytest.raises(IntegrityError):
        tell_from(make_project(), kept)


def test_nothing_that_people_wrote_becomes_markup(project):
    plant(project, people=3)
    make_issue(project, title="[click](https://evil.example) <img src=x> **loud**\n# Heading")

    text = markdown.document(report(project))

    assert "\\[click\\]\\(https\\:\\/\\/evil" in text.replace("/", "\\/")
    assert "<img" not in text.replace("\\<img", "")
    assert "\n# Heading" not in text


def test_markdown_holds_every_part_and_links_to_the_page(project):
    plant(project, people=3)

    text = markdown.document(report(project))

    assert text.startswith(f"# Nordwind: week of {words.dates(WEEK)}\n")
    assert text.count("\n## ") == 5
    assert f"(http://testserver/p/{project.slug}/reports/{WEEK.monday}/)" in text


def make_fix(project: Project, state: str, verdict: dict[str, object], *, title: str, model: str) -> IssueFix:
    return IssueFix.objects.create(
        project=project, issue=make_issue(project, title=title, model=model), number=1, state=state, verdict=verdict,
        started_at=timezone.now(), ended_at=WEEK.start + timedelta(days=4),
    )  # fmt: skip


@transaction.atomic
def tell_from(project: Project, kept: WeeklyReport) -> None:
    WeeklyReportMail.objects.create(project=project, report=kept, user=make_user())
    connection.check_constraints()
