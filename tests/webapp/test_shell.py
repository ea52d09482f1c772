"""The frame around every page, the pages for errors, and the gallery that shows every component."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404
from django.template.loader import render_to_string
from django.test import RequestFactory

from webapp import gallery, keys

TEMPLATES = Path(__file__).resolve().parents[2] / "webapp" / "templates"


def make_request(path: str = "/gallery/"):
    request = RequestFactory().get(path)
    request.user = AnonymousUser()
    return request


def render_shell(path: str = "/p/shop/", **context: object) -> str:
    person = SimpleNamespace(is_authenticated=True, name="Dana Okafor", email="dana@shop.example")
    shop = SimpleNamespace(name="Shop & Co", slug="shop")
    usual = {
        "page_title": "Overview",
        "project": shop,
        "projects": [shop, SimpleNamespace(name="Tools", slug="tools")],
        "user": person,
    }
    return render_to_string("base.html", {**usual, **context}, request=RequestFactory().get(path))


def test_the_rail_marks_the_current_entry_and_names_its_shortcut():
    entry = {"label": "Prompts", "url": "/p/shop/prompts/", "key": "g p", "icon": "prompts", "current": True}

    html = render_shell(nav=[entry])

    assert 'data-shortcut="go-prompts" aria-current="page"' in html


def test_the_page_carries_the_table_of_shortcuts_for_the_browser():
    found = re.search(r'<script id="key-table" type="application/json">(.*?)</script>', render_shell())

    assert found is not None
    assert json.loads(found[1]) == keys.table()


def test_every_request_of_htmx_carries_the_token():
    assert re.search(r'hx-headers:inherited=\'\{"X-CSRFToken": "\w{20,}"\}\'', render_shell())


def test_choosing_a_time_range_keeps_the_other_values():
    chosen = SimpleNamespace(
        value="24h", label="Last 24 hours", options=[("24h", "Last 24 hours"), ("7d", "Last 7 days")]
    )

    html = render_shell("/p/shop/?q=refund&range=24h&cursor=abc", time_range=chosen)

    form = html[html.index('id="time-menu"') :]
    assert '<input type="hidden" name="q" value="refund">' in form
    assert 'name="cursor"' not in html
    assert '<button class="menu-item" name="range" value="7d">Last 7 days</button>' in form


def test_environments_are_offered_with_a_way_back_to_all():
    html = render_shell(environments=["production", "staging"], environment="staging")

    assert '<button class="menu-item" name="environment" value="">All environments</button>' in html
    assert 'value="staging" aria-pressed="true"' in html


def test_names_are_escaped_in_the_frame():
    assert "Shop &amp; Co" in render_shell()
    assert "Shop & Co" not in render_shell()


def test_the_docked_panel_is_there_for_pages_to_fill():
    assert '<aside class="panel"' in render_shell()


def test_messages_become_toasts_in_a_live_region():
    html = render_shell(messages=[SimpleNamespace(level_tag="success")])

    assert '<div class="toasts" id="toasts" role="status" aria-live="polite"><div class="toast toast-good">' in html


@pytest.mark.parametrize("name", ["403.html", "404.html", "405.html", "500.html", "503.html"])
def test_an_error_page_needs_neither_request_nor_database(name):
    html = render_to_string(name, {})

    assert '<html lang="en" class="theme-system density-comfortable">' in html
    assert html.count("<h1") == 1


def test_the_page_for_our_own_faults_shows_the_reference():
    assert "7f3a9c2e" in render_to_string("500.html", {"request_id": "7f3a9c2e"})


def test_an_expired_form_is_told_apart_from_a_missing_right():
    assert "expired" in render_to_string("403.html", {"is_expired_form": True})
    assert "expired" not in render_to_string("403.html", {})


def test_the_gallery_shows_every_component():
    used: set[str] = set()
    pages = [
        TEMPLATES / "gallery.html",
        *(TEMPLATES / "components").glob("*.html"),
        *(TEMPLATES / "shell").glob("*.html"),
    ]
    for page in pages:
        used |= set(re.findall(r'(?:component "|components/)(\w+)', page.read_text()))

    assert {path.stem for path in (TEMPLATES / "components").glob("*.html")} - used == set()


def test_the_gallery_renders():
    response = gallery.gallery(make_request())

    assert response.status_code == 200
    assert b"&lt;script&gt;alert(1)&lt;/script&gt;" in response.content


def test_a_gallery_figure_is_json():
    response = gallery.figure(make_request(), name="calls")

    assert response["Content-Type"] == "application/json"
    assert json.loads(response.content)["data"]


def test_the_live_sample_ends_by_its_answer():
    assert b"<cb-live" not in gallery.live(make_request()).content


def test_an_unknown_gallery_figure_is_not_found():
    with pytest.raises(Http404):
        gallery.figure(make_request(), name="nothing")
