"""The list: numbers, filters, order, tags, and changing many prompts at once."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from monitoring.models import Span
from projects.models import AuditEvent, Project, User
from projects.roles import Role
from prompt_registry import change_requests, labels, prompts
from prompt_registry.models import Prompt
from tests.monitoring.factories import make_trace, rate
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version
from tests.prompt_registry.rollouts.factories import make_live_prompt, make_rollout

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def editor(project: Project) -> User:
    return make_member(project, Role.EDITOR, name="Ana Editor")


@pytest.fixture
def client(editor: User) -> Client:
    return _browser(editor)


def _browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _make(project: Project, *names: str) -> list[Prompt]:
    return [make_prompt(project, name=name) for name in names]


def _shown(client: Client, project: Project, **query: str) -> list[str]:
    """Return the names on the list, in order."""
    page = client.get(reverse("prompts", args=[project.slug]), query).text
    return re.findall(r'name="chosen" value="\d+" form="chosen-prompts" aria-label="Choose ([^"]*)"', page)


def _bulk(project: Project, **query: str) -> str:
    return reverse("prompts-bulk", args=[project.slug], query=query)


# Numbers


def test_a_row_shows_calls_thumbs_speed_and_price(client, project):
    _make(project, "refund", "quiet")
    for number in range(25):
        trace_id = make_trace(project, prompt="refund", took_ms=2000, cost_usd=0.0012)
        rate(project, trace_id, up=number >= 5)

    page = client.get(reverse("prompts", args=[project.slug])).text

    for words in ("Calls on each of the last 14 days", ">25<", "20%", "of 25 rated", "2.0 s", "$1.20"):
        assert words in page


def test_few_ratings_and_unknown_prices_are_said_to_be_so(client, project):
    _make(project, "refund")
    rate(project, make_trace(project, prompt="refund", model="own-model"))

    page = client.get(reverse("prompts", args=[project.slug])).text

    assert "19 more ratings needed" in page
    assert "price unknown" in page


def test_the_numbers_of_a_page_are_two_queries_whatever_is_recorded(client, project, django_assert_max_num_queries):
    for name in map(str, range(5)):
        make_version(make_prompt(project, name=name))
        make_trace(project, prompt=name)

    with django_assert_max_num_queries(25) as asked:
        client.get(reverse("prompts", args=[project.slug]))

    assert len([query for query in asked if "FROM usage_" in query["sql"]]) == 2
    assert not [query for query in asked if f'"{Span._meta.db_table}"' in query["sql"]]


# Filters and order


def test_filters_leave_what_is_mine_disliked_or_unused(client, project, editor):
    _make(project, "disliked", "fine", "unused")
    make_version(Prompt.objects.get(name="fine"), by=editor)
    rate(project, make_trace(project, prompt="disliked"))
    make_trace(project, prompt="fine")

    assert _shown(client, project) == ["disliked", "fine", "unused"]
    assert _shown(client, project, show="mine") == ["fine"]
    assert _shown(client, project, show="disliked") == ["disliked"]
    assert _shown(client, project, show="unused") == ["unused"]
    assert _shown(client, project, show="nonsense") == ["disliked", "fine", "unused"]


def test_the_order_follows_the_numbers(client, project):
    few, _, many = _make(project, "few", "none", "many")
    for name, count, cost in (("few", 1, 0.5), ("many", 3, 0.1)):
        for _ in range(count):
            rate(project, make_trace(project, prompt=name, cost_usd=cost), up=name == "few")
    make_version(many)
    make_version(few)

    assert _shown(client, project, sort="calls") == ["many", "few", "none"]
    assert _shown(client, project, sort="disliked") == ["many", "few", "none"]
    assert _shown(client, project, sort="cost") == ["few", "many", "none"]
    assert _shown(client, project, sort="changed") == ["few", "many", "none"]


def test_an_ordered_list_goes_on_where_it_stopped(client, project, monkeypatch):
    monkeypatch.setattr("webapp.pages.prompts_list.PAGE_SIZE", 2)
    _make(project, "a", "b", "c", "x/d")
    make_trace(project, prompt="x/d")
    page = client.get(reverse("prompts", args=[project.slug]), {"sort": "calls"}).text
    address = re.search(r'href="(\?[^"]*after=[^"]*)"', page)[1].replace("&amp;", "&")

    following = client.get(reverse("prompts", args=[project.slug]) + address).text

    assert _shown(client, project, sort="calls") == ["x/d", "a"]
    assert re.findall(r'aria-label="Choose ([^"]*)"', following)[1:] == ["b", "c"]


def test_a_tag_narrows_the_list_and_is_found_with_the_other_filters(client, project, editor):
    tagged, other = _make(project, "tagged", "other")
    prompts.retag(prompt=tagged, tags=["holiday season"], by=editor)
    make_version(other, chat(("system", "holiday")))

    assert _shown(client, project, tag="holiday season") == ["tagged"]
    assert _shown(client, project, tag="holiday season", q="holiday") == []


def test_a_text_that_is_live_is_found_and_named_when_it_is_not_the_newest(client, project):
    prompt = make_prompt(project, name="greeting")
    live = make_version(prompt, chat(("system", "A friendly word.")))
    make_version(prompt)
    labels.publish(prompt=prompt, version=live, label="staging", by=make_member(project))

    page = client.get(reverse("prompts", args=[project.slug]), {"q": "friendly"}).text

    assert "live v1" in page
    assert "<mark>friendly</mark>" in page


@pytest.mark.parametrize(
    "query", ["?after=%00|x", "?after=nan|x", "?sort=%00", "?tag=%00", "?folder=%00/", "?show=%F0", "?environment=%00"]
)
def test_odd_addresses_are_answered(client, project, query):
    _make(project, "a")

    assert client.get(reverse("prompts", args=[project.slug]) + query).status_code == 200


# Tags


def test_tags_are_ticked_and_added(client, project, editor):
    prompt, other = _make(project, "refund", "other")
    prompts.retag(prompt=prompt, tags=["mail", "old, odd"], by=editor)
    prompts.retag(prompt=other, tags=["shared"], by=editor)
    address = reverse("prompt-tags", args=[project.slug, prompt.pk])

    page = client.get(address).text
    client.post(address, {"tag": ["old, odd", "shared"], "fresh": " new one, <b>x</b> ,,"})

    prompt.refresh_from_db()
    assert 'value="shared"' in page
    assert prompt.tags == ["old, odd", "shared", "new one", "<b>x</b>"]
    assert "&lt;b&gt;x&lt;/b&gt;" in client.get(reverse("prompt", args=[project.slug, prompt.pk])).text


def test_a_tag_that_is_too_long_keeps_the_form(client, project):
    (prompt,) = _make(project, "refund")

    answer = client.post(reverse("prompt-tags", args=[project.slug, prompt.pk]), {"fresh": "x" * 61})

    assert answer.status_code == 422
    assert "x" * 61 in answer.text
    assert "1 to 60 characters" in answer.text


# Many at once


def test_archiving_many_says_how_many_and_which_first(client, project, editor):
    a, b, _ = _make(project, "a", "b", "c")
    version = make_version(a)
    labels.publish(prompt=a, version=version, label="production", by=make_member(project, Role.APPROVER))
    page = client.get(_bulk(project), {"do": "archive", "chosen": [a.pk, b.pk]}).text

    client.post(_bulk(project, do="archive"), {"ids": f"{a.pk},{b.pk}"})

    assert "Archive 2 prompts" in page
    assert "1 of them is live in production." in page
    assert _shown(client, project) == ["c"]
    assert AuditEvent.objects.filter(action="prompt.archived").count() == 2


def test_everything_that_matches_can_be_chosen_with_its_filter_stated(client, project, editor):
    for prompt in _make(project, "a", "b", "c")[:2]:
        prompts.retag(prompt=prompt, tags=["old"], by=editor)

    page = client.get(_bulk(project), {"do": "tag", "all": "1", "tag": "old"}).text
    ids = re.search(r'name="ids" value="([^"]*)"', page)[1]
    client.post(_bulk(project, do="tag"), {"ids": ids, "tag": "older"})

    assert "with the tag «old»" in page
    assert [prompt.tags for prompt in Prompt.objects.by_name()] == [["old", "older"], ["old", "older"], []]


def test_a_tag_is_taken_off_many_and_the_archive_gives_many_back(client, project, editor):
    made = _make(project, "a", "b")
    ids = ",".join(str(prompt.pk) for prompt in made)
    for prompt in made:
        prompts.archive(prompt=prompts.retag(prompt=prompt, tags=["x", "y"], by=editor), by=editor)

    client.post(_bulk(project, do="untag"), {"ids": ids, "tag": "x"})
    client.post(_bulk(project, do="restore"), {"ids": ids})

    assert _shown(client, project, tag="y") == ["a", "b"]
    assert _shown(client, project, tag="x") == []


def test_when_one_of_many_cannot_be_changed_none_is(client, project, editor):
    full, other = _make(project, "full", "other")
    prompts.retag(prompt=full, tags=[str(number) for number in range(20)], by=editor)

    answer = client.post(_bulk(project, do="tag"), {"ids": f"{other.pk},{full.pk}", "tag": "one more"})

    other.refresh_from_db()
    assert answer.status_code == 422
    assert "Nothing was changed." in answer.text
    assert other.tags == []


def test_prompts_of_another_project_are_never_among_the_chosen(client, project):
    foreign = make_prompt(make_project(), name="foreign")

    page = client.get(_bulk(project), {"do": "archive", "chosen": [foreign.pk, "x", "9" * 30]}).text
    client.post(_bulk(project, do="archive"), {"ids": str(foreign.pk)})

    foreign.refresh_from_db()
    assert "Nothing was chosen" in page
    assert foreign.archived_at is None


def test_a_viewer_has_nothing_to_choose_with(project):
    _make(project, "a")
    viewer = _browser(make_member(project, Role.VIEWER))

    assert 'type="checkbox"' not in viewer.get(reverse("prompts", args=[project.slug])).text
    assert viewer.post(_bulk(project, do="archive"), {"ids": "1"}).status_code == 403


def test_what_waits_for_me_is_one_filter_away_and_counted_in_the_rail(project, editor):
    approver, (mine, others) = make_member(project, Role.APPROVER), _make(project, "for-me", "for-nobody")
    make_version(others)
    asked = make_version(mine, by=editor)
    change_requests.ask(prompt=mine, version=asked, label="production", by=editor)

    page = _browser(approver).get(reverse("prompts", args=[project.slug])).text

    assert _shown(_browser(approver), project, show="waiting") == ["for-me"]
    assert _shown(_browser(editor), project, show="waiting") == []
    assert re.search(r'<span>Prompts</span><span class="count">1</span>', page)
    assert (
        '<span>Prompts</span><span class="count">'
        not in _browser(editor).get(reverse("prompts", args=[project.slug])).text
    )


def test_many_that_wait_can_be_tagged_together(project, editor):
    approver, (mine, _) = make_member(project, Role.APPROVER), _make(project, "for-me", "for-nobody")
    change_requests.ask(prompt=mine, version=make_version(mine, by=editor), label="production", by=editor)

    page = _browser(approver).get(_bulk(project, do="tag", all="1", show="waiting")).text

    assert "that wait for you" in page
    assert "for-nobody" not in page


def test_a_rollout_under_way_stands_beside_what_is_live(client, project, editor):
    rollout = make_rollout(make_live_prompt(project=project, name="rolled/out"))

    page = client.get(reverse("prompts", args=[project.slug])).text

    assert "v2 at 1.0%" in page
    assert reverse("rollout", args=[project.slug, rollout.pk]) in page
