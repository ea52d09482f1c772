"""Ways to look at traces that people keep."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from monitoring.errors import ViewRefused
from monitoring.exploring import views
from monitoring.exploring.models import TraceListChoice
from projects.models import AuditEvent
from tests.projects.factories import make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def ann(project):
    return make_member(project=project)


@pytest.fixture
def bob(project):
    return make_member(project=project)


def names(project, user):
    return [view.name for view in views.visible(project=project, user=user)]


def save(project, by, name="Dear ones", **more):
    return views.save(project=project, name=name, line="cost:>1", by=by, **more)


def test_a_view_is_private_until_it_is_shared(project, ann, bob):
    view = save(project, ann)
    assert (names(project, ann), names(project, bob)) == (["Dear ones"], [])

    views.rename(view=view, name="Dear", is_shared=True, by=ann)

    assert names(project, bob) == ["Dear"]


def test_the_same_name_replaces_ones_own_view_alone(project, ann, bob):
    save(project, bob, is_shared=True)
    first = save(project, ann)

    again = views.save(project=project, name=" Dear  ones ", line="cost:>2", shown=["user", "nothing"], by=ann)

    assert again.pk == first.pk
    assert (again.line, again.columns) == ("cost:>2", ["user"])
    assert names(project, ann) == ["Dear ones", "Dear ones"]


def test_a_deleted_view_can_be_brought_back(project, ann):
    view = save(project, ann)
    views.choose_default(project=project, user=ann, view=view)

    views.delete(view=view, by=ann)
    assert names(project, ann) == []
    assert views.choice_of(project=project, user=ann).default_view_id is None

    views.bring_back(view=view, by=ann)
    assert names(project, ann) == ["Dear ones"]
    actions = AuditEvent.objects.filter(project=project, action__startswith="view.").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["view.saved", "view.deleted", "view.restored"]


def test_a_name_that_is_taken_is_refused(project, ann):
    save(project, ann, "One")
    other = save(project, ann, "Two")

    with pytest.raises(ViewRefused, match="«One» already"):
        views.rename(view=other, name="One", is_shared=False, by=ann)

    views.delete(view=other, by=ann)
    save(project, ann, "Two")
    with pytest.raises(ViewRefused, match="Rename that one first"):
        views.bring_back(view=other, by=ann)


def test_a_filter_too_long_to_be_kept_is_refused_and_not_cut(project, ann):
    with pytest.raises(ViewRefused, match="too long to be kept"):
        views.save(project=project, name="Long", line=f"user:{'a' * 2_000}", by=ann)


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\x00b"])
def test_names_that_cannot_be_are_refused(project, ann, name):
    with pytest.raises(ViewRefused):
        save(project, ann, name)


def test_columns_are_chosen_by_each_person(project, ann, bob):
    views.choose_columns(project=project, user=ann, shown=["cost", "user", "nonsense"])

    assert views.choice_of(project=project, user=ann).columns == ["cost", "user"]
    assert views.choice_of(project=project, user=bob).columns is None


def test_the_database_refuses_a_default_view_of_another_project(project, ann):
    foreign = save(make_project(), ann)

    with pytest.raises(IntegrityError), transaction.atomic():
        TraceListChoice.objects.create(project=project, user=ann, default_view_id=foreign.pk)
