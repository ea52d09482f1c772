"""Scores as Langfuse applications describe them."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from monitoring import langfuse_scores
from monitoring.errors import ScoreRefused
from monitoring.ingest import langfuse_ids
from monitoring.models import span_hex

NOW = timezone.now()
TRACE = "0af7651916cd43dd8448eb211c80319c"


def checked(**body):
    is_public = body.pop("is_public", False)
    return langfuse_scores.checked(
        {"traceId": TRACE, "name": "helpful", "value": 1} | body, now=NOW, is_public=is_public
    )


@pytest.mark.parametrize(
    ("body", "data_type", "value", "string_value"),
    [
        ({"value": 0.9}, "number", 0.9, None),
        ({"value": 0.9, "dataType": "NUMERIC"}, "number", 0.9, None),
        ({"value": 1, "dataType": "BOOLEAN"}, "boolean", 1.0, None),
        ({"value": "good"}, "category", None, "good"),
        ({"value": "good", "dataType": "CATEGORICAL"}, "category", None, "good"),
        ({"value": "a remark", "dataType": "TEXT"}, "text", None, "a remark"),
        ({"value": "better words", "dataType": "CORRECTION"}, "correction", None, "better words"),
        ({"value": 0, "dataType": "BOOLEAN", "name": "Thumbs"}, "thumbs", 0.0, None),
    ],
)
def test_every_data_type_has_one_of_ours(body, data_type, value, string_value):
    score = checked(**body)

    assert (score.data_type, score.value, score.string_value) == (data_type, value, string_value)


def test_trace_and_step_are_found_by_the_ids_of_the_sdk():
    score = checked(traceId="order 17", observationId="b7ad6b7169203331")

    assert score.trace_id.bytes == langfuse_ids.trace_id("order 17")
    assert span_hex(score.span_id) == "b7ad6b7169203331"


def test_the_same_id_is_the_same_score_and_no_id_is_a_new_one():
    assert checked(id="tone").id == checked(id="tone", value=0).id
    assert checked().id != checked().id


def test_a_person_of_the_team_can_be_the_source_but_no_evaluator():
    assert checked(source="ANNOTATION").source == "human"
    with pytest.raises(ScoreRefused, match="API, ANNOTATION"):
        checked(source="EVAL")


def test_whoever_knows_only_the_public_key_is_a_user_and_replaces_no_other_score():
    known = str(uuid.uuid4())

    score = checked(id=known, source="ANNOTATION", is_public=True)

    assert score.source == "user"
    assert score.id not in (uuid.UUID(known), checked(id=known).id)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"traceId": None}, "needs a traceId"),
        ({"traceId": None, "sessionId": "s1"}, "sessionId alone is not supported"),
        ({"traceId": None, "datasetRunId": "r1"}, "datasetRunId alone"),
        ({"name": " "}, "needs a name"),
        ({"name": "x" * 81}, "80 characters"),
        ({"value": None}, "finite number"),
        ({"value": "much", "dataType": "NUMERIC"}, "finite number"),
        ({"value": 3, "dataType": "BOOLEAN"}, "1 .* or 0"),
        ({"value": 3, "dataType": "CATEGORICAL"}, "string_value"),
        ({"dataType": "STARS"}, "dataType must be one of"),
        ({"dataType": ["NUMERIC"]}, "dataType must be one of"),
        ({"source": {}}, "source must be one of"),
        ({"timestamp": "soon"}, "date and time"),
    ],
)
def test_what_cannot_be_stored_is_refused_in_words(body, words):
    with pytest.raises(ScoreRefused, match=words):
        checked(**body)


JSON = st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.lists(st.integers(), max_size=2) | st.just({})
NAMES = ["id", "traceId", "observationId", "name", "value", "dataType", "comment", "source", "timestamp"]


@given(
    st.dictionaries(st.sampled_from(NAMES), JSON | st.sampled_from(["BOOLEAN", "thumbs", TRACE])) | JSON, st.booleans()
)
def test_nothing_that_is_sent_breaks_anything(body, is_public):
    try:
        score = langfuse_scores.checked(body, now=NOW, is_public=is_public)
    except ScoreRefused:
        return
    assert score.name
