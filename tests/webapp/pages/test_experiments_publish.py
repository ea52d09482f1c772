"""What the page before a publish says about tests, and how a trial becomes a test."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from evals.models import Dataset
from projects.models import Project, User
from prompt_registry import connections, contents, labels, trials
from prompt_registry.models import PRODUCTION, Prompt, PromptVersion
from prompt_registry.trial_models import Trial
from prompt_registry.trial_plans import DRAFT, VERSION, TrialInput, Variant
from tests.evals.experiment_factories import make_experiment, make_judged, make_variant
from tests.projects.factories import make_project, make_user, signed_in
from tests.prompt_registry.factories import make_prompt, make_version, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user(name="Dana")


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def prompt(project: Project, admin: User) -> Prompt:
    prompt = make_prompt(project, name="support/answer", type="text")
    live = make_version(prompt, text("Answer {{question}}"))
    labels.publish(prompt=prompt, version=live, label=PRODUCTION, by=admin)
    make_version(prompt, text("Answer {{question}} kindly"))
    return prompt


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


def publish_page(browser: Client, prompt: Prompt, number: int = 2) -> str:
    return browser.get(reverse("prompt-publish", args=[prompt.project.slug, prompt.pk]), {"version": number}).text


def let_test(prompt: Prompt, before: str, after: str) -> None:
    variants = [
        make_variant(version.number, content=_content(version)) for version in prompt.versions.order_by("number")
    ]
    make_judged({"Correct": [before, after]}, prompt.project, prompt=prompt, variants=variants)


def _content(version: PromptVersion) -> dict[str, object]:
    return contents.of_version(version).to_json()


def test_an_untested_version_is_said_to_be_untested_with_a_way_to_test_it(browser, prompt):
    page = publish_page(browser, prompt)

    assert "This text was not tested against v1, which is live." in page
    assert "Test v2 against v1" in page
    assert f"?prompt={prompt.pk}&amp;what=1&amp;what=2" in page
    assert "accepted" not in page


def test_where_tests_are_usual_a_forgotten_one_needs_a_tick(browser, prompt):
    make_experiment(prompt.project, prompt=prompt, evaluators=())

    page = publish_page(browser, prompt)
    refused = browser.post(
        reverse("prompt-publish", args=[prompt.project.slug, prompt.pk]) + "?version=2", {"expected": "1"}
    )

    assert 'name="accepted"' in page
    assert refused.status_code == 422


def test_a_better_version_is_said_to_be_better(browser, prompt):
    let_test(prompt, "0" * 40, "1" * 40)

    page = publish_page(browser, prompt)

    assert "Tested against v1" in page
    assert ": better." in page
    assert "Read the test" in page
    assert 'name="accepted"' not in page


def test_a_worse_version_needs_a_tick(browser, prompt):
    let_test(prompt, "1" * 40, "0" * 40)

    page = publish_page(browser, prompt)

    assert ": worse." in page
    assert 'name="accepted"' in page


def test_a_test_of_another_text_does_not_count(browser, prompt):
    let_test(prompt, "0" * 40, "1" * 40)
    make_version(prompt, text("Answer {{question}} never"))

    assert "This text was not tested against v1" in publish_page(browser, prompt, 3)


def test_the_first_version_has_nothing_to_be_tested_against(browser, project):
    prompt = make_prompt(project, type="text")
    make_version(prompt, text("Answer {{question}}"))

    page = publish_page(browser, prompt, 1)

    assert "Nothing to compare with yet." in page
    assert "was not tested" not in page


# A trial becomes a test


@pytest.fixture
def trial(prompt: Prompt, admin: User) -> Trial:
    connection = connections.add_simulated(project=prompt.project, by=admin)
    shared = {
        "is_live": False, "connection_id": connection.pk, "connection_name": connection.name, "model": "simulated-fast",
        "is_simulated": True,
    }  # fmt: skip
    variants = [
        Variant(kind=VERSION, number=1, content=text("Answer {{question}}").to_json(), **shared),
        Variant(kind=DRAFT, number=1, content=text("Answer {{question}} as tried").to_json(), **shared),
    ]
    inputs = [TrialInput({"question": "Where?"}), TrialInput({"question": "When?"})]
    return trials.create(prompt=prompt, inputs=inputs, variants=variants, by=admin)


def make_test(browser: Client, trial: Trial, **form: object):
    address = reverse("trial-test", args=[trial.project.slug, trial.prompt_id, trial.pk])
    return browser.post(address, {"dataset": "new", "name": "support/tried", **form})


def test_the_grid_offers_to_become_a_test(browser, trial):
    page = browser.get(reverse("trial", args=[trial.project.slug, trial.prompt_id, trial.pk])).text

    assert "Make this a test" in page


def test_its_inputs_become_items_and_its_columns_texts(browser, trial):
    answer = make_test(browser, trial)

    dataset = Dataset.objects.get()
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    page = browser.get(answer.headers["Location"]).text
    assert [item.input for item in dataset.items.by_number()] == [{"question": "Where?"}, {"question": "When?"}]
    assert query["dataset"] == [str(dataset.pk)]
    assert query["what"] == [f"tried-{trial.pk}-0", f"tried-{trial.pk}-1"]
    assert "Draft as you tried it" in page or "My draft as you tried it" in page


def test_a_text_that_was_tried_is_tested_as_it_was_then(browser, trial):
    from evals.experiments.models import Experiment
    from tests.evals.experiment_factories import make_evaluator_version

    check = make_evaluator_version(trial.project, kind="length", most=50)
    query = parse_qs(urlsplit(make_test(browser, trial).headers["Location"]).query)
    form = {**query, "sent": "1", "check": check.evaluator_id, "cap": "1", "do": "start"}
    browser.post(reverse("experiment-new", args=[trial.project.slug]), form)

    experiment = Experiment.objects.get()
    assert experiment.variants[1]["content"]["text"] == "Answer {{question}} as tried"


def test_a_name_that_is_taken_is_refused_and_nothing_is_kept(browser, trial):
    make_test(browser, trial)

    again = make_test(browser, trial)

    assert again.status_code == 422
    assert Dataset.objects.count() == 1


def test_the_columns_of_a_trial_of_another_prompt_cannot_be_tested(browser, trial, project):
    other = make_prompt(project, type="text")
    make_version(other, text("Answer {{question}}"))

    page = browser.get(
        reverse("experiment-new", args=[project.slug]), {"prompt": other.pk, "what": f"tried-{trial.pk}-0"}
    ).text

    assert "The trial that this text comes from is gone." in page
