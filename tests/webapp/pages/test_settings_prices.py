"""Settings: what models cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from monitoring import repricing
from monitoring.models import Repricing
from projects.models import AuditEvent, Project, User
from projects.roles import Role
from prompt_registry.models import ModelPrice
from prompt_registry.prices import books
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_member, make_project, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget_prices():
    books.forget()
    yield
    books.forget()


@pytest.fixture
def admin() -> User:
    return make_user()


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


@pytest.fixture
def reader(project: Project) -> Client:
    return signed_in(make_member(project=project, role=Role.VIEWER))


@pytest.fixture
def url(project: Project) -> str:
    return f"/p/{project.slug}/settings/prices/"


def form(**changes: object) -> dict[str, object]:
    return {"model": "our-model", "input": "2.5", "output": "10", "valid_from": "2026-11-01"} | changes


def test_models_without_a_price_come_first_with_their_calls(browser, project, url):
    for _ in range(14):
        make_trace(project, model="our-model")
    make_trace(project, model="gpt-4o")

    page = browser.get(url)

    assert page.text.index("Price unknown") < page.text.index("our-model") < page.text.index("Models in use")
    assert page.text.index("Models in use") < page.text.index("gpt-4o")
    assert f"{url}set/?model=our-model" in page.text
    assert '<td class="num" data-label="Calls per day">2</td>' in page.text


def test_the_list_tells_its_date_and_the_sources(browser, url):
    page = browser.get(url)
    history = browser.get(f"{url}history/", {"model": "o3"})

    assert "shipped with this version of Callboard" in page.text
    assert "20 Nov 2026" in page.text
    assert 'rel="noreferrer">https://' in history.text
    assert "looked up" in history.text


def test_a_model_that_sends_its_own_cost_is_not_unknown(browser, project, url):
    make_trace(project, model="our-model", cost_usd=0.5)

    page = browser.get(url)

    assert "Price unknown" not in page.text
    assert "Sent by the application" in page.text


def test_a_price_is_set_and_shown(browser, project, url):
    make_trace(project, model="our-model")

    answer = browser.post(f"{url}set/", form(cache_read="0.25", tier_above="200000", tier_input="5", tier_output="15"))
    books.forget()

    assert answer.status_code == 302
    page = browser.get(url)
    assert "Your price" in page.text
    assert "Price unknown" not in page.text
    assert "above 200,000 input tokens" in page.text
    assert AuditEvent.objects.filter(action="price.set", project=project).exists()


def test_the_form_begins_with_what_the_model_costs_today(browser, url):
    page = browser.get(f"{url}set/", {"model": "gpt-4o", "provider": "openai"})

    assert 'value="2.5"' in page.text
    assert 'value="gpt-4o"' in page.text


@pytest.mark.parametrize(
    "changes",
    [
        {"input": ""}, {"input": "-1"}, {"input": "NaN"}, {"input": "1e9"}, {"model": ""}, {"model": "a b"},
        {"valid_from": "1990-01-01"}, {"valid_from": "soon"}, {"tier_above": "5"}, {"model": "x" * 121},
    ],
)  # fmt: skip
def test_what_cannot_be_a_price_is_said_and_what_was_typed_stays(browser, url, changes):
    answer = browser.post(f"{url}set/", form(note="From the contract") | changes)

    assert answer.status_code == 422
    assert 'value="From the contract"' in answer.text
    assert not ModelPrice.objects.exists()


def test_hostile_names_and_notes_are_text(browser, project, url):
    make_trace(project, model="<script>x</script>")
    browser.post(f"{url}set/", form(model="<b>bold</b>", note="<img onerror=x>"))
    books.forget()

    pages = [
        browser.get(url),
        browser.get(f"{url}history/", {"model": "<b>bold</b>"}),
        browser.get(f"{url}set/", {"model": '">x'}),
    ]

    assert all(
        "<script>x" not in page.text and "<b>bold" not in page.text and "<img onerror" not in page.text
        for page in pages
    )
    assert "&lt;img onerror=x&gt;" in pages[1].text


def test_a_price_is_taken_back(browser, project, url):
    browser.post(f"{url}set/", form())
    price = ModelPrice.objects.get()

    browser.post(f"{url}{price.pk}/remove/")

    assert not ModelPrice.objects.exists()


def test_everybody_reads_and_only_admins_change(reader, browser, url):
    browser.post(f"{url}set/", form())

    page = reader.get(url)

    assert "our-model" in page.text
    assert f"{url}set/" not in page.text
    assert [reader.post(f"{url}{path}").status_code for path in ("set/", "recount/", "recount/stop/")] == [403] * 3


def test_past_calls_are_counted_again_with_progress_and_can_be_stopped(browser, project, url):
    make_trace(project, model="our-model")
    browser.post(f"{url}set/", form())
    since = (timezone.now() - timedelta(days=3)).date()

    browser.post(f"{url}recount/", {"since": since.isoformat()})
    running = browser.get(f"{url}recount/progress/")
    again = browser.post(f"{url}recount/", {"since": since.isoformat()}, follow=True)
    browser.post(f"{url}recount/stop/")

    assert "Counting again" in running.text
    assert "data-src" in running.text
    assert "being counted again already" in again.text
    assert "Stopped" in browser.get(url).text


def test_a_finished_run_tells_what_changed(browser, project, url):
    make_trace(project, model="our-model", tokens=(1_000_000, 0))
    browser.post(f"{url}set/", form())
    books.forget()
    browser.post(f"{url}recount/", {"since": "2026-11-01"})
    run = Repricing.objects.get()

    repricing.step(run_id=run.pk)

    page = browser.get(f"{url}recount/progress/")
    assert "1 calls" in page.text or "1 call" in page.text
    assert "$2.50 more" in page.text
    assert "data-src" not in page.text


def test_a_day_that_is_none_starts_nothing(browser, url):
    for since in ("", "soon", "2099-01-01"):
        browser.post(f"{url}recount/", {"since": since})

    assert not Repricing.objects.exists()


def test_the_list_can_be_searched(browser, url):
    page = browser.get(url, {"q": "o3"})

    assert "Show " in page.text
    assert "gpt-4o-mini" not in page.text
