"""What live applications fill in decides how serious a blank that came or went is."""

from __future__ import annotations

import pytest

from prompt_registry import checks
from prompt_registry.callers import Caller, Traffic
from prompt_registry.contents import PromptContent
from tests.prompt_registry.factories import chat, text

DESK = Caller("support-api", 1204, frozenset({"name", "question"}))
SILENT = Caller("night-job", 3)
NAMELESS = Caller("", 9, frozenset({"name"}))


def says(template: str, **blanks: dict) -> PromptContent:
    return chat(("user", template), variables=[{"name": name, **values} for name, values in blanks.items()])


def found(before: PromptContent | None, after: PromptContent, *callers: Caller) -> list[tuple[str, str]]:
    return [(check.level, check.sentence) for check in checks.run(before=before, after=after, traffic=Traffic(callers))]


def level_of(findings: list[tuple[str, str]], words: str) -> str:
    (level,) = [level for level, sentence in findings if words in sentence]
    return level


# A blank that is gone


def test_a_blank_that_a_live_application_fills_cannot_go():
    findings = found(says("{{name}} {{question}}"), says("{{question}}"), DESK)

    assert (
        "stops",
        "The blank «name» is gone, but the application support-api (1,204 calls in 24 hours) still fills it. Put it back, "
        "or ask the team to change the application first.",
    ) in findings


def test_every_application_that_fills_it_is_named_with_its_calls():
    more = [Caller(f"app-{number}", number, frozenset({"name"})) for number in range(1, 5)]

    (sentence,) = [s for _, s in found(says("{{name}} x"), says("x"), DESK, NAMELESS, *more) if "still" in s]

    assert "the application support-api (1,204 calls" in sentence
    assert "an application without a name (9 calls" in sentence
    assert "and 3 more" in sentence


def test_an_optional_blank_may_go_with_a_tick():
    before = says("{{name}} {{question}}", name={"required": False})

    assert level_of(found(before, says("{{question}}"), DESK), "«name» is gone") == "tick"


def test_an_application_that_does_not_say_what_it_fills_needs_a_tick():
    assert level_of(found(says("{{name}} x"), says("x"), SILENT), "does not say") == "tick"


@pytest.mark.parametrize("callers", [[], [Caller("other", 5, frozenset({"question"}))]])
def test_a_blank_that_nobody_fills_may_go(callers):
    assert level_of(found(says("{{name}} x"), says("x"), *callers), "«name» is gone") == "informs"


# A blank that is new


def test_a_new_blank_that_a_live_application_does_not_fill_stops():
    findings = found(says("{{name}}"), says("{{name}} {{order_id}}"), DESK)

    assert level_of(findings, "support-api (1,204 calls in 24 hours) does not fill it") == "stops"


@pytest.mark.parametrize("blank", [{"sample": "4711"}, {"required": False}])
def test_with_a_sample_or_when_it_may_stay_empty_a_tick_is_enough(blank):
    after = says("{{name}} {{order_id}}", order_id=blank)

    assert level_of(found(says("{{name}}"), after, DESK), "«order_id» is new") == "tick"


def test_a_new_blank_that_everybody_fills_already_is_good_news():
    assert level_of(found(says("{{name}}"), says("{{name}} {{question}}"), DESK), "«question» is new") == "informs"


@pytest.mark.parametrize("callers", [[], [SILENT], [SILENT, DESK]])
def test_when_nobody_knows_the_new_blank_needs_a_tick(callers):
    assert level_of(found(says("{{name}}"), says("{{name}} {{question}}"), *callers), "«question» is new") == "tick"


def test_the_first_version_has_nothing_to_compare():
    assert not [s for _, s in found(None, says("{{name}}"), DESK) if "is new" in s or "is gone" in s]


# What users write inside the instructions


@pytest.mark.parametrize("name", ["question", "user_input", "message", "customer_message", "email_body", "Comment"])
def test_text_of_users_inside_the_instructions_needs_a_tick(name):
    after = chat(("system", f"Answer {{{{{name}}}}}."))

    assert level_of(found(None, after), "inside the instructions") == "tick"


@pytest.mark.parametrize("name", ["customer_name", "language", "shop", "order_id", "messages_per_day", "questionnaire"])
def test_other_blanks_may_stand_there(name):
    assert not [s for _, s in found(None, chat(("system", f"In {{{{{name}}}}}."))) if "inside the instructions" in s]


def test_text_of_users_may_stand_in_a_message_of_its_own_and_in_a_text_prompt():
    for content in (chat(("system", "Be kind."), ("user", "{{question}}")), text("Answer {{question}}")):
        assert not [s for _, s in found(None, content) if "inside the instructions" in s]


def test_what_is_live_like_that_already_needs_no_new_decision():
    live = chat(("system", "Answer {{question}}."))

    assert level_of(found(live, chat(("system", "Answer {{question}} well."))), "inside the instructions") == "informs"
