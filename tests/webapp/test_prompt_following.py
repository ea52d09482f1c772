"""The whole way: somebody publishes, and running applications serve the new version within moments."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from callboard import Callboard
from django.conf import settings as django_settings

from benchmarks.figures import percentile
from projects import keys
from projects.models import Project, User
from projects.roles import Role, Scope
from prompt_registry import fleet, labels, resolution
from prompt_registry.models import Prompt
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version, text
from tests.sdk.fake_server import eventually
from tests.webapp.live_server import serving, test_database_url

# The server answers in threads of its own, so nothing can be rolled back; naming the apps lets TRUNCATE cascade.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=django_settings.INSTALLED_APPS)
FOLLOWERS = 20
# One second on an idle machine; the machines that run tests are busy.
SECONDS = 8.0


@pytest.fixture
def project() -> Project:
    resolution.forget()
    fleet.forget()
    return make_project()


@pytest.fixture
def approver(project: Project) -> User:
    return make_member(project, Role.APPROVER)


@pytest.fixture
def prompt(project: Project, approver: User) -> Prompt:
    prompt = make_prompt(project, name="greeting")
    publish(prompt, approver)
    return prompt


@pytest.fixture
def clients(project: Project, live_server, tmp_path: Path) -> Iterator[list[Callboard]]:
    _, plain = keys.create(project=project, name="app", scopes=[Scope.PROMPTS_READ])
    made = [
        Callboard(url=live_server.url, api_key=plain, prompt_dir=tmp_path / str(number), timeout=5.0)
        for number in range(FOLLOWERS)
    ]
    yield made
    for client in made:
        client.shutdown(0)


def publish(prompt: Prompt, approver: User) -> int:
    version = make_version(prompt, chat(("system", f"Written at {time.time()}")))
    labels.publish(prompt=prompt, version=version, label="production", by=approver)
    return version.number


def texts_of(client: Callboard) -> list[str | None]:
    """Return what a process serves for the label and for the fixed version."""
    return [client.prompts.get("answer").text, client.prompts.get("answer", version=1).text]


def hears(client: Callboard) -> bool:
    return bool(client.stats().get("prompt_changes_announced"))


def test_a_publish_is_followed_at_once_and_the_fleet_line_says_so(prompt, approver, clients, live_server, settings):
    with serving(database_url=test_database_url()) as (url, _):
        settings.PUBLIC_URL, settings.LIVE_URL = live_server.url, url
        for client in clients:
            assert client.prompts.get("greeting").version == 1
        eventually(lambda: all(hears(client) for client in clients), seconds=15)

        began, times = time.monotonic(), []
        number = publish(prompt, approver)
        waiting = list(clients)
        while waiting and time.monotonic() - began < SECONDS:
            done = [client for client in waiting if client.prompts.get("greeting").version == number]
            times += [time.monotonic() - began for _ in done]
            waiting = [client for client in waiting if client not in done]
            time.sleep(0.01)

        assert len(times) == FOLLOWERS
        assert percentile(times, 95) < SECONDS
        eventually(lambda: fleet.of(prompt=prompt, label="production", number=number).is_complete)
        assert fleet.of(prompt=prompt, label="production", number=number).count == FOLLOWERS
        for client in clients:
            client.shutdown(0)


def test_a_published_snippet_reaches_a_process_that_uses_a_prompt_around_it(
    project, approver, clients, live_server, settings
):  # fmt: skip
    rules = make_prompt(project, name="rules", type="text")
    labels.publish(prompt=rules, version=make_version(rules, text("Be kind.")), label="production", by=approver)
    answer = make_prompt(project, name="answer", type="text")
    tag = "Hi. @@@prompt:name=rules|label=production@@@"
    labels.publish(prompt=answer, version=make_version(answer, text(tag)), label="production", by=approver)
    client = clients[0]
    with serving(database_url=test_database_url()) as (url, _):
        settings.PUBLIC_URL, settings.LIVE_URL = live_server.url, url
        eventually(lambda: texts_of(client) == ["Hi. Be kind."] * 2, seconds=15)
        eventually(lambda: hears(client), seconds=15)

        labels.publish(prompt=rules, version=make_version(rules, text("Be short.")), label="production", by=approver)

        eventually(lambda: texts_of(client) == ["Hi. Be short."] * 2, seconds=SECONDS)
        client.shutdown(0)


def test_without_a_live_process_everything_goes_on_by_asking(prompt, approver, clients, live_server, settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()[1]
    settings.PUBLIC_URL, settings.LIVE_URL = live_server.url, f"http://127.0.0.1:{nobody}"
    client = clients[0]
    client.prompts.get("greeting")

    number = publish(prompt, approver)
    resolution.forget()
    client.prompt_store.entries["greeting", None, None].check_at = 0.0

    eventually(lambda: client.prompts.get("greeting").version == number)
    client.shutdown(0)
