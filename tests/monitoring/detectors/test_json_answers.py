"""Answers held against the schema of their prompt."""

from __future__ import annotations

import pytest

from monitoring.detectors import json_answers

SCHEMA = {"type": "object", "properties": {"city": {"type": "string", "pattern": "^[A-Z]"}}, "required": ["city"]}


@pytest.mark.parametrize("output", ['{"city": "Rome"}', '```json\n{"city": "Rome", "more": 1}\n```'])
def test_what_follows_the_schema_is_fine(output):
    assert not json_answers.follows(output, json_answers.validator_of(SCHEMA)).is_flagged


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ("In Rome.", "is not JSON"),
        ('{"town": "Rome"}', "'city' is a required property"),
        ('{"city": "rome"}', "does not match"),
        ('["Rome"]', "At the top"),
    ],
)
def test_what_does_not_is_flagged_with_the_reason(output, why):
    found = json_answers.follows(output, json_answers.validator_of(SCHEMA))

    assert found.is_flagged
    assert why in found.evidence[0].why


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"properties": {"city": 7}},
    ],
)
def test_a_schema_that_is_none_blames_nobody(schema):
    assert json_answers.validator_for(schema) is None


@pytest.mark.parametrize("schema", [{"$ref": "https://elsewhere.example/schema"}, {"$ref": "#"}, {"pattern": "(?=a)"}])
def test_a_schema_that_cannot_be_followed_blames_nobody(schema):
    assert not json_answers.follows('"a"', json_answers.validator_of(schema)).is_flagged
