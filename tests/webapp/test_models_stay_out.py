"""The web process answers people and stays small: it never loads the models that texts become vectors with, nor what writes Parquet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from monitoring.exports import requests as exports
from monitoring.exports import running as exporting
from monitoring.exports.calls import CallLines
from monitoring.issues import themes
from monitoring.streams.scopes import Scope
from monitoring.trace_filters import TraceFilter
from projects.roles import Role
from tests.monitoring.factories import rate
from tests.monitoring.issues.factories import make_calls, make_issue
from tests.projects.factories import make_member, make_project
from tests.workers.worker_processes import database_url
from webapp.cli.layouts import ROOT
from webapp.pages.exports import signed_address

# The web process is one of its own: it sees what was committed.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
WEB = """
import json, sys
from webapp.wsgi import application
from django.test import Client
from projects.models import User
from monitoring.embeddings import sentence_model, word_pieces
user, asked, tried, taken = json.load(sys.stdin)
client = Client()
client.force_login(User.objects.get(pk=user))
page, answer = client.get(asked), client.post(tried, {"connection": "", "model": "", "test": "1"})
file = b"".join(client.get(taken).streaming_content)
makers = (sentence_model._weights, sentence_model._tokenizer, word_pieces._vectors, word_pieces._tokenizer)
print(json.dumps({
    "asked": [page.status_code, "refund" in page.content.decode()], "tried": [answer.status_code, "512" in answer.content.decode()],
    "taken": file[:4].decode(),
    "loaded": [maker.cache_info().currsize for maker in makers],
    "imported": [name for name in ("tokenizers", "scipy.stats", "pyarrow") if name in sys.modules],
}))
"""


def table_address(project) -> str:
    """Write a Parquet file of all calls and return the address to take it away from."""
    now = timezone.now()
    wanted = TraceFilter(start=now - timedelta(days=2), end=now)
    export = exports.ask(project=project, kind="parquet", wanted=wanted, words="all", by=None)
    exporting.run(export_id=export.pk, make=CallLines, keep=lambda: True)
    export.refresh_from_db()
    return signed_address(export, "calls")


def test_the_web_process_shows_what_users_say_compares_texts_and_sends_tables_without_loading_what_made_them():
    project = make_project()
    admin = make_member(project=project, role=Role.ADMIN)
    issue = make_issue(project, Scope("refused", prompt_name="support/answer"), evidence={"people": 300})
    (first, *_) = make_calls(project, 40, bad=20, since=timezone.now() - timedelta(hours=25))
    rate(project, first, comment="It refused to give me my refund")
    themes.follow(project_id=project.pk, now=timezone.now())
    asked, tried = reverse("issue", args=[project.slug, issue.number]), reverse("settings-similar", args=[project.slug])

    told = [admin.pk, asked, tried, table_address(project)]

    done = subprocess.run(
        [sys.executable, "-c", WEB], input=json.dumps(told), text=True, cwd=ROOT, timeout=120, check=True,
        stdout=subprocess.PIPE, env=os.environ | {"DATABASE_URL": database_url()},
    )  # fmt: skip

    found = json.loads(done.stdout.splitlines()[-1])
    assert found["asked"] == [200, True]
    assert found["tried"] == [200, True]
    assert found["taken"] == "PAR1"
    assert (found["loaded"], found["imported"]) == ([0, 0, 0, 0], [])
