"""The page «Try»: what it starts with, running, stopping, judging, and what goes wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.db import connections as connections_of_django
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evals import datasets
from evals.models import DatasetItem
from projects import spending
from projects.models import Project, User
from projects.roles import Role
from prompt_registry import connections, contents, drafts, labels, prompts, trial_running, trials
from prompt_registry.models import PRODUCTION, Prompt, ProviderConnection
from prompt_registry.providers import clients, event_loop
from prompt_registry.references import Reference, tag_of
from prompt_registry.trial_models import CellState, Trial
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_member, make_project, make_user, signed_in
from tests.prompt_registry.factories import make_prompt, make_version, text
from tests.prompt_registry.providers.fake_provider import FakeProvider, serving

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script> {{question}} {% now %} <img src=x onerror=alert(2)>"


@pytest.fixture
def admin() -> User:
    return make_user(name="Dana")


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def prompt(project: Project) -> Prompt:
    prompt = make_prompt(project, name="support/answer", type="text")
    make_version(prompt, text("Answer {{question}}"))
    return prompt


@pytest.fixture
def live(prompt: Prompt, admin: User) -> None:
    labels.publish(prompt=prompt, version=prompt.versions.get(number=1), label=PRODUCTION, by=admin)


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


@pytest.fixture
def provider(settings, monkeypatch) -> Iterator[FakeProvider]:
    monkeypatch.setattr("random.random", lambda: 0.0)
    with serving(FakeProvider(script=["stream"])) as provider:
        settings.PROVIDER_ALLOWLIST = [f"127.0.0.1:{provider.port}"]
        yield provider
        event_loop.submit(clients.close_clients()).result(timeout=5)
        event_loop.stop()


@pytest.fixture
def connection(provider: FakeProvider, project: Project, admin: User) -> ProviderConnection:
    return connections.create(
        project=project, name="Our server", base_url=provider.url, api_key="sk-0123456789", default_model="gpt-5-mini", by=admin
    )  # fmt: skip


@pytest.fixture
def simulated(project: Project, admin: User) -> ProviderConnection:
    return connections.add_simulated(project=project, by=admin)


def address(prompt: Prompt, route: str = "prompt-try", *args: object) -> str:
    return reverse(route, args=[prompt.project.slug, prompt.pk, *args])


def draft(prompt: Prompt, by: User, template: str) -> None:
    content = {"type": "text", "text": template, "variables": [], "settings": {}}
    drafts.autosave(prompt=prompt, content=content, base_number=1, revision=0, by=by)


def call(project: Project, **values: str) -> str:
    attributes = {f"gen_ai.prompt.variable.{name}": value for name, value in values.items()}
    return make_trace(
        project, prompt="support/answer", version=1, attributes=attributes, asked="?", answered="Two to four days."
    )


def run(browser: Client, prompt: Prompt, **values: object) -> Trial:
    form = {"what": ["1"], "source": "samples", "hand": "1", "value-0-question": "Where is it?", "do": "run"}
    answer = browser.post(address(prompt), form | values)
    assert answer.status_code == 302, answer.text
    return Trial.objects.latest("pk")


def answer_all() -> None:
    trial_running.run(keep_job=lambda: None, claim_seconds=30)


def columns_of(page: str) -> list[str]:
    return re.findall(r'<option value="([^"]+)" selected', "".join(re.findall(r'name="what".*?</select>', page, re.S)))


def test_it_starts_with_the_live_version_beside_the_draft(browser, prompt, live, admin, simulated):
    make_version(prompt, text("Answer kindly {{question}}"))
    draft(prompt, admin, "Answer {{question}} briefly")

    page = browser.get(address(prompt)).text

    assert columns_of(page) == ["1", "draft"]
    assert "v1 live" in page


def test_without_a_draft_the_newest_version_stands_beside_the_live_one(browser, prompt, live, simulated):
    make_version(prompt, text("Answer kindly {{question}}"))

    assert columns_of(browser.get(address(prompt)).text) == ["1", "2"]


def test_it_starts_with_three_real_calls_when_there_are_calls(browser, prompt, project, simulated):
    for number in range(5):
        call(project, question=f"Question number {number}")

    page = browser.get(address(prompt)).text

    assert page.count("Real call") == 3
    assert "Question number 4" in page
    assert "Two to four days." in page


def test_it_starts_with_the_samples_when_there_are_none(browser, project, simulated):
    prompt = make_prompt(project, name="support/new", type="text")
    make_version(prompt, text("Answer {{question}}", variables=[{"name": "question", "sample": "Where is my parcel?"}]))

    page = browser.get(address(prompt)).text

    assert 'value="samples" selected' in page
    assert "Where is my parcel?" in page


def test_items_of_a_dataset_can_be_tried_with_what_is_expected(browser, prompt, project, simulated, admin):
    dataset = datasets.create(project=project, name="support/questions", by=admin)
    for number in range(3):
        datasets.add_item(dataset=dataset, input={"question": f"Q{number}?"}, expected_output="Friday", by=admin)
    source = f"dataset-{dataset.pk}"

    page = browser.get(address(prompt), {"source": source, "count": "1"}).text
    browser.post(address(prompt), {"do": "run", "source": source, "count": "3", "what": "1"})

    assert "Dataset «support/questions»" in page
    assert "Q0?" in page
    assert "Q1?" not in page
    assert "Friday" in page
    assert [given["values"] for given in Trial.objects.get().inputs] == [
        {"question": f"Q{number}?"} for number in range(3)
    ]


def test_a_dataset_of_another_project_is_not_offered_and_not_read(browser, prompt, project, simulated):
    other = datasets.create(project=make_project(), name="secret", by=None)
    datasets.add_item(dataset=other, input={"question": "Secret?"}, by=None)

    page = browser.get(address(prompt), {"source": f"dataset-{other.pk}"}).text

    assert "secret" not in page
    assert "Secret?" not in page


def test_a_blank_that_an_item_lacks_is_asked_for(browser, prompt, project, simulated, admin):
    dataset = datasets.create(project=project, name="other", by=admin)
    datasets.add_item(dataset=dataset, input={"name": "Ada"}, by=admin)

    page = browser.get(address(prompt), {"source": f"dataset-{dataset.pk}"}).text

    assert "has no value" in page


def test_calls_that_users_disliked_can_be_chosen(browser, prompt, project, simulated):
    call(project, question="A fine one")
    rate(project, call(project, question="A bad one"))

    page = browser.get(address(prompt), {"source": "disliked"}).text

    assert "A bad one" in page
    assert "A fine one" not in page
    assert "disliked" in page


def test_a_blank_that_a_call_does_not_have_is_asked_for_and_what_was_typed_is_used(browser, prompt, project, simulated):
    trace = call(project, other="x")

    page = browser.get(address(prompt)).text
    form = {"what": ["1"], "source": "newest", "count": "3", "shown": "newest 3", "call": [trace], "do": "run"}
    browser.post(address(prompt), form | {f"value-{trace}-question": "Typed here"})

    assert "1 input lacks a value" in page
    assert "Blank «question» has no value in this input." in page
    assert Trial.objects.get().inputs[0]["values"] == {"other": "x", "question": "Typed here"}


def test_a_blank_without_a_value_is_an_error_of_its_cells_and_nothing_is_sent(browser, prompt, simulated):
    run(browser, prompt, **{"value-0-question": ""})

    page = browser.get(address(prompt, "trial", Trial.objects.get().pk)).text

    assert "Blank «question» has no value in this input" in page
    assert Trial.objects.get().cells.get().state == CellState.FAILED


def test_the_calls_that_were_seen_are_run_although_new_ones_came(browser, prompt, project, simulated):
    seen = call(project, question="Seen")
    call(project, question="Came later")

    form = {"what": ["1"], "source": "newest", "count": "1", "shown": "newest 1", "call": [seen], "do": "run"}
    browser.post(address(prompt), form)

    assert [given["values"]["question"] for given in Trial.objects.get().inputs] == ["Seen"]


def test_a_call_of_another_project_cannot_be_run(browser, prompt, simulated):
    foreign = call(make_project(), question="A secret of others")

    form = {"what": ["1"], "source": "newest", "count": "1", "shown": "newest 1", "call": [foreign], "do": "run"}
    answer = browser.post(address(prompt), form)

    assert answer.status_code == 422
    assert "A secret of others" not in answer.text


def test_inputs_without_the_conversation_that_the_application_inserts_are_pointed_out(browser, project, simulated):
    prompt = make_prompt(project, name="support/answer", type="chat")
    history = {"type": "placeholder", "name": "history"}
    make_version(prompt, contents.parse({"type": "chat", "messages": [history, {"role": "user", "content": "{{q}}"}]}))
    call(project, q="Bare")
    bare = browser.get(address(prompt)).text
    call(project, q="With", history="[]")
    whole = browser.get(address(prompt), {"count": "1"}).text

    assert "Some inputs do not have it" in bare
    assert "Some inputs do not have it" not in whole


def test_snippets_are_filled_in_and_their_blanks_are_asked_for(browser, project, admin, simulated):
    rules = make_prompt(project, name="rules", type="text")
    labels.publish(prompt=rules, version=make_version(rules, text("Be kind to {{name}}.")), label=PRODUCTION, by=admin)
    prompt = make_prompt(project, name="support/answer", type="text")
    tag = tag_of(Reference("rules"))
    make_version(prompt, text(f"{tag} Answer {{{{question}}}}"))

    page = browser.get(address(prompt), {"source": "samples"}).text
    run(browser, prompt, **{"value-0-name": "Ada"})

    assert 'name="value-0-name"' in page
    assert Trial.objects.get().variants[0]["content"]["text"] == "Be kind to {{name}}. Answer {{question}}"


def test_columns_are_added_and_removed_and_what_was_typed_stays(browser, prompt, simulated):
    make_version(prompt, text("Answer kindly {{question}}"))
    form = {"what": ["1"], "source": "samples", "hand": "1", "value-0-question": "Kept as typed"}

    added = browser.post(address(prompt), form | {"do": "add"}).text
    dropped = browser.post(address(prompt), form | {"what": ["1", "2"], "do": "drop-0"}).text

    assert columns_of(added) == ["1", "2"]
    assert columns_of(dropped) == ["2"]
    assert "Kept as typed" in added
    assert "Kept as typed" in dropped


def test_the_money_is_shown_before_running(browser, prompt, connection):
    page = browser.get(address(prompt), {"source": "samples", "value-0-question": "Where is it?"}).text

    assert re.search(r"about <strong>\$0\.\d+</strong>, at most \$0\.\d+", page)
    assert "you can spend $5.00 of $5.00 today" in page


def test_an_unknown_price_is_said_and_counted(browser, prompt, connection):
    page = browser.post(
        address(prompt), {"what": ["1"], "model": ["our-own"], "on": [""], "source": "samples", "value-0-question": "x"}
    ).text

    assert "counts as the dearest we know" in page
    assert "at most $0.3" in page


def test_without_a_provider_the_way_out_is_shown(browser, prompt, project):
    editor = signed_in(make_member(project=project, role=Role.EDITOR))

    assert "Connect a provider" in browser.get(address(prompt)).text
    assert "Dana" in editor.get(address(prompt)).text


def test_an_unfinished_draft_says_what_keeps_it_from_being_tried(browser, prompt, admin, simulated):
    draft(prompt, admin, " ")

    answer = browser.post(address(prompt), {"what": ["draft"], "source": "samples", "do": "run"})

    assert answer.status_code == 422
    assert "The prompt is empty" in answer.text
    assert not Trial.objects.exists()


@pytest.mark.parametrize("what", ["99", "draft", "x", "", "1e9"])
def test_a_column_that_does_not_exist_is_refused(browser, prompt, simulated, what):
    answer = browser.post(address(prompt), {"what": [what], "source": "samples", "do": "run"})

    assert answer.status_code == 422
    assert not Trial.objects.exists()


def test_a_run_shows_answers_with_time_tokens_and_price(browser, prompt, connection):
    trial = run(browser, prompt)
    answer_all()

    page = browser.get(address(prompt, "trial", trial.pk)).text

    assert "Hello there." in page
    assert "3 tokens" in page
    assert re.search(r"<span>\$0\.0000\d+</span>", page)
    assert "1 of 1 answered" in page


def test_what_a_model_and_a_user_wrote_is_only_ever_text(browser, prompt, connection):
    trial = run(browser, prompt, **{"value-0-question": HOSTILE})
    trial.cells.update(
        state=CellState.FAILED, text=HOSTILE, error=HOSTILE, detail=HOSTILE, model=HOSTILE, finish_reason="x"
    )

    page = browser.get(address(prompt, "trial", trial.pk)).text
    news = browser.get(address(prompt, "trial-news", trial.pk)).text
    words = browser.get(address(prompt, "trial-difference", trial.pk, 0, 0)).text

    for shown in (page, news, words):
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{question}} {% now %}" in page


def test_the_news_hold_only_what_changed(browser, prompt, connection):
    trial = run(browser, prompt, what=["1", "1"])
    cells = list(trial.cells.order_by("column"))
    have = f"{cells[0].pk}.{cells[0].revision}-{cells[1].pk}.1"

    news = browser.get(address(prompt, "trial-news", trial.pk), {"have": have}).text

    assert f'id="cell-{cells[1].pk}"' in news
    assert f'id="cell-{cells[0].pk}"' not in news
    assert "cb-live" in news


def test_the_page_stops_asking_when_nothing_is_under_way(browser, prompt, connection):
    trial = run(browser, prompt)
    answer_all()

    news = browser.get(address(prompt, "trial-news", trial.pk)).text

    assert "cb-live" not in news
    assert "Run all again" in news


def test_stopping_and_running_again_by_row_and_cell(browser, prompt, connection):
    trial = run(browser, prompt, what=["1", "1"])
    browser.post(address(prompt, "trial-stop", trial.pk))
    stopped = set(trial.cells.values_list("state", flat=True))
    browser.post(address(prompt, "trial-run", trial.pk), {"row": "0", "column": "1"})
    one = list(trial.cells.order_by("column").values_list("state", flat=True))
    browser.post(address(prompt, "trial-run", trial.pk), {"row": "0"})

    assert stopped == {CellState.STOPPED}
    assert one == [CellState.STOPPED, CellState.READY]
    assert set(trial.cells.values_list("state", flat=True)) == {CellState.READY}


def test_htmx_gets_the_changed_cells_instead_of_a_redirect(browser, prompt, connection):
    trial = run(browser, prompt)

    answer = browser.post(address(prompt, "trial-stop", trial.pk), headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert "Stopped" in answer.text


def test_an_answer_is_marked_as_better_and_counted(browser, prompt, connection):
    trial = run(browser, prompt, what=["1", "1"])
    answer_all()

    browser.post(address(prompt, "trial-judge", trial.pk, 0, 1), {"mark": "better"})

    assert "B better 1×" in browser.get(address(prompt, "trial", trial.pk)).text


def test_in_blind_mode_nothing_says_which_answer_is_which(browser, prompt, connection):
    make_version(prompt, text("Answer kindly {{question}}"))
    trial = run(browser, prompt, what=["1", "2"], model=["gpt-5-mini", "gpt-5"], on=["", ""])
    answer_all()
    browser.post(address(prompt, "trial-judge", trial.pk, 0, 1), {"mark": "better"})

    page = browser.get(address(prompt, "trial", trial.pk), {"blind": "1"}).text
    grid = page[page.index("data-try-grid") : page.index("</table>")]

    assert "gpt-5" not in grid
    assert "tokens" not in grid
    assert "Compare with A" not in grid
    assert not re.search(r"\bv[12]\b|Answer [AB] ", grid)
    assert "B better" not in page
    assert "Better" in grid


def test_the_words_that_differ_from_a_are_shown(browser, prompt, connection):
    trial = run(browser, prompt, what=["1", "1"])
    trial.cells.filter(column=0).update(state=CellState.DONE, text="It takes two days.")
    trial.cells.filter(column=1).update(state=CellState.DONE, text="It takes five days.")

    words = browser.get(address(prompt, "trial-difference", trial.pk, 0, 1), headers={"HX-Request": "true"}).text

    assert "<del>two</del><ins>five</ins>" in words
    assert "<html" not in words


def test_an_error_names_the_way_out_for_admins_and_the_person_to_ask_for_others(browser, prompt, project, connection):
    trial = run(browser, prompt)
    trial.cells.update(state=CellState.FAILED, error="No key.", error_kind="KeyMissing")
    editor = signed_in(make_member(project=project, role=Role.EDITOR))

    own, others = (who.get(address(prompt, "trial", trial.pk)).text for who in (browser, editor))

    assert "Open Model providers" in own
    assert "Open Model providers" not in others
    assert "mailto:" in others


def test_the_limit_stops_calls_with_a_plain_sentence(browser, prompt, connection, project, admin):
    spending.change_limits(project=project, project_nano_usd=0, person_nano_usd=0, by=admin)
    trial = run(browser, prompt)
    answer_all()

    page = browser.get(address(prompt, "trial", trial.pk)).text

    assert "The limit of $0.00 a day for this project does not allow this call." in page
    assert "Change the limits" in page


def test_a_call_that_was_lost_is_shown_in_the_cost(browser, prompt, connection):
    trial = run(browser, prompt)
    answer_all()
    trial.cells.get().tries.update(outcome="lost", cost_nano_usd=5_000_000)

    page = browser.get(address(prompt, "trial", trial.pk)).text

    assert "Asked more than once" in page
    assert "$0.005" in page


def test_a_viewer_sees_a_trial_and_whom_to_ask_and_cannot_run(browser, prompt, project, connection):
    trial = run(browser, prompt)
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    page = viewer.get(address(prompt, "trial", trial.pk)).text
    refused = [
        viewer.post(address(prompt), {"do": "run"}).status_code,
        viewer.post(address(prompt, "trial-run", trial.pk)).status_code,
        viewer.post(address(prompt, "trial-stop", trial.pk)).status_code,
    ]

    assert "needs the role Editor" in page
    assert "Dana" in page
    assert "Run row" not in page
    assert refused == [403] * 3


def test_a_trial_is_found_again_in_the_list_of_its_maker(browser, prompt, project, connection):
    trial = run(browser, prompt)
    other = signed_in(make_member(project=project, role=Role.EDITOR))
    link = f'href="{address(prompt, "trial", trial.pk)}"'

    assert link in browser.get(address(prompt)).text
    assert link not in other.get(address(prompt)).text
    assert other.get(address(prompt, "trial", trial.pk)).status_code == 200


def test_rows_and_columns_are_added_to_a_trial_and_run(browser, prompt, project, connection):
    trial = run(browser, prompt)
    answer_all()
    call(project, question="A real one")
    add = address(prompt, "trial-add", trial.pk)

    browser.post(add, {"source": "newest", "count": "5"})
    browser.post(add, {"value-question": "By hand"})
    browser.post(add, {"what": "1", "model": "gpt-5"})
    again = browser.post(add, {"source": "newest", "count": "5"}, follow=True)

    trial.refresh_from_db()
    assert [given["values"]["question"] for given in trial.inputs] == ["Where is it?", "A real one", "By hand"]
    assert [variant["model"] for variant in trial.variants] == ["gpt-5-mini", "gpt-5"]
    assert trial.cells.filter(state=CellState.READY).count() == 5
    assert "There is nothing to add" in again.text


def test_the_try_button_keeps_the_draft_and_leads_here(browser, prompt, admin):
    form = {"base": "1", "revision": "0", "content": "Answer {{question}} briefly", "do": "try"}

    answer = browser.post(address(prompt, "prompt"), form)

    assert answer.headers["Location"] == address(prompt)
    assert drafts.of(prompt=prompt, user=admin).content["text"] == "Answer {{question}} briefly"


def test_the_try_button_makes_no_draft_of_an_unchanged_text(browser, prompt, admin):
    browser.post(
        address(prompt, "prompt"),
        {"base": "1", "revision": "0", "content": "Answer {{question}}", "do": "try", "blank-name": "question",
         "blank-required": "question", "blank-description": "", "blank-sample": ""},
    )  # fmt: skip

    assert drafts.of(prompt=prompt, user=admin) is None


def test_an_answer_is_kept_once_as_a_dataset_item(browser, prompt, connection, admin, project):
    dataset = datasets.create(project=project, name="Refunds", by=admin)
    trial = run(browser, prompt)
    answer_all()
    keep = address(prompt, "trial-keep", trial.pk, 0, 0)

    page = browser.get(address(prompt, "trial", trial.pk)).text
    first, again = (browser.post(keep, {"place": dataset.pk}, follow=True).text for _ in range(2))

    item = DatasetItem.objects.get(dataset=dataset)
    assert "Refunds" in page
    assert "Kept in «Refunds» as item 1." in first
    assert "has this item already" in again
    assert (item.input, item.expected_output, item.source) == ({"question": "Where is it?"}, "Hello there.", "trial")
    assert item.metadata == {"prompt": "support/answer", "variant": "v1", "model": "fake-1"}


def test_a_dataset_of_another_project_takes_nothing(browser, prompt, connection):
    foreign = datasets.create(project=make_project(), name="Theirs", by=None)
    trial = run(browser, prompt)

    answer = browser.post(address(prompt, "trial-keep", trial.pk, 0, 0), {"place": foreign.pk})

    assert answer.status_code == 404
    assert not DatasetItem.objects.exists()


def test_without_datasets_nothing_offers_to_keep(browser, prompt, connection):
    trial = run(browser, prompt)
    answer_all()

    assert 'data-key="s"' not in browser.get(address(prompt, "trial", trial.pk)).text


def test_the_address_of_the_streams_is_allowed_only_on_this_page(browser, prompt, connection, settings):
    settings.LIVE_URL = "http://127.0.0.1:9999"
    trial = run(browser, prompt)

    here = browser.get(address(prompt, "trial", trial.pk)).headers["Content-Security-Policy"]
    elsewhere = browser.get(address(prompt)).headers["Content-Security-Policy"]

    assert "connect-src 'self' http://127.0.0.1:9999;" in here
    assert "9999" not in elsewhere


def test_trials_of_an_archived_prompt_cannot_be_begun(browser, prompt, admin, connection):
    prompts.archive(prompt=prompt, by=admin)

    assert 'data-shortcut="primary"' not in browser.get(address(prompt)).text


def test_old_trials_of_the_person_are_listed_without_their_inputs(browser, prompt, connection, admin):
    run(browser, prompt)

    assert "inputs" in trials.recent(prompt=prompt, user=admin)[0].get_deferred_fields()


def test_news_read_neither_the_inputs_nor_the_answers_that_a_page_has(browser, prompt, connection):
    trial = run(browser, prompt, hand="3", **{f"value-{row}-question": f"Q{row}" for row in range(3)})
    cells = list(trial.cells.order_by("pk"))
    cells[1].text, cells[1].revision = "new words", 7
    cells[1].save()
    have = "-".join(f"{cell.pk}.{cell.revision}" for cell in (cells[0], cells[2]))

    with CaptureQueriesContext(connections_of_django["default"]) as queries:
        browser.get(address(prompt, "trial-news", trial.pk), {"have": have})

    asked = [query["sql"] for query in queries]
    assert not [sql for sql in asked if '"inputs"' in sql or '"variants"' in sql]
    whole = [sql for sql in asked if '"trial_cell"."text"' in sql and "SELECT" in sql and '"detail"' in sql]
    assert len(whole) == 1
    assert str(cells[1].pk) in whole[0]
    assert str(cells[0].pk) not in whole[0].partition("IN (")[2]


def test_what_the_whole_costs_once_more_is_counted_once(browser, prompt, connection, monkeypatch):
    trial = run(browser, prompt)
    answer_all()
    counted = []
    estimate = trials.estimate
    monkeypatch.setattr(trials, "estimate", lambda **values: counted.append(1) or estimate(**values))

    pages = [browser.get(address(prompt, "trial-news", trial.pk)).text for _ in range(3)]

    assert len(counted) == 1
    assert all("The whole grid once more: about $" in page for page in pages)


def test_the_price_of_a_grid_that_grew_is_counted_anew(browser, prompt, connection):
    trial = run(browser, prompt)
    answer_all()
    before = browser.get(address(prompt, "trial-news", trial.pk)).text
    browser.post(address(prompt, "trial-add", trial.pk), {"value-question": "Another, much longer question? " * 40})
    answer_all()

    after = browser.get(address(prompt, "trial-news", trial.pk)).text

    price = re.compile(r"once more: about (\$[0-9.]+)")
    assert price.search(before)[1] != price.search(after)[1]
