"""`callboard bench prompts`: how fast an application gets its prompts, from memory, from a server under flood, after
a publish, and while the server is down."""

from __future__ import annotations

import http.client
import tempfile
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import quote

from callboard import Callboard

from benchmarks import figures
from benchmarks.figures import Figures
from benchmarks.followers import Followers
from benchmarks.followers import Orders as FollowOrders
from benchmarks.generator import Generator
from benchmarks.load import Orders
from benchmarks.preparation import PROMPTS
from benchmarks.stage import HOST, Stage, StageFailed

GETS_PER_SAMPLE = 1_000
SAMPLES = 200
FETCHERS = 8
SETTLE_SECONDS = 1.0
FOLLOWERS = 200
GETS_WHILE_DOWN = 10_000
COLD_PROMPTS = 10


@dataclass(frozen=True)
class Options:
    """How many prompt fetches a second to make, and for how long in each of the runs."""

    rate: int = 100
    seconds: float = 10.0
    flood_senders: int = 4
    followers: int = FOLLOWERS


@dataclass
class Fetches:
    """Fetches one prompt at a steady rate from several threads; late answers count from when they were due."""

    port: int
    key: str
    rate: int
    seconds: float
    times: list[float] = field(default_factory=list)
    not_modified: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def run(self) -> Fetches:
        """Fetch until the time is over; every second fetch knows the current version already."""
        began = time.monotonic()
        threads = [threading.Thread(target=self._fetch_all, args=(number, began)) for number in range(FETCHERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failures:
            raise StageFailed(f"{len(self.failures)} prompt fetches failed, the first one with: {self.failures[0]}")
        return self

    def _fetch_all(self, number: int, began: float) -> None:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        etag = ""
        for turn in range(number, int(self.rate * self.seconds), FETCHERS):
            due = began + turn / self.rate
            time.sleep(max(0.0, due - time.monotonic()))
            is_known = bool(etag) and turn // FETCHERS % 2 == 1
            try:
                status, etag = self._fetch(connection, etag if is_known else "")
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self.failures.append(str(error) or type(error).__name__)
                continue
            if status != (304 if is_known else 200):
                self.failures.append(f"status {status}")
            (self.not_modified if is_known else self.times).append(time.monotonic() - due)
        connection.close()

    def _fetch(self, connection: http.client.HTTPConnection, etag: str) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {self.key}"} | ({"If-None-Match": etag} if etag else {})
        connection.request("GET", f"/api/v1/prompts/{quote(PROMPTS[0])}", headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("ETag", "")


def run(options: Options) -> Figures:
    """Measure in memory, then the server alone, under a flood in another pool, and under a flood in the same process."""
    machine = figures.machine()
    with Stage() as stage:
        memory = _memory_gets(stage)
        alone = _fetches(stage, options).run()
        apart, stored_apart = _flooded(stage, options, flood_port=stage.start_pool("ingest"))
        together, _ = _flooded(stage, options, flood_port=stage.addresses.port)
        version = figures.postgres_version(stage.servers.database_url)
        followed = _follow_publish(stage, options)
        down = _gets_while_down(stage)
    return {
        "memory_get_us_p50": memory[0], "memory_get_us_p99": memory[1],
        **figures.milliseconds(alone.times, (50, 99), prefix="server_", suffix="_without_flood"),
        **figures.milliseconds(apart.times, (50, 99), prefix="server_"),
        **figures.milliseconds(apart.not_modified, (50, 99), prefix="server_304_"),
        **figures.milliseconds(together.times, (50, 99), prefix="server_", suffix="_flood_in_same_process"),
        **followed, **down,
        "fetches_per_s": options.rate, "flood_spans_per_s": stored_apart, "machine": {**machine, "postgres": version},
    }  # fmt: skip


def _memory_gets(stage: Stage) -> tuple[float, float]:
    """Return the median and the 99th percentile of `prompts.get` in microseconds, as means over a thousand calls each."""
    with tempfile.TemporaryDirectory() as directory:
        client = Callboard(url=stage.url, api_key=stage.prepared.key, prompt_dir=directory)
        if client.prompts.get(PROMPTS[0], strict=True).version is None:
            raise StageFailed("The prompt could not be fetched.")
        get, name = client.prompts.get, PROMPTS[0]
        samples = []
        for _ in range(SAMPLES):
            began = time.perf_counter_ns()
            for _ in range(GETS_PER_SAMPLE):
                get(name)
            samples.append((time.perf_counter_ns() - began) / 1000 / GETS_PER_SAMPLE)
        client.shutdown(5)
    return round(figures.percentile(samples, 50), 2), round(figures.percentile(samples, 99), 2)


def _follow_publish(stage: Stage, options: Options) -> Figures:
    """Publish, and return how long real processes went on serving the version before."""
    stage.start_live()
    orders = FollowOrders(stage.url, stage.prepared.key, PROMPTS[0], processes=options.followers)
    with Followers(orders) as followers:
        time.sleep(SETTLE_SECONDS)
        published_at = float(stage.run("benchmarks.publishing", PROMPTS[0]))
        times = [moment - published_at for moment in followers.switched_at()]
    if len(times) < options.followers:
        raise StageFailed(f"Only {len(times)} of {options.followers} processes followed the publish.")
    return {
        **figures.milliseconds(times, (50, 95, 99), prefix="follow_publish_"),
        "follow_processes": options.followers,
    }


def _gets_while_down(stage: Stage) -> Figures:
    """Kill the server, and return what `prompts.get` costs then: known prompts that are stale, and some without any copy."""
    with tempfile.TemporaryDirectory() as directory:
        client = Callboard(
            url=stage.url, api_key=stage.prepared.key, prompt_dir=directory, prompt_ttl_seconds=0.05, prompt_push=False
        )
        for name in PROMPTS:
            client.prompts.get(name, strict=True).compile(question="?")
        stage.web.end()
        times = []
        for turn in range(GETS_WHILE_DOWN):
            is_cold = turn % (GETS_WHILE_DOWN // COLD_PROMPTS) == 1
            name = f"cold/{turn}" if is_cold else PROMPTS[turn % len(PROMPTS)]
            began = time.perf_counter_ns()
            client.prompts.get(name)
            times.append((time.perf_counter_ns() - began) / 1000)
        client.shutdown(0)
    return {
        "server_down_get_us_p50": round(figures.percentile(times, 50), 2),
        "server_down_get_us_p99": round(figures.percentile(times, 99), 2),
        "server_down_get_ms_max": round(max(times) / 1000, 2),
        "server_down_gets": len(times),
    }


def _fetches(stage: Stage, options: Options) -> Fetches:
    return Fetches(stage.addresses.port, stage.prepared.key, options.rate, options.seconds)


def _flooded(stage: Stage, options: Options, *, flood_port: int) -> tuple[Fetches, int]:
    """Fetch prompts while ingest takes all it can get; return the fetches and the spans a second of the flood."""
    orders = Orders(
        url=f"http://{HOST}:{flood_port}", key=stage.prepared.key, senders=options.flood_senders,
        seconds=options.seconds + 2 * SETTLE_SECONDS,
    )  # fmt: skip
    with Generator(orders) as flood:
        flood.go()
        time.sleep(SETTLE_SECONDS)
        fetches = _fetches(stage, options).run()
        done = flood.result()
    return fetches, round(done.spans / done.seconds)
