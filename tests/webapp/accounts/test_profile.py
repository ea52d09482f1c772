"""The profile and the display choices."""

from __future__ import annotations

import pytest

from tests.projects.factories import make_user, signed_in

pytestmark = pytest.mark.django_db


def test_the_profile_changes_name_and_display():
    user = make_user()
    client = signed_in(user)

    client.post("/accounts/profile/", {"name": " Dana ", "theme": "dark", "density": "compact"})

    user.refresh_from_db()
    assert (user.name, user.shortcuts_enabled) == ("Dana", False)
    assert {name: client.cookies[f"cb_{name}"].value for name in ("theme", "density", "shortcuts")} == {
        "theme": "dark", "density": "compact", "shortcuts": "off",
    }  # fmt: skip
    assert 'class="theme-dark density-compact"' in client.get("/accounts/profile/").text


def test_the_profile_changes_nothing_else():
    user = make_user()

    signed_in(user).post(
        "/accounts/profile/",
        {"name": "D", "theme": "dark", "density": "compact", "email": "x@example.com", "is_owner": "on"},
    )

    before = user.email
    user.refresh_from_db()
    assert (user.email, user.is_owner) == (before, False)


def test_an_unknown_theme_is_refused():
    assert signed_in(make_user()).post("/accounts/profile/", {"theme": "pink", "density": "compact"}).status_code == 422


def test_the_menu_switches_the_theme_and_stays_on_the_page():
    client = signed_in(make_user())

    answer = client.post("/accounts/preferences/", {"theme": "light", "next": "/projects/?a=b"})

    assert answer.headers["Location"] == "/projects/?a=b"
    assert client.cookies["cb_theme"].value == "light"


def test_a_script_gets_no_redirect():
    answer = signed_in(make_user()).post(
        "/accounts/preferences/", {"theme": "light"}, headers={"X-Requested-With": "fetch"}
    )

    assert answer.status_code == 204


@pytest.mark.parametrize("data", [{"theme": "pink"}, {"session": "x"}, {}])
def test_unknown_choices_set_no_cookie(data):
    client = signed_in(make_user())
    before = set(client.cookies)

    client.post("/accounts/preferences/", data)

    assert set(client.cookies) == before


def test_preferences_never_lead_to_another_site():
    answer = signed_in(make_user()).post("/accounts/preferences/", {"theme": "dark", "next": "https://evil.example/"})

    assert answer.headers["Location"] == "/"


def test_the_simple_editor_is_a_choice_of_this_browser():
    client = signed_in(make_user())

    client.post("/accounts/profile/", {"theme": "dark", "density": "compact", "simple_editor": "on"})

    assert client.cookies["cb_editor"].value == "simple"
    assert 'name="simple_editor" id="id_simple_editor" checked' in " ".join(
        client.get("/accounts/profile/").text.split()
    ).replace('aria-describedby="id_simple_editor_helptext" ', "")
