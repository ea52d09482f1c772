"""The checks that a project begins with."""

from __future__ import annotations

import pytest

from evals.evaluators import definitions
from evals.experiments import starter_checks
from tests.evals.factories import make_editor
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


def test_they_cost_nothing_and_are_added_once():
    project = make_project()
    editor = make_editor(project)

    added = starter_checks.add(project=project, by=editor)
    again = starter_checks.add(project=project, by=editor)

    assert {"There is an answer", "Says what is expected"} <= {one.name for one in added}
    assert again == []
    assert not any(version.settings.get("model") for one in added for version in one.versions.all())


def test_a_check_of_the_team_with_the_same_name_stays_as_it_is():
    project = make_project()
    editor = make_editor(project)
    ours = definitions.create(
        project=project, name="There is an answer", kind="length", settings={"fewest": 9}, by=editor
    )

    starter_checks.add(project=project, by=editor)

    assert ours.versions.get().settings == {"fewest": 9}
