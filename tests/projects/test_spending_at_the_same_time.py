"""Fifty callers at once, each on a connection of its own."""

from __future__ import annotations

import threading

import pytest
from django.conf import settings
from django.db import connection

from projects import spending
from projects.models import Project, User
from projects.spending import NANO, SpendingLimitReached
from projects.spending_models import SpendingDay
from tests.projects.factories import make_project, make_user

# Each caller has a connection of its own, so nothing can be rolled back.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
CALLERS, PEOPLE, AMOUNT = 50, 5, NANO // 10


def spend(project: Project, person: User, gate: threading.Barrier, outcomes: list[bool]) -> None:
    try:
        gate.wait(60)
        expense = spending.reserve(project=project, amount_nano_usd=AMOUNT, purpose="trial", by=person)
        spending.settle(expense=expense, cost_nano_usd=AMOUNT)
        outcomes.append(True)
    except SpendingLimitReached:
        outcomes.append(False)
    finally:
        connection.close()


def test_fifty_callers_at_once_spend_the_whole_limit_and_no_cent_more():
    project, people = make_project(), [make_user() for _ in range(PEOPLE)]
    spending.change_limits(project=project, project_nano_usd=20 * AMOUNT, person_nano_usd=6 * AMOUNT, by=people[0])
    gate, outcomes = threading.Barrier(CALLERS), list[bool]()
    threads = [
        threading.Thread(target=spend, args=[project, people[number % PEOPLE], gate, outcomes])
        for number in range(CALLERS)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)

    days = {day.user_id: day for day in SpendingDay.objects.filter(project=project)}
    assert len(outcomes) == CALLERS
    assert days[None].spent_nano_usd == AMOUNT * sum(outcomes) == 20 * AMOUNT
    assert days[None].reserved_nano_usd == 0
    assert all(day.spent_nano_usd <= 6 * AMOUNT for pk, day in days.items() if pk is not None)
