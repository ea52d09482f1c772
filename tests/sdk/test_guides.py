"""The snippets of the guide's two pages about the client run as they stand there."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from callboard import Callboard, settings
from callboard.testing import TEST_KEY

from tests.sdk.openai_client.fake_openai import FakeOpenAI

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
FENCE = re.compile(r"^```python(?P<mark>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
# Each snippet in a namespace of its own, as if it were a program; an error names its line on the page.
RUN = """
import sys
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        exec(compile(file.read(), name, "exec"), {"__name__": "snippet"})
"""


def snippets(page: str) -> list[tuple[str, str]]:
    """Return mark and code of each snippet; the code begins on the line where it stands."""
    text = (GUIDE / page).read_text(encoding="utf-8")
    return [
        (match["mark"].strip(), "\n" * text[: match.start("code")].count("\n") + match["code"])
        for match in FENCE.finditer(text)
    ]


@pytest.fixture
def run_page(server, tmp_path):
    provider = FakeOpenAI()

    def run(page: str) -> subprocess.CompletedProcess[str]:
        paths = []
        for number, (mark, code) in enumerate(snippets(page)):
            if mark != "noexec":
                paths.append(tmp_path / f"{number}-{page}")
                paths[-1].write_text(code, encoding="utf-8")
        addresses = {"CALLBOARD_URL": server.url, "OPENAI_BASE_URL": provider.url}
        keys = {"CALLBOARD_API_KEY": TEST_KEY, "OPENAI_API_KEY": "sk-test"}
        return subprocess.run(
            [sys.executable, "-W", "ignore", "-c", RUN, *map(str, paths)],
            env={**os.environ, **addresses, **keys},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    yield run
    provider.stop()


def names(server) -> set[str]:
    return {span["name"] for span in server.spans}


def test_the_snippets_about_the_client_run(run_page, server):
    ended = run_page("sdk.md")

    assert ended.returncode == 0, ended.stderr
    assert {"answer", "rank", "ask", "request", "front end", "back end", "pay"} <= names(server)
    assert server.span_named("pay")["attributes"]["input.value"] == "My card is [card]"
    assert server.span_named("back end")["parentSpanId"] == server.span_named("front end")["spanId"]
    assert {"confidence", "thumbs", "correction"} == {item["name"] for item in server.feedback}


def test_the_snippets_about_integrations_run(run_page, server):
    ended = run_page("integrations.md")

    assert ended.returncode == 0, ended.stderr
    assert {"chat gpt-4o-mini", "FakeListChatModel", "RunnableSequence", "answer", "request"} <= names(server)


@pytest.mark.parametrize("page", ["sdk.md", "integrations.md"])
def test_snippets_that_need_what_is_not_installed_are_python_at_least(page):
    for _, code in snippets(page):
        ast.parse(code)


def test_every_setting_is_in_the_table():
    page = (GUIDE / "sdk.md").read_text(encoding="utf-8")
    table = page[page.index("## Settings") :]

    for name in settings.Settings.__dataclass_fields__:
        assert f"`{name}`" in table
    arguments = Callboard.__init__.__annotations__.keys() - {"return"}
    assert not [name for name in arguments if f"`{name}`" not in table]
