"""Behaviour of remembered refusals."""

from __future__ import annotations

import pytest

from projects import refusals
from projects.models import RefusedRequest
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


def test_equal_refusals_share_a_row():
    project = make_project()
    for _ in range(3):
        refusals.note(key_id="abc123abc123", reason="wrong scope", project_id=project.pk)

    (row,) = refusals.recent(project=project)
    assert (row.count, row.key_id) == (3, "abc123abc123")


def test_a_project_sees_its_own_refusals_and_those_of_keys_nobody_knows():
    project, other = make_project(), make_project()
    refusals.note(key_id="", reason="unknown key")
    refusals.note(key_id="", reason="unknown key")
    refusals.note(key_id="abc123abc123", reason="mine", project_id=project.pk)
    refusals.note(key_id="xyz123xyz123", reason="foreign", project_id=other.pk)

    assert {row.reason: row.count for row in refusals.recent(project=project)} == {"unknown key": 2, "mine": 1}


def test_long_texts_from_outside_are_cut():
    project = make_project()
    refusals.note(key_id="a" * 500, reason="b" * 500, project_id=project.pk)

    (row,) = refusals.recent(project=project)
    assert (len(row.key_id), len(row.reason)) == (12, 200)


def test_keys_tried_at_random_do_not_fill_the_table(monkeypatch):
    monkeypatch.setattr(refusals, "MOST_UNKNOWN_KEYS", 3)

    for number in range(6):
        refusals.note(key_id=f"key{number}", reason="unknown")
    refusals.note(key_id="key0", reason="unknown")

    assert sorted(RefusedRequest.objects.values_list("key_id", "count")) == [("key0", 2), ("key1", 1), ("key2", 1)]


def test_a_refusal_of_a_project_that_is_gone_is_forgotten():
    refusals.note(key_id="key", reason="unknown", project_id=0)

    assert not RefusedRequest.objects.exists()
