"""`callboard bench reads`: how long the pages take that people look at most, on a project with much traffic."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from benchmarks import figures
from benchmarks.figures import Figures
from benchmarks.filling import Filled
from benchmarks.preparation import PROMPTS
from benchmarks.stage import HOST, Stage, StageFailed

WARM_UPS = 3
ALL = "30d"


@dataclass(frozen=True)
class Options:
    """How much is stored, and how often each page is asked for."""

    spans: int = 200_000
    requests: int = 20


@dataclass(frozen=True)
class Page:
    """One page under the name it is reported by."""

    name: str
    path: str
    headers: dict[str, str]


def run(options: Options) -> Figures:
    """Fill a project and measure every page, one request at a time."""
    machine = figures.machine()
    with Stage() as stage:
        arguments = ("--project-id", str(stage.prepared.project_id), "--spans", str(options.spans))
        filled = Filled(**json.loads(stage.run("benchmarks.filling", *arguments)))
        version = figures.postgres_version(stage.servers.database_url)
        measured = {page.name: _measure(stage, page, options.requests) for page in pages(stage, filled)}
    return {
        "pages": measured, "spans_stored": filled.spans, "fill_seconds": filled.seconds, "requests_per_page": options.requests,
        "machine": {**machine, "postgres": version},
    }  # fmt: skip


def pages(stage: Stage, filled: Filled) -> Iterator[Page]:
    """The pages that are measured; the list is always asked for over the whole stored time."""
    browser = {"Cookie": stage.prepared.cookie, "Accept": "text/html", "Accept-Encoding": "gzip"}
    project = f"/p/{stage.prepared.slug}"
    for period in ("24h", "7d", ALL):
        yield Page(f"overview {period}", f"{project}/?range={period}", browser)
    filters = {
        "no filter": {}, "text": {"q": "customer-19"}, "text found nowhere": {"q": "xylophone"}, "prompt": {"prompt": PROMPTS[0]},
        "errors": {"status": "error"}, "thumbs down": {"thumbs": "down"}, "user": {"user": filled.user_id},
        "min duration": {"min_seconds": "2.9"}, "all but a prompt": {"q": f"-prompt:{PROMPTS[0]} tokens:>500"},
        "metadata found nowhere": {"q": "metadata.plan:none"}, "score found nowhere": {"q": "score.helpful:<3"},
    }  # fmt: skip
    for name, query in filters.items():
        yield Page(f"trace list, {name}", f"{project}/explore/?{urlencode({'range': ALL, **query})}", browser)
    yield Page("trace detail", f"{project}/traces/{filled.trace_id}/", browser)
    yield Page("prompt list", f"{project}/prompts/", browser)
    yield Page("prompt page", f"{project}/prompts/{stage.prepared.prompt_id}/", browser)
    application = {"Authorization": f"Bearer {stage.prepared.key}"}
    yield Page("prompt fetch by the SDK", f"/api/v1/prompts/{quote(PROMPTS[0])}", application)


def _measure(stage: Stage, page: Page, requests: int) -> Figures:
    connection = http.client.HTTPConnection(HOST, stage.addresses.port, timeout=60)
    try:
        for _ in range(WARM_UPS):
            _fetch(connection, page)
        times = [_fetch(connection, page) for _ in range(requests)]
    finally:
        connection.close()
    return figures.milliseconds(times, (50, 95))


def _fetch(connection: http.client.HTTPConnection, page: Page) -> float:
    began = time.perf_counter()
    connection.request("GET", page.path, headers=page.headers)
    answer = connection.getresponse()
    answer.read()
    seconds = time.perf_counter() - began
    if answer.status != 200:
        raise StageFailed(f"The page «{page.name}» ({page.path}) answered {answer.status} instead of 200.")
    return seconds
