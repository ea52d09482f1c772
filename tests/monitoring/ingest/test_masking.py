"""Masked calls: personal data is nowhere in what is stored, whatever goes wrong on the way."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from monitoring import masking_policies, scores
from monitoring.ingest.masking import Masker
from monitoring.ingest.masking_texts import WITHHELD, Policy, TextMasker
from monitoring.ingest.rows import COLUMNS, Sender, build
from monitoring.ingest.spans import RawEvent, RawSpan
from monitoring.kinds import IdMode, Kind, Mark, MaskMode, Sensitive
from monitoring.models import Score, Span, Trace
from projects.models import Project
from tests.monitoring.factories import make_span, new_span_id, new_trace_id, rate, send
from tests.projects.factories import make_project, make_user

MAIL = "jo.doe@example.com"
CARD = "4111 1111 1111 1111"
KEY = b"k" * 32
ALL_MASKED = dict.fromkeys(Sensitive, MaskMode.MASK)


def planted(**changes: Any) -> RawSpan:
    """Return a failed call that carries an e-mail address in every place that can hold one."""
    values: dict[str, Any] = {
        "name": f"chat with {MAIL}", "asked": f"I am {MAIL}", "answered": f"Hello {MAIL}", "error": f"No account for {MAIL}",
        "events": [RawEvent(f"sent to {MAIL}", 1, {"to": MAIL, "copies": [MAIL, {"more": MAIL}]})],
        "attributes": {
            "gen_ai.system_instructions": json.dumps([{"type": "text", "content": f"Help {MAIL}"}]),
            "callboard.metadata.customer": MAIL, "callboard.tags": ["vip", MAIL], "deep": {"in": [{"there": MAIL}]},
            "json": json.dumps({"to": MAIL, "ascii": MAIL.replace("@", "\\u0040")}), "retrieval.documents.0.document.content": MAIL,
        },
    }  # fmt: skip
    span = make_span(**{**values, **changes})
    span.resource["host.owner"] = MAIL
    span.scope = f"library of {MAIL}"
    span.links = [{"trace_id": "", "span_id": "", "attributes": {"why": MAIL}}]
    return span


def mask(span: RawSpan, **policy: Any) -> RawSpan:
    Masker(Policy(**{"modes": ALL_MASKED, **policy}), key=KEY).apply([span])
    return span


def choose(project: Project, **changes: Any) -> None:
    chosen = {**dict.fromkeys(masking_policies.FIELDS.values(), "mask"), "ids": "keep", "is_metrics_only": False}
    masking_policies.change(project=project, choices=masking_policies.Choices(**{**chosen, **changes}), by=make_user())
    masking_policies.forget()


def stored_text(*tables: str) -> str:
    """Return everything that stands in the tables, as one text."""
    with connection.cursor() as cursor:
        texts = []
        for table in tables:
            cursor.execute(f"SELECT {table}::text FROM {table}")
            texts += [row[0] for row in cursor.fetchall()]
    return "\n".join(texts)


@pytest.mark.django_db
def test_an_address_that_was_sent_everywhere_is_stored_nowhere() -> None:
    project, trace_id = make_project(), new_trace_id()
    choose(project)

    send(project, planted(trace_id=trace_id), planted(trace_id=trace_id, kind=Kind.TOOL, parent_id=new_span_id()))
    unusable = planted()
    unusable.trace_id = b""
    send(project, unusable)
    rate(project, trace_id, comment=f"Write to {MAIL}")

    found = stored_text("span", "trace", "quarantined_span", "score", "environment")
    assert "[e-mail]" in found
    assert "[e-mail]" in stored_text("quarantined_span")
    assert "example.com" not in found
    assert "jo.doe" not in found


@pytest.mark.django_db
def test_a_span_that_the_database_refuses_is_masked_in_quarantine_too() -> None:
    project = make_project()
    choose(project)

    stored = send(project, planted(name=f"no \x00 text {MAIL}"))

    assert len(stored.rejected) == 1
    assert "[e-mail]" in stored_text("quarantined_span")
    assert MAIL not in stored_text("span", "trace", "quarantined_span")


@pytest.mark.django_db
def test_masked_and_withheld_spans_are_marked_and_counted() -> None:
    project = make_project()
    choose(project, card="drop")

    send(project, planted(), make_span(asked=CARD), make_span(asked="nothing of the kind"))

    marks = sorted(Span.objects.filter(project_id=project.pk).values_list("marks", flat=True))
    assert marks == [0, Mark.MASKED, Mark.WITHHELD]
    assert masking_policies.counted(project) == (1, 1)


@pytest.mark.django_db
def test_a_new_project_masks_keys_and_cards_and_keeps_addresses() -> None:
    project = make_project()

    send(project, make_span(asked=f"{CARD} of {MAIL}, api_key=9f8e7d6c5b4a39281706"))

    assert Span.objects.get(project_id=project.pk).input_preview == f"[card] of {MAIL}, api_key=[secret]"


@pytest.mark.django_db
def test_ids_of_people_are_hidden_when_the_project_says_so_and_still_belong_together() -> None:
    project = make_project()
    choose(project, ids="hash")
    traces = [new_trace_id(), new_trace_id()]

    send(project, *(make_span(trace_id=trace_id, user=MAIL, session="0151 23456789") for trace_id in traces))
    rate(project, traces[0], user=MAIL)

    [user] = set(Trace.objects.values_list("user_id", flat=True))
    assert user.startswith("id:")
    assert Score.objects.get().user_id == user
    assert Trace.objects.values("session_id").distinct().count() == 1
    assert MAIL not in stored_text("span", "trace", "score")


@pytest.mark.django_db
def test_a_project_of_numbers_only_stores_no_content_and_all_numbers() -> None:
    project, trace_id = make_project(), new_trace_id()
    choose(project, is_metrics_only=True, email="off")

    send(
        project,
        planted(
            trace_id=trace_id, name="chat", prompt="support/refund", version=3, session="s-1", user="u-1", error=""
        ),
    )
    rate(project, trace_id, comment="Only I know this")
    correction = {"trace_id": trace_id, "data_type": "correction", "string_value": "My secret words"}
    scores.record(project_id=project.pk, scores=[scores.checked(correction, now=datetime.now(UTC))])

    span, trace = Span.objects.get(project_id=project.pk), Trace.objects.get(project_id=project.pk)
    assert (span.input, span.output, span.input_preview, span.output_preview, span.events, span.metadata) == (
        None, None, "", "", None, None,
    )  # fmt: skip
    assert (span.model, span.prompt_name, span.prompt_version, span.input_tokens) == (
        "gpt-5-mini",
        "support/refund",
        3,
        120,
    )
    assert (span.session_id, span.user_id, trace.thumbs_down) == ("s-1", "u-1", 1)
    kept = stored_text("span", "trace", "score")
    assert "Only I know this" not in kept
    assert "My secret words" not in kept
    assert "Hello" not in kept


@pytest.mark.django_db
def test_a_rule_that_cannot_run_any_more_withholds_everything() -> None:
    project = make_project()
    project.masking_rules.create(name="old", pattern="(?<=x)y", mode="mask")

    trace_id = new_trace_id()
    send(project, planted(trace_id=trace_id, user=MAIL))
    rate(project, trace_id, user=MAIL, comment="Hello")

    span = Span.objects.get(project_id=project.pk)
    assert span.marks & Mark.WITHHELD
    assert (span.name, span.model, span.input_tokens) == (WITHHELD, "gpt-5-mini", 120)
    assert (span.service, span.user_id) == ("support-api", Score.objects.get().user_id)
    kept = stored_text("span", "trace", "score")
    assert "Hello" not in kept
    assert MAIL not in kept


def test_a_span_that_cannot_be_masked_loses_its_content_and_keeps_its_numbers(caplog: pytest.LogCaptureFixture) -> None:
    unmaskable = planted(user=MAIL, session=MAIL)
    unmaskable.attributes["broken"] = {"sent": {1, 2}, "mail": MAIL}
    sound = planted()

    Masker(Policy(modes=ALL_MASKED), key=KEY).apply([unmaskable, sound])
    rows, rejected = build([unmaskable, sound], Sender(1, "", datetime.now(UTC)))

    row = dict(zip(COLUMNS, rows[0], strict=True))
    assert rejected == []
    assert row["marks"] & Mark.WITHHELD
    assert (row["name"], row["model"], row["input_tokens"]) == (WITHHELD, "gpt-5-mini", 120)
    assert (row["service"], row["environment"]) == ("support-api", "production")
    assert MAIL not in repr(rows)
    assert "[e-mail]" in repr(rows[1])
    assert MAIL not in caplog.text


def test_names_that_numbers_hang_on_are_never_changed() -> None:
    span = make_span(prompt="cards/4111111111111111", model="jo@example.com", environment="415-555-2671")

    masked = mask(span)

    assert masked.attributes["gen_ai.prompt.name"] == "cards/4111111111111111"
    assert masked.attributes["gen_ai.request.model"] == "jo@example.com"
    assert not masked.marks


def test_a_dropped_kind_withholds_its_field_alone() -> None:
    span = mask(make_span(asked=f"my card is {CARD}", answered="Thank you"), modes={Sensitive.CARD: MaskMode.DROP})

    assert span.attributes["gen_ai.input.messages"] == WITHHELD
    assert "Thank you" in span.attributes["gen_ai.output.messages"]
    assert span.marks == Mark.WITHHELD


def test_ids_are_hidden_once_and_dropped_ids_are_empty() -> None:
    span = mask(make_span(user="u-1", session="s-1"), ids=IdMode.HASH)
    hidden = dict(span.attributes)

    assert mask(span, ids=IdMode.HASH).attributes == hidden
    assert hidden["user.id"] == f"id:{TextMasker(Policy(), key=KEY).hashed('u-1')}"
    assert mask(span, ids=IdMode.DROP).attributes["user.id"] == ""


def test_the_resource_that_spans_share_is_masked_for_all_of_them() -> None:
    first, second = planted(), planted()
    second.resource = first.resource

    Masker(Policy(modes=ALL_MASKED), key=KEY).apply([first, second])

    assert first.resource is second.resource
    assert first.resource["host.owner"] == "[e-mail]"


def test_numbers_in_attributes_stay_numbers_unless_they_are_cards() -> None:
    span = mask(make_span(attributes={"order": 1234567890123456, "at_ms": 1732800000000, "card": 4111111111111111}))

    assert (span.attributes["order"], span.attributes["at_ms"], span.attributes["card"]) == (
        1234567890123456, 1732800000000, "[card]",
    )  # fmt: skip
