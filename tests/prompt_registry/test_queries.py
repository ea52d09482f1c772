"""What the pages of a prompt show: histories, publishes, what is live."""

from __future__ import annotations

from prompt_registry import labels, queries
from tests.prompt_registry.factories import make_version


def test_the_history_is_newest_first_with_labels_and_the_version_before(prompt, approver):
    first = make_version(prompt)
    make_version(prompt)
    make_version(prompt)
    labels.publish(prompt=prompt, version=first, label="production", by=approver)

    rows, has_older = queries.history(prompt=prompt, before=None, limit=2)
    older, _ = queries.history(prompt=prompt, before=2, limit=2)

    assert ([row.version.number for row in rows], [row.before for row in rows], has_older) == ([3, 2], [2, 1], True)
    assert [(row.version.number, row.labels, row.before) for row in older] == [(1, ["production"], None)]


def test_moves_are_newest_first(prompt, approver):
    for version in (make_version(prompt), make_version(prompt)):
        labels.publish(prompt=prompt, version=version, label="production", by=approver)
    labels.undo(prompt=prompt, label="production", by=approver)

    moves = queries.moves(prompt=prompt, limit=10)

    assert [(move.is_undo, move.to_version.number) for move in moves] == [(True, 1), (False, 2), (False, 1)]


def test_what_is_live_names_production_first(prompt, approver):
    version = make_version(prompt)
    for label in ("beta", "staging", "production"):
        labels.publish(prompt=prompt, version=version, label=label, by=approver)

    assert [label.name for label in queries.live(prompt=prompt)] == ["production", "staging", "beta"]
