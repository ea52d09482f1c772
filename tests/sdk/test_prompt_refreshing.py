"""The thread that refreshes prompts: what goes wrong with one prompt costs the others nothing."""

import pytest
from callboard.prompt_entries import Entry
from callboard.prompt_fetching import Fetched
from callboard.prompt_refreshing import Refresher


class Fetcher:
    """Has every prompt, but cannot list them."""

    live = None
    is_down = False

    def fetch(self, *, name, **facts):
        return Fetched({"name": name, "type": "text", "version": 1, "text": "Hi"}, None)

    def fetch_all(self, *, label, pages=None):
        raise RuntimeError("bug")

    def close(self):
        """Nothing to close."""


class Disk:
    """Cannot keep the prompt named `bad`."""

    def save(self, key, stored):
        if key.startswith("bad|"):
            raise RuntimeError("bug")


@pytest.fixture
def make_refresher():
    made = []

    def make(disk=None):
        made.append(Refresher(make_fetcher=Fetcher, disk=disk, on_deleted=None, count=lambda name: None))
        return made[-1]

    yield make
    for refresher in made:
        refresher.stop()


def cold_entries(*names):
    return [Entry(name, "production", None, ttl=60.0, now=0.0) for name in names]


def refresh_at_once(refresher, entries):
    """Refresh all of them in one go of the loop."""
    refresher._fetcher = Fetcher()
    for entry in entries:
        refresher._requests.append((0.0, 1.0, entry))
    refresher.request(entries[0])


def test_a_list_of_prompts_that_cannot_be_read_does_not_keep_them_from_being_fetched(make_refresher):
    first, second = entries = cold_entries("first", "second")

    refresh_at_once(make_refresher(), entries)

    assert first.ready.wait(5)
    assert second.ready.wait(5)


def test_a_prompt_whose_refresh_fails_does_not_keep_the_next_from_being_refreshed(make_refresher):
    _, good = entries = cold_entries("bad", "good")

    refresh_at_once(make_refresher(Disk()), entries)

    assert good.ready.wait(5)
