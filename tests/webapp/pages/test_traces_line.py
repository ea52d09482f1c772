"""The filter as a line and as a form, and what is offered while the line is written."""

from __future__ import annotations

import pytest

from tests.monitoring.factories import make_trace
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def browser(project):
    return signed_in(make_member(project=project))


@pytest.fixture
def page(project, browser):
    def fetch(**query):
        return browser.get(f"/p/{project.slug}/explore/", query)

    return fetch


@pytest.fixture
def offered(project, browser):
    def fetch(line, at=None):
        query = {"line": line} | ({} if at is None else {"at": at})
        return browser.get(f"/p/{project.slug}/explore/complete/", query).json()

    return fetch


def shown(answer):
    return [trace.hex_id for trace in answer.context["page"].traces]


def test_the_line_narrows_the_list_and_each_part_is_a_chip(project, page, browser):
    wanted = make_trace(project, prompt="refund", version=12, model="large")
    make_trace(project, prompt="refund", version=12, model="small")

    answer = page(q="prompt:refund version:>=11 -model:small", range="7d")

    assert shown(answer) == [wanted]
    chips = {chip["label"]: chip for chip in answer.context["chips"]}
    assert {label: chip["value"] for label, chip in chips.items()} == {
        "Prompt": "refund", "Version": "at least 11", "Not model": "small",
    }  # fmt: skip
    assert len(shown(browser.get(chips["Not model"]["remove_url"]))) == 2


def test_addresses_of_the_form_are_shown_as_a_line(page):
    answer = page(prompt="refund", status="error", min_seconds="2.5", user="u 17")

    assert answer.context["line"].text == 'outcome:error prompt:refund user:"u 17" latency:>=2.5s'


def test_what_the_line_says_fills_the_form_and_the_rest_stays_in_it(page):
    line = page(q='prompt:refund cost:>=0.01 latency:>=1500ms cost:<1 "free words"').context["line"]

    assert line.values == {"prompt": "refund", "min_cost": "0.01", "min_seconds": "1.5"}
    assert line.rest == 'cost:<1 "free words"'
    assert line.folded_count == 2


def test_the_environment_is_chosen_at_the_top_and_stays_out_of_the_line(page):
    answer = page(environment="staging", q="has:comment")

    assert answer.context["line"].text == "has:comment"
    assert [chip["label"] for chip in answer.context["chips"]] == ["Environment", "Has"]


def test_what_makes_no_sense_is_named_and_the_rest_of_the_line_counts(project, page):
    make_trace(project, user="ann")
    expected = make_trace(project, user="bob")

    answer = page(q="user:bob promt:x", status="ok")

    assert answer.status_code == 422
    assert shown(answer) == [expected]
    assert answer.context["typed"] == "outcome:ok user:bob promt:x"
    assert "At «promt:x»: There is no field promt. Write prompt: or put the word in quotes." in answer.text.replace(
        "&#x27;", "'"
    )


def test_text_in_the_line_stays_text_on_the_page(page):
    text = page(q='"<script>alert(1)</script>" model:"<img src=x>"').text

    assert "<script>alert(1)" not in text
    assert "<img src=x" not in text


def test_an_empty_answer_offers_to_drop_a_part_of_the_line(project, page, browser):
    make_trace(project, user="ann", model="small")

    answer = page(q="user:ann model:large")

    offers = {item["chip"].label: item["url"] for item in answer.context["relaxations"]}
    assert len(shown(browser.get(offers["Model"]))) == 1


def test_names_of_fields_are_offered(offered):
    found = offered("prompt:a ver")

    assert found["from"] == 9
    assert [option["text"] for option in found["options"]] == ["version:"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("model:la", ["large"]),
        ("outcome:", ["ok", "error"]),
        ("user:", ['"u 17"']),
        ("environment:prod", ["production"]),
        ("metadata.", ["plan:"]),
        ("metadata.plan:", ["pro"]),
        ("service:", ["support-api"]),
    ],
)
def test_values_that_were_seen_lately_are_offered(project, offered, line, expected):
    make_trace(project, model="large", user="u 17", attributes={"callboard.metadata.plan": "pro"})

    assert [option["text"] for option in offered(line)["options"]] == expected


def test_values_of_other_projects_are_not_offered(offered):
    make_trace(make_project(), user="ann", attributes={"callboard.metadata.plan": "pro"})

    assert [offered(line)["options"] for line in ("user:", "metadata.", "metadata.plan:", "score.")] == [[], [], [], []]


@pytest.mark.parametrize(("line", "at"), [("\x00", "0"), ("model:", "-1"), ("model:", "9" * 30), ("x", "٣")])
def test_nonsense_is_answered_with_what_can_be_made_of_it(offered, line, at):
    assert "options" in offered(line, at)
