"""One trace."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring import scores
from monitoring.ingest.spans import RawEvent
from monitoring.kinds import Kind, Mark
from prompt_registry.models import Prompt, PromptVersion
from tests.monitoring.factories import make_span, make_trace, new_span_id, new_trace_id, rate, send
from tests.projects.factories import make_member, make_project, signed_in
from webapp.pages import traces_detail

pytestmark = pytest.mark.django_db

TRACE = "0af7651916cd43dd8448eb211c80319c"
ROOT, CALL = "00f067aa0ba902b7", "b7ad6b7169203331"


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def browser(project):
    return signed_in(make_member(project=project))


@pytest.fixture
def page(project, browser):
    def fetch(trace_id=TRACE, *, htmx=False, **query):
        headers = {"HX-Request": "true", "HX-Request-Type": "full"} if htmx else {}
        return browser.get(f"/p/{project.slug}/traces/{trace_id}/", query, headers=headers)

    return fetch


def send_agent(project, **call):
    at = timezone.now() - timedelta(minutes=1)
    send(
        project,
        make_span(
            trace_id=TRACE, span_id=ROOT, kind=Kind.AGENT, name="answer", at=at, took_ms=1000, session="s", user="ann"
        ),
        make_span(
            **{
                "trace_id": TRACE,
                "span_id": CALL,
                "parent_id": ROOT,
                "name": "write",
                "at": at,
                "took_ms": 400,
                "session": "s",
            }
            | call
        ),
    )


def test_the_header_sums_the_trace_up(project, page):
    send_agent(project, cost_usd=0.002, tokens=(100, 20))

    text = page().text

    for part in ("answer", "$0.002", "100 → 20", "ann", "production", "support-api", "No errors"):
        assert part in text


def test_steps_stand_in_their_order_with_their_depth(project, page):
    send_agent(project)

    rows = page().context["rows"]

    assert [(row.name, row.depth, row.has_children) for row in rows] == [("answer", 0, True), ("write", 1, False)]


def test_the_last_call_is_open_at_first(project, page):
    send_agent(project, asked="Where is my money?", answered="On its way.")

    answer = page()

    assert answer.context["panel"].span.name == "write"
    assert "Where is my money?" in answer.text
    assert "On its way." in answer.text


def test_the_cause_of_a_failure_is_open_at_first(project, page):
    event = RawEvent(
        "exception",
        1,
        {"exception.type": "RateLimitError", "exception.message": "Slow down", "exception.stacktrace": "line 41"},
    )
    send_agent(project, error="RateLimitError", events=[event])

    text = page().text

    for part in ("1 step failed", "RateLimitError", "Slow down", "line 41"):
        assert part in text


def test_a_step_without_an_exception_event_shows_its_status_message(project, page):
    send_agent(project, error="the model is down")

    assert [failure.message for failure in page().context["panel"].failures] == ["the model is down"]


def test_htmx_gets_the_panel_of_one_step_alone(project, page):
    send_agent(project)

    text = page(span=ROOT, htmx=True).text

    assert text.lstrip().startswith('<div id="panel"')
    assert "of it itself" in text
    assert "600 ms" in text
    assert "<html" not in text


def test_the_address_of_a_step_opens_the_whole_page_with_it(project, page):
    send_agent(project)

    answer = page(span=ROOT)

    assert answer.context["panel"].span.hex_id == ROOT
    assert [row.is_current for row in answer.context["rows"]] == [True, False]


@pytest.mark.parametrize("span", ["", "zz", "f" * 16, "00", "1" * 40, "\x00"])
def test_a_step_that_is_none_of_ours_is_left_out(project, page, span):
    send_agent(project)

    assert page(span=span, view="nonsense").context["panel"].span.hex_id == CALL


def test_tool_calls_and_attachments_are_readable(project, page):
    asked = [
        {"role": "user", "parts": [{"type": "text", "content": "See"}, {"type": "blob", "mime_type": "image/png"}]},
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "c1", "name": "find_order", "arguments": {"id": 7}}],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "result": {"state": "shipped"}}]},
    ]
    send_agent(project, asked=asked, answered="Shipped.")

    text = page().text

    for part in ("find_order", "&quot;id&quot;: 7", "shipped", "Attachment, not shown", "image/png"):
        assert part in text


def test_steps_that_are_no_calls_show_what_went_in_and_out(project, page):
    send(project, make_span(trace_id=TRACE, kind=Kind.TOOL, asked='{"order":7}', answered="plain words"))

    parts = page().context["panel"].parts

    assert [(part.label, part.text.shown) for part in parts] == [
        ("Input", '{\n  "order": 7\n}'),
        ("Output", "plain words"),
    ]


def test_nothing_recorded_is_said(project, page):
    send(project, make_span(trace_id=TRACE))

    assert "Nothing recorded" in page().text


def test_the_prompt_is_shown_with_its_blanks_filled(project, page):
    prompt = Prompt.objects.create(project=project, name="refund", type="text")
    PromptVersion.objects.create(
        project=project, prompt=prompt, number=3, text="Help {{shop}} in {{language}}", content_hash="0" * 64
    )
    send_agent(project, prompt="refund", version=3, attributes={"gen_ai.prompt.variable.shop": "<b>Nordwind</b>"})

    text = page(view="sent").text

    assert '<span class="blank" title="shop">&lt;b&gt;Nordwind&lt;/b&gt;</span>' in text
    assert "blank-missing" in text
    assert "language: no value was sent" in text
    assert f"/p/{project.slug}/prompts/named/?name=refund&amp;version=3" in text


def test_a_prompt_the_project_does_not_have_is_said_to_be_unknown(project, page):
    send_agent(project, prompt="elsewhere", version=9)

    assert "which this project does not have" in page(view="sent").text


def test_settings_show_what_the_application_asked_of_the_model(project, page):
    send_agent(project, attributes={"gen_ai.request.temperature": 0.2, "gen_ai.response.finish_reasons": ["stop"]})

    settings = dict(page(view="settings").context["panel"].settings)

    assert settings["temperature"] == "0.2"
    assert settings["finished because"] == "stop"


def test_raw_shows_everything_else_and_leads_to_downloads(project, page, browser):
    send_agent(project, attributes={"my.key": "my value"}, asked="hi")
    panel = page(view="raw").context["panel"]
    part = {part.label: part for part in panel.parts}

    answer = browser.get(part["Attributes"].download_url)

    assert '"my.key": "my value"' in part["Attributes"].text.shown
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert '"my.key":"my value"' in answer.text


def test_a_part_of_another_name_cannot_be_downloaded(project, browser):
    send_agent(project)

    assert browser.get(f"/p/{project.slug}/traces/{TRACE}/spans/{CALL}/content_hash.txt").status_code == 404


def test_marks_are_explained(project, page):
    send_agent(project, marks=int(Mark.CLEANED | Mark.TRUNCATED))

    text = page().text

    assert "Characters that cannot be stored were replaced." in text
    assert "A value was longer than the limit" in text


def test_a_megabyte_is_cut_until_asked_for(project, page):
    send_agent(project, asked="<" + "x" * 1_000_000, answered="short")

    short, full = page(htmx=True, span=CALL), page(htmx=True, span=CALL, full=1)

    assert len(short.content) < 100_000
    assert "characters are not shown" in short.text
    assert 256 * 1024 < len(full.content) < 2_000_000


HOSTILE = "<script>alert(1)</script>\u202e\ud83d\ude00 {{ x }} {% y %} '\" \x0b"


def test_hostile_text_stays_text_in_every_view(project, page):
    text = HOSTILE.encode("utf-16", "surrogatepass").decode("utf-16")
    send_agent(
        project, name=text, model=text, prompt=text, version=2, user=text, asked=text, answered=text, error=text,
        attributes={f"gen_ai.request.{text}": text, f"gen_ai.prompt.variable.{text}": text, "gen_ai.response.id": text},
        events=[RawEvent("exception", 1, {"exception.message": text})],
    )  # fmt: skip
    rate(project, TRACE, comment=text, user=text)

    for view in ("conversation", "sent", "settings", "raw"):
        answer = page(view=view)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text


def test_orphans_are_shown_with_what_is_missing(project, page):
    send(project, make_span(trace_id=TRACE, parent_id=new_span_id(), name="lost"))

    text = page().text

    assert "its parent has not arrived" in text
    assert "The first step has not arrived yet" in text


def test_circles_are_shown(project, page):
    send(
        project,
        make_span(trace_id=TRACE, span_id=ROOT, parent_id=CALL),
        make_span(trace_id=TRACE, span_id=CALL, parent_id=ROOT),
    )

    assert len(page().context["rows"]) == 2


def test_many_steps_come_in_stretches(project, page, browser):
    at = timezone.now() - timedelta(minutes=5)
    root = make_span(trace_id=TRACE, span_id=ROOT, kind=Kind.CHAIN, at=at, took_ms=60_000)
    count = traces_detail.ROWS + 20
    steps = [
        make_span(trace_id=TRACE, parent_id=ROOT, kind=Kind.TOOL, name=f"step {n}", at=at + timedelta(milliseconds=n))
        for n in range(count)
    ]
    send(project, root, *steps)

    first = page(span=ROOT)
    more = browser.get(f"/p/{project.slug}/traces/{TRACE}/{first.context['rest_url']}", headers={"HX-Request": "true"})
    deep = page(span=steps[-1].span_id.hex())

    assert len(first.context["rows"]) == traces_detail.ROWS
    assert first.context["rest"] == 21
    assert more.text.count("wf-row") == 21
    assert "<html" not in more.text
    assert steps[-1].span_id.hex() in [row.span_id for row in deep.context["rows"]]
    assert deep.context["earlier_url"]
    assert first.context["slowest_url"]


def test_a_page_takes_the_same_few_statements_however_many_steps(project, page, django_assert_max_num_queries):
    at = timezone.now() - timedelta(minutes=5)
    root = make_span(trace_id=TRACE, span_id=ROOT, kind=Kind.CHAIN, at=at)
    send(
        project,
        root,
        *(make_span(trace_id=TRACE, parent_id=ROOT, at=at, prompt=f"p{n}", version=1) for n in range(100)),
    )
    for number in range(20):
        rate(project, TRACE, user=f"user {number}")

    with django_assert_max_num_queries(23):
        page()


def test_what_people_said_is_listed_with_who_said_it(project, page):
    send_agent(project)
    author = make_member(project=project, role="editor", name="Dana")
    rate(project, TRACE, user="ann", comment="Not what I asked")
    item = {"trace_id": TRACE, "name": "tone", "data_type": "category", "string_value": "too stiff"}
    scores.record(
        project_id=project.pk, scores=[scores.checked(item, now=timezone.now(), source="human", author_id=author.pk)]
    )

    text = page().text

    for part in ("Not what I asked", "user ann", "tone", "too stiff", "Dana of the team"):
        assert part in text


def test_feedback_that_came_first_waits_for_its_trace(project, page):
    trace_id = new_trace_id()
    rate(project, trace_id, comment="hello?")

    answer = page(trace_id)

    assert "The trace has not arrived yet" in answer.text
    assert "hello?" in answer.text


def test_traces_of_a_session_lead_to_each_other(project, page):
    at = timezone.now() - timedelta(minutes=9)
    first, middle, last = (make_trace(project, session="s", at=at + timedelta(minutes=n)) for n in range(3))

    context = page(middle).context

    assert first in context["before_url"]
    assert last in context["after_url"]
    assert "sessions/?id=s" in context["session_url"]


def test_unknown_traces_do_not_exist(page):
    assert page(new_trace_id()).status_code == 404


@pytest.mark.parametrize("name", ["short", "g" * 32, "0" * 31])
def test_addresses_that_are_no_trace_id_do_not_exist(project, browser, name):
    assert browser.get(f"/p/{project.slug}/traces/{name}/").status_code == 404


def test_another_project_cannot_read_the_trace(project):
    send_agent(project)
    other = make_project()
    stranger = signed_in(make_member(project=other))

    for path in (f"traces/{TRACE}/", f"traces/{TRACE}/spans/{CALL}/input.txt", "sessions/?id=s"):
        assert stranger.get(f"/p/{project.slug}/{path}").status_code == 404
        assert stranger.get(f"/p/{other.slug}/{path}").status_code == 404


def test_requests_made_on_the_way_are_shown_when_asked_for(project, page):
    send(
        project,
        make_span(trace_id=TRACE, span_id=ROOT, name="answer", kind=Kind.AGENT),
        make_span(
            trace_id=TRACE,
            span_id=CALL,
            parent_id=ROOT,
            name="SELECT orders",
            kind=Kind.OTHER,
            marks=int(Mark.BACKGROUND),
        ),
    )

    short, whole = page().text, page(background=1).text

    assert "Show 1 made on the way" in short
    assert "SELECT orders" not in short
    assert "SELECT orders" in whole
