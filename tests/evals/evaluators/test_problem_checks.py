"""Checks for the problems that detectors find: a project's own are used, and only what it lacks is made."""

from __future__ import annotations

import pytest

from evals.evaluators import problem_checks
from evals.evaluators.models import Evaluator
from monitoring.issues.models import Signal
from tests.evals.experiment_factories import make_evaluator_version
from tests.evals.factories import make_editor
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


def test_a_check_of_the_project_is_used_whatever_its_limit_is():
    project = make_project()
    own = make_evaluator_version(project, "At most 40 words", kind="length", most=40)

    found = problem_checks.of_project(project=project, signals=[Signal.LONG_WINDED], by=make_editor(project))

    assert found == [own]


def test_what_the_project_lacks_is_made():
    project = make_project()

    (found,) = problem_checks.of_project(project=project, signals=[Signal.EMPTY], by=make_editor(project))

    assert (found.kind, found.settings, found.evaluator.name) == ("length", {"fewest": 1}, "There is an answer")


def test_a_name_that_is_taken_by_something_else_gets_a_number():
    project = make_project()
    make_evaluator_version(project, "No refusal", kind="exact")

    (found,) = problem_checks.of_project(project=project, signals=[Signal.REFUSED], by=make_editor(project))

    assert found.evaluator.name == "No refusal 2"


@pytest.mark.parametrize(
    ("kind", "settings", "title"),
    [
        ("length", {"most": 90}, "Long answers"),
        ("length", {"fewest": 3}, "Empty answers"),
        ("length", {"fewest": 3, "most": 90}, None),
        ("language", {"language": "es"}, None),
        ("language", {"language": ""}, "Wrong language"),
        ("json", {"schema": {}}, "Bad format"),
        ("exact", {}, None),
    ],
)
def test_an_evaluator_is_known_by_what_it_looks_for(kind, settings, title):
    found = problem_checks.like(make_evaluator_version(make_project(), kind=kind, **settings))

    assert (found.title if found else None) == title


def test_an_archived_check_is_not_used_again():
    project = make_project()
    own = make_evaluator_version(project, "Helps", kind="refusal")
    Evaluator.objects.filter(pk=own.evaluator_id).update(archived_at="2026-11-01T00:00:00Z")

    assert Signal.REFUSED not in problem_checks.known(project)
