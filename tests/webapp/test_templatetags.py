"""Filters and tags of the pages: words for numbers, safe markup, isolated components."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.template import Context, RequestContext, Template
from django.test import RequestFactory

from webapp import formats
from webapp.templatetags import callboard

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def render(text: str, **values: object) -> str:
    return Template("{% load callboard %}" + text).render(Context(values))


def render_for(path: str, text: str, **cookies: str) -> str:
    request = RequestFactory().get(path)
    request.COOKIES.update(cookies)
    return Template("{% load callboard %}" + text).render(RequestContext(request, {"request": request}))


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [(0.045, 0.0634, "$0.045"), (0.0634, 0.045, "$0.063"), (0, 1, "$0"), (3, 0.5, "$3.00"), (0.5, 12_345, "$0.50")],
)
def test_two_amounts_beside_each_other_have_the_digits_that_tell_them_apart(one, other, words):
    assert formats.usd_beside(one, other) == words


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (None, "–"), (0, "0 ms"), (0.4, "0.4 ms"), (840, "840 ms"), (999.7, "1.0 s"), (2100, "2.1 s"), (30_004, "30 s"),
        (200_000, "3 min 20 s"), (7_500_000, "2 h 5 min"), (90_061_000, "1 d 1 h"),
    ],
)  # fmt: skip
def test_a_duration_is_said_in_its_sensible_unit(milliseconds, words):
    assert formats.duration_ms(milliseconds) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (None, "price unknown"), (0, "$0"), (0.84, "$0.84"), (0.0007, "$0.0007"), (Decimal("0.000840"), "$0.00084"),
        (0.00999, "$0.01"), (12.5, "$12.50"), (1234.5, "$1,234.50"), (41_203, "$41,203"), (1e-9, "< $0.000001"), (-0.5, "−$0.50"),
    ],
)  # fmt: skip
def test_money_keeps_two_significant_digits(amount, words):
    assert formats.usd(amount) == words


@pytest.mark.parametrize(
    ("amount", "short"),
    [
        (None, "–"),
        (0, "0"),
        (980, "980"),
        (999.6, "1k"),
        (1000, "1k"),
        (12_412, "12.4k"),
        (999_400, "999k"),
        (3_140_000, "3.14M"),
        (2e9, "2B"),
    ],
)
def test_a_count_fits_its_place(amount, short):
    assert formats.count(amount) == short


def test_a_shortened_count_says_the_whole_number_in_its_tooltip():
    assert render("{{ calls|count }}", calls=12_412) == '<span title="12,412">12.4k</span>'
    assert render("{{ calls|count }}", calls=412) == "412"


@pytest.mark.parametrize(
    ("share", "words"), [(None, "–"), (0, "0%"), (0.12, "12%"), (0.034, "3.4%"), (0.0004, "0.04%"), (1, "100%")]
)
def test_a_share_is_a_percentage_that_never_vanishes(share, words):
    assert formats.percent(share) == words


@pytest.mark.parametrize(("share", "words"), [(None, "–"), (0.12, "+12%"), (-0.034, "−3.4%"), (0.0001, "no change")])
def test_a_change_carries_its_sign(share, words):
    assert formats.change(share) == words


@pytest.mark.parametrize(
    ("age", "words"),
    [(timedelta(seconds=2), "just now"), (timedelta(seconds=41), "41 s ago"), (timedelta(minutes=7), "7 min ago"),
     (timedelta(hours=26), "1 d ago"), (timedelta(days=400), "1 y ago"), (timedelta(hours=-2), "in 2 h")],
)  # fmt: skip
def test_a_moment_is_said_by_its_distance(age, words):
    assert formats.ago(NOON - age, NOON) == words


@time_machine.travel(NOON, tick=False)
def test_relative_time_carries_the_moment_for_machines_and_for_the_tooltip():
    html = render("{{ at|relative_time }}", at=NOON - timedelta(minutes=3))

    assert (
        html
        == '<time datetime="2026-11-20T11:57:00+00:00" title="20 Nov 2026, 11:57:00 UTC" data-relative>3 min ago</time>'
    )


def test_relative_time_of_nothing_is_a_dash():
    assert render("{{ at|relative_time }}", at=None) == "–"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Dana Okafor", "DO"),
        ("mira@nordwind.example", "M"),
        ("sam.lee@x.example", "SL"),
        ("", "?"),
        ("Ana Lu Paz", "AP"),
    ],
)
def test_initials_stand_for_a_person(name, letters):
    assert formats.initials(name) == letters


def test_the_colour_of_a_name_never_changes():
    assert {callboard.hue("Dana") for _ in range(3)} == {callboard.hue("Dana")}
    assert all(1 <= callboard.hue(f"person {number}") <= 8 for number in range(50))


def test_deep_rows_stop_moving_right():
    assert [callboard.indent(depth) for depth in (0, 5, 12, 400)] == ["i0", "i5", "i12", "i12"]


def test_an_icon_is_hidden_from_screen_readers():
    assert render('{% icon "check" %}').startswith('<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">')


def test_an_unknown_icon_fails_loudly():
    with pytest.raises(KeyError):
        render('{% icon "no such icon" %}')


def test_a_key_badge_is_found_by_name_and_by_keys():
    assert render('{% key "search" %}') == '<span class="keys"><kbd>Ctrl</kbd><kbd>K</kbd></span>'
    assert render('{% key "g p" %}') == '<span class="keys"><kbd>g</kbd><kbd>p</kbd></span>'
    assert render('{% key "nothing" %}') == ""


def test_shortcut_names_and_aria_words_come_from_the_table():
    assert (
        render('{{ "g p"|shortcut_name }} {{ "search"|aria_keys }} [{{ "nothing"|shortcut_name }}]')
        == "go-prompts Control+K []"
    )


def test_the_theme_comes_from_its_cookie():
    assert render_for("/", "{% root_classes %}", cb_theme="dark", cb_density="compact") == "theme-dark density-compact"


def test_an_odd_cookie_means_the_default():
    assert render_for("/", "{% root_classes %}", cb_theme='x" onload="alert(1)') == "theme-system density-comfortable"


def test_pages_without_a_request_still_have_a_theme():
    assert render("{% root_classes %}") == "theme-system density-comfortable"


def test_filter_forms_carry_the_other_values_but_not_the_page_position():
    text = '{% other_query "range" as kept %}{% for name, value in kept %}{{ name }}={{ value }};{% endfor %}'

    assert render_for("/?q=a%26b&tag=1&tag=2&range=7d&cursor=x&older=y", text) == "q=a&amp;b;tag=1;tag=2;"


def test_a_component_sees_nothing_of_the_page_around_it():
    html = render('{% component "button" label="Save" %}', url="/elsewhere/", kind="danger", key="new", disabled=True)

    assert html.strip() == '<button class="button" type="submit"><span>Save</span></button>'


def test_a_component_escapes_what_it_is_given():
    html = render('{% component "message" role="user" content=said %}', said="<script>alert(1)</script>")

    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_a_form_inside_a_component_keeps_its_token():
    html = render_for("/", '{% component "dialog" id="d" title="Sure?" action="/x/" %}')

    assert '<input type="hidden" name="csrfmiddlewaretoken" value="' in html


def test_json_is_coloured_without_losing_a_character():
    html = render("{{ value|coloured_json }}", value={"model": "m<b>", "n": -1.5, "on": True, "none": None})

    assert '<span class="j-key">&quot;model&quot;</span>: <span class="j-string">&quot;m&lt;b&gt;&quot;</span>' in html
    assert '<span class="j-number">-1.5</span>' in html
    assert '<span class="j-word">true</span>' in html
    assert "<b>" not in html


def test_text_that_is_no_json_stays_as_it_is():
    assert render("{{ value|coloured_json }}", value="plain <i>words</i>") == "plain &lt;i&gt;words&lt;/i&gt;"


def test_long_json_is_shown_without_colours():
    assert "<span" not in render("{{ value|coloured_json }}", value=["word"] * 20_000)


def test_json_nested_past_all_measure_is_shown_as_text():
    deep = "[" * 100_000

    assert callboard.pretty_json(deep) == deep
