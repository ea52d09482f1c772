"""What the start page tells people to paste is pasted here, against a running server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from monitoring.models import Span, Trace
from projects import keys
from projects.models import Project
from tests.projects.factories import make_project
from tests.prompt_registry.providers.fake_provider import FakeProvider, serving
from webapp.pages import start

# The server answers in threads of its own, so nothing can be rolled back; naming the apps lets TRUNCATE cascade.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=django_settings.INSTALLED_APPS)

PIP = """#!/bin/sh
exec "{python}" -m pip --disable-pip-version-check --quiet "$@" --target "{packages}" --no-index --no-deps
"""
PYTHON = """#!/bin/sh
PYTHONPATH="{packages}" exec "{python}" -W ignore "$@"
"""
# Where there is no curl: the same request by other means.
CURL = """#!{python}
import sys, urllib.request
arguments = sys.argv[1:]
headers = dict(arguments[i + 1].split(": ", 1) for i, name in enumerate(arguments) if name == "--header")
url = next(argument for argument in arguments if argument.startswith("http"))
urllib.request.urlopen(urllib.request.Request(url, sys.stdin.buffer.read(), headers), timeout=10)
"""


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def ways(project, live_server, settings) -> dict[str, list[start.Block]]:
    """What the page shows, with a key that works and the address of the running server."""
    settings.PUBLIC_URL = live_server.url
    _, plain = keys.create(project=project, name="first", scopes=["ingest", "prompts:read", "feedback:write"])
    return {way.name: way.blocks for way in start.ways_to_connect(plain)}


@pytest.fixture
def shell(tmp_path: Path):
    """A shell in an empty directory whose pip installs into that directory."""
    tools = {"pip": PIP, "python": PYTHON} | ({} if shutil.which("curl") else {"curl": CURL})
    (tmp_path / "bin").mkdir()
    for name, text in tools.items():
        script = tmp_path / "bin" / name
        script.write_text(text.replace("{python}", sys.executable).replace("{packages}", str(tmp_path / "packages")))
        script.chmod(0o755)

    def run(lines: str, **environ: str) -> str:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("CALLBOARD_", "OTEL_", "OPENAI_"))
        }
        whole = kept | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path)} | environ
        done = subprocess.run(
            ["sh", "-e", "-c", lines], cwd=tmp_path, env=whole, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.directory = tmp_path
    return run


def paste(blocks: list[start.Block], shell, **environ: str) -> str:
    """Save the program and run the lines for the terminal, just as the page says."""
    program, terminal = blocks
    (shell.directory / program.label).write_text(program.code)
    return shell(terminal.code, **environ)


def test_the_python_lines_work_as_they_are_pasted(project, ways, shell):
    printed = paste(ways["python"], shell)

    trace = Trace.objects.get(project=project)
    assert printed == "You asked: Where is my order?\n"
    assert (trace.name, trace.service, trace.span_count, trace.call_count) == ("answer", "my-app", 2, 1)
    assert (trace.input_tokens, trace.output_tokens, trace.model) == (12, 5, "my-model")
    project.refresh_from_db()
    assert project.first_accepted_at is not None


def test_the_openai_lines_work_as_they_are_pasted(project, ways, shell):
    with serving(FakeProvider()) as provider:
        printed = paste(ways["openai"], shell, OPENAI_BASE_URL=provider.url, OPENAI_API_KEY="sk-test")

    span = Span.objects.get(project=project)
    assert printed == "Hello there.\n"
    assert "Where is my order?" in span.input
    assert "Hello there." in span.output
    assert (span.input_tokens, span.output_tokens) == (12, 3)


def test_the_curl_lines_work_as_they_are_pasted(project, ways, shell):
    (terminal,) = ways["curl"]

    shell(terminal.code)
    shell(terminal.code)

    trace = Trace.objects.filter(project=project).first()
    assert Trace.objects.filter(project=project).count() == 2
    assert (trace.name, trace.service, trace.model, trace.call_count) == ("answer", "my-app", "my-model", 1)
    assert "It arrives tomorrow." in trace.output_preview


def test_the_opentelemetry_lines_lead_an_exporter_here(project, ways, shell):
    (block,) = ways["opentelemetry"]
    program = """
import os, urllib.request
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
request = ExportTraceServiceRequest()
resource = request.resource_spans.add()
name = resource.resource.attributes.add(key="service.name")
name.value.string_value = os.environ["OTEL_SERVICE_NAME"]
span = resource.scope_spans.add().spans.add(trace_id=os.urandom(16), span_id=os.urandom(8), name="chat")
import time
span.start_time_unix_nano = span.end_time_unix_nano = time.time_ns()
headers = dict(pair.split("=", 1) for pair in os.environ["OTEL_EXPORTER_OTLP_TRACES_HEADERS"].split(","))
headers["Content-Type"] = "application/x-protobuf"
url = os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]
urllib.request.urlopen(urllib.request.Request(url, request.SerializeToString(), headers), timeout=10)
"""
    (shell.directory / "exporter.py").write_text(program)

    shell(f"{block.code}\npython exporter.py")

    assert Trace.objects.get(project=project).service == "my-app"


def test_the_langfuse_lines_lead_its_sdk_here(project, ways, shell):
    (block,) = ways["langfuse"]
    # What the SDKs do with these variables; `make compat` runs the SDKs themselves.
    program = """
import base64, json, os, time, urllib.request
pair = os.environ["LANGFUSE_PUBLIC_KEY"] + ":" + os.environ["LANGFUSE_SECRET_KEY"]
span = {"traceId": os.urandom(16).hex(), "spanId": os.urandom(8).hex(), "name": "chat", "startTimeUnixNano": str(time.time_ns())}
body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
for name in ("LANGFUSE_BASE_URL", "LANGFUSE_HOST"):
    headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode(), "Content-Type": "application/json"}
    url = os.environ[name] + "/api/public/otel/v1/traces"
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=10)
"""
    (shell.directory / "application.py").write_text(program)

    shell(f"{block.code}\npython application.py")

    assert Trace.objects.get(project=project).name == "chat"


def test_a_wrong_key_is_told_to_whoever_set_the_application_up(project, live_server, settings, shell, client):
    settings.PUBLIC_URL = live_server.url
    (terminal,) = {way.name: way.blocks for way in start.ways_to_connect("cb_wrong")}["curl"]

    with pytest.raises(AssertionError):
        shell(terminal.code)

    from webapp.pages import start_steps

    (refused,) = start_steps.arrival(project).refused
    assert "not valid" in refused.reason
