"""The dashboard for Grafana asks for nothing that /metrics does not have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from monitoring import partitions
from projects import keys
from projects.models import BackupKind, BackupRun, BackupState
from tests.projects.factories import make_project
from tests.webapp.test_metrics import SPAN, post

pytestmark = pytest.mark.django_db
DASHBOARD = json.loads((Path(__file__).parents[2] / "deploy/grafana/callboard.json").read_text(encoding="utf-8"))
TOKEN = "a token for whoever scrapes"


def expressions() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (one["definition"] for one in DASHBOARD["templating"]["list"] if "definition" in one)


def named() -> set[str]:
    return {name for one in expressions() for name in re.findall(r"\bcallboard_[a-z_]+", one)}


@pytest.fixture
def exposition(client: Client, settings) -> str:
    """Return what is scraped from an installation in which everything happened once."""
    settings.METRICS_TOKEN = TOKEN
    now = timezone.now()
    partitions.ensure()
    for kind in BackupKind:
        BackupRun.objects.create(kind=kind, state=BackupState.DONE, started_at=now, ended_at=now)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO canary_run (due_at, finished_at) VALUES (now(), now())")
    _, key = keys.create(project=make_project(), name="app", scopes=["ingest"])
    post(client, key, SPAN % b"b7ad6b7169203331")
    post(client, key, SPAN % b"")
    post(client, key, b"{")
    return client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text


def test_every_name_that_it_asks_for_is_exposed(exposition):
    exposed = {re.split(r"[{ ]", line, maxsplit=1)[0] for line in exposition.splitlines() if not line.startswith("#")}

    assert named() - exposed == set()


def test_every_label_that_it_groups_by_is_exposed(exposition):
    groups = {label for one in expressions() for by in re.findall(r"by \(([^)]*)\)", one) for label in by.split(", ")}

    # The scraper itself adds the last one.
    assert groups - {label for label in groups if f'{label}="' in exposition} == {"instance"}


def test_it_shows_everything_that_is_exposed_about_callboard(exposition):
    exposed = set(re.findall(r"^# TYPE (callboard_\w+) (?:gauge|counter|histogram)$", exposition, re.MULTILINE))
    shown = {name.removesuffix("_bucket") for name in named()}

    assert {name for name in exposed if not name.endswith("_created")} - shown == set()


def test_panels_do_not_lie_on_one_another():
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_every_panel_says_what_it_shows():
    assert [one["title"] for one in DASHBOARD["panels"] if one["type"] != "row" and not one["description"]] == []
