"""Checks are made, changed, tried and put away on their pages, without a word of code."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from evals.evaluators import definitions
from evals.evaluators.models import Evaluator
from projects.roles import Role
from prompt_registry import connections
from tests.evals.factories import add, make_dataset, make_editor
from tests.projects.factories import make_member, make_project, signed_in
from webapp.pages.evaluators_forms import FORMS
from webapp.pages.evaluators_judge_forms import JUDGE_FORMS

pytestmark = pytest.mark.django_db

CRITERIA = {
    "criterion-0-name": "Right", "criterion-0-definition": "It says 14 days.", "criterion-0-weight": "2",
    "criterion-1-name": "Polite", "criterion-1-definition": "The tone is friendly.", "criterion-1-weight": "1",
    "criterion-2-name": "Short", "criterion-2-definition": "At most 3 sentences.", "criterion-2-weight": "",
}  # fmt: skip


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def editor(project):
    return make_editor(project)


@pytest.fixture
def browser(editor):
    return signed_in(editor)


@pytest.fixture
def simulated(project, editor):
    return connections.add_simulated(project=project, by=editor)


def address(project, route, *more):
    return reverse(route, args=[project.slug, *more])


def make(project, by, **values):
    given = {"name": "Short", "kind": "length", "settings": {"most": 5}} | values
    return definitions.create(project=project, by=by, **given)


def new(browser, project, kind, **values):
    return browser.post(
        f"{address(project, 'evaluator-new')}?kind={kind}", {"name": "Mine", "description": "", **values}
    )


# The list


def test_an_empty_list_says_what_to_do(browser, project):
    page = browser.get(address(project, "evaluators")).text

    assert "Say what makes an answer good" in page
    assert "A first set" in page


def test_the_first_set_is_added_with_one_press(browser, project, simulated):
    browser.post(address(project, "evaluators-starters"))

    names = set(Evaluator.objects.for_project(project).values_list("name", flat=True))
    assert {"Is valid JSON", "Not too long", "No personal data", "Good answer"} <= names
    assert "first set" not in browser.get(address(project, "evaluators")).text


def test_without_a_provider_the_first_set_has_no_judge(browser, project):
    browser.post(address(project, "evaluators-starters"))

    assert not Evaluator.objects.filter(project=project, name="Good answer").exists()


def test_the_list_can_be_searched_and_shows_the_archive_apart(browser, project, editor):
    make(project, editor, name="Short")
    definitions.archive(evaluator=make(project, editor, name="Old one"), by=editor)

    assert "Old one" not in browser.get(address(project, "evaluators")).text
    assert "Old one" in browser.get(f"{address(project, 'evaluators')}?archive").text
    assert "Nothing found" in browser.get(f"{address(project, 'evaluators')}?q=xyzzy").text


def test_a_viewer_reads_checks_and_is_offered_nothing_to_change(project, editor):
    evaluator = make(project, editor)
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    assert "New check" not in viewer.get(address(project, "evaluators")).text
    page = viewer.get(address(project, "evaluator", evaluator.pk)).text
    assert "How it judges" in page
    assert address(project, "evaluator-change", evaluator.pk) not in page


# Making and changing


@pytest.mark.parametrize("kind", [*FORMS, *JUDGE_FORMS, "citation"])
def test_every_kind_has_a_form_with_its_own_fields(browser, project, simulated, kind):
    answer = browser.get(address(project, "evaluator-new"), {"kind": kind})

    assert answer.status_code == 200
    assert "Make the check" in answer.text


def test_the_kinds_are_offered_in_words(browser, project):
    page = browser.get(address(project, "evaluator-new")).text

    assert "Is easy to read" in page
    assert "Which answer is better" in page
    assert "schema" not in page.split("For answers that programs read")[0].lower()


def test_a_check_is_made_from_its_form(browser, project):
    answer = new(browser, project, "contains", wanted="none", texts="guarantee\n\n promise ")

    evaluator = Evaluator.objects.get(project=project, name="Mine")
    assert answer.headers["Location"] == address(project, "evaluator", evaluator.pk)
    assert definitions.current_of(evaluator).settings == {"wanted": "none", "texts": ["guarantee", "promise"]}


def test_what_cannot_work_is_said_and_nothing_is_lost(browser, project):
    answer = new(browser, project, "length", fewest="9", most="3")

    assert answer.status_code == 422
    assert "Swap the two numbers" in answer.text
    assert 'value="9"' in answer.text


def test_a_name_that_is_taken_is_said_at_the_name(browser, project, editor):
    make(project, editor, name="Mine")

    assert "Another check of this project has this name" in new(browser, project, "length", most="3").text


def test_a_share_is_typed_in_percent(browser, project):
    new(browser, project, "rouge-l", at_least="62.5")

    evaluator = Evaluator.objects.get(name="Mine")
    assert definitions.current_of(evaluator).settings == {"at_least": 0.625}
    assert 'value="62.5"' in browser.get(address(project, "evaluator-change", evaluator.pk)).text


def test_broken_json_is_named_with_its_line(browser, project):
    assert "line 2" in new(browser, project, "json", schema='{\n "type" "object"}').text


def test_a_rubric_is_made_of_named_criteria(browser, project, simulated):
    new(
        browser, project, "judge rubric", connection_id=simulated.pk, model="simulated-large", at_least="75", **CRITERIA
    )

    found = definitions.current_of(Evaluator.objects.get(name="Mine")).settings
    assert [one["name"] for one in found["criteria"]] == ["Right", "Polite", "Short"]
    assert [one["weight"] for one in found["criteria"]] == [2, 1, 1]
    assert found["at_least"] == 0.75


def test_a_rubric_with_two_criteria_says_why_that_is_too_few(browser, project, simulated):
    few = {name: value for name, value in CRITERIA.items() if "-2-" not in name}
    answer = new(
        browser, project, "judge rubric", connection_id=simulated.pk, model="simulated-large", at_least="75", **few
    )

    assert "3 to 7 criteria" in answer.text
    assert "It says 14 days." in answer.text


def test_a_provider_of_another_project_cannot_judge(browser, project, simulated, editor):
    other = connections.add_simulated(project=make_project(), by=editor)
    answer = new(browser, project, "judge own words", connection_id=other.pk, model="x", criterion="Good.")

    assert answer.status_code == 422
    assert not Evaluator.objects.exists()


def test_without_a_provider_the_form_of_a_judge_says_so(browser, project):
    assert (
        "No model provider is connected"
        in browser.get(address(project, "evaluator-new"), {"kind": "judge rubric"}).text
    )


def test_a_change_is_a_new_version_and_shown_as_difference(browser, project, editor):
    evaluator = make(project, editor)
    browser.post(address(project, "evaluator-change", evaluator.pk), {"most": "7"})

    evaluator.refresh_from_db()
    assert definitions.current_of(evaluator).settings == {"most": 7}
    page = browser.get(address(project, "evaluator-versions", evaluator.pk)).text
    assert "Version 2" in page
    assert "At most so many words" in page


def test_saving_without_a_change_makes_no_version(browser, project, editor):
    evaluator = make(project, editor)
    answer = browser.post(address(project, "evaluator-change", evaluator.pk), {"most": "5"}, follow=True)

    assert "Nothing changed" in answer.text
    assert evaluator.versions.count() == 1


def test_it_is_renamed_archived_and_brought_back(browser, project, editor):
    evaluator = make(project, editor)
    browser.post(address(project, "evaluator-rename", evaluator.pk), {"name": "Brief", "description": "Few words."})
    browser.post(address(project, "evaluator-archive", evaluator.pk))
    assert "Bring it back" in browser.get(address(project, "evaluator", evaluator.pk)).text
    browser.post(address(project, "evaluator-restore", evaluator.pk))

    evaluator.refresh_from_db()
    assert (evaluator.name, evaluator.archived_at) == ("Brief", None)


# Trying


def test_a_quick_check_answers_at_once(browser, project, editor):
    evaluator = make(project, editor)
    page = browser.post(
        address(project, "evaluator", evaluator.pk), {"output": "one two three four five six", "do": "check"}
    ).text

    assert "Does not pass" in page
    assert "The answer has 6 words." in page


def test_what_is_missing_is_said_as_an_error_and_not_as_a_score(browser, project, editor):
    evaluator = make(project, editor, kind="exact", settings={})
    page = browser.post(address(project, "evaluator", evaluator.pk), {"output": "x", "do": "check"}).text

    assert "No verdict" in page
    assert "no expected output" in page


def test_an_item_of_a_dataset_fills_the_form(browser, project, editor):
    evaluator = make(project, editor, kind="exact", settings={})
    dataset = make_dataset(project, by=editor)
    add(dataset, "How long?", expected_output="14 days")

    page = browser.get(address(project, "evaluator", evaluator.pk), {"dataset": dataset.pk, "item": 1}).text
    assert page.count("14 days") == 2


def test_an_item_of_another_project_fills_nothing(browser, project, editor):
    evaluator = make(project, editor, kind="exact", settings={})
    dataset = make_dataset()
    add(dataset, "Secret?", expected_output="14 days")

    assert (
        "14 days"
        not in browser.get(address(project, "evaluator", evaluator.pk), {"dataset": dataset.pk, "item": 1}).text
    )


def test_a_judge_shows_its_price_before_it_is_asked(browser, project, editor):
    connection = connections.create(project=project, name="Real", base_url="https://8.8.8.8/v1", by=editor)
    settings = {"connection_id": connection.pk, "model": "gpt-4.1", "criterion": "It is kind."}
    evaluator = make(project, editor, kind="judge own words", settings=settings)

    first = browser.get(address(project, "evaluator", evaluator.pk)).text
    priced = browser.post(address(project, "evaluator", evaluator.pk), {"output": "Hello", "do": "price"}).text

    assert "Show the price" in first
    assert "Ask the judge" not in first
    assert "gpt-4.1 is asked" in priced
    assert "Ask the judge" in priced


def test_a_viewer_does_not_spend_money(project, editor, simulated):
    settings = {"connection_id": simulated.pk, "model": "simulated-large", "criterion": "It is kind."}
    evaluator = make(project, editor, kind="judge own words", settings=settings)
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    assert viewer.post(address(project, "evaluator", evaluator.pk), {"output": "Hello", "do": "ask"}).status_code == 403


def test_a_judge_whose_provider_is_gone_says_so(browser, project, editor, simulated):
    settings = {"connection_id": simulated.pk, "model": "simulated-large", "criterion": "It is kind."}
    evaluator = make(project, editor, kind="judge own words", settings=settings)
    simulated.delete()

    page = browser.post(address(project, "evaluator", evaluator.pk), {"output": "Hello", "do": "price"}).text
    assert "no longer connected" in page


def test_hostile_text_is_shown_as_text(browser, project, editor):
    script = "<script>alert(1)</script>"
    evaluator = make(project, editor, name=f"Bad {script}", kind="contains", settings={"texts": [script]})

    page = browser.post(address(project, "evaluator", evaluator.pk), {"output": json.dumps(script), "do": "check"}).text
    assert script not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_check_that_an_answer_breaks_says_so(browser, project, editor, monkeypatch):
    evaluator = make(project, editor)
    monkeypatch.setattr("evals.evaluators.catalogue.build", lambda kind, settings: None)

    answer = browser.post(address(project, "evaluator", evaluator.pk), {"output": "x", "do": "check"})

    assert answer.status_code == 200
    assert "Something went wrong on this server while this was judged" in answer.text
