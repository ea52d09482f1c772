"""The list of traces."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.html import escape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring import trace_volume
from monitoring.models import Trace
from monitoring.trace_search import cursor_of
from monitoring.trace_volume import TookTooLong
from tests.monitoring.factories import make_span, make_trace, rate, send
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


def shown(answer):
    return [trace.hex_id for trace in answer.context["page"].traces]


def ago(minutes):
    return timezone.now() - timedelta(minutes=minutes)


def test_rows_read_like_a_conversation(project, page):
    trace_id = make_trace(
        project, asked="Where is my money?", answered="It is on its way.", prompt="refund", version=13
    )
    rate(project, trace_id, up=False)

    text = page().text

    for part in ("Where is my money?", "It is on its way.", "refund", "v13", "Thumbs down:", f"/traces/{trace_id}/"):
        assert part in text


def test_a_trace_without_a_known_price_says_so(project, page):
    make_trace(project, model="nobody-knows-this-model")

    assert "price unknown" in page().text


def test_text_of_models_and_users_stays_text(project, page):
    make_trace(
        project,
        name="<script>alert(1)</script>",
        asked="<img src=x onerror=alert(2)>",
        answered="{{ 7|add:7 }}{% now 'Y' %}",
        user="<b>",
    )

    text = page().text

    assert "<script>alert(1)" not in text
    assert "<img src=x" not in text
    assert "{{ 7|add:7 }}" in text


def test_filters_in_the_address_narrow_the_list_and_are_shown_as_chips(project, page):
    wanted = make_trace(project, prompt="refund", version=3, user="ann", error="Timeout")
    make_trace(project, prompt="refund", version=2, user="ann")

    answer = page(prompt="refund", version="3", user="ann", status="error", range="7d")

    assert shown(answer) == [wanted]
    chips = {chip["label"]: chip for chip in answer.context["chips"]}
    assert list(chips) == ["Outcome", "Prompt", "Version", "User"]
    assert "version" not in chips["Prompt"]["remove_url"]
    assert chips["User"]["remove_url"].endswith("?prompt=refund&version=3&status=error&range=7d")


def test_fifty_rows_fit_a_page_and_the_rest_is_one_click_away(project, page, browser):
    send(project, *(make_span(at=ago(minutes)) for minutes in range(1, 54)))

    first = page()
    second = browser.get(first.context["older_url"])
    back = browser.get(second.context["newer_url"])

    assert (len(shown(first)), len(shown(second))) == (50, 3)
    assert not set(shown(first)) & set(shown(second))
    assert shown(back) == shown(first)
    assert second.context["older_url"] == ""


def test_filters_that_make_no_sense_are_named_and_left_out(project, page):
    trace_id = make_trace(project)

    answer = page(version="zero", min_cost="-1", status="maybe")

    assert answer.status_code == 422
    assert "Version: Enter a whole number." in answer.text
    assert "Outcome: Select a valid choice." in answer.text
    assert shown(answer) == [trace_id]


@pytest.mark.parametrize("name", ["q", "user", "prompt", "model", "session", "environment"])
def test_null_characters_are_refused(page, name):
    assert page(**{name: "a\x00b"}).status_code == 422


FIELDS = [
    "q",
    "status",
    "thumbs",
    "prompt",
    "version",
    "model",
    "user",
    "session",
    "min_seconds",
    "min_cost",
    "range",
    "environment",
    "older",
    "newer",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(FIELDS),
        st.text(max_size=40) | st.sampled_from(["-1", "1e400", "nan", "inf", "9" * 40, "%", "' OR 1=1 --"]),
    )
)
def test_nonsense_in_the_address_never_breaks_the_list(page, query):
    assert page(**query).status_code in (200, 302, 422)


def test_an_empty_answer_offers_the_filter_to_drop(project, page, browser):
    make_trace(project, user="ann")
    make_trace(project, user="bob", model="large")

    answer = page(user="ann", model="large")

    assert "No trace matches" in answer.text
    offers = {item["chip"].label: item for item in answer.context["relaxations"]}
    assert {label: item["count"] for label, item in offers.items()} == {"Model": "1", "User": "1"}
    assert len(shown(browser.get(offers["User"]["url"]))) == 1


def test_an_empty_project_leads_to_connecting_an_application(project, page):
    assert f"/p/{project.slug}/start/" in page().text


def test_new_traces_are_offered_instead_of_moving_the_list(project, page, browser):
    make_trace(project, at=ago(10))
    poll_url = page(environment="production").context["new_url"]
    for minutes in (1, 2):
        make_trace(project, at=ago(minutes))
    make_trace(project, at=ago(1), environment="staging")

    answer = browser.get(poll_url)

    assert "2 new traces" in answer.text
    assert f"/p/{project.slug}/explore/?environment=production" in answer.text
    assert "data-every" in answer.text


def test_polling_goes_on_quietly_when_nothing_is_new(project, page, browser):
    make_trace(project, at=ago(10))

    answer = browser.get(page().context["new_url"])

    assert "new trace" not in answer.text
    assert "<cb-live" in answer.text


def test_older_pages_and_fixed_ranges_do_not_poll(project, page):
    make_trace(project, at=ago(10))
    place = str(cursor_of(Trace.objects.get(project=project)))

    assert page(older=place).context["new_url"] == ""
    assert page(range=f"{ago(60):%Y-%m-%dT%H:%MZ}..{ago(0):%Y-%m-%dT%H:%MZ}").context["new_url"] == ""


def test_the_volume_over_time_stands_above_the_list(project, page):
    make_trace(project, at=ago(10))
    make_trace(project, at=ago(70))

    answer = page()

    assert answer.context["volume_total"] == 2
    assert "Traces over time" in answer.text


def test_a_chart_that_takes_long_comes_after_the_list(project, browser, page):
    make_trace(project, asked="needle", at=ago(10))

    answer = page(q="needle")
    later = browser.get(answer.context["volume_url"])

    assert "volume_svg" not in answer.context
    assert f'hx-get="{escape(answer.context["volume_url"])}"' in answer.text
    assert later.context["volume_total"] == 1
    assert "Traces over time" in later.text
    assert '<b id="volume-total" hx-swap-oob="true"> 1</b>' in later.text


def test_a_chart_that_takes_too_long_says_so(project, browser, monkeypatch):
    def too_long(**_):
        raise TookTooLong

    monkeypatch.setattr(trace_volume, "volume", too_long)

    assert "Too many traces to count" in browser.get(f"/p/{project.slug}/explore/volume/", {"q": "needle"}).text


def test_a_search_shows_how_far_it_came(project, page):
    trace_id = make_trace(project, asked="needle")

    answer = page(q="NEEDLE")

    assert shown(answer) == [trace_id]
    assert "searched_text" not in answer.context


def test_the_list_takes_the_same_few_statements_however_long_it_is(project, page, django_assert_max_num_queries):
    send(project, *(make_span(at=ago(minutes % 60), prompt=f"p{minutes}", version=1) for minutes in range(60)))

    with django_assert_max_num_queries(18):
        page()


def test_strangers_see_nothing(project):
    stranger = signed_in(make_member(project=make_project()))

    assert stranger.get(f"/p/{project.slug}/explore/").status_code == 404
    assert stranger.get(f"/p/{project.slug}/explore/new/").status_code == 404


def test_empty_form_fields_leave_the_address(project, browser):
    answer = browser.get(f"/p/{project.slug}/explore/?q=money&status=&range=7d&user=")

    assert answer.headers["Location"] == f"/p/{project.slug}/explore/?q=money&range=7d"
