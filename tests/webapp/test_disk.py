"""The fuller the disk, the less goes on: a warning, no new calls, no changes at all."""

from __future__ import annotations

import pytest

from projects import keys
from projects.models import Project
from tests.projects.factories import make_project, make_user, signed_in
from webapp import disk
from webapp.disk import Guard, Space, Tier, tier_of

GIGABYTE = 1024**3


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch):
    """Return a function that lets the disk of 100 GB have so many gigabytes free."""

    def leave(gigabytes: float) -> None:
        monkeypatch.setattr(disk.guard, "read", lambda: Space(total=100 * GIGABYTE, free=int(gigabytes * GIGABYTE)))
        disk.guard.forget()

    return leave


@pytest.mark.parametrize(
    ("total", "free", "tier"),
    [
        (100, 50, Tier.FINE),
        (100, 9.9, Tier.LOW),
        (100, 4.9, Tier.NO_INGEST),
        (100, 1.9, Tier.READ_ONLY),
        (4_000, 100, Tier.FINE),
        (20, 6, Tier.FINE),
        (0, 0, Tier.FINE),
    ],
)
def test_share_and_amount_decide_together(total, free, tier):
    assert tier_of(Space(total=total * GIGABYTE, free=int(free * GIGABYTE))) is tier


def test_the_disk_is_looked_at_once_in_a_while():
    looks = []
    guard = Guard(lambda: looks.append(1) or Space(total=10, free=5), look_again_seconds=60)

    assert {guard.tier for _ in range(5)} == {Tier.FINE}
    assert len(looks) == 1


def test_the_disk_of_the_data_directory_is_read():
    space = disk.read()

    assert 0 < space.free <= space.total


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("gigabytes", "words"), [(9, "Below 5 % new calls are refused"), (4, "New calls are refused; ")]
)
def test_owners_are_warned_while_there_is_room_and_others_are_not(free, gigabytes, words):
    free(gigabytes)
    owner, other = make_user(is_owner=True), make_user()

    for user, is_warned in ((owner, True), (other, False)):
        page = signed_in(user).get(f"/p/{make_project(by=user).slug}/prompts/")
        assert (words in page.text) is is_warned


@pytest.mark.django_db
def test_a_full_disk_lets_people_read_and_sign_in_but_not_change(free):
    user = make_user(password="a quiet and long evening")
    project = make_project(by=user)
    browser = signed_in(user)
    free(1)

    page = browser.get(f"/p/{project.slug}/prompts/")
    refused = browser.post("/projects/new/", {"name": "New"})
    signed_out = browser.post("/accounts/logout/")

    assert page.status_code == 200
    assert "disk is full" in page.text
    assert refused.status_code == 503
    assert "disk of the Callboard server is full" in refused.text
    assert refused["Retry-After"] == "60"
    assert signed_out.status_code == 302
    assert Project.objects.count() == 1


@pytest.mark.django_db
def test_a_full_disk_refuses_changes_by_applications_as_a_problem_document(free, client):
    project = make_project()
    _, plain = keys.create(project=project, name="app", scopes=["api:write", "prompts:read"])
    headers = {"Authorization": f"Bearer {plain}"}
    free(1)

    refused = client.post("/api/v1/prompts", b"{}", content_type="application/json", headers=headers)

    assert (refused.status_code, refused["Content-Type"]) == (503, "application/problem+json")
    assert client.get("/api/v1/me", headers=headers).status_code == 200


@pytest.mark.django_db
def test_a_full_disk_refuses_calls_in_the_encoding_of_the_sender(free, client):
    _, plain = keys.create(project=make_project(), name="app", scopes=["ingest"])
    free(1)

    answer = client.post(
        "/v1/traces", b"", content_type="application/x-protobuf",
        headers={"Authorization": f"Bearer {plain}", "Content-Type": "application/x-protobuf"},
    )  # fmt: skip

    assert (answer.status_code, answer["Content-Type"]) == (503, "application/x-protobuf")


@pytest.mark.django_db
def test_readiness_says_how_full_the_disk_is_and_the_ingest_pool_is_not_ready(free, client, monkeypatch):
    free(4)
    assert (client.get("/readyz").status_code, client.get("/readyz").json()["disk"]) == (200, "no_ingest")

    monkeypatch.setenv("CALLBOARD_POOL", "ingest")

    assert client.get("/readyz").status_code == 503
