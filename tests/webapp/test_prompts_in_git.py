"""`callboard prompts pull`, `push` and `diff` against a running server."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from callboard.cli.main import main
from callboard.cli.prompt_directory import LOCK_FILE
from django.conf import settings as django_settings

from projects import keys
from projects.models import Project
from projects.roles import Role, Scope
from prompt_registry import labels, prompts, versions
from prompt_registry.models import Label, Prompt
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version, text

# The server answers in threads of its own, so nothing can be rolled back; naming the apps lets TRUNCATE cascade.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=django_settings.INSTALLED_APPS)


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "prompts"


@pytest.fixture
def environ(project, live_server, monkeypatch) -> dict[str, str]:
    for name in list(os.environ):
        if name.startswith("CALLBOARD_") or name.lower().endswith("_proxy") or name == "NO_COLOR":
            monkeypatch.delenv(name)
    _, plain = keys.create(project=project, name="engineer", scopes=[Scope.PROMPTS_READ, Scope.API_WRITE])
    told = {"CALLBOARD_URL": live_server.url, "CALLBOARD_API_KEY": plain}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return told


@pytest.fixture
def run(environ, folder, capsys):
    """Run a verb in the folder, and return its status and what it said."""

    def run(verb: str, *arguments: str, directory: str | None = None):
        status = main(["prompts", verb, "--directory", directory or str(folder), *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture
def refund(project) -> Prompt:
    prompt = make_prompt(project, name="support/refund-answer")
    content = chat(
        ("system", "Help {{customer}}.\n\n# system\n"),
        settings={"model": "gpt-5", "temperature": 0.2, "tools": [{"type": "function", "function": {"name": "b", "a": 1}}]},
        variables=[{"name": "customer", "description": "First name", "sample": "Ada"}],
    )  # fmt: skip
    make_version(prompt, content, note="First")
    return prompt


def edit(path: Path, before: str, after: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert before in content
    path.write_text(content.replace(before, after), encoding="utf-8")


# pull


def test_pull_writes_a_file_for_each_prompt_and_a_lock(run, folder, project, refund):
    make_version(make_prompt(project, name="greeting", type="text"), text("Hi {{x}}"))

    status, out, err = run("pull")

    assert (status, err) == (0, "")
    assert "2 files written" in out
    assert (folder / "greeting.md").read_text() == "---\nname: greeting\ntype: text\n---\n\nHi {{x}}\n"
    assert "\\# system" in (folder / "support/refund-answer.md").read_text()
    lock = json.loads((folder / LOCK_FILE).read_text())
    assert (lock["project"], lock["prompts"]["greeting"]["version"]) == (project.slug, 1)


def test_pull_again_changes_nothing(run, folder, refund):
    run("pull")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    status, out, _ = run("pull")

    assert (status, "0 files written" in out) == (0, True)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_pull_takes_newer_versions(run, folder, refund):
    run("pull")
    make_version(refund, chat(("system", "Newer")))

    status, out, _ = run("pull")

    assert (status, "updated" in out) == (0, True)
    assert "Newer" in (folder / "support/refund-answer.md").read_text()


def test_pull_keeps_what_was_changed_here(run, folder, refund):
    run("pull")
    edit(folder / "support/refund-answer.md", "Help", "Aid")

    status, out, _ = run("pull")

    assert (status, "changed here" in out) == (0, True)
    assert "Aid" in (folder / "support/refund-answer.md").read_text()


def test_pull_complains_when_both_changed_and_force_takes_the_servers(run, folder, refund):
    run("pull")
    edit(folder / "support/refund-answer.md", "Help", "Aid")
    make_version(refund, chat(("system", "Newer")))

    status, _, err = run("pull")
    assert (status, "both changed" in err) == (1, True)
    assert "Aid" in (folder / "support/refund-answer.md").read_text()

    assert run("pull", "--force")[0] == 0
    assert "Newer" in (folder / "support/refund-answer.md").read_text()


def test_pull_of_a_label_takes_only_what_is_live_there(run, folder, project, refund):
    live = make_version(make_prompt(project, name="live", type="text"), text("Live"))
    labels.publish(prompt=live.prompt, version=live, label="production", by=make_member(project, Role.ADMIN))
    make_version(live.prompt, text("Not yet"))

    run("pull", "--label", "production")

    assert [path.name for path in folder.rglob("*.md")] == ["live.md"]
    assert (folder / "live.md").read_text().endswith("\nLive\n")


def test_pull_follows_a_file_that_was_moved(run, folder, refund):
    run("pull")
    (folder / "support/refund-answer.md").rename(folder / "refunds.md")
    make_version(refund, chat(("system", "Newer")))

    run("pull")

    assert [path.name for path in folder.rglob("*.md")] == ["refunds.md"]
    assert "Newer" in (folder / "refunds.md").read_text()


def test_pull_of_one_prompt_or_folder(run, folder, project, refund):
    make_version(make_prompt(project, name="supporting"))

    run("pull", "support")

    assert [path.name for path in folder.rglob("*.md")] == ["refund-answer.md"]


def test_a_dry_pull_writes_nothing(run, folder, refund):
    status, out, _ = run("pull", "--dry-run")

    assert (status, "would be written" in out) == (0, True)
    assert not folder.exists()


def test_pull_writes_one_prompt_to_stdout(run, refund):
    status, out, _ = run("pull", "support/refund-answer", directory="-")

    assert (status, out.startswith("---\nname: support/refund-answer\n")) == (0, True)


def test_stdout_takes_one_prompt_only(run, project, refund):
    make_version(make_prompt(project, name="other"))

    assert run("pull", directory="-")[0] == 2


def test_pull_names_prompts_that_are_gone(run, folder, project, refund):
    run("pull")
    prompts.archive(prompt=refund, by=make_member(project, Role.EDITOR))

    status, out, _ = run("pull")

    assert (status, "gone" in out) == (0, True)
    assert (folder / "support/refund-answer.md").exists()


def test_pull_never_writes_through_a_link_that_leads_out(run, folder, tmp_path, refund):
    outside = tmp_path / "outside"
    outside.mkdir()
    folder.mkdir()
    (folder / "support").symlink_to(outside)

    status, _, err = run("pull")

    assert (status, "would lie outside" in err) == (1, True)
    assert list(outside.iterdir()) == []


# push


def test_push_saves_a_changed_file_as_a_version_and_publishes_nothing(run, folder, refund):
    run("pull")
    edit(folder / "support/refund-answer.md", "Help", "Aid")

    status, out, err = run("push", "--note", "Kinder")

    newest = versions.newest_of(refund)
    assert (status, err) == (0, "")
    assert "new version  support/refund-answer  v2" in out
    assert (newest.number, newest.note, newest.messages[0]["content"]) == (
        2,
        "Kinder",
        "Aid {{customer}}.\n\n# system\n",
    )
    assert not Label.objects.exists()
    assert run("push")[1].count("same") == 1


def test_push_makes_a_new_prompt_from_a_new_file(run, folder, project):
    folder.mkdir()
    (folder / "a").mkdir()
    (folder / "a/b.md").write_text("---\nnote: Brand new\nblanks:\n  x:\n    sample: 5\n---\n# system\nUse {{x}}.\n")

    status, out, _ = run("push")

    made = versions.newest_of(Prompt.objects.get(project=project, name="a/b"))
    assert (status, "new prompt" in out) == (0, True)
    assert (made.note, made.variables[0]["sample"]) == ("Brand new", "5")
    assert run("diff")[0] == 0


def test_the_note_that_was_pulled_is_not_used_again(run, folder, refund):
    run("pull")
    edit(folder / "support/refund-answer.md", "Help", "Aid")

    run("push")

    assert versions.newest_of(refund).note == ""


def test_a_new_note_in_the_file_is_used(run, folder, refund):
    run("pull")
    edit(folder / "support/refund-answer.md", "Help", "Aid")
    edit(folder / "support/refund-answer.md", "note: First", "note: Kinder words")

    run("push")

    assert versions.newest_of(refund).note == "Kinder words"


def test_push_stops_when_somebody_saved_in_the_browser_and_sends_nothing(run, folder, project, refund):
    run("pull")
    edit(folder / "support/refund-answer.md", "Help", "Aid")
    (folder / "other.md").write_text("---\nname: other\n---\nNew\n")
    make_version(refund, chat(("system", "From the browser")))

    status, out, err = run("push")

    assert status == 1
    assert "v2 was saved since v1" in err
    assert "callboard prompts pull --force support/refund-answer" in err
    assert "0 versions saved" in out
    assert versions.newest_of(refund).number == 2
    assert not Prompt.objects.filter(project=project, name="other").exists()


def test_push_of_a_file_that_was_never_pulled_does_not_overwrite(run, folder, refund):
    folder.mkdir()
    (folder / "x.md").write_text("---\nname: support/refund-answer\n---\n# system\nOther\n")

    status, _, err = run("push")

    assert (status, "was never pulled here" in err) == (1, True)
    assert versions.newest_of(refund).number == 1


def test_an_old_file_that_nobody_changed_is_no_conflict(run, folder, refund):
    run("pull")
    make_version(refund, chat(("system", "From the browser")))

    status, out, _ = run("push")

    assert (status, "behind" in out) == (0, True)
    assert versions.newest_of(refund).number == 2


def test_a_dry_push_sends_nothing(run, folder, refund):
    run("pull")
    edit(folder / "support/refund-answer.md", "Help", "Aid")

    status, out, _ = run("push", "--dry-run")

    assert (status, "1 version would be saved" in out) == (0, True)
    assert versions.newest_of(refund).number == 1


def test_push_names_what_is_wrong_in_a_file_with_its_line(run, folder, refund):
    run("pull")
    (folder / "broken.md").write_text("---\nname: a: b\n---\nx\n")

    status, _, err = run("push")

    assert (status, "broken.md: Line 2: put this text into double quotes" in err) == (1, True)


def test_push_tells_what_the_server_refuses(run, folder):
    folder.mkdir()
    (folder / "a.md").write_text("---\nname: a|b\n---\nx\n")
    (folder / "b.md").write_text("---\nname: b\nsettings:\n  temperature: 9\n---\nx\n")

    status, _, err = run("push")

    assert status == 1
    assert "A name cannot contain" in err
    assert "Creativity: enter a number from 0 to 2." in err


def test_two_files_of_the_same_name_are_refused(run, folder):
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.md").write_text("---\nname: same\n---\nx\n")

    status, _, err = run("push")

    assert (status, "a.md has the same name «same»" in err) == (1, True)


def test_markdown_without_a_head_is_left_alone(run, folder, project):
    folder.mkdir()
    (folder / "README.md").write_text("# How we write prompts\n")

    assert run("push")[0] == 0
    assert not Prompt.objects.filter(project=project).exists()


def test_push_reads_one_prompt_from_stdin(run, project, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("---\nname: piped\n---\n\nHi {{x}}\n"))

    status, _, _ = run("push", "-")

    assert status == 0
    assert versions.newest_of(Prompt.objects.get(project=project, name="piped")).text == "Hi {{x}}"


def test_a_directory_of_another_project_is_refused(run, folder, refund):
    run("pull")
    edit(folder / LOCK_FILE, refund.project.slug, "somewhere-else")

    status, _, err = run("push")

    assert (status, "was pulled from the project «somewhere-else»" in err) == (1, True)


def test_a_broken_lock_is_named(run, folder, refund):
    folder.mkdir()
    (folder / LOCK_FILE).write_text("<<<<<<< ours")

    status, _, err = run("pull")

    assert (status, "cannot be read" in err, "Traceback" in err) == (1, True, False)


# diff


def test_diff_shows_lines_and_ends_with_1_only_when_something_differs(run, folder, refund):
    run("pull")
    assert run("diff")[:2] == (0, "")
    edit(folder / "support/refund-answer.md", "Help {{customer}}.", "Aid {{customer}}\x1b[31m.")

    status, out, _ = run("diff")

    assert status == 1
    assert "--- support/refund-answer (server, v1)\n+++ support/refund-answer.md\n" in out
    assert "-Help {{customer}}.\n+Aid {{customer}}\\x1b[31m.\n" in out


def test_diff_marks_words(run, folder, refund):
    run("pull")
    edit(folder / "support/refund-answer.md", "Help {{customer}}.", "Aid {{customer}}.")

    assert "[-Help-]{+Aid+} {{customer}}." in run("diff", "--words")[1]


def test_diff_does_not_mind_order_and_comments(run, folder, refund):
    run("pull")
    path = folder / "support/refund-answer.md"
    edit(path, "  model: gpt-5\n  temperature: 0.2\n", "  # ours\n  temperature: 0.20\n  model: 'gpt-5'\n")

    assert run("diff")[0] == 0


def test_diff_as_json(run, folder, refund):
    run("pull")
    (folder / "new.md").write_text("---\nname: new\n---\nx\n")

    status, out, _ = run("diff", "--json")

    facts = json.loads(out)
    assert (status, facts["same"]) == (1, False)
    assert [(one["name"], one["state"]) for one in facts["prompts"]] == [
        ("new", "new"),
        ("support/refund-answer", "same"),
    ]


def test_diff_names_files_that_are_missing(run, folder, refund):
    run("pull")
    (folder / "support/refund-answer.md").unlink()

    status, _, err = run("diff")

    assert (status, "its file is missing" in err) == (1, True)


# all


def test_json_for_other_programs(run, refund):
    status, out, _ = run("pull", "--json")

    facts = json.loads(out)
    assert (status, facts["ok"]) == (0, True)
    assert facts["prompts"][0]["name"] == "support/refund-answer"


def test_quiet_says_nothing_when_all_is_well(run, refund):
    assert run("pull", "--quiet") == (0, "", "")


def test_a_key_without_the_right_scope_is_told_which_one_it_lacks(run, project, refund, monkeypatch):
    _, plain = keys.create(project=project, name="sender", scopes=[Scope.INGEST])
    monkeypatch.setenv("CALLBOARD_API_KEY", plain)

    status, _, err = run("pull")

    assert (status, "prompts:read" in err) == (1, True)


def test_a_server_that_is_away_is_told_without_a_traceback(run, monkeypatch):
    monkeypatch.setenv("CALLBOARD_URL", "http://127.0.0.1:9")

    status, _, err = run("pull")

    assert (status, err.count("\n")) == (1, 1)
    assert "no answer from http://127.0.0.1:9" in err


def test_wrong_use_ends_with_2(run):
    assert run("pull", "--all", "--label", "production")[0] == 2


def test_colours_only_on_a_terminal(environ, folder, refund):
    command = [sys.executable, "-m", "callboard", "prompts", "pull", "--directory", str(folder)]
    told = {"PATH": os.environ["PATH"], **environ}

    ended = subprocess.run(command, env=told, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 0, ended.stderr
    assert "\x1b" not in ended.stdout
    assert "support/refund-answer" in ended.stdout


def test_pull_never_writes_over_a_file_that_is_no_prompt(run, folder, refund):
    folder.mkdir(exist_ok=True)
    path = folder / "support" / "refund-answer.md"
    path.parent.mkdir()
    path.write_text("My own notes", encoding="utf-8")

    code, _, said = run("pull")

    assert (code, path.read_text(encoding="utf-8")) == (1, "My own notes")
    assert "no prompt file" in said
