"""The inbox of feedback."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.feedback import inbox
from monitoring.feedback.wanted import Form, Wanted
from monitoring.models import Score, Triage
from tests.monitoring.factories import make_trace
from tests.monitoring.feedback.factories import say
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


def texts(project, **fields):
    found = inbox.page(project=project, wanted=Wanted(project.pk, **fields))
    return [entry.words or entry.correction or "no words" for entry in found.entries]


def test_what_was_said_comes_newest_first(project):
    say(project, "First")
    say(project, "Second", data_type="text")
    say(project, "Third", data_type="correction")

    assert texts(project) == ["Third", "Second", "First"]


def test_thumbs_without_words_are_shown_only_when_asked_for(project):
    say(project)

    assert texts(project) == []
    assert texts(project, form=Form.ALL) == ["no words"]


def test_what_checks_say_is_no_feedback(project):
    say(project, "A judge thinks so", source="evaluator")
    say(project, "A detector thinks so", source="detector")

    assert texts(project, form=Form.ALL) == []


def test_another_project_sees_nothing(project):
    say(project, "Ours")

    assert texts(make_project()) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"form": Form.CORRECTIONS}, ["It is 42."]),
        ({"form": Form.COMMENTS}, ["Bad", "Good"]),
        ({"thumbs": "up"}, ["Good"]),
        ({"thumbs": "down"}, ["Bad"]),
        ({"source": "human"}, ["It is 42."]),
        ({"words": "BA"}, ["Bad"]),
        ({"words": "%"}, []),
        ({"prompt": "shop/answer"}, ["Bad"]),
        ({"environment": "staging"}, []),
    ],
    ids=str,
)
def test_filters_leave_what_fits(project, fields, expected):
    say(project, "Good", value=1)
    say(project, "Bad", trace_id=make_trace(project, prompt="shop/answer", version=2))
    say(project, "It is 42.", data_type="correction", source="human")

    assert texts(project, **fields) == expected


def test_the_same_words_of_many_people_are_one_row(project):
    for words in ("Buy pills", "buy  PILLS ", "Buy pills\n", "Something else"):
        say(project, words)

    found = inbox.page(project=project, wanted=Wanted(project.pk)).entries

    assert [(entry.words.strip(), entry.others) for entry in found] == [("Something else", 0), ("Buy pills", 2)]


def test_what_is_folded_can_be_seen_one_by_one(project):
    rows = [say(project, "Buy pills") for _ in range(3)]
    say(project, "Something else")

    assert texts(project, like=rows[0].id) == ["Buy pills"] * 3


def test_the_same_words_with_another_thumb_or_about_another_prompt_stay_apart(project):
    say(project, "ok", value=1)
    say(project, "ok", value=0)
    say(project, "ok", value=0, trace_id=make_trace(project, prompt="shop/answer", version=1))

    assert texts(project) == ["ok"] * 3


def test_a_row_folds_only_what_its_filter_shows(project):
    say(project, "Wrong", trace_id=make_trace(project, environment="staging"))
    say(project, "Wrong", trace_id=make_trace(project, environment="production"))

    [entry] = inbox.page(project=project, wanted=Wanted(project.pk, environment="staging")).entries

    assert entry.others == 0


def test_pages_follow_each_other_without_gaps_and_back(project, monkeypatch):
    monkeypatch.setattr(inbox, "PAGE_SIZE", 2)
    said = [f"Number {number}" for number in range(5)]
    moment = timezone.now()
    for words in said:
        say(project, words)
    Score.objects.filter(project=project).update(received_at=moment)
    wanted, seen, place = Wanted(project.pk), [], None

    while True:
        page = inbox.page(project=project, wanted=wanted, older_than=place)
        seen.append([entry.words for entry in page.entries])
        if page.older is None:
            break
        place = page.older
    back = inbox.page(project=project, wanted=wanted, newer_than=page.newer)

    assert sorted(words for part in seen for words in part) == said
    assert [len(part) for part in seen] == [2, 2, 1]
    assert [entry.words for entry in back.entries] == seen[1]


def test_a_row_names_its_call_and_says_when_none_came(project):
    trace_id = make_trace(project, asked="Where is my parcel?")
    say(project, "Arrived", trace_id=trace_id)
    waiting = say(project, "Waits")

    waits, arrived = inbox.page(project=project, wanted=Wanted(project.pk)).entries

    assert arrived.trace is not None
    assert arrived.trace.input_preview == "Where is my parcel?"
    assert waits.trace is None
    assert not inbox.is_overdue(waiting, now=timezone.now())
    assert inbox.is_overdue(waiting, now=timezone.now() + timedelta(days=8))


def test_every_state_is_counted(project):
    say(project, "One")
    Score.objects.filter(id=say(project, "Two").id).update(triage=Triage.HANDLED, triaged_at=timezone.now())

    assert inbox.counts(wanted=Wanted(project.pk)) == {"new": 1, "handled": 1, "dismissed": 0, "": 2}


def test_prompts_of_feedback_can_be_chosen(project):
    say(project, "Bad", trace_id=make_trace(project, prompt="shop/answer", version=2))
    say(project, trace_id=make_trace(project, prompt="shop/silent", version=1))

    assert inbox.prompts(project=project) == ["shop/answer"]
