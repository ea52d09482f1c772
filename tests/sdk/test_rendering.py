"""Properties of filling in prompts that hold for every template and every value."""

import time

import pytest
from callboard import rendering
from callboard.errors import OutputTooLarge, TemplateTooLarge, TooManyVariables
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
# Text in which braces and names come often.
TRICKY = st.text(alphabet=st.sampled_from(list("{} ab_.-1\n%$#\\é")), max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TRICKY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TRICKY, inner, max_size=3),
    max_leaves=8,
)


@given(template=TRICKY)
def test_without_values_a_template_stays_as_it_is(template: str) -> None:
    rendered = rendering.render_text(template, {})

    assert rendered.text == template
    assert rendered.missing == rendering.variables_in([template])


@given(template=TRICKY, value=JSON)
def test_a_value_is_never_expanded_again(template: str, value: object) -> None:
    values = dict.fromkeys(rendering.variables_in([template]), value)

    rendered = rendering.render_text(template, values)

    pieces = rendering.VARIABLE.split(template)[::2]
    assert rendered.text == rendering.stringify(value).join(pieces)
    assert rendered.missing == ()


@given(before=TRICKY, name=NAMES, after=TRICKY)
def test_what_surrounds_a_variable_survives(before: str, name: str, after: str) -> None:
    # A letter on each side keeps the surroundings from becoming part of the variable.
    template = f"{before}x{{{{{name}}}}}x{after}"

    rendered = rendering.render_text(template, {name: "VALUE"})

    assert "xVALUEx" in rendered.text


@given(text=st.text(alphabet=st.characters(blacklist_characters="{"), max_size=200))
def test_text_without_opening_braces_is_literal(text: str) -> None:
    assert rendering.render_text(text, {"a": "never"}).text == text


@given(content=TRICKY, value=JSON)
def test_chat_and_text_render_alike(content: str, value: object) -> None:
    values = dict.fromkeys(rendering.variables_in([content]), value)

    chat = rendering.render_messages([{"role": "user", "content": content}], values)

    assert chat.messages == [{"role": "user", "content": rendering.render_text(content, values).text}]


@pytest.mark.parametrize(
    "hostile",
    [
        "{" * 250_000,
        "{{" + " " * 250_000,
        "{{" + "a" * 250_000,
        "{{a" + " " * 250_000 + "b}}",
        "{{ " * 80_000,
        "{{a " * 60_000,
        "}}" * 120_000,
        "{{a}" * 60_000,
    ],
)
def test_hostile_templates_take_linear_time(hostile: str) -> None:
    began = time.process_time()

    rendered = rendering.render_text(hostile, {"b": "x"})

    assert rendered.text == hostile
    # Milliseconds when linear, minutes when quadratic.
    assert time.process_time() - began < 1.0


def test_a_template_over_256_kib_is_refused() -> None:
    rendering.render_text("x" * rendering.MAX_TEMPLATE_BYTES, {})

    with pytest.raises(TemplateTooLarge):
        rendering.render_text("x" * (rendering.MAX_TEMPLATE_BYTES + 1), {})
    with pytest.raises(TemplateTooLarge):
        rendering.render_text("é" * (rendering.MAX_TEMPLATE_BYTES // 2 + 1), {})


def test_more_than_ten_thousand_variables_are_refused() -> None:
    with pytest.raises(TooManyVariables):
        rendering.render_text("".join(f"{{{{v{number}}}}}" for number in range(10_001)), {})


def test_output_may_grow_to_four_mib_and_not_beyond() -> None:
    quarter = "x" * (1024 * 1024)

    assert len(rendering.render_text("{{a}}" * 4, {"a": quarter}).text) == rendering.MAX_OUTPUT_BYTES
    with pytest.raises(OutputTooLarge):
        rendering.render_text("{{a}}" * 4 + "y", {"a": quarter})
    with pytest.raises(OutputTooLarge):
        rendering.render_messages([{"role": "user", "content": "{{a}}{{a}}{{a}}"}] * 2, {"a": quarter})


def test_multiplying_a_large_value_is_stopped_early() -> None:
    began = time.process_time()

    with pytest.raises(OutputTooLarge):
        rendering.render_text("{{a}}" * 50_000, {"a": "x" * (1024 * 1024)})

    assert time.process_time() - began < 1.0


def test_a_structure_that_contains_itself_is_filled_in_as_text() -> None:
    loop: list[object] = [1]
    loop.append(loop)

    assert rendering.render_text("{{v}}", {"v": loop}).text == "[1, [...]]"


def test_message_objects_of_a_library_are_inserted_as_they_are() -> None:
    class Answer:
        role = "assistant"
        content = "Hello"

    answer = Answer()

    rendered = rendering.render_messages([{"type": "placeholder", "name": "history"}], {"history": [answer]})

    assert rendered.messages == [answer]


def test_rendered_messages_do_not_share_the_template() -> None:
    template = [{"role": "user", "content": [{"type": "text", "text": "a"}]}]

    rendered = rendering.render_messages(template, {})
    rendered.messages[0]["content"][0]["text"] = "changed"

    assert template[0]["content"] == [{"type": "text", "text": "a"}]
