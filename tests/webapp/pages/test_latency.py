"""How long calls take, on a page."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from monitoring import answer_times
from tests.monitoring.analysis.found_calls import make_found
from tests.projects.factories import make_member, make_project, signed_in
from tests.webapp.hostile_texts import MARKUP
from webapp import heat_svg

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def page(project):
    browser = signed_in(make_member(project=project))
    return lambda **query: browser.get(f"/p/{project.slug}/explore/latency/", query)


def part(**changed):
    now = timezone.now()
    whole = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}
    return {name: f"{at:%Y-%m-%dT%H:%M}" for name, at in whole.items()} | changed


def test_a_project_without_calls_is_told_what_will_be_here(page):
    assert "No calls in this time" in page().text


def test_the_map_is_an_image_that_parses_and_holds_the_number_of_calls(page, project):
    for took in (100, 100, 5_000):
        make_found(project, took_ms=took)

    text = page().text
    svg = ElementTree.fromstring(text[text.index('<svg class="chart-svg heat"') : text.index("</figure>")])  # noqa: S314
    counts = svg.find("svg").get("data-counts").split(",")

    assert sorted(int(count) for count in counts if count) == [1, 2]


def test_a_stronger_colour_means_more_calls():
    assert [heat_svg.level(count, 1_000) for count in (0, 1, 30, 1_000)] == [0, 1, 4, 8]


def test_the_calls_behind_a_part_are_listed_with_a_link_to_the_step(page, project):
    quick, slow = make_found(project, took_ms=100, text="quick"), make_found(project, took_ms=5_000, text="slow one")

    text = page(**part(least="1", most="10")).text

    assert "Calls behind this part" in text
    assert f"/traces/{slow.trace_id.hex}/?span=" in text
    assert quick.trace_id.hex not in text


def test_outliers_are_listed_first_and_otherwise_the_slowest_calls(page, project):
    make_found(project, took_ms=100, text="just long")
    assert "No call was found to be an outlier" in page().text

    make_found(project, {"slow": 0.9}, text="far too long")

    text = page().text
    assert "far too long" in text
    assert "just long" not in text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (part(until="2020-01-01T00:00"), "The end must come after the beginning."),
        (part(least="fast"), "Enter a number."),
        ({"since": "soon"}, "Enter a valid date/time."),
    ],
)
def test_a_part_that_makes_no_sense_is_named(page, project, query, words):
    make_found(project)

    answer = page(**query)

    assert answer.status_code == 422
    assert words in answer.text


def test_times_are_cut_by_prompt_model_and_length(page, project):
    make_found(project, prompt="refund", model="large", tokens=(10, 60))

    text = page().text

    assert all(words in text for words in ("By prompt", "refund", "By model", "large", "51 to 200 tokens"))


def test_names_and_texts_of_others_are_only_text(page, project):
    make_found(project, text=MARKUP[1], prompt=MARKUP[0], model=MARKUP[0])

    text = page(model=MARKUP[0]).text

    assert MARKUP[0] not in text
    assert MARKUP[1] not in text


def test_the_map_of_a_long_time_is_small(project):
    make_found(project)
    now = timezone.now()
    times, step = answer_times.over_time(project=project, start=now - timedelta(days=90), end=now, filters={})

    assert len(heat_svg.heat_map(answer_times.heat_map(times, step=step), title="Calls")) < 8_000
