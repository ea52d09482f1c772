"""The form of a replay with its price, and the result on the page of its test."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evals.experiments.models import Experiment
from monitoring.analysis.flags import Flag
from projects.models import Project, User
from projects.roles import Role
from prompt_registry import connections, drafts, labels
from prompt_registry.models import PRODUCTION, Prompt, ProviderConnection
from tests.evals.experiment_factories import make_evaluator_version, make_judged, make_variant
from tests.evals.replays.factories import PROMPT, make_call
from tests.monitoring.issue_factories import make_cluster
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
    prompt = make_prompt(project, name=PROMPT, type="text")
    version = make_version(prompt, text("Answer {{question}}"))
    labels.publish(prompt=prompt, version=version, label=PRODUCTION, by=admin)
    return prompt


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


def address(prompt: Prompt) -> str:
    return reverse("prompt-replay", args=[prompt.project.slug, prompt.pk])


def write_draft(prompt: Prompt, by: User, words: str = "Answer {{question}} briefly") -> None:
    content = {"type": "text", "text": words, "variables": [], "settings": {}}
    drafts.autosave(prompt=prompt, content=content, base_number=1, revision=0, by=by)


def start(browser: Client, prompt: Prompt, **values: object):
    form = {
        "sent": "1",
        "what": "1",
        "days": "1",
        "size": "50",
        "check": ["refused", "long_winded"],
        "cap": "1.00",
        "do": "start",
    }
    return browser.post(address(prompt), form | values)


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_form_says_how_many_calls_there_were_and_what_the_replay_costs(project, prompt, browser):
    topic = make_cluster(project, name="Returns")
    for number in range(3):
        make_call(project, f"Can I return {number}?", topic=topic, flags=Flag.REFUSED if number else 0)

    page = browser.get(address(prompt)).text

    assert "3 calls , 2 of them with a problem" in plain(page)
    assert "<strong>Nothing</strong> (simulated)" in page
    assert "Start the replay" in page


def test_it_begins_with_the_draft(prompt, browser, admin, project):
    make_call(project, "Where is it?")
    write_draft(prompt, admin)

    assert re.search(r'<option value="draft" selected>', browser.get(address(prompt)).text)


def test_an_address_can_name_a_version(prompt, browser, admin, project):
    make_call(project, "Where is it?")
    write_draft(prompt, admin)

    assert re.search(r'<option value="1" selected>v1 live', browser.get(address(prompt) + "?what=1").text)


def test_another_size_is_priced_anew(prompt, browser, project):
    for number in range(60):
        make_call(project, f"Where is parcel {number}?")

    form = {"sent": "1", "size": "50", "check": "refused", "do": "change"}
    page = browser.post(address(prompt), form, headers={"HX-Request": "true"}).text

    assert "50 are asked again, some of every topic" in plain(page)
    assert re.search(r"Questions to models</dt><dd>50<", page)


def test_without_calls_of_a_day_those_of_a_week_are_offered(prompt, browser, project):
    make_call(project, "Where is it?", at=timezone.now() - timedelta(days=3))

    page = browser.get(address(prompt)).text

    assert "No calls in the last 24 hours" in page
    assert "?days=7" in page
    assert "1 call" in plain(browser.get(address(prompt) + "?days=7").text)


def test_without_calls_of_a_week_it_says_how_calls_arrive(prompt, browser):
    page = browser.get(address(prompt) + "?days=7").text

    assert "No calls in the last 7 days" in page
    assert reverse("start", args=[prompt.project.slug]) in page


def test_a_start_leads_to_the_test_whose_first_column_is_what_was_answered(prompt, browser, project):
    make_call(project, "Where is it?", "It is on its way.")

    answer = start(browser, prompt)

    experiment = Experiment.objects.get()
    assert answer.url == reverse("experiment", args=[project.slug, experiment.pk])
    page = browser.get(answer.url).text
    assert "As answered" in page
    assert "The result stands here when the last answer is in." in page
    assert experiment.evaluators.count() == 2


def test_the_same_form_sent_twice_starts_one(prompt, browser, project):
    make_call(project, "Where is it?")
    once = "0" * 32

    start(browser, prompt, once=once)
    start(browser, prompt, once=once)

    assert Experiment.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [({"check": []}, "Choose at least one check"), ({"cap": "much"}, "Type what the replay may cost at most")],
)
def test_a_form_with_something_missing_says_what(prompt, browser, project, values, words):
    make_call(project, "Where is it?")

    answer = start(browser, prompt, **values)

    assert answer.status_code == 422
    assert words in answer.text
    assert not Experiment.objects.exists()


def test_blanks_that_calls_did_not_fill_are_named_before_the_start(prompt, browser, admin, project):
    make_call(project, "Where is it?")
    write_draft(prompt, admin, "Answer {{question}} in the tone {{tone}}")

    assert "«tone» in 1 of 1 calls" in browser.get(address(prompt)).text


def test_checks_of_the_project_that_look_for_the_same_are_used(prompt, browser, project):
    make_call(project, "Where is it?")
    own = make_evaluator_version(project, "Short enough", kind="length", most=40)

    start(browser, prompt, check=["long_winded"])

    assert list(Experiment.objects.get().evaluator_versions.all()) == [own]


def test_hostile_questions_and_topics_are_text(prompt, browser, project):
    make_call(project, HOSTILE, topic=make_cluster(project, name=HOSTILE))
    for number in range(6):
        make_call(project, f"Other {number}?", HOSTILE, topic=make_cluster(project, name=f"{HOSTILE} {number}"))

    page = browser.get(address(prompt)).text
    start(browser, prompt)
    result = browser.get(reverse("experiment", args=[project.slug, Experiment.objects.get().pk])).text

    assert "<script>alert(1)" not in page + result


def replayed(project: Project, prompt: Prompt, then: str, now: str, **values: object) -> Experiment:
    """Return a replay by a check for refusals, with one sign for each question."""
    check = make_evaluator_version(project, "No refusal", kind="refusal")
    variants = [make_variant(1, kind="recorded", is_live=False, label="As answered"), make_variant(1)]
    return make_judged({"Any": [then, now]}, project, prompt=prompt, variants=variants, evaluators=[check], **values)


def result_of(browser: Client, experiment: Experiment) -> str:
    return browser.get(reverse("experiment", args=[experiment.project.slug, experiment.pk])).text


def test_the_result_says_what_it_means_for_the_traffic(prompt, browser, project):
    experiment = replayed(project, prompt, "0" * 10 + "1" * 30, "1" * 40)

    page = result_of(browser, experiment)

    assert "Better: with v1 live fewer calls would have had a problem (refusals)." in page
    assert "Of 40 calls about 25% got an answer that refuses; with v1 live about 0% would: between" in plain(page)
    assert f"{address(prompt)}?what=1" in page


def test_the_result_is_divided_by_topic_and_says_where_there_are_few(prompt, browser, project):
    experiment = replayed(project, prompt, "0" * 30, "1" * 25 + "0" * 5)
    for number, item in enumerate(experiment.dataset.items.by_number()):
        topic = {"topic": "Returns", "topic_id": 1} if number < 25 else {"topic": HOSTILE, "topic_id": 2}
        item.metadata = {"stands_for": 4, **topic}
        item.save()

    page = result_of(browser, experiment)

    table = plain(page[page.index("Topic by topic") :])
    assert "Returns 100 100% → 0% rarer" in table
    assert "few: 5 questions 20 100% → 100% not clear" in table
    assert "<script>alert(1)" not in page


def test_a_replay_that_was_stopped_says_that_the_result_is_a_part(prompt, browser, project):
    experiment = replayed(project, prompt, "0" * 12, "1" * 6 + "-" * 6, state="cancelled")

    assert "This is a part of the result." in result_of(browser, experiment)


def test_answers_of_real_calls_cannot_be_published(prompt, browser, project):
    experiment = make_judged(
        {"Kind": ["10", "11"]}, project, prompt=prompt,
        variants=[make_variant(1, kind="recorded", label="As answered"), make_variant(1)],
    )  # fmt: skip

    answer = browser.post(reverse("experiment-use", args=[project.slug, experiment.pk]), {"column": 0}, follow=True)

    assert "These are the answers of real calls" in answer.text


def test_a_viewer_cannot_open_the_form(prompt, project):
    viewer = make_member(project=project, role=Role.VIEWER)

    assert signed_in(viewer).get(address(prompt)).status_code == 403


def test_a_prompt_that_is_put_away_is_not_replayed(prompt, browser):
    prompt.archived_at = timezone.now()
    prompt.save()

    assert browser.get(address(prompt)).url == reverse("prompt", args=[prompt.project.slug, prompt.pk])


def test_the_editor_keeps_what_was_written_and_leads_to_the_replay(prompt, browser, project):
    written = {"content": "Answer {{question}} kindly", "base": "1", "revision": "0", "do": "replay"}

    answer = browser.post(reverse("prompt", args=[project.slug, prompt.pk]), written)

    assert answer.url == address(prompt)
    assert prompt.drafts.get().content["text"] == "Answer {{question}} kindly"


def test_what_only_new_answers_could_fail_is_not_offered(prompt, browser, project):
    make_call(project, "Where is it?")
    make_evaluator_version(project, "Keeps secrets", kind="personal data")

    page = browser.get(address(prompt)).text

    assert "Keeps secrets" not in page
    assert "No personal data" not in page


def test_unsupported_answers_are_looked_for_when_calls_were_given_documents(prompt, browser, project):
    make_call(project, "Where is it?")
    without = browser.get(address(prompt)).text
    make_call(project, "How long?", documents="You can return goods within 30 days.")

    page = browser.get(address(prompt)).text

    assert 'value="unsupported"' not in without
    assert 'name="check" value="unsupported" checked' in page
