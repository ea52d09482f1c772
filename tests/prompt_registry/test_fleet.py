"""Which process serves which version: what is written down, how often, and what the prompt's page gets to read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from prompt_registry import fleet
from prompt_registry.fleet import Notes, Reporter, Served
from prompt_registry.models import PromptProcess
from tests.prompt_registry.factories import make_project, make_prompt

REPORTER = Reporter(project_id=1, process_id="aaaaaaaa", host="web-1", sdk="python/1")


@pytest.fixture(autouse=True)
def _forget_processes():
    fleet.forget()


def served(version: int, *, name: str = "greeting", label: str = "production", told: int | None = None) -> Served:
    return Served(name, label, version, told)


def add(notes: Notes, what: Served, *, at: float, reporter: Reporter = REPORTER) -> dict[str, int]:
    news = notes.add(reporter, what, now=at, unix=1_000_000 + at)
    return {key: version for key, (version, _) in news.items()}


# What is worth a write


def test_the_same_again_is_written_once_a_minute():
    notes = Notes()

    assert add(notes, served(3), at=0) == {"production@greeting": 3}
    assert [add(notes, served(3), at=second) for second in (1, 30, 59)] == [{}, {}, {}]
    assert add(notes, served(3), at=61) == {"production@greeting": 3}


def test_another_version_is_written_at_once():
    notes = Notes()
    add(notes, served(3), at=0)

    assert add(notes, served(4, told=3), at=1) == {"production@greeting": 4}


def test_many_prompts_of_a_process_are_written_together():
    notes = Notes()
    for number in range(5):
        add(notes, served(1, name=f"prompt-{number}"), at=number / 10)

    assert [len(add(notes, served(1, name=f"prompt-{number}"), at=61 + number)) for number in range(5)] == [
        5,
        0,
        0,
        0,
        0,
    ]


def test_since_when_a_version_is_used_stays_while_it_is_used():
    notes = Notes()
    notes.add(REPORTER, served(3), now=0, unix=50.0)

    [(_, since)] = notes.add(REPORTER, served(3), now=70, unix=120.0).values()

    assert since == 50.0


def test_a_process_that_was_handed_a_version_and_goes_on_with_another_is_believed():
    notes = Notes()
    add(notes, served(4, told=3), at=0)

    assert add(notes, served(4, told=3), at=10) == {"production@greeting": 3}


def test_a_process_that_stays_on_an_old_version_does_not_flip_at_every_poll():
    notes = Notes()
    add(notes, served(4, told=3), at=0)
    add(notes, served(4, told=3), at=10)

    assert [add(notes, served(4, told=3), at=second) for second in (20, 30, 40)] == [{}, {}, {}]


def test_processes_of_two_projects_do_not_mix():
    notes = Notes()
    add(notes, served(3), at=0)

    assert add(notes, served(3), at=1, reporter=Reporter(2, "aaaaaaaa", "web-1", "")) == {"production@greeting": 3}


def test_made_up_processes_do_not_fill_the_memory_or_the_table(monkeypatch):
    monkeypatch.setattr(fleet, "MAX_PROCESSES", 10)
    notes = Notes()

    written = [add(notes, served(1), at=0, reporter=Reporter(1, f"{number:08x}", "", "")) for number in range(50)]
    later = [add(notes, served(1), at=200, reporter=Reporter(1, f"{number:08x}", "", "")) for number in range(50, 55)]

    assert sum(bool(news) for news in written) == 10
    assert all(later)
    assert add(notes, served(1), at=1, reporter=Reporter(2, "aaaaaaaa", "", ""))


# What is kept and read


@pytest.fixture
def prompt():
    return make_prompt(make_project(), name="greeting")


def report(prompt, process_id: str, version: int, *, label: str = "production", host: str = "web-1") -> None:
    fleet.note(Reporter(prompt.project_id, process_id, host, "python/1"), Served(prompt.name, label, version))


@pytest.mark.django_db
def test_processes_are_split_into_those_that_use_the_version_and_the_others(prompt):
    report(prompt, "aaaaaaaa", 14, host="web-1")
    report(prompt, "bbbbbbbb", 13, host="web-2")
    report(prompt, "cccccccc", 14, label="staging")
    report(make_prompt(prompt.project, name="other"), "dddddddd", 14)

    found = fleet.of(prompt=prompt, label="production", number=14)

    assert [process.host for process in found.current] == ["web-1"]
    assert [(process.host, process.version) for process in found.behind] == [("web-2", 13)]
    assert (found.count, found.is_complete) == (2, False)


@pytest.mark.django_db
def test_one_row_holds_all_prompts_of_a_process(prompt):
    other = make_prompt(prompt.project, name="other")
    report(prompt, "aaaaaaaa", 1)
    report(other, "aaaaaaaa", 2)
    report(prompt, "aaaaaaaa", 3)

    row = PromptProcess.objects.get()
    assert {key: value[0] for key, value in row.serves.items()} == {"production@greeting": 3, "production@other": 2}


@pytest.mark.django_db
def test_a_process_that_is_silent_for_some_minutes_is_not_counted_and_then_forgotten(prompt, monkeypatch):
    for process_id, minutes in (("aaaaaaaa", 0), ("bbbbbbbb", 4), ("cccccccc", 11)):
        report(prompt, process_id, 1)
        PromptProcess.objects.filter(process_id=process_id).update(seen_at=timezone.now() - timedelta(minutes=minutes))

    assert fleet.of(prompt=prompt, label="production", number=1).count == 1

    monkeypatch.setattr(fleet, "_tidy_again_at", 0.0)
    report(prompt, "aaaaaaaa", 2)
    assert set(PromptProcess.objects.values_list("process_id", flat=True)) == {"aaaaaaaa", "bbbbbbbb"}


@pytest.mark.django_db
def test_another_project_is_not_counted(prompt):
    report(make_prompt(make_project(), name="greeting"), "aaaaaaaa", 1)

    assert fleet.of(prompt=prompt, label="production", number=1).count == 0


@pytest.mark.django_db
def test_a_name_with_an_at_sign_is_no_other_prompt(prompt):
    odd = make_prompt(prompt.project, name="staging@greeting")
    report(odd, "aaaaaaaa", 1)

    assert fleet.of(prompt=odd, label="production", number=1).count == 1
    assert fleet.of(prompt=prompt, label="staging", number=1).count == 0
