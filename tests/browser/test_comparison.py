"""The result of a test by keyboard: jumping between items, unfolding one, the words that differ, disagreeing, keeping."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from evals.experiments.models import Experiment, ExperimentCell, ExperimentDisagreement
from evals.models import DatasetItem
from projects.models import Project
from tests.evals.experiment_factories import items_of, make_judged

XSS = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>"


@pytest.fixture
def experiment(project: Project) -> Experiment:
    experiment = make_judged({"Correct": ["1111111111", "01101111x1"], "Polite": ["0111111111", "1111111111"]}, project)
    cells = ExperimentCell.objects.filter(experiment=experiment, state="done")
    cells.filter(column=0).update(output=f"The parcel arrives on Monday. {XSS}")
    cells.filter(column=1).update(output=f"The parcel arrives on Tuesday. {XSS}")
    return experiment


def where(experiment: Experiment) -> str:
    return reverse("experiment", args=[experiment.project.slug, experiment.pk])


def test_the_result_is_read_by_keyboard(page: Page, experiment: Experiment):
    worst = items_of(experiment)[3].number
    page.goto(where(experiment))

    page.keyboard.press("w")
    expect(page.locator(f"#item-{worst}")).to_have_class(re.compile("is-cursor"))
    page.keyboard.press("Space")
    whole = page.locator(f"#whole-{worst}")
    expect(whole.locator("article")).to_have_count(2)
    page.keyboard.press("d")
    expect(whole.locator("del").first).to_have_text("Monday")
    page.keyboard.press("l")
    expect(whole.locator("[data-disagree]:focus")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(whole.get_by_text("Disagrees: Dana Ortiz")).to_be_visible()
    page.locator(f"#item-{worst} .row-link").focus()
    page.keyboard.press("Space")

    expect(whole).to_be_empty()
    page.keyboard.press("e")
    expect(page.locator(".is-cursor")).to_have_attribute("data-kind", "failed")
    assert ExperimentDisagreement.objects.filter(cell__experiment=experiment).count() == 1
    assert page.title() != "hacked"


def test_what_got_worse_is_two_clicks_away_from_being_an_item(page: Page, experiment: Experiment):
    page.goto(where(experiment))

    page.get_by_role("link", name="Look at what got worse").click()
    expect(page.locator("tr[data-kind]")).to_have_count(1)
    page.locator("[data-expand]").click()
    page.get_by_label("What is expected from now on").select_option(label="Expects the answer of A")
    page.get_by_role("button", name="Save as item").click()

    expect(page.get_by_text("Kept in")).to_be_visible()
    kept = DatasetItem.objects.current().filter(dataset=experiment.dataset_id).latest("pk")
    assert str(kept.expected_output).startswith("The parcel arrives on Monday.")
