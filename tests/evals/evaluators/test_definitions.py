"""An evaluator keeps its name; every change of how it judges is a version of its own, and none is lost."""

from __future__ import annotations

import pytest

from evals.errors import EvaluatorArchived, EvaluatorNameNotUsable, EvaluatorNameTaken, EvaluatorRefused
from evals.evaluators import definitions
from evals.evaluators.cases import Case
from evals.evaluators.models import Evaluator
from projects.models import AuditEvent
from projects.roles import Role
from prompt_registry.errors import NotAllowed
from tests.evals.factories import make_editor
from tests.projects.factories import make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def editor(project):
    return make_editor(project)


def make(project, by, **values):
    given = {"name": "Not too long", "kind": "length", "settings": {"most": 5}} | values
    return definitions.create(project=project, by=by, **given)


def test_a_new_evaluator_judges_as_its_first_version_says(project, editor):
    evaluator = make(project, editor)

    version = definitions.current_of(evaluator)
    assert (version.number, version.kind, version.settings, version.author) == (1, "length", {"most": 5}, editor)
    assert definitions.built(version).judge(Case("one two")).passed


def test_a_change_makes_a_version_and_leaves_the_one_before_as_it_was(project, editor):
    evaluator = make(project, editor)

    definitions.change(evaluator=evaluator, kind="length", settings={"most": 9}, by=editor)

    assert [version.settings for version in evaluator.versions.order_by("number")] == [{"most": 5}, {"most": 9}]
    assert definitions.current_of(evaluator).number == 2


@pytest.mark.parametrize("same", [{"most": 5}, {"most": 5, "fewest": 0}], ids=["the same", "a default written out"])
def test_settings_that_judge_the_same_make_no_version(project, editor, same):
    evaluator = make(project, editor)

    version = definitions.change(evaluator=evaluator, kind="length", settings=same, by=editor)

    assert version.number == 1
    assert evaluator.versions.count() == 1


def test_settings_that_cannot_work_make_no_evaluator(project, editor):
    with pytest.raises(EvaluatorRefused, match="at least, or at most"):
        make(project, editor, settings={})

    assert not Evaluator.objects.exists()


def test_a_change_that_cannot_work_leaves_everything_as_it_was(project, editor):
    evaluator = make(project, editor)

    with pytest.raises(EvaluatorRefused):
        definitions.change(evaluator=evaluator, kind="length", settings={"most": -1}, by=editor)

    assert definitions.current_of(evaluator).settings == {"most": 5}


@pytest.mark.parametrize(
    ("name", "said"),
    [("  ", "Give the check a name"), ("x" * 121, "more than 120"), ("in\u200bvisible", "invisible character")],
    ids=["empty", "too long", "invisible"],
)
def test_a_name_that_cannot_be_used_is_refused_with_the_reason(project, editor, name, said):
    with pytest.raises(EvaluatorNameNotUsable, match=said):
        make(project, editor, name=name)


def test_two_evaluators_of_a_project_have_different_names(project, editor):
    make(project, editor)

    with pytest.raises(EvaluatorNameTaken, match="Another check"):
        make(project, editor)


def test_a_name_in_the_archive_is_said_to_be_there(project, editor):
    definitions.archive(evaluator=make(project, editor), by=editor)

    with pytest.raises(EvaluatorNameTaken, match="in the archive"):
        make(project, editor)


def test_renaming_makes_no_version(project, editor):
    evaluator = make(project, editor)

    renamed = definitions.rename(evaluator=evaluator, name="Short", description="Five words.", by=editor)

    assert (renamed.name, renamed.description, renamed.version) == ("Short", "Five words.", 1)


def test_what_is_in_the_archive_is_not_changed_until_it_is_back(project, editor):
    evaluator = make(project, editor)
    definitions.archive(evaluator=evaluator, by=editor)

    with pytest.raises(EvaluatorArchived):
        definitions.change(evaluator=evaluator, kind="length", settings={"most": 9}, by=editor)
    definitions.restore(evaluator=evaluator, by=editor)

    assert definitions.change(evaluator=evaluator, kind="length", settings={"most": 9}, by=editor).number == 2


def test_every_change_is_written_down(project, editor):
    evaluator = make(project, editor)
    definitions.change(evaluator=evaluator, kind="length", settings={"most": 9}, by=editor)
    definitions.rename(evaluator=evaluator, name="Short", description="", by=editor)
    definitions.archive(evaluator=evaluator, by=editor)
    definitions.restore(evaluator=evaluator, by=editor)

    found = AuditEvent.objects.filter(project=project, action__startswith="evaluator.").order_by("pk")
    assert [event.action.partition(".")[2] for event in found] == [
        "created", "changed", "renamed", "archived", "restored",
    ]  # fmt: skip


def test_a_viewer_may_not_write_checks(project, editor):
    viewer = make_member(project=project, role=Role.VIEWER)

    with pytest.raises(NotAllowed, match="Viewer may not edit checks"):
        make(project, viewer)


def test_an_application_may_write_checks(project):
    assert make(project, None).created_by is None
