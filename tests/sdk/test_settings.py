"""Settings from arguments and the environment."""

import logging
from pathlib import Path

import pytest
from callboard import Callboard, lifecycle, observe, prompts, settings, traceparent


def test_every_setting_has_an_environment_variable():
    found = settings.resolve(
        {},
        {
            "CALLBOARD_URL": "https://callboard.example/ ",
            "CALLBOARD_API_KEY": "cb_key\n",
            "CALLBOARD_ENVIRONMENT": "staging",
            "CALLBOARD_RELEASE": "v7",
            "CALLBOARD_SAMPLE_RATE": "0.25",
            "CALLBOARD_ENABLED": "false",
            "CALLBOARD_DEBUG": "1",
            "CALLBOARD_FLUSH_AT": "100",
            "CALLBOARD_FLUSH_INTERVAL": "2.5",
            "CALLBOARD_TIMEOUT": "3",
            "CALLBOARD_PROMPT_TTL_SECONDS": "0",
            "CALLBOARD_PROMPT_DIR": "/var/prompts",
            "CALLBOARD_SPOOL_DIR": "/var/spool",
            "CALLBOARD_CAPTURE_CONTENT": "no",
            "OTEL_SERVICE_NAME": "shop",
        },
    )

    assert found == settings.Settings(
        url="https://callboard.example",
        api_key="cb_key",
        environment="staging",
        release="v7",
        service_name="shop",
        sample_rate=0.25,
        enabled=False,
        debug=True,
        flush_at=100,
        flush_interval=2.5,
        timeout=3.0,
        prompt_ttl_seconds=0.0,
        prompt_dir=Path("/var/prompts"),
        spool_dir=Path("/var/spool"),
        capture_content=False,
    )


def test_arguments_win_over_the_environment():
    found = settings.resolve({"url": "http://a", "sample_rate": 0.0}, {"CALLBOARD_URL": "http://b"})

    assert (found.url, found.sample_rate) == ("http://a", 0.0)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("CALLBOARD_SAMPLE_RATE", "2"),
        ("CALLBOARD_SAMPLE_RATE", "nan"),
        ("CALLBOARD_ENABLED", "perhaps"),
        ("CALLBOARD_FLUSH_AT", "-1"),
        ("CALLBOARD_TIMEOUT", "inf"),
        ("CALLBOARD_FLUSH_INTERVAL", "x"),
    ],
)
def test_a_variable_that_cannot_be_read_is_reported_and_ignored(variable, text, caplog):
    assert settings.resolve({}, {variable: text}) == settings.resolve({}, {})
    assert variable in caplog.text


def test_a_directory_of_nobody_is_reported_and_ignored(caplog):
    assert settings.resolve({}, {"CALLBOARD_PROMPT_DIR": "~no-such-user/prompts"}).prompt_dir is None
    assert "CALLBOARD_PROMPT_DIR" in caplog.text


def test_the_release_is_taken_from_the_usual_commit_variables():
    assert settings.resolve({}, {"GITHUB_SHA": "abc"}).release == "abc"
    assert settings.resolve({}, {"GITHUB_SHA": "abc", "CALLBOARD_RELEASE": "v1"}).release == "v1"


def test_without_a_key_there_is_one_warning_and_nothing_else(caplog):
    with caplog.at_level(logging.WARNING, logger="callboard"):

        @observe
        def double(number: int) -> int:
            return 2 * number

        assert [double(1), double(2)] == [2, 4]
        assert prompts.get("greeting", fallback="Hi {{name}}").compile(name="Ada") == "Hi Ada"

    assert [record.getMessage() for record in caplog.records] == [
        "callboard: CALLBOARD_API_KEY is not set, so nothing is recorded and no prompt is fetched."
    ]
    assert lifecycle.default_client().stats()["spans_sent"] == 0


def test_switched_off_nothing_is_recorded_but_prompts_are_served(server, make_client):
    server.publish("greeting", "Hi {{name}}")
    client = make_client(server.url, enabled=False)

    with client.span("work"):
        client.feedback("0" * 31 + "1", thumbs="up")
        assert traceparent().endswith("-00")
    text = client.prompts.get("greeting").compile(name="Ada")

    assert text == "Hi Ada"
    assert client.flush(2)
    assert server.batches == []
    assert server.feedback == []


def test_the_first_client_made_is_the_one_the_package_uses(make_client):
    first = make_client("http://127.0.0.1:9")
    second = make_client("http://127.0.0.1:9")

    assert lifecycle.default_client() is first
    first.shutdown(0)
    third = make_client("http://127.0.0.1:9")
    assert lifecycle.default_client() is third
    assert second is not third


def test_the_environment_is_read_at_first_use_and_not_at_import(monkeypatch, server):
    monkeypatch.setenv("CALLBOARD_URL", server.url)
    monkeypatch.setenv("CALLBOARD_API_KEY", "cb_something")

    client = lifecycle.default_client()

    assert isinstance(client, Callboard)
    assert client.settings.url == server.url
    client.shutdown(0)


def test_the_key_is_not_in_what_is_logged():
    assert "hunter2" not in repr(settings.resolve({"api_key": "cb_hunter2"}, {}))


def test_a_mistyped_key_is_noticed(caplog, make_client):
    make_client("http://127.0.0.1:9", api_key="cb_0123456789ab_short")

    assert "does not look like a Callboard key" in caplog.text
