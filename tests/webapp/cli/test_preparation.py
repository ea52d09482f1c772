import pytest
from django.test import override_settings

from projects import people
from projects.models import User
from webapp.cli import preparation


@pytest.mark.django_db
def test_the_first_start_makes_an_owner_and_a_link_for_them():
    token = preparation.first_sign_in_token()

    assert token is not None
    user = people.use_sign_in_link(token=token)
    assert (user.email, user.is_owner) == ("admin@localhost", True)


@pytest.mark.django_db
def test_while_nobody_has_signed_in_each_start_prints_a_new_link_for_the_same_owner():
    first = preparation.first_sign_in_token()

    second = preparation.first_sign_in_token()

    assert first != second
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_once_an_owner_has_signed_in_no_start_prints_a_link(client):
    owner = people.create_user(email="ana@example.com", is_owner=True)
    client.force_login(owner)

    assert preparation.first_sign_in_token() is None


@pytest.mark.django_db
def test_a_database_that_is_up_to_date_is_left_alone():
    assert preparation.migrate() == 0


def test_static_files_are_copied_once_and_again_when_they_change(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "page.css").write_text("one")
    places = {"STATIC_ROOT": tmp_path / "served", "STATICFILES_DIRS": [tmp_path / "source"]}
    finders = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    with override_settings(**places, STATICFILES_FINDERS=finders):
        preparation.collect_static_files()
        first = (tmp_path / "served" / "page.css").stat().st_ino
        preparation.collect_static_files()
        assert (tmp_path / "served" / "page.css").stat().st_ino == first

        (tmp_path / "source" / "page.css").write_text("three")
        preparation.collect_static_files()

    assert (tmp_path / "served" / "page.css").read_text() == "three"
