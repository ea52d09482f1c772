"""Behaviour of projects themselves."""

from __future__ import annotations

import pytest

from projects import projects
from projects.errors import NameMissing, SlugTaken
from projects.models import AuditEvent, Project
from tests.projects.factories import make_project, make_user

pytestmark = pytest.mark.django_db


def test_the_address_is_made_from_the_name():
    assert projects.create(name=" Nordwind Shop! ").slug == "nordwind-shop"


def test_a_second_project_of_the_same_name_gets_its_own_address():
    projects.create(name="Shop")

    assert projects.create(name="Shop").slug == "shop-2"


def test_a_name_without_letters_still_gets_an_address():
    assert projects.create(name="商店").slug == "project"


def test_an_address_asked_for_by_name_is_not_changed_silently():
    projects.create(name="Shop", slug="shop")

    with pytest.raises(SlugTaken):
        projects.create(name="Other", slug="shop")


@pytest.mark.parametrize("name", ["", "   "])
def test_a_project_needs_a_name(name):
    with pytest.raises(NameMissing):
        projects.create(name=name)


def test_a_new_name_keeps_the_address_and_is_audited():
    user = make_user()
    project = projects.create(name="Shop", by=user)

    projects.rename(project=project, name="Nordwind", by=user)

    project.refresh_from_db()
    assert (project.name, project.slug) == ("Nordwind", "shop")
    assert AuditEvent.objects.get(action="project.renamed").details == {"before": "Shop", "after": "Nordwind"}


def test_people_see_only_the_projects_they_belong_to():
    user = make_user()
    mine = make_project(by=user)
    make_project()

    assert list(Project.objects.visible_to(user)) == [mine]


def test_approval_is_on_as_soon_as_there_is_a_second_person():
    alone = make_user()
    first = projects.create(name="First", by=alone)
    make_user(is_active=False)
    second = projects.create(name="Second", by=alone)
    make_user()
    third = projects.create(name="Third", by=alone)

    assert [one.is_approval_required for one in (first, second, third)] == [False, False, True]


def test_the_demo_starts_without_approval_and_whoever_knows_better_decides():
    make_user()
    make_user()

    assert projects.create(name="Demo", is_demo=True).is_approval_required is False
    assert projects.create(name="Alone", is_approval_required=False).is_approval_required is False


def test_a_name_that_many_projects_have_still_makes_an_address():
    projects = [make_project(name="Nordwind shop") for _ in range(52)]

    assert len({project.slug for project in projects}) == 52
