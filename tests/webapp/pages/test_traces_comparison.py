"""Two traces side by side."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.kinds import Kind
from projects.roles import Role
from prompt_registry import contents, prompts, versions
from tests.monitoring.factories import make_span, make_trace, new_trace_id, send
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def compare(project):
    browser = signed_in(make_member(project=project))
    return lambda *ids: browser.get(f"/p/{project.slug}/explore/compare/", {"chosen": ids})


def ago(minutes):
    return timezone.now() - timedelta(minutes=minutes)


def test_the_earlier_trace_stands_on_the_left_and_differing_words_are_marked(project, compare):
    later = make_trace(project, asked="Where is my red lamp?", answered="Soon.", model="large", at=ago(1))
    earlier = make_trace(project, asked="Where is my blue lamp?", answered="Soon.", model="small", at=ago(9))

    answer = compare(later, earlier)

    assert [answer.context[side].trace.hex_id for side in ("first", "second")] == [earlier, later]
    assert "<del>blue</del><ins>red</ins>" in answer.text
    assert "Word for word the same." in answer.text
    facts = {fact.label: (fact.before, fact.after) for fact in answer.context["facts"]}
    assert facts["Model"] == ("small", "large")


def test_settings_of_the_calls_are_compared(project, compare):
    cold, hot = (
        make_trace(project, attributes={"gen_ai.request.temperature": value}, at=ago(minutes))
        for value, minutes in ((0.1, 2), (0.9, 1))
    )

    facts = {fact.label: (fact.before, fact.after) for fact in compare(cold, hot).context["facts"]}

    assert facts["Temperature"] == ("0.1", "0.9")


def test_two_versions_of_one_prompt_lead_to_their_differences(project, compare):
    by = make_member(project=project, role=Role.EDITOR)
    prompt = prompts.create(project=project, name="refund", type="text", by=by)
    for text in ("One", "Two"):
        versions.save(prompt=prompt, content=contents.parse({"type": "text", "text": text}), by=by)
    new, old = (make_trace(project, prompt="refund", version=version) for version in (2, 1))

    assert compare(new, old).context["prompt_url"].endswith(f"/prompts/{prompt.pk}/compare/?from=1&to=2")


def test_texts_stay_texts(project, compare):
    one, other = (make_trace(project, asked=f"<img src=x{number}>", answered="<b>") for number in (1, 2))

    assert "<img src=x" not in compare(one, other).text


def test_one_trace_alone_asks_which_other(project, compare):
    one = make_trace(project, prompt="support/answer", version=1, session="s", at=ago(9), asked="Where is it?")
    other = make_trace(project, prompt="support/answer", version=2, at=ago(5), asked="And mine?")
    beside = make_trace(project, session="s", at=ago(8), asked="Really?")
    make_trace(project, prompt="support/triage", version=1, asked="Not this")

    answer = compare(one)

    assert [trace.hex_id for trace in answer.context["offered"]] == [beside, other]
    assert f"?chosen={one}&amp;chosen={other}" in answer.text


def test_no_trace_at_all_leads_back_to_the_list(project, compare):
    assert compare().status_code == 302


def test_the_steps_of_both_stand_side_by_side(project, compare):
    ids = []
    for names in (("plan", "search"), ("plan", "rank", "search")):
        ids.append(new_trace_id())
        root = make_span(trace_id=ids[-1], name=names[0], kind=Kind.AGENT)
        below = [
            make_span(trace_id=ids[-1], parent_id=root.span_id.hex(), name=name, kind=Kind.TOOL) for name in names[1:]
        ]
        send(project, root, *below)

    answer = compare(*ids)

    assert answer.context["steps_differ"] == 1
    assert {pair.name for pair in answer.context["pairs"] if not pair.is_same} == {"rank"}
    assert "Steps of both" in answer.text


@pytest.mark.parametrize("text", ["x", "0" * 31, ""])
def test_what_is_no_trace_is_not_there(project, compare, text):
    assert compare(make_trace(project), text).status_code == 404


def test_traces_of_other_projects_are_not_there(project, compare):
    assert compare(make_trace(project), make_trace(make_project())).status_code == 404
