"""Settings: the project, its members and the keys of its applications."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from projects import keys, members
from projects.models import ApiKey, AuditEvent, Invitation, Membership, Project, User
from projects.roles import Role
from tests.projects.factories import make_member, make_project, make_user, signed_in
from webapp.pages import settings_members

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user(name="Dana")


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


@pytest.fixture
def settings_url(project: Project) -> str:
    return f"/p/{project.slug}/settings/"


def membership_of(user: User) -> Membership:
    return Membership.objects.get(user=user)


def test_settings_open_on_their_first_page(browser, settings_url):
    assert browser.get(settings_url).headers["Location"] == f"{settings_url}project/"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.APPROVER])
def test_others_are_told_whom_to_ask(project, settings_url, role):
    answer = signed_in(make_member(project=project, role=role)).get(f"{settings_url}keys/")

    assert answer.status_code == 403
    assert "Dana" in answer.text


# The project


def test_the_name_of_the_project_changes(browser, project, settings_url):
    browser.post(f"{settings_url}project/", {"name": "Nordwind"})

    project.refresh_from_db()
    assert project.name == "Nordwind"


def test_a_name_cannot_be_emptied(browser, settings_url):
    assert browser.post(f"{settings_url}project/", {"name": " "}).status_code == 422


def test_the_demo_project_can_be_removed(browser, project, settings_url):
    Project.objects.update(is_demo=True)

    page = browser.get(f"{settings_url}project/")
    answer = browser.post(f"{settings_url}project/remove-demo/")

    assert "data-confirm" in page.text
    assert answer.headers["Location"] == "/projects/"
    assert not Project.objects.filter(pk=project.pk).exists()


def test_a_real_project_cannot_be_removed_like_the_demo(browser, project, settings_url):
    page = browser.get(f"{settings_url}project/")
    browser.post(f"{settings_url}project/remove-demo/")

    assert "Remove demo" not in page.text
    assert Project.objects.filter(pk=project.pk).exists()


def test_a_member_can_leave(project, settings_url):
    user = make_member(project=project, role=Role.VIEWER)

    signed_in(user).post(f"{settings_url}project/leave/")

    assert not Membership.objects.filter(user=user).exists()


def test_the_last_admin_cannot_leave(browser, admin, settings_url):
    answer = browser.post(f"{settings_url}project/leave/", follow=True)

    assert "at least one admin" in answer.text
    assert membership_of(admin).role == Role.ADMIN


# Members


def test_members_are_listed_with_their_roles_and_what_roles_may_do(browser, project, settings_url):
    user = make_member(project=project, role=Role.APPROVER, name="Sam")

    page = browser.get(f"{settings_url}members/")

    assert user.email in page.text
    assert re.search(r'value="approver" selected', page.text)
    assert "publish to protected places" in page.text


def test_the_link_of_an_invitation_is_shown_once_and_works(browser, settings_url, settings):
    settings.PUBLIC_URL = "https://callboard.example"

    answer = browser.post(f"{settings_url}members/invite/", {"email": "new@example.com", "role": "editor"})
    link = re.search(r"https://callboard\.example(/invitations/[\w-]+/)", answer.text).group(1)
    later = browser.get(f"{settings_url}members/")

    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert Client().get(link).status_code == 200
    assert link not in later.text
    assert "new@example.com" in later.text


@pytest.mark.parametrize(
    "data", [{"email": "no address", "role": "editor"}, {"email": "new@example.com", "role": "owner"}, {}]
)
def test_a_wrong_invitation_is_refused_and_what_was_typed_is_kept(browser, settings_url, data):
    answer = browser.post(f"{settings_url}members/invite/", data)

    assert answer.status_code == 422
    assert data.get("email", "") in answer.text
    assert not Invitation.objects.exists()


def test_a_member_is_not_invited_again(browser, project, settings_url):
    user = make_member(project=project)

    answer = browser.post(f"{settings_url}members/invite/", {"email": user.email, "role": "editor"})

    assert answer.status_code == 422
    assert "already a member" in answer.text


def test_an_invitation_is_taken_back(browser, project, admin, settings_url):
    invitation, token = members.invite(project=project, email="new@example.com", role=Role.VIEWER, by=admin)

    browser.post(f"{settings_url}members/invitations/{invitation.pk}/revoke/")

    assert Client().get(f"/invitations/{token}/").status_code == 410


def test_a_role_changes(browser, project, settings_url):
    user = make_member(project=project, role=Role.VIEWER)

    browser.post(f"{settings_url}members/{membership_of(user).pk}/role/", {"role": "editor"})

    assert membership_of(user).role == Role.EDITOR


def test_a_role_change_takes_effect_with_the_next_request(browser, project, settings_url):
    user = make_member(project=project, role=Role.ADMIN)
    theirs = signed_in(user)
    assert theirs.get(f"{settings_url}keys/").status_code == 200

    browser.post(f"{settings_url}members/{membership_of(user).pk}/role/", {"role": "viewer"})

    assert theirs.get(f"{settings_url}keys/").status_code == 403


def test_an_unknown_role_is_refused(browser, project, settings_url):
    user = make_member(project=project, role=Role.VIEWER)

    answer = browser.post(f"{settings_url}members/{membership_of(user).pk}/role/", {"role": "owner"}, follow=True)

    assert "does not exist" in answer.text
    assert membership_of(user).role == Role.VIEWER


def test_the_last_admin_keeps_the_role(browser, admin, settings_url):
    answer = browser.post(f"{settings_url}members/{membership_of(admin).pk}/role/", {"role": "viewer"}, follow=True)

    assert "at least one admin" in answer.text
    assert membership_of(admin).role == Role.ADMIN


def test_somebody_who_gives_up_being_admin_is_led_out_of_the_settings(browser, project, admin, settings_url):
    make_member(project=project, role=Role.ADMIN)

    answer = browser.post(f"{settings_url}members/{membership_of(admin).pk}/role/", {"role": "viewer"})

    assert answer.headers["Location"] == f"/p/{project.slug}/"


def test_a_member_is_removed(browser, project, settings_url):
    user = make_member(project=project)
    theirs = signed_in(user)

    browser.post(f"{settings_url}members/{membership_of(user).pk}/remove/")

    assert theirs.get(f"/p/{project.slug}/start/").status_code == 404


# Keys


def create_key(browser: Client, settings_url: str, **changes: object):
    form = {
        "name": "support-api",
        "scopes": ["ingest", "prompts:read"],
        "environment": "production",
        "lifetime": "90",
    } | changes
    return browser.post(f"{settings_url}keys/new/", form)


def test_a_new_key_is_shown_once_with_lines_for_the_env_file(browser, settings_url, settings):
    settings.PUBLIC_URL = "https://callboard.example"

    answer = create_key(browser, settings_url)
    plain = re.search(r"cb_[0-9a-z]{12}_[\w-]{49}", answer.text).group(0)
    later = browser.get(f"{settings_url}keys/")

    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    for line in (
        "CALLBOARD_URL=https://callboard.example",
        f"CALLBOARD_API_KEY={plain}",
        "CALLBOARD_ENVIRONMENT=production",
    ):
        assert line in answer.text
    assert keys.check(plain) is not None
    assert plain not in later.text


def test_a_new_key_comes_with_lines_for_langfuse_sdks(browser, settings_url, settings):
    settings.PUBLIC_URL = "https://callboard.example"

    page = browser.post(f"{settings_url}keys/new/", {"name": "api", "scopes": ["ingest"]})

    key = ApiKey.objects.get()
    for line in (
        f"LANGFUSE_PUBLIC_KEY=pk-cb-{key.key_id}",
        f"LANGFUSE_SECRET_KEY=cb_{key.key_id}_",
        "LANGFUSE_BASE_URL=https://callboard.example",
        "LANGFUSE_HOST=https://callboard.example",
    ):
        assert line in page.text
    assert f"pk-cb-{key.key_id}" in browser.get(f"{settings_url}keys/").text


def test_a_key_gets_the_scopes_and_the_end_that_were_chosen(browser, admin, settings_url):
    create_key(browser, settings_url)

    key = ApiKey.objects.get()
    assert (key.scopes, key.environment, key.created_by) == (["ingest", "prompts:read"], "production", admin)
    assert key.expires_at - timezone.now() == pytest.approx(timedelta(days=90), abs=timedelta(minutes=1))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scopes": []}, "at least one permission"),
        ({"scopes": ["everything"]}, "not one of the available choices"),
        ({"name": ""}, "required"),
        ({"environment": "two words"}, "letters, digits"),
        ({"lifetime": "999999"}, "not one of the available choices"),
    ],
)
def test_a_wrong_key_is_refused_in_plain_words(browser, settings_url, changes, words):
    answer = create_key(browser, settings_url, **changes)

    assert answer.status_code == 422
    assert words in answer.text
    assert not ApiKey.objects.exists()


def test_a_key_is_bound_to_the_project_of_the_address(browser, project, settings_url):
    create_key(browser, settings_url, project=str(make_project().pk), project_id="1", created_by="1")

    assert ApiKey.objects.get().project == project


def test_a_replacement_starts_like_the_key_it_replaces(browser, project, settings_url):
    key, _ = keys.create(project=project, name="support-api", scopes=["api:read"], environment="staging")

    page = browser.get(f"{settings_url}keys/new/?like={key.pk}")

    assert 'value="support-api"' in page.text
    assert 'value="staging"' in page.text
    assert re.findall(r'name="scopes" value="([\w:]+)"[^>]*checked', page.text) == ["api:read"]


def test_two_keys_work_at_once_until_the_old_one_is_revoked(
    browser, project, settings_url, django_capture_on_commit_callbacks
):
    old, old_plain = keys.create(project=project, name="support-api", scopes=["ingest"])
    _, new_plain = keys.create(project=project, name="support-api", scopes=["ingest"])
    assert keys.check(old_plain)
    assert keys.check(new_plain)

    with django_capture_on_commit_callbacks(execute=True):
        browser.post(f"{settings_url}keys/{old.pk}/revoke/")

    assert keys.check(old_plain) is None
    assert keys.check(new_plain)


def test_the_list_shows_who_used_a_key_and_when(browser, project, settings_url):
    key, _ = keys.create(project=project, name="support-api", scopes=["ingest"])
    keys.touch(key_id=key.key_id, used_by="python/0.1.0 <b>")

    page = browser.get(f"{settings_url}keys/")

    assert "python/0.1.0 &lt;b&gt;" in page.text
    assert "Send calls" in page.text


def test_keys_leave_events_without_secrets(browser, project, settings_url):
    plain = re.search(r"cb_[0-9a-z]{12}_([\w-]{49})", create_key(browser, settings_url).text)
    browser.post(f"{settings_url}keys/{ApiKey.objects.get().pk}/revoke/")

    events = AuditEvent.objects.filter(project=project, action__startswith="key.").order_by("pk")
    assert [event.action for event in events] == ["key.created", "key.revoked"]
    assert plain.group(1) not in str([(event.subject, event.details) for event in events])


def test_asking_to_look_at_a_key_changes_nothing(browser, project, settings_url):
    key, _ = keys.create(project=project, name="support-api", scopes=["ingest"])

    assert browser.get(f"{settings_url}keys/{key.pk}/revoke/").status_code == 405
    assert ApiKey.objects.get().is_usable


def test_the_guide_shows_the_same_table_of_roles():
    guide = (Path(settings.BASE_DIR) / "docs" / "guide" / "people-and-keys.md").read_text(encoding="utf-8")

    for ability in settings_members.abilities():
        marks = " | ".join("✓" if allowed else "–" for allowed in ability.roles)
        assert f"| {ability.words} | {marks} |" in guide
