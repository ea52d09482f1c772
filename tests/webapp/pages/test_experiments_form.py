"""The form of a new test: what it is filled in with, what it warns of, and that it starts once."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from evals import datasets
from evals.evaluators.models import Evaluator, EvaluatorVersion
from evals.experiments.models import Experiment
from evals.experiments.plans import DRAFT, VERSION
from evals.models import Dataset
from projects import spending
from projects.models import Project, User
from projects.roles import Role
from prompt_registry import connections, drafts, labels
from prompt_registry.models import PRODUCTION, Prompt, ProviderConnection
from tests.evals.experiment_factories import make_evaluator_version, make_experiment
from tests.evals.factories import add, make_dataset
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_member, make_project, make_user, signed_in
from tests.prompt_registry.factories import make_prompt, make_version, text

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script> {{question}} {% now %}"


@pytest.fixture
def admin() -> User:
    return make_user(name="Dana")


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def simulated(project: Project, admin: User) -> ProviderConnection:
    return connections.add_simulated(project=project, by=admin)


@pytest.fixture
def prompt(project: Project, admin: User, simulated: ProviderConnection) -> Prompt:
    prompt = make_prompt(project, name="support/answer", type="text")
    version = make_version(prompt, text("Answer {{question}}"))
    labels.publish(prompt=prompt, version=version, label=PRODUCTION, by=admin)
    return prompt


@pytest.fixture
def draft(prompt: Prompt, admin: User) -> None:
    content = {"type": "text", "text": "Answer {{question}} briefly", "variables": [], "settings": {}}
    drafts.autosave(prompt=prompt, content=content, base_number=1, revision=0, by=admin)


@pytest.fixture
def dataset(project: Project) -> Dataset:
    dataset = make_dataset(project, name="support/questions")
    for question in ("Where is it?", "Do you ship?", "What is the price?"):
        add(dataset, question)
    return dataset


@pytest.fixture
def check(project: Project) -> EvaluatorVersion:
    return make_evaluator_version(project, "Short enough", kind="length", most=50)


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


def address(project: Project) -> str:
    return reverse("experiment-new", args=[project.slug])


def open_form(browser: Client, prompt: Prompt, **query: object) -> str:
    return browser.get(address(prompt.project), {"prompt": prompt.pk, **query}).text


def sent(prompt: Prompt, dataset: Dataset | None, *checks: EvaluatorVersion, **values: object) -> dict[str, object]:
    form = {
        "prompt": prompt.pk, "sent": "1", "what": ["1", "draft"], "dataset": dataset.pk if dataset else "",
        "check": [check.evaluator_id for check in checks], "cap": "2.00", "do": "start",
    }  # fmt: skip
    return form | values


def start(browser: Client, prompt: Prompt, dataset: Dataset | None, *checks: EvaluatorVersion, **values: object):
    return browser.post(address(prompt.project), sent(prompt, dataset, *checks, **values))


def chosen_in(page: str, name: str) -> list[str]:
    fields = re.findall(rf'<select[^>]* name="{name}".*?</select>', page, re.S)
    return re.findall(r'<option value="([^"]*)" selected', "".join(fields))


def test_it_begins_with_the_draft_against_what_is_live_on_the_fitting_dataset(browser, prompt, draft, dataset, check):
    page = open_form(browser, prompt)

    assert chosen_in(page, "what") == ["1", "draft"]
    assert chosen_in(page, "dataset") == [str(dataset.pk)]
    assert f'name="check" value="{check.evaluator_id}" checked' in page
    assert "<strong>Nothing</strong> (simulated)" in page
    assert "With 3 items no verdict is possible" in page


def test_it_begins_with_what_this_prompt_was_last_tested_on(project, browser, prompt, dataset, check):
    other = make_dataset(project, name="a/another")
    add(other)
    make_experiment(project, dataset=dataset, prompt=prompt, evaluators=())
    add(other)

    assert chosen_in(open_form(browser, prompt), "dataset") == [str(dataset.pk)]


def test_start_freezes_the_draft_as_it_is_then(browser, prompt, draft, dataset, check, admin):
    answer = start(browser, prompt, dataset, check)
    drafts.discard(prompt=prompt, by=admin, revision=1)

    experiment = Experiment.objects.get()
    assert answer.headers["Location"] == reverse("experiment", args=[prompt.project.slug, experiment.pk])
    assert [raw["kind"] for raw in experiment.variants] == [VERSION, DRAFT]
    assert experiment.variants[1]["content"]["text"] == "Answer {{question}} briefly"
    assert experiment.dataset_revision == dataset.revision
    assert (experiment.created_by, experiment.cap_nano_usd) == (admin, 2 * spending.NANO)


def test_the_same_form_sent_twice_makes_one_experiment(browser, prompt, draft, dataset, check):
    once = re.search(r'name="once" value="(\w+)"', open_form(browser, prompt)).group(1)

    first = start(browser, prompt, dataset, check, once=once)
    second = start(browser, prompt, dataset, check, once=once)

    assert first.headers["Location"] == second.headers["Location"]
    assert Experiment.objects.count() == 1


def test_a_start_that_was_refused_can_be_sent_again(browser, prompt, draft, dataset, check):
    refused = start(browser, prompt, dataset, check, once="a" * 32, cap="nothing")
    accepted = start(browser, prompt, dataset, check, once="a" * 32)

    assert (refused.status_code, accepted.status_code) == (422, 302)
    assert "Type what the test may cost at most" in refused.text


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"dataset": ""}, "Choose the items to test on first."),
        ({"what": ["7"]}, "no version 7"),
        ({"cap": "-1"}, "Type what the test may cost at most"),
        ({"check": []}, "Choose"),
    ],
    ids=["no dataset", "no such version", "no limit", "no check"],
)
def test_what_cannot_be_run_is_refused_with_what_to_do(browser, prompt, draft, dataset, check, values, sentence):
    answer = browser.post(address(prompt.project), sent(prompt, dataset, check) | values)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert not Experiment.objects.exists()


def test_everything_that_was_chosen_is_run(browser, project, prompt, draft, check):
    dataset = make_dataset(project)
    for number in range(12):
        add(dataset, split="test" if number else "train", metadata={"talk": str(number % 3)})

    start(
        browser, prompt, dataset, check, sampling=["once", "best-3"], repetitions="2", split="test", limit="10",
        grouped_by="talk", stops_early="on", name="Kinder?", note="Because",
    )  # fmt: skip

    experiment = Experiment.objects.get()
    assert [(raw["sampling"], raw["samples"]) for raw in experiment.variants] == [("once", 1), ("best of", 3)]
    assert (experiment.repetitions, experiment.split, experiment.item_count) == (2, "test", 10)
    assert (experiment.grouped_by, experiment.stops_early) == ("talk", True)
    assert (experiment.name, experiment.note) == ("Kinder?", "Because")


def test_without_items_real_calls_are_offered_and_become_a_dataset(browser, project, prompt, check):
    disliked = make_trace(
        project, prompt=prompt.name, version=1, asked="Where?", answered="Soon.",
        attributes={"gen_ai.prompt.variable.question": "Where?"},
    )  # fmt: skip
    rate(project, disliked)

    offer = open_form(browser, prompt)
    answer = browser.post(address(project), sent(prompt, None, do="calls"))

    made = Dataset.objects.get()
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert "1 real call" in offer
    assert (query["dataset"], query["what"]) == ([str(made.pk)], ["1", "draft"])
    assert made.items.get().input == {"question": "Where?"}


def test_without_calls_the_ways_to_items_are_named(browser, prompt):
    page = open_form(browser, prompt)
    answer = browser.post(address(prompt.project), sent(prompt, None, do="calls"), follow=True)

    assert "No application has called support/answer yet" in page
    assert "No application has called this prompt yet" in answer.text
    assert not Dataset.objects.exists()


def test_without_checks_the_usual_ones_are_a_click_away(browser, prompt, dataset):
    page = open_form(browser, prompt)
    answer = browser.post(address(prompt.project), sent(prompt, dataset, do="checks"), follow=True)

    assert "Add the usual checks" in page
    assert Evaluator.objects.count() == 3
    there = Evaluator.objects.get(name="There is an answer")
    assert f'name="check" value="{there.pk}" checked' in answer.text


def test_items_that_lack_a_blank_are_counted(browser, project, prompt, dataset, check):
    make_version(prompt, text("Answer {{question}} for {{shop}}"))
    add(dataset, input={"question": "Who?", "shop": "Nord"})

    page = open_form(browser, prompt, dataset=dataset.pk, what="2")

    assert "3 items lack a value for a blank." in page
    assert "«shop» in 3" in page


def test_checks_that_need_what_is_expected_are_named(browser, project, prompt, dataset):
    exact = make_evaluator_version(project, "Exactly right", kind="exact")

    page = browser.get(address(project), {"prompt": prompt.pk, "dataset": dataset.pk, "check": exact.evaluator_id}).text

    assert "3 items have no expected answer." in page
    assert "«Exactly right» cannot judge them." in page


def test_a_judge_of_the_same_family_is_pointed_out(browser, project, prompt, dataset):
    judge = make_evaluator_version(project, "Kind", kind="judge rubric", model="simulated-large")

    page = browser.get(address(project), {"prompt": prompt.pk, "dataset": dataset.pk, "check": judge.evaluator_id}).text

    assert "A judge is a relative of a tested model." in page


def test_a_draft_that_is_left_out_is_mentioned(browser, prompt, draft, dataset, check):
    assert "Your draft is not part of this test." in open_form(browser, prompt, what="1", dataset=dataset.pk)
    assert "Your draft is not part of this test." not in open_form(browser, prompt, dataset=dataset.pk)


def test_the_suggested_limit_follows_the_price_and_a_typed_one_stays(browser, prompt, dataset, check):
    follows = browser.post(
        address(prompt.project), sent(prompt, dataset, check, do="change", cap="1.00", suggested_cap="1.00")
    )
    stays = browser.post(
        address(prompt.project), sent(prompt, dataset, check, do="change", cap="7.50", suggested_cap="1.00")
    )

    assert 'name="cap" value="1.00"' in follows.text
    assert 'name="cap" value="7.50"' in stays.text


def test_htmx_gets_the_form_alone(browser, prompt, draft, dataset, check):
    answer = browser.post(
        address(prompt.project), sent(prompt, dataset, check, do="add"), headers={"HX-Request": "true"}
    )

    assert answer.text.lstrip().startswith('<form id="test-form"')
    assert len(chosen_in(answer.text, "what")) == 3


def test_words_of_people_stay_words(browser, project, prompt, draft, admin):
    dataset = datasets.create(project=project, name=HOSTILE.replace("|", "").replace("/", "-"), by=admin)
    add(dataset)
    hostile = make_evaluator_version(project, HOSTILE, kind="length", most=5)

    page = start(browser, prompt, dataset, hostile, name=HOSTILE, note=HOSTILE, cap="none").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_without_a_prompt_one_is_chosen_first(browser, prompt):
    page = browser.get(address(prompt.project)).text

    assert "Which prompt do you want to test?" in page
    assert "support/answer" in page


def test_a_viewer_is_told_whom_to_ask(project, prompt):
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    assert viewer.get(address(project), {"prompt": prompt.pk}).status_code == 403


def test_a_dataset_of_another_project_cannot_be_chosen(browser, prompt, draft, check):
    foreign = make_dataset(make_project())
    add(foreign)

    assert start(browser, prompt, foreign, check).status_code == 422


def test_a_prompt_that_is_put_away_is_not_tested(browser, prompt, admin):
    from prompt_registry import prompts

    prompts.archive(prompt=prompt, by=admin)

    assert browser.get(address(prompt.project), {"prompt": prompt.pk}).status_code == 302


@pytest.mark.parametrize(("place", "left"), [("1", ["1"]), ("²", ["1", "draft"]), ("9" * 5000, ["1", "draft"])],
    ids=["a column", "a raised figure", "a very long number"])  # fmt: skip
def test_only_a_column_that_is_there_can_be_taken_away(browser, prompt, draft, dataset, place, left):
    answer = browser.post(address(prompt.project), sent(prompt, dataset, do=f"drop-{place}"))

    assert chosen_in(answer.text, "what") == left
