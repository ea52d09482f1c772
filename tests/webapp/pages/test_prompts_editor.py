"""The editor: drafts, saving, two people at once, two windows at once, hostile text."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Project, User
from projects.roles import Role
from prompt_registry import drafts, labels
from prompt_registry.models import Draft, Prompt, PromptVersion
from tests.monitoring.factories import make_trace
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version, text

pytestmark = pytest.mark.django_db

HOSTILE = '<script>alert(1)</script> {{ name }} {% if %} 100% "quoted" \u202eabc\u202c שלום {{constructor}}'


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def prompt(project: Project) -> Prompt:
    return make_prompt(project)


@pytest.fixture
def editor(project: Project) -> User:
    return make_member(project, Role.EDITOR, name="Ana Editor")


def _browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _url(prompt: Prompt, route: str = "prompt", *more: int) -> str:
    return reverse(route, args=[prompt.project.slug, prompt.pk, *more])


def _form(*messages: tuple[str, str], base: int = 0, revision: int = 0, **more: Any) -> dict[str, Any]:
    messages = messages or (("system", "Be kind to {{name}}."),)
    fields = {"role": [role for role, _ in messages], "content": [words for _, words in messages]}
    return {"base": base, "revision": revision, **fields, **more}


def _words(version: PromptVersion) -> list[str]:
    return [message["content"] for message in version.messages]


def test_a_new_prompt_opens_with_a_starter(prompt, editor):
    page = _browser(editor).get(_url(prompt))

    assert page.status_code == 200
    assert "You help the customers of our shop." in page.text
    assert 'value="Where is my order?"' in page.text
    assert "Nothing is live yet." in page.text


def test_saving_makes_a_version_and_publishes_nothing(prompt, editor):
    client = _browser(editor)

    answer = client.post(_url(prompt), _form(
        ("system", "Be kind to {{name}}.\r\nAlways."), ("placeholder", "history"), ("user", "{{q}}"), note="First",
        **{"setting-model": "m", "setting-temperature": "0,3", "setting-stop": "END\r\nSTOP", "blank-name": ["name", "q"],
           "blank-description": ["The customer", ""], "blank-sample": ["Ana", ""], "blank-required": ["q"]},
    ))  # fmt: skip

    assert answer.status_code == 302
    version = PromptVersion.objects.get()
    assert version.messages == [
        {"role": "system", "content": "Be kind to {{name}}.\nAlways."}, {"type": "placeholder", "name": "history"},
        {"role": "user", "content": "{{q}}"},
    ]  # fmt: skip
    assert version.settings == {"model": "m", "temperature": 0.3, "stop": ["END", "STOP"]}
    assert version.variables[0] == {"name": "name", "description": "The customer", "sample": "Ana", "required": False}
    assert (version.note, version.author) == ("First", editor)
    assert not prompt.labels.exists()
    assert not Draft.objects.exists()
    assert "Saved as v1" in client.get(_url(prompt)).text


def test_what_cannot_be_saved_stays_in_the_form_and_in_the_draft(prompt, editor):
    client = _browser(editor)

    answer = client.post(
        _url(prompt), _form(("system", "Keep {{me}}"), ("user", " "), note="My note", **{"setting-temperature": "warm"})
    )

    assert answer.status_code == 422
    assert "Creativity: this is not a number." in answer.text
    assert "Message 2 (User says) is empty." in answer.text
    assert 'value="warm"' in answer.text
    assert 'value="My note"' in answer.text
    assert "Keep {{me}}" in client.get(_url(prompt)).text
    assert not PromptVersion.objects.exists()


def test_two_editors_at_once_lose_nothing(prompt, editor):
    make_version(prompt, chat(("system", "Base"), ("user", "x")))
    other = make_member(prompt.project, name="Sam Other")
    mine, theirs = _browser(editor), _browser(other)

    first = theirs.post(_url(prompt), _form(("system", "Sam's words"), ("user", "x"), base=1))
    second = mine.post(_url(prompt), _form(("system", "My words"), ("user", "x"), base=1, note="why"))

    assert (first.status_code, second.status_code) == (302, 409)
    assert "Sam Other saved v2" in second.text
    assert "Sam&#x27;s" in second.text
    assert "My words" in drafts.of(prompt=prompt, user=editor).content["messages"][0]["content"]
    assert 'value="why"' in second.text
    assert prompt.versions.count() == 2


def test_after_a_conflict_my_text_can_become_the_next_version(prompt, editor):
    make_version(prompt, chat(("system", "Base")))
    client = _browser(editor)
    client.post(_url(prompt, "prompt-draft"), _form(("system", "Mine"), base=1))
    make_version(prompt, chat(("system", "Theirs")))
    draft = Draft.objects.get()

    answer = client.post(
        _url(prompt, "prompt-changed"), {"do": "save", "revision": draft.revision, "newer": 2, "note": "ok"}
    )

    assert answer.status_code == 302
    assert [_words(version) for version in prompt.versions.order_by("number")] == [["Base"], ["Theirs"], ["Mine"]]
    assert not Draft.objects.exists()


@pytest.mark.parametrize(("choice", "kept"), [("keep", True), ("take", False)])
def test_after_a_conflict_my_text_is_kept_or_dropped_as_i_choose(prompt, editor, choice, kept):
    make_version(prompt, chat(("system", "Base")))
    client = _browser(editor)
    client.post(_url(prompt, "prompt-draft"), _form(("system", "Mine"), base=1))
    make_version(prompt, chat(("system", "Theirs")))
    draft = Draft.objects.get()

    client.post(_url(prompt, "prompt-changed"), {"do": choice, "revision": draft.revision, "newer": 2})

    page = client.get(_url(prompt)).text
    assert ("Mine" in page) is kept
    assert "saved v2 after you began" not in page
    if kept:
        assert drafts.of(prompt=prompt, user=editor).base_number == 2


def test_changes_of_different_places_can_be_put_together(prompt, editor):
    make_version(prompt, chat(("system", "One\nTwo\nThree"), ("user", "x")))
    client = _browser(editor)
    client.post(_url(prompt, "prompt-draft"), _form(("system", "ONE\nTwo\nThree"), ("user", "x"), base=1))
    make_version(prompt, chat(("system", "One\nTwo\nTHREE"), ("user", "x")))
    page = client.get(_url(prompt, "prompt-changed"))
    draft = Draft.objects.get()

    client.post(_url(prompt, "prompt-changed"), {"do": "combine", "revision": draft.revision, "newer": 2})

    assert "Put both changes together" in page.text
    assert drafts.of(prompt=prompt, user=editor).content["messages"][0]["content"] == "ONE\nTwo\nTHREE"


def test_a_choice_on_texts_that_changed_again_is_asked_anew(prompt, editor):
    make_version(prompt, chat(("system", "Base")))
    client = _browser(editor)
    client.post(_url(prompt, "prompt-draft"), _form(("system", "Mine"), base=1))
    draft = Draft.objects.get()
    make_version(prompt)
    make_version(prompt)

    answer = client.post(_url(prompt, "prompt-changed"), {"do": "take", "revision": draft.revision, "newer": 2})

    assert answer.status_code == 409
    assert Draft.objects.exists()


def test_the_draft_is_saved_and_tells_of_a_newer_version(prompt, editor):
    make_version(prompt)
    other = make_member(prompt.project, name="Sam")
    client = _browser(editor)

    first = client.post(_url(prompt, "prompt-draft"), _form(("user", "one"), base=1)).json()
    make_version(prompt, by=other)
    second = client.post(
        _url(prompt, "prompt-draft"), _form(("user", "two"), base=1, revision=first["revision"])
    ).json()

    assert first["newer"] is None
    assert second["newer"] == {"sentence": "Changed by Sam – compare", "url": _url(prompt, "prompt-changed")}
    assert drafts.of(prompt=prompt, user=editor).content["messages"][0]["content"] == "two"


def test_a_text_typed_back_to_what_is_saved_leaves_no_draft(prompt, editor):
    make_version(prompt, chat(("system", "Base")))
    client = _browser(editor)
    revision = client.post(_url(prompt, "prompt-draft"), _form(("system", "Bas"), base=1)).json()["revision"]

    answer = client.post(_url(prompt, "prompt-draft"), _form(("system", "Base"), base=1, revision=revision)).json()

    assert (answer["is_same"], answer["revision"]) == (True, 0)
    assert not Draft.objects.exists()


def test_a_second_window_is_told_and_chooses(prompt, editor):
    client = _browser(editor)
    first = client.post(_url(prompt, "prompt-draft"), _form(("user", "first window"))).json()

    refused = client.post(_url(prompt, "prompt-draft"), _form(("user", "second window")))
    saved = client.post(_url(prompt), _form(("user", "second window")))
    page = client.post(refused.json()["action"], _form(("user", "second window")))

    assert refused.status_code == saved.status_code == 409
    assert page.status_code == 200
    for answer in (saved, page):
        assert "first" in answer.text
        assert "second" in answer.text
    kept = {"kept": orjson.dumps({"type": "chat", "messages": [{"role": "user", "content": "second window"}]}).decode()}
    client.post(_url(prompt, "prompt-windows"), {**kept, "base": 0, "revision": first["revision"]})
    assert drafts.of(prompt=prompt, user=editor).content["messages"][0]["content"] == "second window"
    assert not PromptVersion.objects.exists()


def test_a_window_from_before_the_save_in_another_one_keeps_its_text(prompt, editor):
    client = _browser(editor)
    revision = client.post(_url(prompt, "prompt-draft"), _form(("user", "one"))).json()["revision"]
    client.post(_url(prompt), _form(("user", "one"), revision=revision))

    answer = client.post(_url(prompt), _form(("user", "one and more"), revision=revision))

    assert answer.status_code == 409
    assert "one and more" in answer.text


def test_dropping_changes_shows_the_newest_version_again(prompt, editor):
    make_version(prompt, chat(("system", "Saved words")))
    client = _browser(editor)
    revision = client.post(_url(prompt, "prompt-draft"), _form(("system", "Typed words"), base=1)).json()["revision"]

    client.post(_url(prompt, "prompt-discard"), {"revision": revision})

    page = client.get(_url(prompt)).text
    assert "Saved words" in page
    assert "Typed words" not in page


@pytest.mark.parametrize(("action", "expected"), [
    ("add", ["one", "two", ""]), ("remove-0", ["two"]), ("up-1", ["two", "one"]), ("down-0", ["two", "one"]),
    ("down-1", ["one", "two"]), ("up-0", ["one", "two"]), ("remove-x", ["one", "two"]), ("keep", ["one", "two"]),
])  # fmt: skip
def test_messages_are_arranged_without_any_script(prompt, editor, action, expected):
    client = _browser(editor)

    answer = client.post(_url(prompt), _form(("user", "one"), ("user", "two"), do=action))

    assert answer.status_code == 302
    assert [message["content"] for message in drafts.of(prompt=prompt, user=editor).content["messages"]] == expected


def test_hostile_text_is_shown_and_never_run(prompt, editor):
    make_version(prompt, chat(("system", "Calm")))
    client = _browser(editor)
    client.post(_url(prompt), _form(("system", HOSTILE), base=1, note="<b>note</b>", **{
        "setting-model": "<i>m</i>", "blank-name": ["name"], "blank-sample": ["<img src=x>"], "blank-description": ["'\"><svg>"],
    }))  # fmt: skip
    pages = [client.get(_url(prompt)), client.get(_url(prompt, "prompt-version", 2)), client.get(_url(prompt, "prompt-versions")),
             client.get(_url(prompt, "prompt-compare") + "?from=1&to=2&view=side"), client.get(_url(prompt, "prompt-publish"))]  # fmt: skip

    for page in pages:
        assert page.status_code == 200
        for live in ("<script>alert", "<b>note", "<i>m", "<img src=x", "<svg>"):
            assert live not in page.text
    assert PromptVersion.objects.get(number=2).messages[0]["content"] == HOSTILE
    assert "{% if %} 100%" in pages[0].text
    assert "right-to-left override U+202E" in pages[3].text


def test_the_preview_fills_samples_and_brings_new_blanks(prompt, editor):
    client = _browser(editor)
    form = _form(
        ("system", "Hi {{name}} {{other}}"),
        **{"blank-name": ["name"], "blank-sample": ["Ana"], "blank-description": ["x"]},
    )

    changed = client.post(_url(prompt, "prompt-preview"), form).text
    same = client.post(_url(prompt, "prompt-preview"), form | {"blank-name": ["name", "other"]}).text

    assert ">Ana</span>" in changed
    assert "No sample yet: other" in changed
    assert 'id="blanks" hx-swap-oob="true"' in changed
    assert 'id="blanks"' not in same


def test_a_blank_that_left_the_text_keeps_its_description_for_its_return(prompt, editor):
    client = _browser(editor)
    client.post(_url(prompt, "prompt-draft"), _form(("system", "Hi"), **{
        "blank-name": ["name"], "blank-sample": ["Ana"], "blank-description": ["The customer"], "blank-required": ["name"],
    }))  # fmt: skip

    page = client.get(_url(prompt)).text

    assert '<input type="hidden" name="blank-description" value="The customer">' in page


def test_a_viewer_reads_and_is_told_whom_to_ask(prompt, editor):
    make_version(prompt, chat(("system", "Words to read")))
    viewer = make_member(prompt.project, Role.VIEWER)
    make_member(prompt.project, Role.ADMIN, name="Ada Admin")
    client = _browser(viewer)

    page = client.get(_url(prompt)).text

    assert "Words to read" in page
    assert "Ada Admin" in page
    assert 'name="content"' not in page
    assert client.post(_url(prompt), _form()).status_code == 403
    for route in ("prompt-draft", "prompt-preview", "prompt-discard"):
        assert client.post(_url(prompt, route), _form()).status_code == 403


def test_a_stranger_finds_nothing(prompt):
    client = _browser(make_member(make_project(), Role.ADMIN))

    for route in ("prompt", "prompt-versions", "prompt-compare", "prompt-publish", "prompt-changed"):
        assert client.get(_url(prompt, route)).status_code == 404


def test_a_prompt_of_another_project_is_not_found_in_ones_own(prompt, editor):
    other = make_project()
    client = _browser(make_member(other, Role.ADMIN))

    assert client.get(reverse("prompt", args=[other.slug, prompt.pk])).status_code == 404


def test_a_text_prompt_is_written_in_one_field(project, editor):
    prompt = make_prompt(project, type="text")
    client = _browser(editor)

    client.post(_url(prompt), {"base": 0, "revision": 0, "content": "Hello {{name}}", "note": ""})

    assert PromptVersion.objects.get().text == "Hello {{name}}"
    assert "Hello {{name}}" in client.get(_url(prompt)).text


def test_an_archived_prompt_is_read_only_until_it_comes_back(prompt, editor):
    make_version(prompt, chat(("system", "Words")))
    client = _browser(editor)
    client.post(_url(prompt, "prompt-archive"))

    archived = client.get(_url(prompt)).text
    client.post(_url(prompt, "prompt-restore"))

    assert "in the archive" in archived
    assert 'name="content"' not in archived
    assert 'name="content"' in client.get(_url(prompt)).text


def test_a_huge_text_is_refused_in_words_and_not_lost_from_the_page(prompt, editor):
    client = _browser(editor)

    too_large_for_a_version = client.post(_url(prompt), _form(("user", "x" * 300_000)))
    too_large_for_a_draft = client.post(
        _url(prompt), _form(("user", "y" * 1_100_000), revision=Draft.objects.get().revision)
    )

    assert too_large_for_a_version.status_code == too_large_for_a_draft.status_code == 422
    assert "256 KiB" in too_large_for_a_version.text
    assert "1 MiB" in too_large_for_a_draft.text
    assert "y" * 1_000 in too_large_for_a_draft.text


def test_the_page_of_a_published_prompt_offers_undo_with_what_comes_back(prompt):
    approver = make_member(prompt.project, Role.APPROVER)
    for words in ("one", "two"):
        version = make_version(prompt, chat(("system", words)))
        labels.publish(prompt=prompt, version=version, label="production", by=approver)

    page = _browser(approver).get(_url(prompt)).text

    assert "v2 live in production" in page
    assert "v1 comes back" in page


def test_equal_text_saves_nothing_and_says_so(prompt, editor):
    make_version(prompt, text("x") if prompt.type == "text" else chat(("system", "Same")))
    client = _browser(editor)

    client.post(_url(prompt), _form(("system", "Same"), base=1))

    assert prompt.versions.count() == 1
    assert "nothing to save" in client.get(_url(prompt)).text


def test_while_writing_it_is_said_that_calls_get_too_long_for_the_model(project, prompt, editor):
    make_version(prompt, chat(("system", "Be kind to {{name}}.")))
    make_trace(project, prompt=prompt.name, version=1, tokens=(15_900, 20), model="gpt-4o")
    form = _form(("system", "Be kind to {{name}}. " + "parcel " * 3_000), base=1, **{"setting-model": "gpt-3.5-turbo"})

    answer = _browser(editor).post(_url(prompt, "prompt-preview"), form).text
    fitting = _browser(editor).post(_url(prompt, "prompt-preview"), form | {"setting-model": "gpt-4o"}).text

    assert "With the longest input of the last calls, a call takes about 18," in answer
    assert "such calls fail" in answer
    assert "such calls fail" not in fitting
    assert "reads and writes at most 128,000 tokens at once" in fitting
