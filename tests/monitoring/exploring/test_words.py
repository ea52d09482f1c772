"""The search in whole texts of calls."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring import trace_search
from monitoring.exploring import language
from monitoring.exploring.terms import TEXT, term
from monitoring.trace_filters import TraceFilter
from tests.monitoring.analysis.factories import look
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

LONG = "Good morning to you. " * 200


@pytest.fixture
def project():
    return make_project()


def make_looked_at(project, **fields):
    trace_id = make_trace(project, at=timezone.now() - timedelta(minutes=5), **fields)
    look(project)
    return trace_id


def ids(project, line):
    now = timezone.now()
    wanted = TraceFilter(start=now - timedelta(days=1), end=now, terms=language.parse(line).terms)
    return [trace.hex_id for trace in trace_search.page(project=project, wanted=wanted, seconds=30).traces]


@pytest.mark.parametrize("field", ["asked", "answered"])
def test_words_are_found_far_behind_the_beginning_of_a_text(project, field):
    expected = make_looked_at(project, **{field: f"{LONG} The refund\nwas 40 € in Zürich."})
    make_looked_at(project, **{field: LONG})

    assert ids(project, "REFUND") == [expected]
    assert ids(project, "refu zürich") == [expected]
    assert ids(project, '"refund was"') == [expected]
    assert ids(project, '"was refund"') == []


def test_texts_that_are_no_messages_are_found_as_well(project):
    expected = make_looked_at(project, asked=[{"role": "user", "content": f"{LONG} needle"}])

    assert ids(project, "needle") == [expected]


def test_words_of_the_format_are_no_words_of_the_text(project):
    make_looked_at(project, asked=LONG)

    assert ids(project, "parts") == []


def test_a_word_can_be_unwanted(project):
    make_looked_at(project, asked=f"{LONG} refund")
    expected = make_looked_at(project, asked=LONG)

    assert ids(project, "-refund") == [expected]


def test_calls_that_nobody_looked_at_are_found_by_the_beginnings_of_their_texts(project):
    expected = make_trace(project, asked="Where is my refund?")

    assert ids(project, "refund") == [expected]


@pytest.mark.parametrize("words", ["'", "a' | 'b", "\\", "!!", ":*", "<->", "&", "(", "ﬁ"])
def test_signs_of_the_search_are_no_more_than_signs(project, words):
    make_looked_at(project, asked=LONG)

    assert ids(project, language.printed([term(TEXT, words)])) == []


def test_a_text_with_characters_that_cannot_be_stored_does_not_stop_the_look(project):
    expected = make_looked_at(project, answered="Zero \x00 and \\u0000 needle " + LONG)

    assert ids(project, "needle") == [expected]
