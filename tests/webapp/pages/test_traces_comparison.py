"""Two traces side by side."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from projects.roles import Role
from prompt_registry import contents, prompts, versions
from tests.monitoring.factories import make_trace
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


def test_one_trace_alone_leads_back_to_the_list(project, compare):
    assert compare(make_trace(project)).status_code == 302


@pytest.mark.parametrize("text", ["x", "0" * 31, ""])
def test_what_is_no_trace_is_not_there(project, compare, text):
    assert compare(make_trace(project), text).status_code == 404


def test_traces_of_other_projects_are_not_there(project, compare):
    assert compare(make_trace(project), make_trace(make_project())).status_code == 404
