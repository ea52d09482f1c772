"""The way of a fix on the page of an issue: what exists is ticked, and what was done elsewhere is said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evals.experiments.models import Experiment
from evals.models import DatasetItem
from monitoring.analysis.flags import Flag
from monitoring.issues import changes, fix_following, fixes
from monitoring.issues.fix_models import FixState, IssueFix
from monitoring.issues.models import Happening, Issue, IssueEvent, IssueState
from projects.models import Project, User
from projects.roles import Role
from prompt_registry import labels
from prompt_registry.models import Prompt
from tests.evals.experiment_factories import answer, make_evaluator_version, make_experiment, make_variant
from tests.monitoring.issue_factories import make_issue, make_looked_at
from tests.projects.factories import make_member, make_project, signed_in
from tests.prompt_registry.factories import make_prompt, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def editor(project: Project) -> User:
    return make_member(project=project, role=Role.EDITOR, name="Dana Ortiz")


@pytest.fixture
def client(editor: User) -> Client:
    return signed_in(editor)


@pytest.fixture
def prompt(project: Project) -> Prompt:
    prompt = make_prompt(project, name="support/refund-answer")
    version = make_version(prompt)
    labels.publish(prompt=prompt, version=version, label="production", by=make_member(project=project, role=Role.ADMIN))
    return prompt


@pytest.fixture
def issue(project: Project, prompt: Prompt, editor: User) -> Issue:
    made = make_issue(project, prompt_name=prompt.name)
    changes.start_fix(issue=made, by=editor)
    return made


def page(issue: Issue, name: str = "issue") -> str:
    return reverse(name, args=[issue.project.slug, issue.number])


def states(client: Client, issue: Issue) -> dict[str, str]:
    return {tick.name: tick.state for tick in client.get(page(issue)).context["path"].ticks}


def fix_of(issue: Issue) -> IssueFix:
    return IssueFix.objects.get(issue=issue)


def make_calls_to_choose(project: Project, count: int = 8) -> None:
    for place in range(count):
        make_looked_at(
            project, flags=Flag.REFUSED, asked=f"May I return it after {place + 31} days?", answered="I cannot help."
        )
        make_looked_at(project, asked=f"May I return it after {place} days?", answered="Of course.")


def test_the_first_step_is_next_when_a_fix_begins(client, issue):
    assert states(client, issue)["examples"] == "next"


def test_examples_are_offered_from_the_half_that_may_be_looked_at(client, project, issue):
    make_calls_to_choose(project, 16)

    groups = client.get(page(issue, "issue-examples")).context["groups"]

    (_, _, bad), (_, _, good) = groups
    assert 0 < len(bad) < 16
    assert 0 < len(good) < 16


def test_examples_that_are_ticked_are_those_of_the_fix(client, project, issue):
    make_calls_to_choose(project, 16)
    (_, _, bad), (_, _, good) = client.get(page(issue, "issue-examples")).context["groups"]

    client.post(page(issue, "issue-examples"), {"bad": [bad[0].key], "good": [good[0].key]})

    assert [one[2] for one in fix_of(issue).examples] == [True, False]
    assert states(client, issue) | {"version": ""} == {
        "examples": "done", "dataset": "next", "version": "", "test": "later", "rollout": "later", "proof": "later",
    }  # fmt: skip


@pytest.mark.parametrize("sent", [{}, {"bad": ["nonsense"]}, {"bad": ["zz.1"]}])
def test_damaged_or_empty_choices_keep_nothing(client, project, issue, sent):
    make_calls_to_choose(project)

    client.post(page(issue, "issue-examples"), sent)

    assert fix_of(issue).examples == []


def test_the_dataset_of_a_fix_begins_with_its_examples_and_is_split(client, project, issue):
    make_calls_to_choose(project, 16)
    (_, _, bad), _ = client.get(page(issue, "issue-examples")).context["groups"]
    client.post(page(issue, "issue-examples"), {"bad": [one.key for one in bad[:2]]})

    sent = {"dataset": "new", "name": "issues/1", "bad": 40, "good": 120, "with_answer": "on", "tags": ""}
    answer = client.post(page(issue, "issue-dataset"), sent)

    # The way to the proof says what comes next.
    assert answer.url == page(issue, "issue")
    items = DatasetItem.objects.filter(project=project)
    chosen = {item.source_trace_id.hex for item in items if item.split == "tune"}
    assert {one.key.partition(".")[0] for one in bad[:2]} <= chosen
    assert set(items.values_list("split", flat=True)) == {"tune", "hold-out"}
    assert items.count() == 32
    assert fix_of(issue).dataset_id == items[0].dataset_id


def test_the_new_version_is_written_with_the_examples_beside_it(client, project, prompt, issue, editor):
    make_calls_to_choose(project)
    call = make_looked_at(project, flags=Flag.REFUSED, asked="After 99 days?", answered="No.", version=1)
    fixes.choose_examples(fix=fix_of(issue), examples=[(call.trace_id, call.span_id, True)], by=editor)

    ticks = client.get(page(issue)).context["path"].ticks
    shown = client.get(ticks[2].url).content.decode()

    assert "The examples of issue" in shown
    assert "1 of 1" in shown


def make_test(issue: Issue, prompt: Prompt, pattern: tuple[str, str]) -> Experiment:
    """Make the fix a dataset of twenty calls with the problem and sixty good ones, and a test of its new version on it."""
    project = issue.project
    version = make_version(prompt)
    refusal = make_evaluator_version(project, "No refusal", kind="refusal")
    variants = [make_variant(1), make_variant(version.number, is_live=False)]
    test = make_experiment(project, items=80, variants=variants, evaluators=[refusal], prompt=prompt)
    items = list(test.dataset.items.current().by_number())
    for place, item in enumerate(items):
        item.tags, item.split = (["problem"] if place < 20 else ["good"]), "hold-out"
    DatasetItem.objects.bulk_update(items, ["tags", "split"])
    answer(test, {0: list(pattern)})
    IssueFix.objects.filter(issue=issue).update(dataset_id=test.dataset_id)
    return test


def test_a_test_that_passed_its_gate_is_ticked_and_says_what_to_expect(client, project, prompt, issue):
    make_calls_to_choose(project)
    make_test(issue, prompt, ("0" * 20 + "1" * 60, "1" * 80))

    path = client.get(page(issue)).context["path"]

    assert (path.ticks[3].state, path.ticks[3].text[:6]) == ("done", "Better")
    assert path.expected.startswith("From 50% to about 0")
    assert fix_of(issue).prediction["items"] == 80


def test_a_test_that_breaks_good_answers_is_not_ticked(client, prompt, issue):
    make_test(issue, prompt, ("0" * 20 + "1" * 60, "1" * 20 + "0" * 30 + "1" * 30))

    tick = client.get(page(issue)).context["path"].ticks[3]

    assert not tick.is_done
    assert "worse on good ones" in tick.text


def test_setting_up_the_test_makes_the_check_that_tells_and_chooses_everything(client, project, prompt, issue):
    IssueFix.objects.filter(issue=issue).update(dataset_id=make_experiment(project).dataset_id)
    version = make_version(prompt)

    address = client.post(page(issue, "issue-fix"), {"step": "test", "how": "test"})["Location"]

    form = client.get(address).context["set_up"]
    assert [check.version.kind for check in form.checks if check.is_chosen] == ["refusal"]
    assert [column.choice.what for column in form.columns] == ["1", str(version.number)]
    assert form.dataset.pk == fix_of(issue).dataset_id


def test_a_step_done_elsewhere_or_left_out_lets_the_next_one_come(client, issue):
    for step, how in (("examples", "skipped"), ("dataset", "elsewhere")):
        client.post(page(issue, "issue-fix"), {"step": step, "how": how, "note": "See our wiki."})

    found = states(client, issue)

    assert (found["examples"], found["dataset"], found["version"]) == ("skipped", "done", "next")
    assert "See our wiki. (Dana Ortiz)" in client.get(page(issue)).content.decode()


def test_a_reason_is_asked_for_and_what_was_typed_stays(client, issue):
    answer = client.post(page(issue, "issue-fix"), {"step": "test", "how": "skipped", "note": " "})

    assert answer.status_code == 422
    assert "Say in a few words" in answer.content.decode()


def test_a_step_can_be_something_that_is_there_already(client, project, prompt, issue):
    version = prompt.versions.get(number=1)

    client.post(page(issue, "issue-fix"), {"step": "version", "how": "elsewhere", "what": str(version.pk)})

    assert fix_of(issue).version == version


def test_what_another_project_has_is_not_taken(client, issue):
    other = make_version(make_prompt())

    answer = client.post(page(issue, "issue-fix"), {"step": "version", "how": "elsewhere", "what": str(other.pk)})

    assert answer.status_code == 404
    assert fix_of(issue).version is None


VERDICT = {
    "before": 0.061, "after": 0.019, "times_low": 0.13, "times_high": 0.49, "less_low": 0.031, "less_high": 0.053,
    "new_people": 1_204, "new_met": 23, "old_people": 1_180, "old_met": 72, "version": 12, "old_version": 11,
}  # fmt: skip


def test_a_proved_fix_says_so_in_a_sentence_with_its_people(client, issue):
    IssueFix.objects.filter(issue=issue).update(state=FixState.VERIFIED, verdict=VERDICT, ended_at=timezone.now())
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.VERIFIED)

    shown = client.get(page(issue)).content.decode()

    assert "Fell from 6.1% to 1.9% of people: between 3.1 and 5.3 points less, caused by v12." in shown
    assert "1,204 people had v12 and 1,180 people v11 at the same time" in shown


def test_an_unproved_fix_says_between_what_the_truth_lies(client, issue):
    verdict = VERDICT | {"after": 0.058, "less_low": -0.009, "less_high": 0.012, "why": fix_following.NO_FALL}
    IssueFix.objects.filter(issue=issue).update(state=FixState.NOT_CONFIRMED, verdict=verdict)

    shown = client.get(page(issue)).content.decode()

    assert "Not confirmed: 6.1% of people met it with v11 and 5.8% with v12." in shown
    assert "The truth lies between 1.2 points less and 0.9 points more." in shown


def test_an_issue_that_came_back_says_what_changed(client, issue):
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.REGRESSED)
    changed = [{"what": "prompt version", "value": "support/refund-answer 14", "before": 0.0, "after": 0.93}]
    IssueEvent.objects.create(
        project=issue.project, issue=issue, kind=Happening.REGRESSED, numbers={"changed": changed}, at=timezone.now()
    )

    shown = client.get(page(issue)).content.decode()

    assert "Prompt version support/refund-answer 14 has 93% of these calls, before 0%." in shown


def test_earlier_fixes_stay_on_the_page(client, issue, editor):
    IssueFix.objects.filter(issue=issue).update(
        state=FixState.NOT_CONFIRMED, verdict=VERDICT | {"why": fix_following.TAKEN_BACK}, ended_at=timezone.now()
    )
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.NOT_CONFIRMED)
    issue.refresh_from_db()
    changes.start_fix(issue=issue, by=editor)

    assert [fix.number for fix, _ in client.get(page(issue)).context["path"].earlier] == [1]


def test_the_start_of_a_rollout_says_what_it_is_meant_to_fix_and_watches_it_as_the_benefit(
    client, project, prompt, issue
):
    for place in range(120):
        make_looked_at(
            project, flags=Flag.REFUSED if place % 4 == 0 else 0, asked="Forty days?", answered="No.", version=1,
            at=timezone.now() - timedelta(hours=2, minutes=place),
        )  # fmt: skip
    version = make_version(prompt)

    start = reverse("rollout-start", args=[project.slug, prompt.pk])
    context = client.get(start, {"version": version.number, "to": "production"}).context

    assert [one.number for one in context["meant"]] == [issue.number]
    (benefit,) = [one for one in context["proposed"].guardrails if one.is_benefit]
    assert benefit.subject.startswith(f"#{issue.number} ")
    assert "space" in benefit.scopes[0]


def test_predictions_stand_beside_what_was_shown(client, issue):
    prediction = {"rate": 0.06, "times": 0.3, "times_low": 0.2, "times_high": 0.5, "items": 80, "known": 1.0}
    IssueFix.objects.filter(issue=issue).update(state=FixState.VERIFIED, prediction=prediction, verdict=VERDICT)

    shown = client.get(reverse("issue-predictions", args=[issue.project.slug])).content.decode()

    assert "30% of before (20% to 50%)" in shown
    assert "1 of 1 fixes did what their test let us expect" in shown
