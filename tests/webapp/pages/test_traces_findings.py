"""What was found in a call, on the page of its trace, and what people say about it."""

from __future__ import annotations

import pytest

from monitoring.analysis.models import FlagMark
from monitoring.models import span_hex
from projects.roles import Role
from tests.monitoring.analysis.found_calls import make_found, names_of
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_member, make_project, signed_in
from tests.webapp.hostile_texts import MARKUP

pytestmark = pytest.mark.django_db

ANSWER = "I'm sorry, I can't help with that."


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def browser(project):
    return signed_in(make_member(project=project, role=Role.EDITOR))


def page(browser, project, call) -> str:
    return browser.get(f"/p/{project.slug}/traces/{call.trace_id.hex}/", {"span": span_hex(call.span_id)}).text


def say(browser, project, call, **sent):
    address = f"/p/{project.slug}/traces/{call.trace_id.hex}/spans/{span_hex(call.span_id)}/mark/"
    return browser.post(address, sent)


def refused(project, answered=ANSWER, place=(11, 28)):
    return make_found(
        project,
        {"refused": 0.97},
        asked="Help me",
        answered=answered,
        evidence={"refused": [("output", *place, "declines")]},
    )


def test_a_finding_is_named_explained_and_its_words_are_marked_in_the_answer(browser, project):
    text = page(browser, project, refused(project))

    assert "Refused or dodged" in text
    assert "almost certain" in text
    assert '<mark title="declines">I can&#x27;t help with</mark>' in text


@pytest.mark.parametrize("markup", MARKUP[:12])
def test_evidence_and_answers_of_any_kind_are_only_text(browser, project, markup):
    call = make_found(
        project,
        {"refused": 0.9},
        asked=markup,
        answered=f"{markup} no",
        evidence={"refused": [("output", 0, len(markup), markup)]},
    )

    text = page(browser, project, call)

    assert "<mark title=" in text
    assert not markup.startswith("<") or markup not in text


@pytest.mark.parametrize("place", [(-3, 5), (9, 2), (0, 10_000), (0, 0)])
def test_evidence_whose_place_does_not_fit_marks_nothing_and_still_says_why(browser, project, place):
    text = page(browser, project, refused(project, place=place))

    assert "<mark" not in text
    assert "declines" in text


def test_evidence_of_another_shape_is_left_out(browser, project):
    call = make_found(
        project, {"refused": 0.9}, answered=ANSWER, evidence={"refused": ["words", ("output", "x", 2, "y"), None]}
    )

    assert "Refused or dodged" in page(browser, project, call)


def test_not_a_problem_takes_the_flag_away_and_undo_brings_it_back(browser, project):
    call = refused(project)

    assert say(browser, project, call, detector="refused", verdict="wrong").status_code == 302
    assert names_of(call) == []
    text = page(browser, project, call)
    assert "said that this is not a problem" in text
    assert "<mark" not in text

    say(browser, project, call, detector="refused", verdict="undo")
    assert names_of(call) == ["refused"]
    assert not FlagMark.objects.filter(project=project).exists()


def test_what_was_missed_is_chosen_from_what_is_not_flagged(browser, project):
    call = refused(project)
    text = page(browser, project, call)
    assert 'value="toxic"' in text
    assert 'name="detector" value="refused">Refused' not in text

    say(browser, project, call, detector="toxic", verdict="missed")

    assert names_of(call) == ["refused", "toxic"]
    assert "said that this was missed" in page(browser, project, call)


def test_a_finding_that_does_not_exist_is_refused_in_words(browser, project):
    call = refused(project)

    answer = say(browser, project, call, detector="nonsense", verdict="wrong")

    assert "There is no such finding" in browser.get(answer["Location"]).text


def test_whoever_may_only_look_sees_findings_without_buttons(project):
    call = refused(project)
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    text = page(viewer, project, call)
    assert "Refused or dodged" in text
    assert 'value="wrong"' not in text
    assert say(viewer, project, call, detector="refused", verdict="wrong").status_code == 403


def test_a_call_that_nobody_looked_at_says_so(browser, project):
    trace_id = make_trace(project)

    assert "Nobody has looked at this call yet" in browser.get(f"/p/{project.slug}/traces/{trace_id}/").text


def test_the_list_shows_what_was_found_and_can_be_narrowed_to_it(browser, project):
    call, other = refused(project), make_trace(project)

    text = browser.get(f"/p/{project.slug}/explore/", {"flag": "refused"}).text

    assert call.trace_id.hex in text
    assert other not in text
    assert "badge-warn" in text
    assert "Remove filter Found refused or dodged" in text


def test_a_finding_that_nobody_knows_narrows_nothing_and_is_named(browser, project):
    trace_id = make_trace(project)

    answer = browser.get(f"/p/{project.slug}/explore/", {"flag": "nonsense"})

    assert answer.status_code == 422
    assert trace_id in answer.text
