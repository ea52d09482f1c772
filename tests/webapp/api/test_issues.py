"""Issues through the API: reading them, and changing who cares for them and how they stand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from monitoring.issues import changes
from monitoring.issues.models import Issue, IssueState
from monitoring.streams.scopes import Scope as Part
from projects import keys
from projects.models import Project, User
from projects.roles import Role, Scope
from tests.monitoring.issues.factories import make_calls, make_issue
from tests.projects.factories import make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def editor(project: Project) -> User:
    return make_member(project=project, role=Role.EDITOR)


def _headers(project: Project, *scopes: Scope, by: User | None = None) -> dict[str, Any]:
    _, plain = keys.create(project=project, name="x", scopes=scopes, by=by)
    return {"HTTP_AUTHORIZATION": f"Bearer {plain}"}


def _patch(client: Client, issue: Issue, by: User, **body: Any) -> Any:
    headers = _headers(issue.project, Scope.API_WRITE, by=by)
    return client.patch(f"/api/v1/issues/{issue.number}", body, content_type="application/json", **headers)


def test_issues_are_listed_newest_first_page_by_page(client: Client, project: Project):
    made = [make_issue(project) for _ in range(3)]
    make_issue(make_project())
    headers = _headers(project, Scope.API_READ)

    first = client.get("/api/v1/issues", {"limit": 2}, **headers).json()
    second = client.get("/api/v1/issues", {"limit": 2, "before": first["next"]}, **headers).json()

    assert [item["number"] for item in first["items"] + second["items"]] == [one.number for one in reversed(made)]
    assert second["next"] is None


def test_only_issues_in_the_wanted_state_are_listed(client: Client, project: Project):
    make_issue(project)
    muted = make_issue(project, state=IssueState.MUTED)

    answer = client.get("/api/v1/issues", {"state": "muted"}, **_headers(project, Scope.API_READ)).json()

    assert [item["number"] for item in answer["items"]] == [muted.number]


def test_one_issue_leads_to_its_calls(client: Client, project: Project):
    (bad,) = make_calls(project, 3, bad=1, since=timezone.now() - timedelta(hours=25))
    issue = make_issue(project, Part("refused", prompt_name="support/answer"), last_at=timezone.now())

    answer = client.get(f"/api/v1/issues/{issue.number}", **_headers(project, Scope.API_READ)).json()

    assert answer["scopes"] == [
        {"signal": "refused", "group": "", "prompt": "support/answer", "model": "", "environment": ""}
    ]
    assert [call["trace_id"].replace("-", "") for call in answer["newest_calls"]] == [bad]
    assert answer["url"].endswith(f"/p/{project.slug}/issues/{issue.number}/")


def test_an_issue_is_given_to_somebody_and_muted_at_once(client: Client, project: Project, editor: User):
    issue = make_issue(project)

    answer = _patch(client, issue, editor, owner=editor.email, state="muted", muted_until="2027-01-05T00:00:00Z")

    assert answer.status_code == 200, answer.content
    assert (answer.json()["owner"], answer.json()["state"]) == (editor.email, "muted")
    assert answer.json()["muted_until"].startswith("2027-01-05")


def test_an_issue_is_closed_with_a_reason_and_opened_again(client: Client, project: Project, editor: User):
    issue = make_issue(project)

    assert _patch(client, issue, editor, state="resolved").status_code == 422
    assert _patch(client, issue, editor, state="resolved", reason="Fixed in v12.").json()["state"] == "resolved"
    assert _patch(client, issue, editor, state="resolved", reason="Again.").status_code == 409
    assert _patch(client, issue, editor, state="open", reason="It is back.").json()["state"] == "open"


def test_all_is_changed_or_nothing(client: Client, project: Project, editor: User):
    issue = make_issue(project)

    assert _patch(client, issue, editor, title="Mine", state="open", reason="Why not").status_code == 409

    issue.refresh_from_db()
    assert issue.title != "Mine"


def test_who_may_not_change_issues_does_not(client: Client, project: Project, editor: User):
    issue = make_issue(project)
    viewer = make_member(project=project, role=Role.VIEWER)
    address, body = f"/api/v1/issues/{issue.number}", {"state": "in_fix"}
    reader, other = _headers(project, Scope.API_READ), _headers(make_project(), Scope.API_WRITE)

    assert _patch(client, issue, viewer, state="in_fix").status_code == 403
    assert client.patch(address, body, content_type="application/json", **reader).status_code == 403
    assert client.patch(address, body, content_type="application/json", **other).status_code == 404
    assert Issue.objects.get().state == IssueState.OPEN


def test_a_merged_issue_names_the_one_that_it_is_part_of(client: Client, project: Project, editor: User):
    issue, into = make_issue(project), make_issue(project)
    changes.merge(issue=issue, into=into, by=editor)

    answer = client.get(f"/api/v1/issues/{issue.number}", **_headers(project, Scope.API_READ)).json()

    assert answer["merged_into"] == into.number
    assert _patch(client, issue, editor, state="in_fix").status_code == 409


@pytest.mark.parametrize(
    "body",
    [{"state": "gone"}, {"owner": "nobody@example.com"}, {"muted_until": "2027-01-05T00:00:00"}, {"colour": "red"},
     {"state": "in_fix", "muted_until": "2027-01-05T00:00:00Z"}, {"title": 3}],
)  # fmt: skip
def test_what_is_not_understood_is_refused(client: Client, project: Project, editor: User, body: dict[str, Any]):
    assert _patch(client, make_issue(project), editor, **body).status_code == 422
