"""What people say about the steps of a fix."""

from __future__ import annotations

from uuid import uuid4

import pytest

from monitoring.issues import changes, fixes
from monitoring.issues.errors import FixOver, ReasonMissing, StepUnknown
from monitoring.issues.fix_models import FixState, FixStep, IssueFix
from projects.roles import Role
from prompt_registry.errors import NotAllowed
from tests.monitoring.issue_factories import make_issue
from tests.projects.factories import make_member, make_project
from tests.prompt_registry.factories import make_prompt, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def editor(project):
    return make_member(project=project, role=Role.EDITOR, name="Dana Ortiz")


@pytest.fixture
def fix(project, editor) -> IssueFix:
    prompt = make_prompt(project, name="support/refund")
    make_version(prompt)
    issue = make_issue(project, prompt_name=prompt.name)
    changes.start_fix(issue=issue, by=editor)
    found = fixes.current(issue)
    assert found is not None
    return found


def test_a_step_done_elsewhere_keeps_with_what_and_by_whom(fix, editor):
    marked = fixes.mark(fix=fix, step=FixStep.TEST, how=fixes.ELSEWHERE, note=" In our notebook. ", by=editor)

    assert marked.mark_of(FixStep.TEST) | {"at": ""} == {
        "how": "elsewhere", "note": "In our notebook.", "by": editor.pk, "name": "Dana Ortiz", "at": "",
    }  # fmt: skip
    assert fixes.unmark(fix=fix, step=FixStep.TEST, by=editor).mark_of(FixStep.TEST) == {}


@pytest.mark.parametrize(
    ("step", "how", "note", "error"),
    [
        (FixStep.TEST, fixes.SKIPPED, " ", ReasonMissing),
        ("proof", fixes.SKIPPED, "Enough.", StepUnknown),
        (FixStep.TEST, "done", "Enough.", StepUnknown),
    ],
)
def test_a_step_is_left_out_with_a_reason_and_the_proof_never(fix, editor, step, how, note, error):
    with pytest.raises(error):
        fixes.mark(fix=fix, step=step, how=how, note=note, by=editor)


def test_examples_that_are_chosen_take_back_that_they_were_left_out(fix, editor):
    fixes.mark(fix=fix, step=FixStep.EXAMPLES, how=fixes.SKIPPED, note="None needed.", by=editor)

    chosen = fixes.choose_examples(fix=fix, examples=[(uuid4(), 7, True)], by=editor)

    assert chosen.marks == {}
    assert [one[1:] for one in chosen.examples] == [[7, True]]


def test_the_new_text_is_what_was_saved_since_the_fix_began_or_what_was_named(fix, editor):
    old = fix.prompt.versions.get(number=1)
    assert fixes.version_of(fix) is None

    newer = make_version(fix.prompt)
    assert fixes.version_of(fix) == newer
    assert fixes.meant_for(prompt=fix.prompt, version=newer) == [fix]
    assert fixes.meant_for(prompt=fix.prompt, version=old) == []

    named = fixes.link(fix=fix, by=editor, version=old)
    assert fixes.version_of(named) == old


def test_a_fix_that_is_over_changes_no_more(fix, editor):
    IssueFix.objects.filter(pk=fix.pk).update(state=FixState.VERIFIED)

    with pytest.raises(FixOver):
        fixes.choose_examples(fix=fix, examples=[], by=editor)


def test_who_only_reads_says_nothing_about_steps(fix, project):
    viewer = make_member(project=project, role=Role.VIEWER)

    with pytest.raises(NotAllowed):
        fixes.mark(fix=fix, step=FixStep.TEST, how=fixes.SKIPPED, note="Enough.", by=viewer)
