"""`callboard prices show` and `callboard prices update`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prompt_registry.models import PriceList
from prompt_registry.prices import books, snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget_prices():
    books.forget()
    yield
    books.forget()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [snapshot.to_json(price) for price in snapshot.all_prices()]
    rows[0] |= {"input": 77, "as_of": "2026-11-27"}
    path = tmp_path / "november.json"
    path.write_text(json.dumps({"prices": rows}))
    return path


def test_what_is_shown_can_be_read_again(callboard, tmp_path):
    shown = callboard("prices", "show")

    assert snapshot.read(json.loads(shown.out)) == snapshot.all_prices()


def test_an_update_shows_its_differences_and_is_used(callboard, file):
    outcome = callboard("prices", "update", str(file), "--yes", "--json")

    assert outcome.code == 0
    assert outcome.facts["is_used"]
    assert [sentence.split(":")[0] for sentence in outcome.facts["differences"]] == ["changed"]
    assert PriceList.objects.get().source == "november.json"
    assert books.listed()[0].input == 77


def test_nothing_changes_without_a_yes(callboard, file):
    outcome = callboard("prices", "update", str(file))

    assert (outcome.code, "--yes" in outcome.err) == (1, True)
    assert not PriceList.objects.exists()


def test_a_dry_run_only_shows(callboard, file):
    outcome = callboard("prices", "update", str(file), "--dry-run")

    assert outcome.code == 0
    assert "changed:" in outcome.out
    assert "Nothing was changed." in outcome.out
    assert not PriceList.objects.exists()


def test_the_same_list_again_changes_nothing(callboard, file):
    callboard("prices", "update", str(file), "--yes")

    outcome = callboard("prices", "update", str(file), "--yes")

    assert (outcome.code, "in use already" in outcome.out) == (0, True)
    assert PriceList.objects.count() == 1


@pytest.mark.parametrize("words", ["", "no json", "[" * 100_000, '{"prices": [{"model": "a"}]}', '{"prices": {}}'])
def test_a_file_that_is_no_list_is_refused_in_a_sentence(callboard, tmp_path, words):
    path = tmp_path / "odd.json"
    path.write_text(words)

    outcome = callboard("prices", "update", str(path), "--yes")

    assert outcome.code == 1
    assert outcome.err.startswith("callboard: ")
    assert not PriceList.objects.exists()


def test_a_file_that_is_not_there_is_said(callboard, tmp_path):
    assert callboard("prices", "update", str(tmp_path / "none.json")).code == 1
