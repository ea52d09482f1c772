"""Requests that come again under their key."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from evals import repeated_requests
from evals.errors import EvalsError, RequestDiffers
from evals.models import AnsweredRequest
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


def once(project, *, key="k", request=b"body", done=None):
    return repeated_requests.once(project=project, key=key, request=request, do=lambda: done or {"added": 1})


def test_a_request_is_done_once_and_answered_alike():
    project = make_project()

    assert once(project) == ({"added": 1}, True)
    assert once(project, done={"added": 2}) == ({"added": 1}, False)


def test_another_request_under_the_key_is_refused():
    project = make_project()
    once(project)

    with pytest.raises(RequestDiffers):
        once(project, request=b"other")


def test_keys_of_projects_do_not_meet():
    once(make_project())

    assert once(make_project(), request=b"other")[1]


def test_a_request_that_failed_may_come_again():
    project = make_project()

    def fail():
        raise EvalsError

    with pytest.raises(EvalsError):
        repeated_requests.once(project=project, key="k", request=b"body", do=fail)

    assert once(project)[1]


def test_answers_are_kept_for_two_days():
    once(make_project())
    AnsweredRequest.objects.update(created_at=timezone.now() - timedelta(hours=49))

    assert repeated_requests.forget_old() == 1
