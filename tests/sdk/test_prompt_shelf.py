"""A process that starts: one request for all prompts instead of one for each."""

from __future__ import annotations

from callboard.prompt_shelf import PromptShelf

from tests.sdk.fake_server import Scripted, eventually


def item(name: str) -> dict[str, str]:
    return {"name": name}


def test_one_cold_prompt_is_fetched_alone_and_the_next_with_all_others():
    shelf = PromptShelf()

    assert not shelf.wants_all("production", cold=1, now=100.0)
    assert shelf.wants_all("production", cold=1, now=101.0)


def test_two_at_once_are_reason_enough():
    assert PromptShelf().wants_all("production", cold=2, now=100.0)


def test_a_second_prompt_long_after_the_first_is_no_start():
    shelf = PromptShelf()
    shelf.wants_all("production", cold=1, now=100.0)

    assert not shelf.wants_all("production", cold=1, now=120.0)


def test_labels_do_not_mix():
    shelf = PromptShelf()
    shelf.wants_all("production", cold=1, now=100.0)

    assert not shelf.wants_all("staging", cold=1, now=101.0)


def test_all_are_asked_for_once_a_minute_at_most_also_when_nothing_came():
    shelf = PromptShelf()
    shelf.fill("production", (), now=100.0)

    assert not shelf.wants_all("production", cold=5, now=150.0)
    assert shelf.wants_all("production", cold=5, now=161.0)


def test_what_came_along_is_used_once_and_while_it_is_fresh():
    shelf = PromptShelf()
    shelf.fill("production", [item("a"), item("b")], now=100.0)

    assert shelf.take("a", "production", now=101.0) == item("a")
    assert shelf.take("a", "production", now=101.0) is None
    assert shelf.take("b", "staging", now=101.0) is None
    assert shelf.take("b", "production", now=140.0) is None


def test_a_prompt_that_changed_meanwhile_is_not_used():
    shelf = PromptShelf()
    shelf.fill("production", [item("a"), item("b")], now=100.0)
    shelf.drop("a")
    assert shelf.take("a", "production", now=101.0) is None
    assert ("b", "production") in shelf

    shelf.drop("")
    assert ("b", "production") not in shelf


def test_a_process_that_starts_makes_two_requests_for_ten_prompts(server, client):
    for number in range(10):
        server.publish(f"prompt-{number}", f"Text {number}")

    texts = [client.prompts.get(f"prompt-{number}").text for number in range(10)]

    assert texts == [f"Text {number}" for number in range(10)]
    single = [request for request in server.received if request.path.startswith("/api/v1/prompts/")]
    pages = server.requests_to("/api/v1/prompts")
    assert len(single) == 1
    assert [request.query.get("after") for request in pages] == [None, ["3"], ["6"], ["9"]]


def test_a_server_without_the_list_is_asked_for_each(server, client):
    server.always["/api/v1/prompts"] = Scripted(404)
    for number in range(4):
        server.publish(f"prompt-{number}", "Hi")

    assert [client.prompts.get(f"prompt-{number}").text for number in range(4)] == ["Hi"] * 4
    assert len(server.requests_to("/api/v1/prompts")) == 1


def test_a_list_that_is_too_large_does_not_count_as_an_outage(server, client):
    server.always["/api/v1/prompts"] = Scripted(200, body=b" " * 9_000_000)
    for number in range(4):
        server.publish(f"prompt-{number}", "Hi")

    assert [client.prompts.get(f"prompt-{number}").text for number in range(4)] == ["Hi"] * 4
    assert not client.prompt_store._refresher.is_down


def test_prompts_from_disk_are_refreshed_together_at_a_moment_of_this_process(server, make_client):
    for number in range(5):
        server.publish(f"prompt-{number}", "old")
    first = make_client(server.url)
    for number in range(5):
        first.prompts.get(f"prompt-{number}")
    eventually(lambda: len(list(first.settings.prompt_dir.glob("*.json"))) == 5)
    first.shutdown(0)
    before = len(server.received)

    second = make_client(server.url, prompt_ttl_seconds=0.2)
    found = [second.prompts.get(f"prompt-{number}").source for number in range(5)]

    assert found == ["disk"] * 5
    eventually(lambda: len(server.received) > before)
    assert server.received[before].path == "/api/v1/prompts"
