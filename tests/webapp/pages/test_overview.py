"""The first page of a project."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.kinds import Kind
from prompt_registry.models import LabelMove, Prompt, PromptVersion
from prompt_registry.rollouts import changes
from tests.monitoring.factories import make_span, make_trace, rate, send
from tests.projects.factories import make_member, make_project, signed_in
from tests.prompt_registry.rollouts.factories import make_rollout

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def browser(project):
    return signed_in(make_member(project=project))


@pytest.fixture
def page(project, browser):
    def fetch(query=""):
        return browser.get(f"/p/{project.slug}/{query}")

    return fetch


def ago(hours):
    return timezone.now() - hours * HOUR


def publish(project, number, at):
    prompt, _ = Prompt.objects.get_or_create(project=project, name="refund", type="text")
    version = PromptVersion.objects.create(
        project=project, prompt=prompt, number=number, text="x", content_hash="0" * 64
    )
    LabelMove.objects.create(project=project, prompt=prompt, label="production", to_version=version, moved_at=at)


def test_an_empty_project_leads_to_the_page_that_connects_an_application(project, page):
    answer = page()

    assert "No calls have arrived yet" in answer.text
    assert f'href="/p/{project.slug}/start/"' in answer.text


def test_tiles_show_calls_speed_errors_and_thumbs(project, page):
    send(project, *(make_span(at=ago(2), took_ms=2000, error="Timeout" if index < 3 else "") for index in range(60)))

    tiles = page().context["tiles"]

    assert [tile.value for tile in tiles[:3]] == ["60", "2.0 s", "5.0%"]
    assert tiles[2].note == "3 of 60 calls"
    assert tiles[3].not_enough == "Not enough data"
    assert tiles[3].note == "0 rated, need 20 more"


def test_the_thumbs_tile_shows_its_interval_and_how_many_answered(project, page):
    for index in range(20):
        rate(project, make_trace(project, at=ago(1)), up=index >= 5)

    tile = page().context["tiles"][3]

    assert tile.value == "25%"
    assert tile.note == "11% to 47% · 20 rated, 100% of calls"


def test_changes_compare_with_the_period_before(project, page):
    send(project, *(make_span(at=ago(2), took_ms=1000) for _ in range(200)))
    send(project, *(make_span(at=ago(30), took_ms=4000) for _ in range(400)))

    calls, latency, *_ = page().context["tiles"]

    assert calls.change.direction == "down"
    # Rates are compared: the period at hand ends in an unfinished hour, so it is up to half an hour longer or shorter.
    assert calls.change.text in {"−49%", "−50%", "−51%"}
    assert latency.change.text in {"−74%", "−75%", "−76%"}
    assert latency.change.is_ == "good"


def test_nothing_unusual_is_said_when_nothing_is(project, page):
    send(project, *(make_span(at=ago(hours)) for hours in (2, 30) for _ in range(60)))

    assert "Nothing unusual in the last 24 hours." in page().text


def test_the_verdict_names_the_version_that_brought_the_errors(project, page):
    publish(project, 13, ago(3))
    send(project, *(make_span(at=ago(hours), prompt="refund", version=12) for hours in (2, 30) for _ in range(100)))
    send(project, *(make_span(at=ago(2), prompt="refund", version=13, error="Timeout") for _ in range(50)))

    answer = page()

    assert "33% of the calls failed in the last 24 hours, against 0% in the period before." in answer.text
    assert "100% of that comes from refund v13, which made 33% of the calls. It was published" in answer.text
    assert answer.context["verdict_url"].endswith("explore/?prompt=refund&version=13&status=error")


def test_few_calls_are_not_judged(project, page):
    make_trace(project, at=ago(2))

    answer = page()

    assert "1 call in the last 24 hours." in answer.text
    assert "Too few calls to compare" in answer.text


def test_charts_carry_what_was_published(project, page):
    publish(project, 13, ago(3))
    publish(project, 14, ago(300))
    make_trace(project, at=ago(2))

    text = page().text

    assert "refund v13" in text
    assert "refund v14" not in text


def test_tables_show_prompt_versions_and_models(project, page):
    send(
        project,
        make_span(at=ago(2), prompt="refund", version=13, model="large"),
        make_span(at=ago(30), prompt="refund", version=12, model="large"),
    )

    context = page().context

    assert [(row.label, row.is_new) for row in context["versions"]] == [("refund v13", True)]
    assert [(row.label, row.is_new) for row in context["models"]] == [("large", False)]


def test_filters_narrow_every_number_and_can_be_removed(project, page):
    send(
        project,
        make_span(at=ago(2), prompt="refund", version=1, environment="staging", model="a"),
        make_span(at=ago(2), prompt="greet", version=1, model="b"),
    )

    assert page("?prompt=refund").context["tiles"][0].value == "1"
    assert page("?environment=staging").context["tiles"][0].value == "1"
    assert page("?model=b&environment=staging").context["tiles"][0].value == "0"
    assert page("?prompt=refund&range=7d").context["chips"][0]["remove_url"].endswith("/?range=7d")


def test_dislikes_with_words_lead_to_their_trace(project, page):
    trace_id = make_trace(project, at=ago(1), asked="where is my money")
    rate(project, trace_id, comment="<b>useless</b>")

    text = page().text

    assert "&lt;b&gt;useless&lt;/b&gt;" in text
    assert "where is my money" in text
    assert f"/traces/{trace_id}/" in text


@pytest.mark.parametrize("name", ["calls", "latency", "cost", "tokens", "thumbs"])
def test_each_chart_has_a_figure_for_the_same_filters(project, page, name):
    send(project, make_span(at=ago(2), environment="staging"), make_span(at=ago(2)))

    answer = page(f"charts/{name}.json?environment=staging&range=24h")

    assert answer.headers["Content-Type"] == "application/json"
    assert len(json.loads(answer.content)["data"][0]["x"]) == 25


def test_the_address_of_a_figure_carries_the_filters_of_the_page(project, page):
    make_trace(project, at=ago(2))

    url = page("?environment=staging&range=7d").context["charts"]["calls"]["url"]

    assert url == f"/p/{project.slug}/charts/calls.json?environment=staging&range=7d"


def test_a_chart_of_another_name_does_not_exist(page):
    assert page("charts/secrets.json").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "?range=2031-01-01T00:00Z..2031-01-02T00:00Z",
        "?range=9y",
        "?environment=%00&model=" + "x" * 5000,
        "?range=1900-01-01..1900-02-01",
    ],
)
def test_odd_addresses_show_a_page(project, page, query):
    make_trace(project)

    assert page(query).status_code == 200


def test_the_page_takes_the_same_few_statements_however_much_happened(project, page, django_assert_max_num_queries):
    send(
        project,
        *(
            make_span(at=ago(index), prompt=f"p{index}", version=1, model=f"m{index}", kind=Kind.LLM)
            for index in range(1, 24)
        ),
    )
    for _ in range(8):
        rate(project, make_trace(project, at=ago(1)), comment="meh")

    with django_assert_max_num_queries(21):
        page()


def test_strangers_see_nothing(project):
    stranger = signed_in(make_member(project=make_project()))

    assert stranger.get(f"/p/{project.slug}/").status_code == 404
    assert stranger.get(f"/p/{project.slug}/charts/calls.json").status_code == 404


def _rollout_calls(rollout, arm, count, **fields):
    sent = {"callboard.rollout.id": str(rollout.pk), "callboard.rollout.arm": arm, "callboard.rollout.bucket": 1}
    version = 2 if arm == "candidate" else 1
    for _ in range(count):
        make_trace(rollout.project, prompt=rollout.prompt.name, version=version, attributes=sent, **fields)


def test_a_rollout_under_way_splits_the_numbers_by_version_and_leads_to_its_page():
    rollout = make_rollout()
    _rollout_calls(rollout, "control", 3)
    _rollout_calls(rollout, "candidate", 2, error="timeout")
    make_trace(rollout.project, prompt=rollout.prompt.name, version=1)
    browser = signed_in(rollout.started_by)

    answer = browser.get(f"/p/{rollout.project.slug}/")
    other = browser.get(f"/p/{rollout.project.slug}/", {"prompt": "another"})

    [split] = answer.context["splits"]
    assert [(row.usage.call_count, row.usage.error_count) for row in split.rows] == [(3, 0), (2, 2)]
    assert f"rollout={rollout.pk}&amp;arm=candidate" in answer.content.decode()
    assert f'href="/p/{rollout.project.slug}/rollouts/{rollout.pk}/"' in answer.content.decode()
    assert other.context["splits"] == []


def test_a_rollout_that_is_over_splits_nothing_any_more():
    rollout = make_rollout()
    _rollout_calls(rollout, "control", 3)
    changes.roll_back(rollout=rollout, by=rollout.started_by, reason="No.")

    assert signed_in(rollout.started_by).get(f"/p/{rollout.project.slug}/").context["splits"] == []
