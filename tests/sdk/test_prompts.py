"""Fetching prompts from a server: the states of the delivery contract, with real threads and requests."""

from __future__ import annotations

import json
import threading
import time

import pytest
from callboard import PromptAccessRefused, PromptDeleted, PromptNotFound, PromptTypeMismatch
from callboard.errors import PromptUnavailable

from tests.sdk.fake_server import FakeServer, Scripted, eventually, not_found

GONE_URL = "http://127.0.0.1:9"


def make_stale(client, name="greeting", label=None, version=None):
    """Let the time to live of a prompt run out."""
    entry = client.prompt_store.entries[name, label, version]
    entry.check_at = 0.0
    return entry


def test_the_first_get_fetches_and_the_next_ones_come_from_memory(server: FakeServer, client):
    server.publish("greeting", "Hi {{name}}", version=3, settings={"model": "gpt-x", "temperature": 0.2}, note="n")

    first = client.prompts.get("greeting")
    client.prompt_store.entries["greeting", None, None].check_at = time.monotonic() + 60
    second = client.prompts.get("greeting")

    assert (first.source, second.source) == ("server", "memory")
    assert (second.name, second.version, second.type, second.note) == ("greeting", 3, "text", "n")
    assert second.compile(name="Ada") == "Hi Ada"
    assert second.config == second.settings == {"model": "gpt-x", "temperature": 0.2}
    assert second.variables == ("name",)
    assert not second.is_fallback
    assert not second.deleted
    assert len(server.prompt_requests("greeting")) == 1


def test_a_chat_prompt_compiles_to_messages(server, client):
    history = {"type": "placeholder", "name": "history"}
    server.publish("chat", messages=[{"role": "system", "content": "Be {{mood}}."}, history])

    prompt = client.prompts.get("chat", type="chat")

    assert prompt.compile(mood="kind", history=[{"role": "user", "content": "Hi"}]) == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
    ]
    assert prompt.messages == [{"role": "system", "content": "Be {{mood}}."}, history]
    assert prompt.text is None
    assert prompt.variables == ("mood", "history")


def test_a_stale_prompt_is_served_at_once_and_refreshed_once(server, client):
    server.publish("greeting", "old")
    client.prompts.get("greeting")
    server.publish("greeting", "new", version=2)
    server.always["/api/v1/prompts/greeting"] = Scripted(
        200, delay=0.6, body=json.dumps(server.prompts["greeting", "l:production"]).encode()
    )
    make_stale(client)

    began = time.perf_counter()
    served = [client.prompts.get("greeting").text for _ in range(50)]

    assert time.perf_counter() - began < 0.5
    assert served == ["old"] * 50
    eventually(lambda: client.prompts.get("greeting").text == "new")
    assert client.prompts.get("greeting").version == 2
    assert len(server.prompt_requests("greeting")) == 2


def test_a_refresh_asks_with_the_etag_and_keeps_the_copy_on_304(server, client):
    server.publish("greeting", "Hi")
    client.prompts.get("greeting")
    make_stale(client)

    client.prompts.get("greeting")

    eventually(lambda: len(server.prompt_requests("greeting")) == 2)
    assert server.prompt_requests("greeting")[1].headers["if-none-match"] == f'"{1:064x}"'
    entry = client.prompt_store.entries["greeting", None, None]
    eventually(lambda: entry.check_at > 0 and entry.failures == 0 and entry.ready.is_set())
    assert client.prompts.get("greeting").text == "Hi"


def test_version_three_and_a_label_named_three_are_different_prompts(server, client):
    server.publish("greeting", "version three", version=3, label="other")
    server.publish("greeting", "label three", version=9, label="3")

    assert client.prompts.get("greeting", version=3).text == "version three"
    assert client.prompts.get("greeting", label="3").text == "label three"
    assert client.prompts.get("greeting", version=3).text == "version three"


def test_the_default_label_is_production_however_it_is_said(server, client):
    server.publish("greeting", "production")
    server.publish("greeting", "staging", version=2, label="staging")

    assert client.prompts.get("greeting").text == "production"
    assert client.prompts.get("greeting", label="production").text == "production"
    assert client.prompts.get("greeting", "staging").text == "staging"
    assert client.prompts.get("greeting", label="staging").label == "staging"
    assert len(server.prompt_requests("greeting")) == 2


def test_a_name_with_slashes_and_odd_letters_reaches_the_server(server, client):
    server.publish("team/größe & more?", "Hi")

    assert client.prompts.get("team/größe & more?").text == "Hi"
    assert server.received[0].path == "/api/v1/prompts/team/größe & more?"


def test_the_server_being_off_changes_nothing_for_what_is_in_memory(server, client):
    server.publish("greeting", "Hi")
    client.prompts.get("greeting")
    server.stop()
    make_stale(client)

    prompt = client.prompts.get("greeting")

    assert (prompt.text, prompt.source) == ("Hi", "memory")
    entry = client.prompt_store.entries["greeting", None, None]
    eventually(lambda: entry.failures == 1)
    assert client.prompts.get("greeting").text == "Hi"
    server.start_again()


def test_a_new_process_starts_from_disk_with_the_server_off(server, make_client):
    server.publish("greeting", "Hi {{name}}", version=4)
    make_client(server.url).prompts.get("greeting")
    eventually(lambda: list((make_client(server.url).settings.prompt_dir).glob("*.json")))
    server.stop()

    prompt = make_client(server.url).prompts.get("greeting")

    assert (prompt.source, prompt.version, prompt.compile(name="Ada")) == ("disk", 4, "Hi Ada")
    server.start_again()


def test_a_copy_from_disk_is_refreshed_in_the_background(server, make_client, monkeypatch):
    monkeypatch.setattr("callboard.prompt_store.chance", lambda: 0.01)
    server.publish("greeting", "old")
    make_client(server.url).prompts.get("greeting")
    directory = make_client(server.url).settings.prompt_dir
    eventually(lambda: list(directory.glob("*.json")))
    server.publish("greeting", "new", version=2)

    client = make_client(server.url)

    assert client.prompts.get("greeting").text == "old"
    eventually(lambda: client.prompts.get("greeting").text == "new")
    assert client.prompts.get("greeting").source == "memory"


def test_many_copies_from_disk_are_refreshed_together(server, make_client, monkeypatch):
    monkeypatch.setattr("callboard.prompt_store.chance", lambda: 0.01)
    for number in range(4):
        server.publish(f"prompt-{number}", "old")
    first = make_client(server.url)
    for number in range(4):
        first.prompts.get(f"prompt-{number}")
    eventually(lambda: len(list(first.settings.prompt_dir.glob("*.json"))) == 4)
    for number in range(4):
        server.publish(f"prompt-{number}", "new", version=2)
    server.received.clear()

    second = make_client(server.url)
    for number in range(4):
        assert second.prompts.get(f"prompt-{number}").text == "old"

    eventually(lambda: all(second.prompts.get(f"prompt-{number}").text == "new" for number in range(4)))
    # Two pages, and no request for any single prompt.
    asked = [request.path for request in server.received if not request.path.startswith("/live/")]
    assert asked == ["/api/v1/prompts"] * 2


def test_another_project_key_never_sees_the_copies_of_the_first(server, make_client):
    server.publish("greeting", "of project one")
    make_client(server.url, api_key="cb_one").prompts.get("greeting")
    eventually(lambda: list(make_client(server.url).settings.prompt_dir.glob("*.json")))
    server.stop()

    prompt = make_client(server.url, api_key="cb_two").prompts.get("greeting", fallback="mine")

    assert (prompt.text, prompt.source) == ("mine", "fallback")
    server.start_again()


def test_with_nothing_at_all_the_fallback_is_served_without_waiting(make_client):
    client = make_client(GONE_URL)

    began = time.perf_counter()
    prompt = client.prompts.get("greeting", fallback="Hi {{name}}")

    assert time.perf_counter() - began < 0.8
    assert prompt.is_fallback
    assert (prompt.source, prompt.version) == ("fallback", None)
    assert prompt.compile(name="Ada") == "Hi Ada"


def test_a_fallback_may_be_messages(make_client):
    prompt = make_client(GONE_URL).prompts.get("chat", type="chat", fallback=[{"role": "user", "content": "{{q}}"}])

    assert prompt.compile(q="Why?") == [{"role": "user", "content": "Why?"}]


def test_with_nothing_at_all_and_no_fallback_get_waits_at_most_a_second_once(server, client):
    server.always["/api/v1/prompts/greeting"] = Scripted(503, delay=3.0)

    began = time.perf_counter()
    prompt = client.prompts.get("greeting")
    first_wait = time.perf_counter() - began
    client.prompts.get("greeting")

    assert 0.8 < first_wait < 2.0
    assert time.perf_counter() - began - first_wait < 0.5
    assert isinstance(prompt.error, PromptUnavailable)
    assert prompt.source == "missing"
    assert prompt.compile(name="Ada") == ""


def test_threads_that_start_together_all_wait_for_the_one_request(server, client):
    server.publish("greeting", "Hi")
    payload = json.dumps(server.prompts["greeting", "l:production"]).encode()
    server.always["/api/v1/prompts/greeting"] = Scripted(200, delay=0.2, body=payload)
    texts: list[str | None] = []
    threads = [threading.Thread(target=lambda: texts.append(client.prompts.get("greeting").text)) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert texts == ["Hi"] * 8
    assert len(server.prompt_requests("greeting")) == 1


def test_an_unknown_prompt_is_an_error_object_that_raises_only_when_strict(server, client):
    began = time.perf_counter()
    prompt = client.prompts.get("nowhere")
    strict = client.prompts.get("nowhere", strict=True)

    assert time.perf_counter() - began < 0.8
    assert isinstance(prompt.error, PromptNotFound)
    assert prompt.compile() == ""
    assert client.prompts.get("nowhere", type="chat").compile() == []
    with pytest.raises(PromptNotFound, match="no prompt with that name"):
        strict.compile()
    assert len(server.prompt_requests("nowhere")) == 1


def test_a_deleted_prompt_is_served_and_said_to_be_deleted(server, make_client):
    deleted: list[str] = []
    client = make_client(server.url, on_prompt_deleted=deleted.append)
    server.publish("greeting", "Hi")
    client.prompts.get("greeting")
    server.prompts.clear()
    make_stale(client)

    client.prompts.get("greeting")

    eventually(lambda: client.prompts.get("greeting").deleted)
    prompt = client.prompts.get("greeting", fallback="fallback")
    assert (prompt.text, prompt.source) == ("Hi", "memory")
    eventually(lambda: deleted == ["greeting"])
    assert client.stats()["prompts_deleted"] == 1


def test_410_means_deleted_too(server, client):
    server.publish("greeting", "Hi")
    client.prompts.get("greeting")
    server.answer_next("/api/v1/prompts/greeting", Scripted(410))
    make_stale(client)

    client.prompts.get("greeting")

    eventually(lambda: client.prompts.get("greeting").deleted)


def test_a_deleted_prompt_ends_after_a_day_even_across_restarts(server, make_client):
    server.publish("greeting", "Hi")
    client = make_client(server.url)
    client.prompts.get("greeting")
    server.prompts.clear()
    make_stale(client)
    client.prompts.get("greeting")
    eventually(lambda: client.prompts.get("greeting").deleted)
    client.shutdown(0)
    server.stop()

    a_day_later = make_client(server.url, max_stale_on_delete=-1.0)

    assert a_day_later.prompts.get("greeting", fallback="fallback").source == "fallback"
    assert isinstance(a_day_later.prompts.get("greeting").error, PromptDeleted)
    within_the_day = make_client(server.url).prompts.get("greeting")
    assert (within_the_day.source, within_the_day.deleted) == ("disk", True)
    server.start_again()


def test_a_prompt_that_comes_back_is_no_longer_deleted(server, client):
    server.publish("greeting", "Hi")
    client.prompts.get("greeting")
    server.answer_next("/api/v1/prompts/greeting", not_found())
    make_stale(client)
    client.prompts.get("greeting")
    eventually(lambda: client.prompts.get("greeting").deleted)

    make_stale(client)
    client.prompts.get("greeting")

    eventually(lambda: not client.prompts.get("greeting").deleted)


def test_a_404_of_a_proxy_is_an_outage_and_not_a_deletion(server, client):
    server.publish("greeting", "Hi")
    client.prompts.get("greeting")
    server.answer_next("/api/v1/prompts/greeting", Scripted(404, {"Content-Type": "text/html"}, b"<h1>nginx</h1>"))
    entry = make_stale(client)

    client.prompts.get("greeting")

    eventually(lambda: entry.failures == 1)
    assert not client.prompts.get("greeting").deleted


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_keeps_the_last_known_copy_and_is_counted(server, client, status, caplog):
    server.publish("greeting", "Hi")
    client.prompts.get("greeting")
    server.answer_next("/api/v1/prompts/greeting", Scripted(status))
    entry = make_stale(client)

    client.prompts.get("greeting")

    eventually(lambda: client.stats().get("prompts_refused") == 1)
    eventually(lambda: entry.ready.is_set())
    assert client.prompts.get("greeting").text == "Hi"
    assert entry.check_at - time.monotonic() > 50
    assert "prompts:read" in caplog.text


def test_a_refused_key_without_any_copy_says_so_without_waiting(server, client):
    server.always["/api/v1/prompts/greeting"] = Scripted(403)

    began = time.perf_counter()
    prompt = client.prompts.get("greeting")

    assert time.perf_counter() - began < 0.8
    assert isinstance(prompt.error, PromptAccessRefused)


def test_rubbish_from_the_server_is_an_outage(server, client):
    server.publish("greeting", "Hi")
    client.prompts.get("greeting")
    for number, body in enumerate([b"<html>", b"[]", b'{"name": "greeting"}', b'{"type": 7}', b"\xff"], start=1):
        server.answer_next("/api/v1/prompts/greeting", Scripted(200, body=body))
        entry = make_stale(client)
        client.prompts.get("greeting")
        eventually(lambda wanted=number, entry=entry: entry.failures == wanted)

    assert client.prompts.get("greeting").text == "Hi"


def test_a_time_to_live_of_zero_asks_each_time(server, client):
    server.publish("greeting", "old")
    assert client.prompts.get("greeting", cache_ttl_seconds=0).text == "old"
    server.publish("greeting", "new", version=2)

    assert client.prompts.get("greeting", cache_ttl_seconds=0).text == "new"


def test_a_prompt_of_the_wrong_type_is_replaced_by_the_fallback(server, client):
    server.publish("greeting", "Hi")

    with_fallback = client.prompts.get("greeting", type="chat", fallback=[{"role": "user", "content": "Hi"}])
    without = client.prompts.get("greeting", type="chat")

    eventually(lambda: client.prompts.get("greeting").text == "Hi")
    assert with_fallback.source == "fallback"
    assert without.compile() == []
    assert isinstance(client.prompts.get("greeting", type="chat").error, PromptTypeMismatch)
