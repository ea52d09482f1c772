"""The pages of issues, asked for as people do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evals import datasets
from evals.models import DatasetItem
from monitoring.analysis.flags import Flag
from monitoring.issues.models import Issue, IssueState, Signal
from projects.models import Project, User
from projects.roles import Role
from tests.monitoring.factories import make_trace
from tests.monitoring.issue_factories import make_counted, make_issue, make_looked_at
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


def inbox(project: Project, query: str = "") -> str:
    return reverse("issues", args=[project.slug]) + query


def page(issue: Issue, name: str = "issue") -> str:
    return reverse(name, args=[issue.project.slug, issue.number])


def titles(client: Client, address: str) -> list[str]:
    return [line.row.title for line in client.get(address).context["lines"]]


def test_the_inbox_lists_what_needs_somebody_in_order_of_harm(project, client):
    make_issue(project, title="Mild", harm=3.0)
    make_issue(project, title="Bad", harm=80.0, model="gpt-5")
    make_issue(project, title="Gone", state=IssueState.VERIFIED, signal=Signal.SLOW)

    assert titles(client, inbox(project)) == ["Bad", "Mild"]


def test_the_issue_of_a_colleague_needs_the_colleague(project, client):
    make_issue(project, title="Theirs", owner=make_member(project=project, role=Role.EDITOR))

    assert titles(client, inbox(project)) == []
    assert titles(client, inbox(project, "?tab=open")) == ["Theirs"]


def test_words_and_prompt_narrow_the_inbox(project, client):
    make_issue(project, title="Refunds refused", prompt_name="support/refund")
    make_issue(project, title="Search slow", prompt_name="search", signal=Signal.SLOW)

    assert titles(client, inbox(project, "?q=SLOW+search")) == ["Search slow"]
    assert titles(client, inbox(project, "?prompt=support/refund")) == ["Refunds refused"]
    assert "No such issue" in client.get(inbox(project, "?q=xyzzy")).content.decode()


def test_an_empty_inbox_says_that_calls_are_still_being_looked_at(project, client):
    make_trace(project, asked="Where is my parcel?")

    assert "The calls are being looked at" in client.get(inbox(project)).content.decode()


def test_an_empty_inbox_says_what_was_looked_at_and_looked_for(project, client):
    make_counted(project, calls=3_214)

    answer = client.get(inbox(project)).content.decode()

    assert "Nothing found in 3,214 calls since" in answer
    assert "Refused or dodged" in answer
    assert "Grouping starts at about 50 calls with something wrong; 0 so far." in answer


def test_a_project_without_calls_is_told_to_connect_an_app(project, client):
    assert "No calls to look at yet" in client.get(inbox(project)).content.decode()


def test_calls_that_are_in_no_group_yet_wait_on_their_own_tab(project, client):
    make_looked_at(project, flags=Flag.REFUSED, asked="Where is my parcel?")
    make_looked_at(project, asked="All is well here")

    answer = client.get(inbox(project, "?tab=pending")).content.decode()

    assert "1 call with something wrong is not in a group of questions yet." in answer
    assert "Where is my parcel?" in answer
    assert "All is well here" not in answer


def test_the_page_says_how_many_how_sure_and_since_when(project, client):
    issue = make_issue(project, cause_dimension="prompt version", cause_value="11", prompt_name="support/refund")

    found = client.get(page(issue)).context

    assert found["verdict"].startswith(
        "6.2% of 812 calls were refused or dodged, 4.1 times the usual 1.5%. It began on "
    )
    assert found["verdict"].endswith(", with v11.")
    assert "between 4.7% and 8.0%" in found["certainty"]


def test_the_page_shows_calls_with_the_words_that_tell_marked(project, client):
    findings = {"refused": {"probability": 0.99, "version": "1", "evidence": [["output", 0, 10, "It declines."]]}}
    issue = make_issue(project, last_at=timezone.now())
    make_looked_at(project, flags=Flag.REFUSED, findings=findings, asked="Forty days?", answered="I am sorry, no.")
    make_looked_at(project, asked="Twenty days?", answered="Of course.")

    found = client.get(page(issue)).context["detail"]

    [bad], [good] = found.bad_examples, found.good_examples
    assert [piece.text for piece in bad.answered if piece.is_found] == ["I am sorry"]
    assert bad.whys == ["It declines."]
    assert "".join(piece.text for piece in good.answered) == "Of course."


def test_where_too_few_people_are_behind_it_no_text_is_shown(project, client):
    issue = make_issue(project, evidence={"people": 2, "causes": []})
    make_looked_at(project, flags=Flag.REFUSED, asked="My own secret question")

    answer = client.get(page(issue)).content.decode()

    assert "Examples are hidden" in answer
    assert "My own secret question" not in answer


def test_what_raised_it_stands_with_its_interval_and_leads_to_the_calls(project, client):
    cause = {"dimension": "prompt version", "value": "11", "calls": 400, "bad": 48, "rate": 0.12, "rest_rate": 0.01,
             "low": 0.08, "high": 0.15, "explained": 0.9}  # fmt: skip
    weak = cause | {"dimension": "model", "value": "gpt-5", "low": -0.1}
    evidence = {"people": 99, "causes": [cause, weak], "prompt_name": "support/refund"}
    issue = make_issue(project, prompt_name="support/refund", evidence=evidence)

    [shown] = client.get(page(issue)).context["detail"].differences

    assert (shown.value, round(shown.low, 2), round(shown.high, 2)) == ("v11", 0.09, 0.16)
    assert "prompt=support%2Frefund&version=11" in shown.url.replace("&amp;", "&")


def test_the_version_that_raised_it_is_one_press_away(project, client, editor):
    prompt = make_prompt(project=project, name="support/refund")
    make_version(prompt)
    issue = make_issue(project, prompt_name=prompt.name, cause_dimension="prompt version", cause_value="1")

    assert client.get(page(issue)).context["version_url"] == reverse(
        "prompt-version", args=[project.slug, prompt.pk, 1]
    )


def test_an_issue_can_be_given_to_a_colleague_and_to_nobody(project, client):
    issue, sam = make_issue(project), make_member(project=project, role=Role.EDITOR, name="Sam")

    client.post(page(issue, "issue-act"), {"do": "assign", "owner": sam.pk})
    issue.refresh_from_db()
    assert issue.owner == sam

    client.post(page(issue, "issue-act"), {"do": "assign", "owner": ""})
    issue.refresh_from_db()
    assert issue.owner is None


def test_it_is_muted_until_a_day_or_until_it_gets_worse(project, client):
    issue = make_issue(project)
    day = timezone.localdate() + timedelta(days=3)

    client.post(page(issue, "issue-act"), {"do": "mute", "how": "until", "until": day.isoformat()})
    issue.refresh_from_db()
    assert (issue.state, timezone.localtime(issue.muted_until).date()) == (IssueState.MUTED, day)

    client.post(page(issue, "issue-act"), {"do": "unmute"})
    client.post(page(issue, "issue-act"), {"do": "mute", "how": "worse"})
    issue.refresh_from_db()
    assert (issue.state, issue.muted_until) == (IssueState.MUTED, None)


@pytest.mark.parametrize("until", ["", "soon", "2026-02-31"])
def test_a_mute_without_a_day_keeps_the_form_open_and_says_why(project, client, until):
    answer = client.post(page(make_issue(project), "issue-act"), {"do": "mute", "how": "until", "until": until})

    assert answer.status_code == 422
    assert answer.context["opened"] == "mute"
    assert "Choose the day until which it is muted" in answer.content.decode()


def test_closing_needs_a_reason_and_keeps_what_was_typed(project, client):
    issue = make_issue(project)

    refused = client.post(page(issue, "issue-act"), {"do": "resolve", "reason": " "})
    done = client.post(page(issue, "issue-act"), {"do": "resolve", "reason": "The rules are back."}, follow=True)

    assert (refused.status_code, refused.context["opened"]) == (422, "resolve")
    issue.refresh_from_db()
    assert issue.state == IssueState.RESOLVED
    assert "The rules are back." in done.content.decode()


def test_a_viewer_reads_but_changes_nothing(project):
    issue, viewer = make_issue(project), signed_in(make_member(project=project, role=Role.VIEWER))

    answer = viewer.get(page(issue)).content.decode()

    assert "Start a fix" not in answer.split("The way to the proof")[0]
    assert viewer.post(page(issue, "issue-act"), {"do": "resolve", "reason": "x"}).status_code == 403


def test_a_merge_shows_what_becomes_of_both_and_can_be_undone(project, client):
    issue, other = make_issue(project), make_issue(project, title="Refunds slow", signal=Signal.SLOW)
    make_looked_at(project, flags=Flag.REFUSED)
    make_looked_at(project, flags=Flag.REFUSED | Flag.SLOW | Flag.SLOWER)

    preview = client.get(page(issue, "issue-merge") + f"?into={other.number}").context["numbers"]
    assert (preview.bad, preview.other_bad, preview.together, preview.shared) == (2, 1, 2, 1)

    after = client.post(page(issue, "issue-merge"), {"into": other.number}, follow=True).content.decode()
    assert "Merged into this" in after
    client.post(page(issue, "issue-act"), {"do": "unmerge"})
    issue.refresh_from_db()
    assert issue.merged_into is None


def test_a_part_of_an_issue_becomes_an_issue_of_its_own(project, client):
    issue = make_issue(project)
    for prompt in ("support/refund", "support/refund", "search", "search"):
        make_looked_at(project, flags=Flag.REFUSED, prompt=prompt)

    choices = client.get(page(issue, "issue-split")).context["choices"]
    chosen = next(choice for choice in choices if choice.which == "search")
    client.post(page(issue, "issue-split"), {"part": chosen.key})

    made = Issue.objects.for_project(project).get(number=2)
    assert made.scopes.get().prompt_name == "search"


def test_bad_and_good_calls_become_a_dataset_that_leads_back_to_the_issue(project, client):
    issue = make_issue(project)
    make_looked_at(project, flags=Flag.REFUSED, asked="Forty days?")
    make_looked_at(project, asked="Twenty days?", answered="Of course.")

    sent = {"dataset": "new", "name": "issues/1", "bad": 20, "good": 10, "with_answer": "on", "tags": "", "split": ""}
    client.post(page(issue, "issue-dataset"), sent)

    items = {item.tags[0]: item for item in DatasetItem.objects.filter(project=project)}
    assert items["problem"].metadata["issue"] == issue.number
    assert items["problem"].expected_output is None
    assert items["good"].expected_output == "Of course."
    of_item = [project.slug, items["problem"].dataset_id, items["problem"].number]
    assert client.get(reverse("dataset-item", args=of_item)).context["issue"] == issue


@pytest.mark.parametrize("note", ["<b>1</b>", 10**40, -1, None, {"number": 1}, 2])
def test_a_note_that_names_no_issue_leads_nowhere(project, client, editor, note):
    make_issue(project)
    dataset = datasets.create(project=project, name="Odd notes", by=editor)
    item = datasets.add_item(dataset=dataset, input={"q": "?"}, metadata={"issue": note}, by=editor)

    found = client.get(reverse("dataset-item", args=[project.slug, dataset.pk, item.number]))

    assert found.status_code == 200
    assert found.context["issue"] is None


def test_starting_a_fix_leads_to_choosing_the_calls(project, client, editor):
    issue = make_issue(project)

    answer = client.post(page(issue, "issue-act"), {"do": "fix"})

    issue.refresh_from_db()
    assert (issue.state, issue.owner) == (IssueState.IN_FIX, editor)
    assert answer["Location"] == page(issue, "issue-examples")


def test_all_its_calls_are_found_in_explore(project, client):
    issue = make_issue(project)
    bad = make_looked_at(project, flags=Flag.REFUSED)
    make_looked_at(project)

    found = client.get(reverse("explore", args=[project.slug]), {"issue": issue.number}).context["page"]

    assert [trace.trace_id for trace in found.traces] == [bad.trace_id]


def test_a_call_says_to_which_issue_it_belongs(project, client):
    issue = make_issue(project)
    bad, fine = make_looked_at(project, flags=Flag.REFUSED), make_looked_at(project)

    shown = [
        client.get(reverse("trace", args=[project.slug, call.trace_id.hex])).context["issues"] for call in (bad, fine)
    ]

    assert shown == [[issue], []]


def test_the_prompt_list_counts_open_issues(project, client):
    prompt = make_prompt(project=project, name="support/refund")
    make_issue(project, prompt_name=prompt.name)
    make_issue(project, prompt_name=prompt.name, signal=Signal.SLOW, state=IssueState.VERIFIED)

    [line] = client.get(reverse("prompts", args=[project.slug]) + "?sort=changed").context["lines"]

    assert line.issue_count == 1


def test_the_overview_leads_with_the_worst_issue(project, client):
    make_looked_at(project)
    make_issue(project, title="Refunds: 6 % refused since v11")

    found = client.get(reverse("overview", args=[project.slug])).context

    assert found["verdict"].sentence == "Refunds: 6 % refused since v11"
    assert len(found["issues"]) == 1


def test_the_rail_counts_what_needs_somebody(project, client):
    make_issue(project)
    make_issue(project, signal=Signal.SLOW, state=IssueState.MUTED)

    nav = client.get(inbox(project)).context["nav"]

    assert next(entry.count for entry in nav if entry.label == "Issues") == 1
