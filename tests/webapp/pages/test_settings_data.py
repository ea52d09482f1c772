"""Settings → Data: how long calls are kept, with a look at what a change takes away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from monitoring import retention_rules
from monitoring.retention_rules import Kept
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_project, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project(by=make_user())


@pytest.fixture
def browser(project) -> Client:
    return signed_in(project.memberships.get().user)


def at(project, place: str = "") -> str:
    return f"/p/{project.slug}/settings/data/{place}"


def test_a_rule_says_what_it_would_remove_before_it_is_stored(browser, project):
    make_trace(project, at=timezone.now() - timedelta(days=9))

    answer = browser.post(at(project, "retention/look/"), {"environment": "", "call_days": 7, "number_days": 400})

    assert "Would remove 1 trace now" in answer.text
    assert retention_rules.of_project(project.pk) == [Kept()]


def test_a_rule_of_an_environment_is_stored_and_removed(browser, project):
    make_trace(project, environment="staging")

    browser.post(at(project, "retention/"), {"environment": "staging", "call_days": 7, "number_days": 400})
    stored = retention_rules.of_project(project.pk)
    browser.post(at(project, "retention/"), {"environment": "staging", "do": "remove"})

    assert stored == [Kept(), Kept("staging", 7, 400)]
    assert retention_rules.of_project(project.pk) == [Kept()]


def test_numbers_that_go_before_their_calls_are_refused(browser, project):
    answer = browser.post(at(project, "retention/"), {"environment": "", "call_days": 90, "number_days": 30})

    assert answer.status_code == 422
    assert "at least as long as the calls" in answer.text
