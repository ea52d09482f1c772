"""Which texts of a call the detectors look at, and where these come from."""

from __future__ import annotations

import orjson
import pytest

from monitoring.analysis import surroundings, texts
from monitoring.ingest.spans import RawEvent
from monitoring.kinds import Kind
from monitoring.models import Span
from tests.monitoring.analysis.factories import make_answered
from tests.monitoring.factories import make_span, make_trace, new_trace_id, send
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


def call_of(project) -> Span:
    return Span.objects.get(project=project, kind=Kind.LLM)


def read(project) -> texts.Texts:
    span = call_of(project)
    return texts.read(span, surroundings.of_call(span))


def test_the_input_is_what_the_user_said_last_and_the_output_what_was_answered(project):
    talk = [
        {"role": "system", "content": "You are kind."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi!"},
        {"role": "user", "content": "Where is my parcel?"},
    ]
    make_trace(project, asked=talk, answered="On its way.")

    found = read(project)

    assert (found.parts.input, found.parts.output) == ("Where is my parcel?", "On its way.")
    assert found.is_follow_up
    assert "You are kind." in found.given


def test_the_input_is_what_was_filled_into_the_blanks_and_documents_among_them_are_context(project):
    filled = {
        "gen_ai.prompt.variable.question": "When do you open?",
        "gen_ai.prompt.variable.search_results": '["We open at nine.", "We close at five."]',
    }
    make_trace(project, asked="You must answer from the documents: …", attributes=filled)

    found = read(project)

    assert found.parts.input == "When do you open?"
    assert found.parts.context == "We open at nine.\n\nWe close at five."
    assert [found.parts.context[start:end] for start, end in found.documents] == [
        "We open at nine.",
        "We close at five.",
    ]


@pytest.mark.parametrize(
    "history", ["[]", '[{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi!"}]']
)
def test_earlier_messages_in_a_blank_are_not_what_the_user_wrote(project, history):
    filled = {
        "gen_ai.prompt.variable.history": history,
        "gen_ai.prompt.variable.question": "When do you open?",
        "gen_ai.prompt.variable.topics": '["hours"]',
    }
    make_trace(project, attributes=filled)

    assert sorted(read(project).parts.input.split("\n")) == ["When do you open?", '["hours"]']


def test_what_was_looked_up_before_in_the_trace_is_context(project):
    make_answered(project, documents=[{"content": "We open at nine.", "score": 0.7}], asked="When do you open?")

    found = read(project)

    assert found.parts.context == "We open at nine."
    assert found.has_searched


def test_what_was_looked_up_after_the_call_is_no_context(project):
    trace_id = make_trace(project, asked="When do you open?")
    send(project, make_span(trace_id=trace_id, kind=Kind.RETRIEVER, answered="We open at nine."))
    Span.objects.filter(kind=Kind.RETRIEVER).update(start_ns=call_of(project).start_ns + 1)

    assert read(project).parts.context == ""


def test_the_answers_of_tools_are_context(project):
    talk = [
        {"role": "user", "content": "When do you open?"},
        {"role": "assistant", "content": "", "tool_calls": [{"name": "hours", "arguments": "{}"}]},
        {"role": "tool", "content": '{"opens": "9:00", "closes": "17:00"}'},
    ]
    make_trace(project, asked=talk, answered="At nine.")

    assert read(project).parts.context == '{"opens":"9:00","closes":"17:00"}'


def test_a_document_that_was_found_and_then_filled_in_is_there_once(project):
    filled = {"gen_ai.prompt.variable.context": "We open at nine."}
    make_answered(project, documents=["We open at nine."], asked="When?", attributes=filled)

    assert read(project).parts.context == "We open at nine."


def test_an_error_is_told_by_the_longest_message_that_says_what_happened(project):
    raised = RawEvent(
        "exception", 1, {"exception.message": "Rate limit reached for gpt-5-mini", "exception.type": "RateLimitError"}
    )
    make_trace(project, asked="When?", error="429", events=[raised])

    found = read(project)

    assert found.parts.error == "Rate limit reached for gpt-5-mini"
    assert found.error_type == "429"


def test_a_tool_that_failed_is_charged_to_the_call_that_asked_for_it(project):
    trace_id = new_trace_id()
    first, second = make_span(trace_id=trace_id), make_span(trace_id=trace_id)
    tool = make_span(trace_id=trace_id, kind=Kind.TOOL, name="lookup", error="connection refused")
    for number, span in enumerate((first, tool, second)):
        span.start_ns += number * 1_000_000_000
        span.end_ns += number * 1_000_000_000
    send(project, first, tool, second)

    errors = [texts.parts(span).error for span in Span.objects.filter(kind=Kind.LLM).order_by("start_ns")]

    assert errors == ["lookup: connection refused", ""]


def test_what_was_expected_is_read_from_where_clients_put_it(project):
    make_trace(project, asked="When?", attributes={"callboard.metadata.expected_output": "At nine."})

    assert read(project).expected == "At nine."


def test_why_an_answer_ended_and_that_it_calls_tools_is_read_from_its_messages(project):
    answer = [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"name": "hours", "arguments": "{}"}],
            "finish_reason": "tool_calls",
        }
    ]
    make_trace(project, asked="When?", answered=answer)

    found = read(project)

    assert (found.finish_reason, found.calls_tools, found.parts.output) == ("tool_calls", True, "")


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("", []),
        ("Plain words.", ["Plain words."]),
        ('"A text as JSON."', ["A text as JSON."]),
        ('["One.", " ", "Two."]', ["One.", "Two."]),
        ('{"documents": [{"page_content": "One."}, {"text": "Two."}]}', ["One.", "Two."]),
        ('{"matches": [{"document": {"content": "One."}}]}', ["One."]),
        ('{"city": "Rome", "degrees": 21}', ['{"city":"Rome","degrees":21}']),
        ('[{"content": "Cut off in the mid', ['[{"content": "Cut off in the mid']),
        ("[[[[[[[[]]]]]]]]", []),
        ("[]", []),
    ],
)  # fmt: skip
def test_documents_are_found_in_whatever_a_step_gave_back(output, found):
    assert surroundings.documents_in(output) == found


def test_of_endless_texts_only_a_beginning_is_looked_at(project):
    make_answered(project, documents=["word " * 100_000], asked="a " * 100_000, answered="b " * 100_000)

    found = read(project).parts

    assert max(map(len, (found.input, found.context, found.output))) <= 24_000


def test_attributes_of_unexpected_shapes_are_taken_as_nothing(project):
    odd = {"error.type": ["a", "b"], "http.response.status_code": "many", "gen_ai.request.max_tokens": {"a": 1}}
    make_trace(project, asked="When?", attributes=odd)

    found = read(project)

    assert (found.status_code, found.max_tokens) == (None, None)
    assert orjson.loads(found.error_type) == ["a", "b"]
