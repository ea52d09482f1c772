"""Prices that a project sets, and lists read from files."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from projects.models import AuditEvent
from projects.roles import Role
from prompt_registry.errors import NotAllowed
from prompt_registry.models import ModelPrice, PriceList
from prompt_registry.prices import books, changes, snapshot
from prompt_registry.prices.changes import NewPrice, PriceNotUsable
from prompt_registry.prices.snapshot import PricesNotReadable
from tests.prompt_registry.factories import make_member, make_project

MILLION = 1_000_000


@pytest.fixture(autouse=True)
def _forget_prices():
    books.forget()
    yield
    books.forget()


@pytest.fixture
def project(db):
    return make_project()


@pytest.fixture
def admin(project):
    return make_member(project, Role.ADMIN)


def price(model: str = "our-model", usd: str = "2", **values) -> NewPrice:
    defaults = {
        "provider": "", "input": Decimal(usd), "output": Decimal(10), "cache_read": None, "cache_write": None,
        "reasoning": None, "valid_from": date(2026, 1, 1),
    }  # fmt: skip
    return NewPrice(model=model, **defaults | values)


def usd(project, model: str, *, provider: str = "", at: date = date(2026, 6, 1), **counts: int) -> float | None:
    counts = {"input_tokens": MILLION, "output_tokens": 0} | counts
    books.forget()
    moment = datetime(at.year, at.month, at.day, 12, tzinfo=UTC)
    nano = books.of(project.pk).cost_nano_usd(provider=provider, model=model, at=moment, **counts)
    return None if nano is None else nano / 1e9


def test_a_model_that_nobody_lists_gets_its_price(project, admin):
    assert usd(project, "our-model") is None

    changes.set_price(project=project, price=price(), by=admin)

    assert usd(project, "our-model", provider="ollama") == 2


def test_a_price_of_the_project_wins_over_the_list_from_its_day_on(project, admin):
    listed = usd(project, "gpt-4o", provider="openai")
    changes.set_price(project=project, price=price("gpt-4o", "1.5", valid_from=date(2026, 5, 1)), by=admin)

    assert usd(project, "gpt-4o", provider="openai") == 1.5
    assert usd(project, "gpt-4o-2024-08-06", provider="openai") == 1.5
    assert usd(project, "gpt-4o", provider="openai", at=date(2026, 4, 30)) == listed


def test_other_projects_keep_the_list(project, admin):
    changes.set_price(project=project, price=price(), by=admin)

    assert usd(make_project(), "our-model") is None


def test_a_price_for_one_provider_holds_for_no_other(project, admin):
    changes.set_price(project=project, price=price("llama", "3", provider="Groq"), by=admin)

    assert usd(project, "llama", provider="groq") == 3
    assert usd(project, "llama", provider="ollama") is None


def test_a_pattern_holds_for_names_that_begin_like_it(project, admin):
    changes.set_price(project=project, price=price("team/our-*", "4"), by=admin)

    assert usd(project, "team/our-7b-2026-01-02", provider="vllm") == 4


def test_reasoning_and_cached_tokens_have_prices_of_their_own(project, admin):
    rates = {"cache_read": Decimal("0.5"), "cache_write": Decimal(3), "reasoning": Decimal(20)}
    changes.set_price(project=project, price=price(**rates), by=admin)

    cost = usd(
        project, "our-model", input_tokens=10 * MILLION, output_tokens=3 * MILLION, cache_read_tokens=4 * MILLION,
        cache_write_tokens=MILLION, reasoning_tokens=MILLION,
    )  # fmt: skip

    assert cost == 5 * 2 + 4 * 0.5 + 1 * 3 + 2 * 10 + 1 * 20


def test_long_calls_may_cost_more(project, admin):
    tiers = ({"above": 200_000, "input": 4, "output": 15}, {"above": 500_000, "input": 8, "output": 15})
    changes.set_price(project=project, price=price(tiers=tiers), by=admin)

    assert usd(project, "our-model", input_tokens=200_000) == 0.4
    assert usd(project, "our-model", input_tokens=300_000) == 1.2
    assert usd(project, "our-model", input_tokens=MILLION) == 8


def test_a_price_of_the_same_day_is_replaced_and_all_of_it_is_audited(project, admin):
    changes.set_price(project=project, price=price(usd="2"), by=admin)
    row = changes.set_price(project=project, price=price(usd="3"), by=admin)
    changes.remove(price=row, by=admin)

    assert not ModelPrice.objects.exists()
    actions = AuditEvent.objects.filter(subject="our-model").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["price.set", "price.set", "price.removed"]


@pytest.mark.parametrize(
    "values",
    [
        {"model": ""}, {"model": "a*b"}, {"model": "a b"}, {"usd": "-1"}, {"usd": "200000"}, {"valid_from": date(1999, 1, 1)},
        {"valid_from": date(2090, 1, 1)}, {"tiers": ({"above": 0, "input": 1, "output": 1},)},
        {"tiers": ({"above": 5, "input": 1},)},
    ],
)  # fmt: skip
def test_what_cannot_be_a_price_is_refused_in_words(project, admin, values):
    with pytest.raises(PriceNotUsable) as refusal:
        changes.set_price(project=project, price=price(**values), by=admin)

    assert str(refusal.value)


def test_only_admins_set_prices(project):
    editor = make_member(project, Role.EDITOR)

    with pytest.raises(NotAllowed):
        changes.set_price(project=project, price=price(), by=editor)


def test_a_process_asks_the_database_once_in_twenty_seconds(project, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        for _ in range(50):
            books.of(project.pk)
    assert books.CACHE_SECONDS >= 20


def test_what_was_looked_up_is_kept_when_nothing_changed(project, monkeypatch):
    first = books.of(project.pk)
    later = time.monotonic() + 60
    monkeypatch.setattr(books.time, "monotonic", lambda: later)

    assert books.of(project.pk) is first


# Lists


def listed(**values):
    rows = [snapshot.to_json(price) for price in snapshot.all_prices()]
    rows[0] |= {"as_of": "2026-11-27", **values}
    return snapshot.read({"prices": rows})


def test_a_list_that_is_written_is_read_back_the_same():
    rows = [snapshot.to_json(price) for price in snapshot.all_prices()]

    assert snapshot.read({"prices": rows}) == snapshot.all_prices()


def test_a_newer_list_is_used_and_named(project):
    first = snapshot.all_prices()[0]
    changes.load_list(prices=listed(input=77), source="november.json")

    assert usd(project, first.model, provider=first.provider, at=date(2026, 11, 28)) == 77
    assert not books.is_shipped(books.listed())


def test_a_list_older_than_the_shipped_one_is_refused(db):
    old = snapshot.read({"prices": [ROW | {"valid_from": "2024-01-01", "as_of": "2024-01-02"}]})

    with pytest.raises(PricesNotReadable, match="older"):
        changes.load_list(prices=old, source="old.json")
    assert not PriceList.objects.exists()


def test_the_differences_of_two_lists_are_said_in_lines():
    before, after = snapshot.all_prices(), listed(input=77)[:-1]

    sentences = [item.sentence for item in changes.differences(before=before, after=after)]

    assert len(sentences) == 2
    assert any(sentence.startswith("changed:") and "77 in" in sentence for sentence in sentences)
    assert any(sentence.startswith("gone:") for sentence in sentences)


ROW = {
    "provider": "a", "model": "b", "input": 1, "output": 1, "valid_from": "2026-01-01", "as_of": "2026-01-01", "source": "",
}  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        None, [], {}, {"prices": []}, {"prices": [1]}, {"prices": [{}]}, {"prices": [ROW | {"input": float("nan")}]},
        {"prices": [ROW | {"input": True}]}, {"prices": [ROW | {"valid_from": "soon"}]}, {"prices": [ROW, ROW]},
        {"prices": [ROW | {"model": "a b"}]}, {"prices": [ROW | {"tiers": [{}]}]},
    ],
)  # fmt: skip
def test_what_is_no_price_list_is_refused_in_words(document):
    with pytest.raises(PricesNotReadable) as refusal:
        snapshot.read(document)

    assert str(refusal.value)
