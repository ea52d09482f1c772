"""Money is set aside before it is spent, and no crowd of callers passes a limit."""

from __future__ import annotations

import pytest

from projects import spending
from projects.models import AuditEvent, Notification, Project, User
from projects.roles import Role
from projects.spending import NANO, LimitNotUsable, SpendingLimitReached
from projects.spending_models import Expense, SpendingDay
from tests.projects.factories import make_member, make_project, make_user

pytestmark = pytest.mark.django_db
CENT = NANO // 100


@pytest.fixture
def admin() -> User:
    return make_user(name="Dana")


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def editor(project: Project) -> User:
    return make_member(project=project, role=Role.EDITOR, name="Sam")


def reserve(project: Project, by: User | None, amount: int) -> int:
    return spending.reserve(project=project, amount_nano_usd=amount, purpose="trial", by=by)


def set_limits(project: Project, by: User, *, whole: int, person: int) -> None:
    spending.change_limits(project=project, project_nano_usd=whole, person_nano_usd=person, by=by)


def test_what_is_set_aside_counts_until_it_is_settled(project, editor):
    expense = reserve(project, editor, 50 * CENT)
    before = spending.today(project=project, user=editor)
    spending.settle(expense=expense, cost_nano_usd=20 * CENT)
    after = spending.today(project=project, user=editor)

    assert (before.person.reserved_nano_usd, before.project.reserved_nano_usd) == (50 * CENT, 50 * CENT)
    assert (after.person.spent_nano_usd, after.project.spent_nano_usd) == (20 * CENT, 20 * CENT)
    assert (after.person.reserved_nano_usd, after.project.reserved_nano_usd) == (0, 0)


def test_settling_twice_counts_once(project, editor):
    expense = reserve(project, editor, 50 * CENT)

    spending.settle(expense=expense, cost_nano_usd=20 * CENT)
    spending.settle(expense=expense, cost_nano_usd=30 * CENT)

    assert spending.today(project=project, user=editor).project.spent_nano_usd == 20 * CENT


def test_a_person_cannot_pass_their_limit_and_nothing_stays_set_aside(project, admin, editor):
    set_limits(project, admin, whole=10 * NANO, person=NANO)
    reserve(project, editor, 90 * CENT)

    with pytest.raises(SpendingLimitReached, match=r"\$1\.00 a day for you"):
        reserve(project, editor, 20 * CENT)

    assert spending.today(project=project, user=editor).project.reserved_nano_usd == 90 * CENT
    assert Expense.objects.count() == 1


def test_the_money_of_others_does_not_count_for_a_person_but_for_the_project(project, admin, editor):
    set_limits(project, admin, whole=150 * CENT, person=NANO)
    reserve(project, editor, NANO)

    with pytest.raises(SpendingLimitReached, match=r"\$1\.50 a day for this project"):
        reserve(project, admin, 60 * CENT)
    reserve(project, admin, 50 * CENT)

    assert spending.today(project=project, user=admin).project.left_nano_usd == 0


def test_an_amount_beyond_the_limit_is_refused_on_the_first_call_of_the_day(project, admin, editor):
    set_limits(project, admin, whole=NANO, person=CENT)

    with pytest.raises(SpendingLimitReached):
        reserve(project, editor, 2 * CENT)
    with pytest.raises(SpendingLimitReached):
        reserve(project, None, 2 * NANO)

    assert not SpendingDay.objects.exists()


def test_an_application_pays_from_the_projects_money_alone(project):
    expense = reserve(project, None, CENT)

    assert Expense.objects.get(pk=expense).user is None
    assert [day.user for day in SpendingDay.objects.all()] == [None]


def test_admins_and_the_person_are_told_once_at_80_percent(project, admin, editor):
    set_limits(project, admin, whole=100 * NANO, person=NANO)

    reserve(project, editor, 79 * CENT)
    quiet = Notification.objects.count()
    reserve(project, editor, 2 * CENT)
    reserve(project, editor, 2 * CENT)

    assert quiet == 0
    told = Notification.objects.all()
    assert {notification.user for notification in told} == {admin, editor}
    assert {notification.sentence for notification in told} == {
        "Sam used $0.81 of $1.00 that may be spent on models today."
    }
    assert {notification.path for notification in told} == {f"/p/{project.slug}/settings/spending/"}


def test_admins_are_told_when_the_projects_money_is_nearly_used(project, admin, editor):
    set_limits(project, admin, whole=NANO, person=NANO)

    reserve(project, None, 85 * CENT)

    assert [notification.user for notification in Notification.objects.all()] == [admin]
    assert "The project used $0.85" in Notification.objects.get().sentence


def test_limits_have_defaults_and_a_change_is_audited(project, admin):
    before = spending.limits_of(project)
    set_limits(project, admin, whole=3 * NANO, person=2 * NANO)

    assert (before.project_nano_usd, before.person_nano_usd) == (20 * NANO, 5 * NANO)
    assert spending.limits_of(project).project_nano_usd == 3 * NANO
    assert AuditEvent.objects.get(action="spending.limits_changed").details["after"]["person_nano_usd"] == 2 * NANO


@pytest.mark.parametrize("amount", [-1, spending.MOST_NANO_USD + 1])
def test_odd_limits_are_refused(project, admin, amount):
    with pytest.raises(LimitNotUsable):
        set_limits(project, admin, whole=amount, person=NANO)
