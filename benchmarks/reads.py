"""`callboard bench reads`: how long the pages take that people look at most, on a project with a month of traffic."""

from __future__ import annotations

import gzip
import html
import http.client
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from benchmarks import figures
from benchmarks.figures import Figures
from benchmarks.preparation import PROMPTS
from benchmarks.processes import memory_mb
from benchmarks.reading_matter import Matter
from benchmarks.stage import HOST, Stage, StageFailed

WARM_UPS = 3
ALL = "30d"
TARGET_MS, TEXT_TARGET_MS = 200.0, 300.0
LARGEST_KB = 200.0
_GOES_ON = re.compile(rb'<cb-search-on [^>]*data-src="([^"]+)"')


@dataclass(frozen=True)
class Options:
    """How much is stored, how often each page is asked for, and how many slow queries are explained.

    Texts are cut at so many characters, none when 0: ten million spans with whole ones need 70 GB of disk.
    """

    spans: int = 10_000_000
    requests: int = 20
    steps: int = 10_000
    calls: int = 500
    plans: int = 0
    longest_text: int = 400


@dataclass(frozen=True)
class Page:
    """One page under the name it is reported by, and how many milliseconds it may take."""

    name: str
    path: str
    headers: dict[str, str]
    target_ms: float = TARGET_MS


def run(options: Options) -> Figures:
    """Fill a project and measure every page, one request at a time."""
    machine = figures.machine()
    with Stage() as stage:
        arguments = {
            "--project-id": stage.prepared.project_id, "--spans": options.spans, "--steps": options.steps,
            "--calls": options.calls, "--longest-text": options.longest_text,
        }  # fmt: skip
        made = stage.run("benchmarks.reading_matter", *(str(part) for pair in arguments.items() for part in pair))
        matter = Matter(**json.loads(made))
        version = figures.postgres_version(stage.servers.database_url)
        chosen = list(pages(stage, matter))
        measured, memory = _measure_all(stage, chosen, options.requests)
        ends = {page.name: end for page in chosen if (end := _search_to_the_end(stage, page))}
        plans = _plans(stage, chosen, options.plans)
    over = [page.name for page in chosen if measured[page.name]["p95_ms"] > page.target_ms]
    large = [name for name, found in measured.items() if found["gz_kb"] > LARGEST_KB]
    return {
        "pages": measured, "slower_than_wanted": over, "larger_than_wanted": large, "web_memory_mb": memory,
        "whole_searches": ends,
        "spans_stored": matter.spans, "calls_looked_at": matter.analysed, "fill_seconds": matter.seconds,
        "requests_per_page": options.requests, "longest_text": options.longest_text, "machine": {**machine, "postgres": version}, **plans,
    }  # fmt: skip


def pages(stage: Stage, matter: Matter) -> Iterator[Page]:
    """The pages that are measured; the list is always asked for over the whole stored time."""
    browser = {"Cookie": stage.prepared.cookie, "Accept": "text/html", "Accept-Encoding": "gzip"}
    fragment = {**browser, "HX-Request": "true"}
    project = f"/p/{stage.prepared.slug}"
    for period in ("24h", "7d", ALL):
        yield Page(f"overview {period}", f"{project}/?range={period}", browser)
    for name, query in _filters(matter).items():
        target = TEXT_TARGET_MS if "text" in name else TARGET_MS
        yield Page(f"trace list, {name}", f"{project}/explore/?{urlencode({'range': ALL, **query})}", browser, target)
    long_trace = f"{project}/traces/{matter.long_trace_id}/"
    session = f"{project}/sessions/?{urlencode({'id': matter.session_id})}"
    yield Page("trace detail", f"{project}/traces/{matter.trace_id}/", browser)
    yield Page("trace of very many steps", long_trace, browser)
    yield Page("one step of it", f"{long_trace}?span={3:016x}", fragment)
    yield Page("more of its steps", f"{long_trace}?rows=500", fragment)
    yield Page("session of very many calls", session, browser)
    yield Page("issue list", f"{project}/issues/", browser)
    yield Page("issue page", f"{project}/issues/{matter.issue_number}/", browser)
    yield Page("prompt list", f"{project}/prompts/", browser)
    yield Page("prompt page", f"{project}/prompts/{stage.prepared.prompt_id}/", browser)
    application = {"Authorization": f"Bearer {stage.prepared.key}"}
    yield Page("prompt fetch by the SDK", f"/api/v1/prompts/{quote(PROMPTS[0])}", application)


def _filters(matter: Matter) -> dict[str, dict[str, str]]:
    return {
        "no filter": {}, "text": {"q": "customer-19"}, "text found nowhere": {"q": "xylophone"},
        "text of many calls": {"q": matter.words[0]}, "text of few calls": {"q": f'"{" ".join(matter.words)}"'},
        "prompt": {"prompt": PROMPTS[0]}, "errors": {"status": "error"}, "thumbs down": {"thumbs": "down"},
        "user": {"user": matter.user_id}, "flag": {"q": "flag:refused"}, "min duration": {"min_seconds": "2.9"},
        "all but a prompt": {"q": f"-prompt:{PROMPTS[0]} tokens:>500"}, "model and version": {"q": "model:gpt-4o version:2"},
        "cost and time": {"q": "cost:>0.001 latency:>1s"}, "metadata found nowhere": {"q": "metadata.plan:none"},
        "score found nowhere": {"q": "score.helpful:<3"},
    }  # fmt: skip


def _measure_all(stage: Stage, chosen: list[Page], requests: int) -> tuple[Figures, Figures]:
    """Return what each page takes, and what the web process holds when each was asked for a few times, and at the end."""
    web = [stage.web.pid]
    for page in chosen:
        _measure(stage, page, WARM_UPS)
    before = memory_mb(web)
    measured = {page.name: _measure(stage, page, requests) for page in chosen}
    memory = {"before": round(before, 1), "after": round(memory_mb(web), 1)}
    return measured, memory


def _measure(stage: Stage, page: Page, requests: int) -> Figures:
    connection = http.client.HTTPConnection(HOST, stage.addresses.port, timeout=60)
    try:
        answers = [_fetch(connection, page) for _ in range(requests)]
    finally:
        connection.close()
    return {
        **figures.milliseconds([seconds for seconds, _ in answers], (50, 95)),
        "gz_kb": round(max(len(body) for _, body in answers) / 1000, 1),
    }


def _fetch(connection: http.client.HTTPConnection, page: Page) -> tuple[float, bytes]:
    """Return how long the page took, and its body, compressed."""
    began = time.perf_counter()
    connection.request("GET", page.path, headers=page.headers)
    answer = connection.getresponse()
    body = answer.read()
    seconds = time.perf_counter() - began
    if answer.status != 200:
        raise StageFailed(f"The page «{page.name}» ({page.path}) answered {answer.status} instead of 200.")
    return seconds, body if answer.getheader("Content-Encoding") == "gzip" else gzip.compress(body)


def _search_to_the_end(stage: Stage, page: Page) -> Figures | None:
    """Go on with a search that the page had no time to finish, as the browser does; None where it had."""
    connection = http.client.HTTPConnection(HOST, stage.addresses.port, timeout=60)
    began, path, rounds = time.perf_counter(), page.path, 0
    try:
        while True:
            _, body = _fetch(connection, replace(page, path=path))
            found = _GOES_ON.search(gzip.decompress(body))
            if found is None:
                break
            path, rounds = html.unescape(found[1].decode()), rounds + 1
    finally:
        connection.close()
    return {"seconds": round(time.perf_counter() - began, 1), "rounds": rounds} if rounds else None


def _plans(stage: Stage, chosen: list[Page], queries: int) -> Figures:
    if not queries:
        return {}
    paths = json.dumps({page.name: [page.path, page.headers] for page in chosen})
    return {"slowest_queries": json.loads(stage.run("benchmarks.page_queries", str(queries), paths))}
