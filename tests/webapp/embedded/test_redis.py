import os
import signal
from collections.abc import Iterator

import pytest
import redis as client
from redis.backoff import NoBackoff
from redis.retry import Retry

from webapp.embedded import redis
from webapp.embedded.errors import EmbeddedServerFailed
from webapp.embedded.redis import Broker
from webapp.supervisor.children import Child


@pytest.fixture
def children() -> Iterator[list[Child]]:
    running: list[Child] = []
    yield running
    for child in running:
        child.ask_to_stop()
        child.wait_or_end()


def start(data_dir, children) -> Broker:
    broker = redis.prepare(data_dir)
    children.append(Child(redis.program(broker, log=data_dir / "redis.log")))
    redis.wait_until_ready(broker, children[-1])
    return broker


@pytest.fixture
def broker(tmp_path, children) -> Broker:
    data_dir = tmp_path / "mes données à moi"
    data_dir.mkdir()
    return start(data_dir, children)


def test_it_never_throws_a_message_away(broker):
    with client.Redis.from_url(broker.url, decode_responses=True) as connection:
        settings = [connection.config_get(name)[name] for name in ("maxmemory-policy", "appendonly", "bind")]

    assert settings == ["noeviction", "yes", "127.0.0.1"]


def test_it_answers_nobody_without_the_password(broker):
    with (
        client.Redis(port=broker.port, retry=Retry(NoBackoff(), 0)) as connection,
        pytest.raises(client.AuthenticationError),
    ):
        connection.ping()


def test_its_configuration_is_for_its_owner_only(broker):
    assert (broker.directory / "redis.conf").stat().st_mode & 0o077 == 0


def test_messages_survive_a_sudden_death(broker, children):
    with client.Redis.from_url(broker.url, decode_responses=True) as connection:
        connection.set("message", "kept")
    # The file is written at once and flushed to the disk each second: only a power cut can lose that second.
    os.kill(children[0].pid, signal.SIGKILL)

    again = start(broker.directory.parent, children)

    with client.Redis.from_url(again.url, decode_responses=True) as connection:
        assert connection.get("message") == "kept"


def test_a_server_that_cannot_start_says_why(tmp_path, children):
    broker = redis.prepare(tmp_path)
    (broker.directory / "appendonly.aof").mkdir()
    children.append(Child(redis.program(broker, log=tmp_path / "redis.log")))

    with pytest.raises(EmbeddedServerFailed, match="Redis did not start"):
        redis.wait_until_ready(broker, children[0])
