"""Which labels are protected, who says so, and what is on in a new project."""

from __future__ import annotations

import pytest

from projects.models import AuditEvent, Project
from projects.roles import Role
from prompt_registry import labels, protection
from prompt_registry.errors import LabelNotUsable, LabelProtected, LabelReserved, NotAllowed, TooManyProtected
from tests.prompt_registry.factories import make_member, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(project: Project):
    return make_member(project, Role.ADMIN)


def stored(project: Project) -> protection.Protection:
    return protection.now(project.pk)


def test_production_is_protected_and_stays_so(project, admin):
    protection.protect(project=project, labels=[], by=admin)

    assert stored(project).labels == {"production"}


def test_an_admin_protects_more_labels_and_the_audit_log_tells(project, prompt, admin, editor):
    protection.protect(project=project, labels=[" staging ", "eu-production", ""], by=admin)

    assert stored(project).labels == {"production", "staging", "eu-production"}
    event = AuditEvent.objects.get(action="project.protected_labels_changed")
    assert event.details == {"before": ["production"], "after": ["eu-production", "production", "staging"]}
    with pytest.raises(LabelProtected, match="«staging» is protected"):
        labels.publish(prompt=prompt, version=make_version(prompt), label="staging", by=editor)


@pytest.mark.parametrize(("names", "error"), [(["latest"], LabelReserved), (["Bad Name"], LabelNotUsable)])
def test_latest_and_impossible_names_are_never_protected(project, admin, names, error):
    with pytest.raises(error):
        protection.protect(project=project, labels=names, by=admin)


def test_there_is_an_end_to_it(project, admin):
    with pytest.raises(TooManyProtected):
        protection.protect(project=project, labels=[f"place-{number}" for number in range(20)], by=admin)


def test_only_an_admin_changes_the_rule(project):
    for role in (Role.VIEWER, Role.EDITOR, Role.APPROVER):
        person = make_member(project, role)
        with pytest.raises(NotAllowed):
            protection.protect(project=project, labels=["staging"], by=person)
        with pytest.raises(NotAllowed):
            protection.require_approval(project=project, is_required=True, by=person)


def test_switching_approval_is_written_down_once(project, admin):
    for is_required in (True, True, False):
        protection.require_approval(project=project, is_required=is_required, by=admin)

    actions = AuditEvent.objects.filter(action__contains="approval").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["project.approval_switched_on", "project.approval_switched_off"]
    assert stored(project).is_approval_required is False
