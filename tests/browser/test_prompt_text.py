"""The texts of a prompt in a real browser: pills, completion, warnings, real examples, and typing without lag."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from projects import members
from projects.models import Project, User
from projects.roles import Role
from prompt_registry import contents, prompts, rendering, versions
from prompt_registry.models import Draft, Prompt
from tests.browser import sessions
from tests.browser.keyboard import tab_to
from tests.browser.test_pages import AXE, GRAVE
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_user

CASES = json.loads((Path(__file__).parents[1] / "contract" / "blanks.json").read_text(encoding="utf-8"))
# A person sees no lag below this; the machine that runs the tests may be busy, so a few keys may take longer.
MEDIAN_MS = 50
NINE_OF_TEN_MS = 300


@pytest.fixture
def prompt(project: Project, admin: User) -> Prompt:
    made = prompts.create(project=project, name="support/refund", type="chat", by=admin)
    messages = [{"role": "system", "content": "Be kind to {{name}}."}, {"role": "user", "content": "{{question}}"}]
    variables = [{"name": "name", "description": "The customer", "sample": "Ada"}]
    content = contents.parse({"type": "chat", "messages": messages, "variables": variables})
    versions.save(prompt=made, content=content, base_number=0, by=admin)
    return made


@pytest.fixture
def writer(project: Project) -> User:
    user = make_user(name="Sam Writer")
    members.add(project=project, user=user, role=Role.EDITOR)
    return user


@pytest.fixture
def editor(page: Page, prompt: Prompt) -> Page:
    show(page, prompt)
    return page


def show(page: Page, prompt: Prompt) -> None:
    page.goto(f"/p/{prompt.project.slug}/prompts/{prompt.pk}/")
    expect(page.locator(".cm-content").first).to_be_visible()


def text(page: Page, place: int = 1) -> Locator:
    return page.get_by_role("textbox", name=f"Text of message {place}", exact=True)


def write(page: Page, words: str, place: int = 1) -> None:
    text(page, place).focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(words)


def says(page: Page, words: str) -> None:
    expect(page.locator("#save-status")).to_contain_text(words)


def sent(page: Page) -> list[str]:
    return [area.input_value() for area in page.locator("textarea[name=content]").all()]


def test_the_browser_sees_blanks_and_snippets_where_the_server_does(editor):
    found = editor.evaluate(
        "async (texts) => { const { pillsIn } = await import('/static/prompt-text.js'); return texts.map((text) => pillsIn(text)); }",
        [case["text"] for case in [*CASES["pills"], *CASES["snippets"]]],
    )

    blanks, snippets = found[: len(CASES["pills"])], found[len(CASES["pills"]) :]
    assert [[[pill["name"], pill["from"], pill["to"]] for pill in pills] for pills in blanks] == [
        case["pills"] for case in CASES["pills"]
    ]
    assert [[pill["name"] for pill in pills] for pills in snippets] == [[case["name"]] for case in CASES["snippets"]]


def test_a_known_blank_is_a_pill_and_an_unknown_one_is_dashed_until_somebody_says_what_it_is(editor):
    write(editor, " In {{language}}.")

    expect(text(editor).locator(".blank-1")).to_have_text("{{name}}")
    expect(text(editor).locator(".blank-new")).to_have_text("{{language}}")
    editor.get_by_label("Meaning of language").fill("The language to answer in")
    expect(text(editor).locator(".blank-new")).to_have_count(0)


def test_blanks_are_offered_after_two_braces_and_put_in_from_the_keyboard(editor):
    write(editor, " Greet {{na")
    expect(editor.locator(".cm-tooltip-autocomplete")).to_contain_text("The customer")

    editor.wait_for_timeout(150)  # CodeMirror ignores keys that come right after the list appears.
    editor.keyboard.press("Enter")

    says(editor, "Saved")
    assert sent(editor)[0] == "Be kind to {{name}}. Greet {{name}}"


def test_a_blank_explains_itself_under_the_pointer(editor):
    text(editor).locator(".blank", has_text="{{name}}").hover()

    expect(editor.locator(".blank-card")).to_contain_text("The customer")
    expect(editor.locator(".blank-card")).to_contain_text("Sample: Ada")


def test_a_snippet_is_one_thing_that_one_key_removes(editor):
    write(editor, " @@@langfusePrompt:name=rules|version=4@@@")
    expect(text(editor).locator(".snippet")).to_have_text("rules v4")
    assert sent(editor)[0].endswith("@@@langfusePrompt:name=rules|version=4@@@")

    editor.keyboard.press("Backspace")

    expect(text(editor).locator(".snippet")).to_have_count(0)
    assert sent(editor)[0] == "Be kind to {{name}}. "


def test_warnings_of_the_server_stand_under_the_words_they_are_about(editor):
    write(editor, " In {{language}}.")

    marked = text(editor).locator(".cm-lintRange-warning")
    expect(marked).to_have_text("{{language}}")
    marked.hover()
    expect(editor.locator(".cm-diagnostic")).to_contain_text("The blank «language» is new")


def test_tab_leaves_the_text_and_the_focus_shows(editor):
    tab_to(editor, "Text of message 1")
    editor.keyboard.press("Tab")

    assert editor.evaluate("document.activeElement.closest('.cm-editor')") is None
    tab_to(editor, "Text of message 1", back=True)


def test_undo_belongs_to_the_text_and_the_shortcuts_to_the_page(editor):
    write(editor, " Wrong.")
    editor.keyboard.press("Control+z")
    expect(text(editor)).to_have_text("Be kind to {{name}}.")
    editor.keyboard.type(" Right.")

    editor.keyboard.press("Control+s")

    expect(editor.locator(".toasts")).to_contain_text("Saved as v2")


def test_a_real_call_stands_beside_the_draft_and_keys_walk_through_them(editor, prompt):
    for name in ("Grace", "Linus"):
        values = {"gen_ai.prompt.variable.name": name, "gen_ai.prompt.variable.question": "Where?"}
        trace_id = make_trace(
            prompt.project, prompt=prompt.name, version=1, attributes=values, answered=f"Soon, {name}."
        )
    rate(prompt.project, trace_id)
    write(editor, " Always.")
    beside = editor.locator("#preview")
    expect(beside).to_contain_text("Be kind to Linus. Always.")
    expect(beside).to_contain_text("Soon, Linus.")
    expect(beside).to_contain_text("1 of 2 · disliked")

    editor.keyboard.press("Alt+n")
    expect(beside).to_contain_text("Be kind to Grace. Always.")
    expect(text(editor)).to_be_focused()
    editor.keyboard.press("Alt+p")
    expect(beside).to_contain_text("Soon, Linus.")

    editor.get_by_label("Only disliked").check()
    expect(beside).to_contain_text("1 of 1 · disliked")
    assert editor.evaluate("document.activeElement.name") == "example-disliked"


def test_the_estimate_follows_the_text(editor):
    before = editor.locator("#estimate").inner_text()

    write(editor, " And say so in many more words than before, please.")

    expect(editor.locator("#estimate")).not_to_have_text(before)


def test_the_face_of_somebody_who_writes_appears_by_itself(open_page, prompt, admin, writer):
    mine, theirs = open_page(user=admin), open_page(user=writer)
    for page in (mine, theirs):
        show(page, prompt)
    write(theirs, " Hello.")
    says(theirs, "Saved")

    mine.locator("cb-live[data-src*=writers]").evaluate("live => live.ask()")

    expect(mine.locator(".writers")).to_contain_text("Sam Writer is writing now")


def test_the_simple_editor_is_a_plain_field_that_does_everything(editor, prompt, site):
    editor.context.add_cookies([{"name": "cb_editor", "value": "simple", "url": site}])
    editor.goto(f"/p/{prompt.project.slug}/prompts/{prompt.pk}/")
    expect(editor.locator(".cm-editor")).to_have_count(0)
    area = editor.get_by_label("Text of message 1", exact=True)
    area.press("Control+End")
    editor.get_by_role("button", name="Insert blank").click()
    editor.keyboard.type("city")

    says(editor, "Saved")
    expect(area).to_have_value("Be kind to {{name}}.{{city}}")
    expect(editor.get_by_label("Sample of city")).to_be_visible()


def test_without_scripts_the_form_saves_a_version(open_page, prompt, admin):
    page = open_page(user=admin, java_script_enabled=False)
    page.goto(f"/p/{prompt.project.slug}/prompts/{prompt.pk}/")
    page.get_by_label("Text of message 1", exact=True).fill("Be kind.")

    page.get_by_role("button", name="Save version").click()

    expect(page.locator(".toasts")).to_contain_text("Saved as v2")


def test_a_hostile_text_is_text_in_the_editor_too(editor, prompt):
    write(
        editor,
        " <img src=x onerror=window.pwned=1> {{constructor}} {{__proto__}} @@@<b>x</b>@@@ @@@name=<img src=x onerror=window.pwned=2>@@@",
    )
    says(editor, "Saved")

    expect(text(editor).locator(".snippet").first).to_have_text("<b>x</b>")
    expect(editor.get_by_label("Sample of __proto__")).to_be_visible()
    text(editor).locator(".blank", has_text="{{__proto__}}").hover()
    expect(editor.locator(".blank-card")).to_contain_text("__proto__")
    assert editor.evaluate("window.pwned") is None
    assert editor.locator("main img:not(.cm-widgetBuffer)").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_editor_at_work_has_nothing_axe_minds(editor, theme, width):
    editor.set_viewport_size({"width": width, "height": 900})
    editor.emulate_media(color_scheme=theme)
    write(editor, " In {{language}} and {{order}}. @@@rules@@@ {{na me}} \u202eabc")
    expect(text(editor).locator(".cm-lintRange").first).to_be_visible()
    editor.keyboard.type(" {{")
    expect(editor.locator(".cm-tooltip-autocomplete")).to_be_visible()

    editor.evaluate(AXE)
    violations = editor.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations'], preload: false})).violations"
    )

    assert [
        (one["id"], [node["target"] for node in one["nodes"]]) for one in violations if one["impact"] in GRAVE
    ] == []
    assert editor.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_on_a_phone_letters_are_large_enough_not_to_zoom(open_page, prompt, admin):
    page = open_page(user=admin, viewport=sessions.HAND)
    show(page, prompt)

    assert text(page).evaluate("element => parseFloat(getComputedStyle(element).fontSize)") >= 16


def test_the_longest_prompt_is_typed_in_without_lag(open_page: Callable[..., Page], project, admin, record_property):
    made = prompts.create(project=project, name="long", type="text", by=admin)
    line = "Answer {{name}} in {{language}}, with every rule of the house in mind, and never promise what is not written here.\n"
    long = (line * (rendering.MAX_TEMPLATE_BYTES // len(line)))[: rendering.MAX_TEMPLATE_BYTES - 200]
    versions.save(prompt=made, content=contents.parse({"type": "text", "text": long}), by=admin)
    page = open_page(user=admin)
    show(page, made)
    page.get_by_role("textbox", name="Text of the prompt").focus()
    page.keyboard.press("Control+Home")
    page.evaluate(MEASURE)
    for letter in "Typing goes on as if the prompt were short.":
        page.keyboard.type(letter, delay=60)
    page.wait_for_timeout(1200)  # the draft and the check of the server come in between
    for letter in " And so it does later on.":
        page.keyboard.type(letter, delay=60)

    waits = page.evaluate("window.waits")
    says(page, "Saved")
    record_property(
        "budget", f"256 KiB: median {statistics.median(waits):.0f} ms, slowest {max(waits):.0f} ms of {len(waits)} keys"
    )
    assert len(waits) >= 60
    assert statistics.median(waits) <= MEDIAN_MS
    assert statistics.quantiles(waits, n=10)[-1] <= NINE_OF_TEN_MS
    assert Draft.objects.get(prompt=made).content["text"].startswith("Typing goes on")


# From the key to the next picture.
MEASURE = """() => {
  window.waits = [];
  document.addEventListener("keydown", (event) => {
    const pressed = event.timeStamp;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.waits.push(performance.now() - pressed);
      channel.port2.postMessage(0);
    });
  }, true);
}"""
