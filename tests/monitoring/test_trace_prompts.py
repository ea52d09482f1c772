import pytest

from monitoring import trace_prompts
from monitoring.models import Span
from monitoring.trace_prompts import Stretch
from prompt_registry.models import Prompt, PromptVersion
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

VARIABLES = {"gen_ai.prompt.variable.shop": "Nordwind", "gen_ai.prompt.variable.order": {"id": 7}}


@pytest.fixture
def project():
    return make_project()


def make_version(project, **fields):
    prompt = Prompt.objects.create(project=project, name="refund", type="chat" if "messages" in fields else "text")
    return PromptVersion.objects.create(project=project, prompt=prompt, number=3, content_hash="0" * 64, **fields)


def call(project, **fields):
    make_trace(project, **{"prompt": "refund", "version": 3, "attributes": VARIABLES} | fields)
    return Span.objects.get(project=project)


def test_blanks_are_filled_with_what_the_application_sent(project):
    version = make_version(project, messages=[{"role": "system", "content": "You help {{shop}}. {{tone}} {{shop}}"}])

    sent = trace_prompts.of_call(call(project))

    assert sent.version == version
    assert sent.variables == {"shop": "Nordwind", "order": '{"id":7}'}
    assert sent.messages[0].stretches == [
        Stretch("You help "), Stretch("Nordwind", "shop", 1), Stretch(". "),
        Stretch("{{tone}}", "tone", 2, is_missing=True), Stretch(" "), Stretch("Nordwind", "shop", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["llm.prompt_template.variables", "traceloop.prompt.template_variables"])
def test_values_that_came_as_one_object_are_read(project, name):
    make_version(project, text="{{shop}}")

    sent = trace_prompts.of_call(call(project, attributes={name: '{"shop": "Nordwind"}'}))

    assert sent.variables == {"shop": "Nordwind"}


def test_values_are_never_expanded_again(project):
    make_version(project, text="{{shop}}")

    sent = trace_prompts.of_call(call(project, attributes={"gen_ai.prompt.variable.shop": "{{order}}"}))

    assert [stretch.text for stretch in sent.messages[0].stretches] == ["{{order}}"]


def test_inserted_conversations_are_named(project):
    make_version(project, messages=[{"role": "system", "content": "Hi"}, {"type": "placeholder", "name": "history"}])

    assert trace_prompts.of_call(call(project)).messages[1].inserted == "history"


def test_a_version_the_registry_does_not_know_still_shows_its_values(project):
    make_version(make_project(), text="{{shop}}")

    sent = trace_prompts.of_call(call(project))

    assert (sent.version, sent.messages, sent.variables["shop"]) == (None, [], "Nordwind")


def test_a_call_without_a_prompt_has_nothing_to_show(project):
    assert trace_prompts.of_call(call(project, prompt="", version=0)) is None
