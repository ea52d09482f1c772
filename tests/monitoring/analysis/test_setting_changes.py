"""What a project looks for can be changed, and who changed it is kept."""

from __future__ import annotations

import pytest

from monitoring.analysis import setting_changes, settings
from monitoring.detectors import catalogue
from monitoring.errors import SettingRefused
from projects.models import AuditEvent
from tests.projects.factories import make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return make_user()


@pytest.fixture
def project(user):
    return make_project(by=user)


def change(project, user, *, detector="refused", is_enabled=True, threshold=0.8):
    return setting_changes.change(
        project=project, detector=detector, is_enabled=is_enabled, threshold=threshold, by=user
    )


def test_a_changed_threshold_holds_for_the_project_alone(project, user):
    change(project, user)

    assert settings.of(project.pk)["refused"].threshold == 0.8
    assert settings.of(make_project().pk)["refused"].threshold == catalogue.shipped_threshold("refused")


def test_a_detector_can_be_switched_off_and_left_as_shipped(project, user):
    change(project, user, is_enabled=False, threshold=None)

    choice = settings.of(project.pk)["refused"]
    assert (choice.is_enabled, choice.threshold) == (False, catalogue.shipped_threshold("refused"))


def test_a_change_is_in_the_audit_log_once(project, user):
    change(project, user)
    change(project, user)

    event = AuditEvent.objects.get(project=project, action="detector.changed")

    assert (event.subject, event.details) == ("refused", {"before": [True, None], "after": [True, 0.8]})


@pytest.mark.parametrize("wrong", [{"detector": "refusals"}, {"threshold": 0.0}, {"threshold": 1.2}])
def test_a_setting_that_means_nothing_is_refused(project, user, wrong):
    with pytest.raises(SettingRefused):
        change(project, user, **wrong)
