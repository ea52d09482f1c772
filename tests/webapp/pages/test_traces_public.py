"""A trace behind a public link, and the pages where links are made and taken back."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from monitoring.models import Trace, TraceLink
from monitoring.talk import links
from projects.roles import Role
from tests.monitoring.factories import make_span, make_trace, new_trace_id, rate, send
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def admin(project):
    admin = make_member(project=project, role=Role.ADMIN)
    links.allow(project=project, is_allowed=True, by=admin)
    return admin


@pytest.fixture
def share(project, admin):
    def share(hex_id):
        trace = Trace.objects.for_project(project).get(trace_id=hex_id)
        return f"/shared/{links.make(project=project, trace=trace, label='Dr. Meyer', days=7, by=admin)[1]}/"

    return share


def test_a_visitor_reads_the_texts_and_nothing_of_the_team(project, share):
    hex_id = make_trace(
        project, asked="Where is my parcel?", answered="<script>alert(1)</script>", user="ann@example.org",
        session="secret-session", cost_usd=0.123, prompt="support/answer", version=3,
    )  # fmt: skip
    rate(project, hex_id, comment="Useless answer")

    text = Client().get(share(hex_id)).text

    assert "Where is my parcel?" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    for hidden in ("ann@example.org", "secret-session", "0.123", "Useless answer", "support/answer", project.slug):
        assert hidden not in text


def test_the_page_leads_nowhere_else_and_stays_out_of_search_engines(project, share):
    answer = Client().get(share(make_trace(project)))

    targets = re.findall(r'href="([^"]+)"', answer.text)
    assert all(target.startswith(("/static/", "?span=", "#")) for target in targets)
    assert "noindex" in answer["X-Robots-Tag"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert '<meta name="robots" content="noindex' in answer.text


def test_a_visitor_goes_from_step_to_step(project, share):
    hex_id = new_trace_id()
    root = make_span(trace_id=hex_id, name="plan trip", asked="Oslo, please")
    call = make_span(
        trace_id=hex_id, parent_id=root.span_id.hex(), name="book hotel", asked="Grand?", answered="Booked"
    )
    send(project, root, call)
    address = share(hex_id)

    assert "Booked" in Client().get(f"{address}?span={call.span_id.hex()}").text
    assert "Oslo, please" in Client().get(f"{address}?span={root.span_id.hex()}").text
    assert Client().get(f"{address}?span=nonsense").status_code == 200


def test_a_trace_of_very_many_steps_comes_in_stretches(project, share):
    hex_id = new_trace_id()
    root = make_span(trace_id=hex_id, name="root")
    send(
        project, root, *(make_span(trace_id=hex_id, parent_id=root.span_id.hex(), name=f"step {n}") for n in range(450))
    )
    address = share(hex_id)

    first = Client().get(f"{address}?span={root.span_id.hex()}")
    second = Client().get(address + first.context["later_url"])

    assert (len(first.context["rows"]), first.context["earlier_url"]) == (200, "")
    assert len(second.context["rows"]) == 200
    assert len(Client().get(address + second.context["later_url"]).context["rows"]) == 51


@pytest.mark.parametrize("ending", ["revoke", "forbid", "none"])
def test_links_that_do_not_work_all_look_the_same(project, share, admin, ending):
    address = share(make_trace(project))
    if ending == "revoke":
        links.revoke(link=TraceLink.objects.get(), by=admin)
    elif ending == "forbid":
        links.allow(project=project, is_allowed=False, by=admin)
    else:
        address = "/shared/invented/"

    answer = Client().get(address)

    assert answer.status_code == 404
    assert "This link does not work." in answer.text
    assert "noindex" in answer["X-Robots-Tag"]


def test_a_link_that_is_opened_too_often_says_so(project, share, monkeypatch):
    address = share(make_trace(project))
    monkeypatch.setattr(links, "REQUESTS_PER_MINUTE", 1)

    answers = [Client().get(address).status_code for _ in range(3)]

    assert 429 in answers


def test_the_secret_is_shown_once(project, admin):
    hex_id = make_trace(project)
    browser = signed_in(admin)
    page = f"/p/{project.slug}/traces/{hex_id}/links/"

    made = browser.post(f"{page}new/", {"label": "Dr. Meyer", "days": 7})
    token = re.search(r"/shared/([\w-]{43})/", made.text)[1]

    assert made["Cache-Control"] == "no-store"
    assert Client().get(f"/shared/{token}/").status_code == 200
    again = browser.get(page).text
    assert "Dr. Meyer" in again
    assert token not in again


def test_a_link_is_taken_back_on_the_page_of_the_trace_and_in_the_settings(project, admin, share):
    address = share(make_trace(project))
    browser = signed_in(admin)
    assert "Dr. Meyer" in browser.get(f"/p/{project.slug}/settings/links/").text

    browser.post(f"/p/{project.slug}/traces/links/{TraceLink.objects.get().pk}/revoke/")

    assert Client().get(address).status_code == 404
    browser.get(f"/p/{project.slug}/")
    assert "Dr. Meyer" not in browser.get(f"/p/{project.slug}/settings/links/").text


def test_the_switch_is_for_admins_and_off_until_they_use_it(project):
    hex_id = make_trace(project)
    editor = signed_in(make_member(project=project, role=Role.EDITOR))
    admin = signed_in(make_member(project=project, role=Role.ADMIN))

    before = editor.post(f"/p/{project.slug}/traces/{hex_id}/links/new/", {"label": "Dr. Meyer", "days": 7})
    admin.post(f"/p/{project.slug}/settings/links/allow/", {"allow": "yes"})
    after = editor.post(f"/p/{project.slug}/traces/{hex_id}/links/new/", {"label": "Dr. Meyer", "days": 7})

    assert (before.status_code, after.status_code) == (422, 201)
    assert "Public links are switched off" in before.text
