"""The pages about datasets."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evals import datasets, item_contents
from evals.models import Dataset, DatasetImport
from projects.models import Project, User
from projects.roles import Role
from tests.evals.factories import add, fill, hand_over, make_dataset, make_editor
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_member, make_project, signed_in
from tests.prompt_registry.factories import make_prompt, make_version, text
from workers import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def dataset(project) -> Dataset:
    return make_dataset(project, name="support/refunds")


@pytest.fixture
def editor(project) -> User:
    return make_editor(project)


@pytest.fixture
def browser(editor) -> Client:
    return signed_in(editor)


@pytest.fixture
def viewer(project) -> Client:
    return signed_in(make_member(project=project, role=Role.VIEWER))


def at(dataset: Dataset, route: str = "dataset", *more: int) -> str:
    return reverse(route, args=[dataset.project.slug, dataset.pk, *more])


def fields(**values: object) -> dict[str, object]:
    """Return what the form of an item sends: one blank, and what a test overrides."""
    return {
        "input-name": "question", "input-kind": "text", "input-was-empty": "", "input-value": "Where?", "base": "1",
        "expected": "", "expected-kind": "text", "context": "", "split": "", "tags": "",
    } | values  # fmt: skip


# The list


def test_an_empty_project_shows_the_next_steps(project, browser, viewer):
    address = reverse("datasets", args=[project.slug])

    page = browser.get(address).text

    assert "Collect the first inputs" in page
    assert reverse("dataset-new", args=[project.slug]) in page
    assert reverse("dataset-new", args=[project.slug]) not in viewer.get(address).text


def test_the_list_counts_items_and_names_who_changed_them(project, dataset, browser, editor):
    add(dataset, by=editor)
    add(dataset, by=editor)

    page = browser.get(reverse("datasets", args=[project.slug])).text

    assert "support/refunds" in page
    assert editor.display_name in page
    assert 'data-label="Items">2<' in page


def test_a_search_finds_names(project, dataset, browser):
    make_dataset(project, name="other")

    page = browser.get(reverse("datasets", args=[project.slug]), {"q": "refu"}).text

    assert "support/refunds" in page
    assert ">other<" not in page


def test_a_new_dataset_is_made_and_opened(project, browser):
    answer = browser.post(reverse("dataset-new", args=[project.slug]), {"name": "new/one", "description": "Words"})

    made = Dataset.objects.get()
    assert (made.name, made.description) == ("new/one", "Words")
    assert answer.headers["Location"] == at(made)


def test_a_name_that_is_taken_is_named_beside_the_field(project, dataset, browser):
    answer = browser.post(reverse("dataset-new", args=[project.slug]), {"name": dataset.name})

    assert answer.status_code == 422
    assert "Choose another name" in answer.text


# The table of items


def test_the_table_shows_fifty_items_and_goes_on(dataset, browser):
    fill(dataset, 120)

    first = browser.get(at(dataset))
    second = browser.get(at(dataset) + first.context["later_url"])
    back = browser.get(at(dataset) + second.context["earlier_url"])

    numbers = [[line.item.number for line in page.context["lines"]] for page in (first, second, back)]
    assert numbers == [list(range(1, 51)), list(range(51, 101)), list(range(1, 51))]


def test_the_table_is_narrowed_by_text_tag_and_part(dataset, browser):
    add(dataset, "Where is it?", tags=["x"], split="test")
    add(dataset, "Who is it?", tags=["y"], split="train")

    for query in ({"q": "where"}, {"tag": "x"}, {"split": "test"}):
        page = browser.get(at(dataset), query).text
        assert ("Where is it?" in page, "Who is it?" in page) == (True, False)
    assert "No item matches" in browser.get(at(dataset), {"q": "xyzzy"}).text


def test_a_revision_shows_what_was_there_then(dataset, browser):
    add(dataset, "The first")
    add(dataset, "The second")

    page = browser.get(at(dataset), {"revision": "1"}).text

    assert ("The first" in page, "The second" in page) == (True, False)
    assert browser.get(at(dataset), {"revision": "9"}).status_code == 404


def test_prompts_whose_blanks_it_has_are_named(project, dataset, browser):
    fitting, other = make_prompt(project, name="fits", type="text"), make_prompt(project, name="other", type="text")
    make_version(fitting, text("Answer {{question}}"))
    make_version(other, text("Answer {{question}} in {{language}}"))
    add(dataset)

    assert [prompt.name for prompt in browser.get(at(dataset)).context["fits"]] == ["fits"]


def test_hostile_text_is_shown_as_text(dataset, browser):
    item = add(dataset, "<script>alert(1)</script>{{question}}", expected_output="<img src=x>", tags=["<b>"])

    for page in (browser.get(at(dataset)).text, browser.get(at(dataset, "dataset-item", item.number)).text):
        assert "<script>alert" not in page
        assert "<img src=x>" not in page
        assert "&lt;script&gt;" in page


# Items


def test_an_item_is_written_by_hand(dataset, browser):
    sent = fields(expected="Here.", context="A page", tags="a, b", split="test")

    browser.post(at(dataset, "dataset-item-new"), sent)

    item = dataset.items.get()
    assert (item.input, item.expected_output, item.context) == ({"question": "Where?"}, "Here.", "A page")
    assert (item.tags, item.split) == (["a", "b"], "test")


def test_what_is_wrong_with_an_item_is_said_and_the_text_kept(dataset, browser):
    answer = browser.post(at(dataset, "dataset-item-new"), fields(**{"input-value": "", "expected": "Kept words"}))

    assert answer.status_code == 422
    assert "at least one input" in answer.text
    assert "Kept words" in answer.text


def test_another_blank_and_another_message_make_room(dataset, browser):
    page = browser.post(at(dataset, "dataset-item-new"), fields(more="blank")).text
    talk = browser.post(at(dataset, "dataset-item-new"), fields(more="message")).text

    assert "Name of the blank" in page
    assert "Text of message 1" in talk
    assert not dataset.items.exists()


def test_saving_an_item_unchanged_changes_nothing_of_any_kind(dataset, browser):
    values = {
        "question": "Where?", "empty": "", "list": [1, {"a": None}], "number": 7,
        "messages": [{"role": "user", "content": "Hi"}], "tools": [{"role": "assistant", "content": "", "tool_calls": [1]}],
    }  # fmt: skip
    add(dataset, input=values, expected_output={"a": [1]}, metadata={"n": 1, "t": "x"}, tags=["a"], split="test")
    page = browser.get(at(dataset, "dataset-item", 1))

    answer = browser.post(at(dataset, "dataset-item", 1), as_sent(page.context["sheet"]) | {"base": "1"})

    assert answer.status_code == 302
    assert Dataset.objects.get().revision == 1


def as_sent(sheet) -> dict[str, object]:
    """Return what a browser sends of a form that nobody touched."""
    sent: dict[str, object] = {
        "expected": sheet.expected, "expected-kind": sheet.expected_kind, "context": sheet.context, "tags": sheet.tags,
        "split": sheet.split,
    }  # fmt: skip
    for prefix, pairs in (("input", sheet.inputs), ("note", sheet.notes)):
        sent[f"{prefix}-name"] = [pair.name for pair in pairs]
        sent[f"{prefix}-kind"] = [pair.kind for pair in pairs]
        sent[f"{prefix}-value"] = [pair.value for pair in pairs]
        sent[f"{prefix}-was-empty"] = ["1" if pair.was_empty else "" for pair in pairs]
        for place, pair in enumerate(pairs):
            sent[f"{prefix}-{place}-role"] = [turn.role for turn in pair.turns]
            sent[f"{prefix}-{place}-content"] = [turn.content for turn in pair.turns]
    return sent


def test_json_that_no_longer_is_json_is_refused_with_the_place(dataset, browser):
    add(dataset)

    answer = browser.post(at(dataset, "dataset-item", 1), fields(**{"input-kind": "json", "input-value": "{broken"}))

    assert answer.status_code == 422
    assert "not valid JSON any more: look at line 1" in answer.text


def test_a_change_of_what_somebody_else_changed_shows_both_and_keeps_mine(dataset, browser):
    add(dataset, "Before")
    theirs = item_contents.checked(input={"question": "Theirs"})
    datasets.change_item(dataset=dataset, number=1, content=theirs, by=None)

    answer = browser.post(at(dataset, "dataset-item", 1), fields(**{"input-value": "Mine"}))

    assert answer.status_code == 409
    assert "Somebody changed this item" in answer.text
    assert "Removed: </span>Theirs" in answer.text
    assert answer.context["base"] == 2
    assert dataset.items.current().get().input == {"question": "Theirs"}

    browser.post(at(dataset, "dataset-item", 1), fields(**{"input-value": "Mine", "base": "2"}))
    assert dataset.items.current().get().input == {"question": "Mine"}


def test_a_removed_item_is_brought_back_with_one_click(dataset, browser):
    add(dataset, "Where?")

    page = browser.post(at(dataset, "dataset-item-remove", 1), follow=True).text
    assert "Removed in revision 2" in page

    browser.post(at(dataset, "dataset-item-bring-back", 1))
    assert dataset.items.current().get().input == {"question": "Where?"}


def test_a_viewer_reads_an_item_and_changes_nothing(dataset, viewer):
    add(dataset, "Where?")

    page = viewer.get(at(dataset, "dataset-item", 1)).text

    assert "Where?" in page
    assert "<textarea" not in page
    assert viewer.post(at(dataset, "dataset-item", 1), fields()).status_code == 403


def test_an_item_leads_back_to_its_call(project, dataset, browser):
    trace_id = make_trace(project, asked="Where?")
    add(dataset, source_trace_id=trace_id)

    assert f"/traces/{trace_id}/" in browser.get(at(dataset, "dataset-item", 1)).text


# Revisions


def test_the_revisions_say_who_changed_what(dataset, browser, editor):
    add(dataset, by=editor)
    datasets.remove_item(dataset=dataset, number=1, by=editor)

    page = browser.get(at(dataset, "dataset-revisions")).text

    assert "Added 1 item" in page
    assert "Removed item 1" in page
    assert editor.display_name in page


def test_a_comparison_shows_the_words_that_changed(dataset, browser):
    add(dataset, "Where is the parcel?")
    changed = item_contents.checked(input={"question": "Where is the letter?"})
    datasets.change_item(dataset=dataset, number=1, content=changed, by=None)

    page = browser.get(at(dataset, "dataset-compare"), {"from": "1", "to": "2"}).text

    assert "<del>parcel</del>" in page
    assert "<ins>letter</ins>" in page


# Files


def upload(browser: Client, dataset: Dataset, data: bytes, name: str = "rows.csv"):
    return browser.post(at(dataset, "dataset-import"), {"file": SimpleUploadedFile(name, data)}, follow=True)


def test_a_file_is_looked_at_confirmed_and_imported(dataset, browser):
    page = upload(browser, dataset, b"question,__expected\nWhere?,Here\nWho?,Me\na,b,c\n").text
    assert "2 rows can be imported, 1 cannot" in page
    assert "<b>Line 4</b>" in page
    assert not dataset.items.exists()

    found = DatasetImport.objects.get()
    address = at(dataset, "dataset-import-look", found.pk)
    assert "Importing" in browser.post(address, {"do": "confirm"}, follow=True).text

    tasks.run_jobs("evals")
    page = browser.get(at(dataset, "dataset-import-state", found.pk)).text
    assert "2 items added as revision 1" in page
    assert "1 row was left out" in page
    assert dataset.items.count() == 2


def test_rows_that_are_the_same_item_are_said_before_the_import(dataset, browser):
    page = upload(browser, dataset, b"question,__expected\nWhere?,Here\nWhere?,Here\n").text

    assert "1 row says the same as an earlier row" in page
    assert "Import 1 item" in page


def test_columns_are_set_before_the_import(dataset, browser):
    upload(browser, dataset, b"text,label\nWhere?,card\n")
    address = at(dataset, "dataset-import-look", DatasetImport.objects.get().pk)
    columns = {"column": ["text", "label"], "role": ["blank", "tags"], "name": ["question", ""]}

    page = browser.post(address, columns | {"do": "columns"}, follow=True).text
    assert '<span class="badge badge-line">card</span>' in page

    browser.post(address, {"do": "confirm"})
    tasks.run_jobs("evals")
    assert dataset.items.get().input == {"question": "Where?"}


def test_rows_are_pasted_from_a_spreadsheet(dataset, browser):
    page = browser.post(
        at(dataset, "dataset-import"), {"rows": "question\t__expected\nWhere?\tHere\n"}, follow=True
    ).text

    assert "1 row can be imported" in page


@pytest.mark.parametrize(
    ("data", "sentence"), [(b"PK\x03\x04", "Excel workbook"), (b"", "The file is empty"), (b"\xff\xfe\x00", "UTF-8")]
)
def test_a_file_that_cannot_be_read_says_what_to_do(dataset, browser, data, sentence):
    answer = browser.post(at(dataset, "dataset-import"), {"file": SimpleUploadedFile("x", data)})

    assert answer.status_code == 422
    assert sentence in answer.text


def test_too_large_a_file_is_refused_before_it_is_kept(dataset, browser):
    answer = browser.post(
        at(dataset, "dataset-import"), {"file": SimpleUploadedFile("x.csv", b"q\n" + b"x" * (50 * 1024 * 1024))}
    )

    assert answer.status_code == 422
    assert "larger than 50 MiB" in answer.text
    assert not DatasetImport.objects.exists()


def test_a_file_is_forgotten_when_somebody_thinks_again(dataset, browser):
    found = hand_over(dataset, "q\na\n")

    browser.post(at(dataset, "dataset-import-look", found.pk), {"do": "drop"})

    assert not DatasetImport.objects.exists()


def test_items_are_taken_away_in_both_formats(dataset, browser):
    add(dataset, "=1+1", expected_output="2")

    lines = browser.get(at(dataset, "export-dataset-jsonl"))
    table = browser.get(at(dataset, "export-dataset-csv"))

    assert lines.getvalue().startswith(b'{"id":1,"input":{"question":"=1+1"}')
    assert b'"\'=1+1"' in table.getvalue()
    assert 'filename="callboard-support-refunds.csv"' in table.headers["Content-Disposition"]


# Archive


def test_a_dataset_is_archived_and_brought_back(project, dataset, browser):
    browser.post(at(dataset, "dataset-archive"))
    assert "support/refunds" not in browser.get(reverse("datasets", args=[project.slug])).context["datasets"]
    assert "in the archive" in browser.get(at(dataset)).text

    browser.post(at(dataset, "dataset-restore"))
    assert Dataset.objects.get().archived_at is None


def test_a_dataset_gets_another_name(dataset, browser):
    browser.post(at(dataset, "dataset-rename"), {"name": "other", "description": "Words"})

    assert Dataset.objects.values_list("name", "description").get() == ("other", "Words")


# Recorded calls


def calls_url(project: Project) -> str:
    return reverse("dataset-from-calls", args=[project.slug])


def test_one_call_is_added_from_its_trace(project, dataset, browser):
    trace_id = make_trace(project, asked="Where?", answered="Here.")
    trace_page = browser.get(f"/p/{project.slug}/traces/{trace_id}/")
    span = trace_page.context["panel"].span.hex_id
    assert f"trace={trace_id}&amp;span={span}" in trace_page.text

    browser.post(f"{calls_url(project)}?trace={trace_id}&span={span}", {"dataset": dataset.pk, "with_answer": "on"})

    item = dataset.items.get()
    assert (item.input["messages"][0]["content"], item.expected_output) == ("Where?", "Here.")


def test_all_that_pass_a_filter_are_added_to_a_new_dataset(project, browser):
    for asked in ("Where?", "Who?"):
        rate(project, make_trace(project, asked=asked))
    make_trace(project, asked="Liked")
    page = browser.get(calls_url(project), {"thumbs": "down"})
    assert "All 2 matching traces" in page.text
    assert "thumbs down" in page.text

    answer = browser.post(
        page.context["selection"].action, {"dataset": "new", "name": "disliked", "split": "test"}, follow=True
    )

    made = Dataset.objects.get()
    assert "2 items added to disliked" in answer.text
    assert [item.split for item in made.items.all()] == ["test", "test"]


def test_what_comes_after_the_look_is_not_added(project, dataset, browser):
    make_trace(project, asked="Where?")
    action = browser.get(calls_url(project)).context["selection"].action
    make_trace(project, asked="Later", at=timezone.now() + timedelta(minutes=1))

    browser.post(action, {"dataset": dataset.pk})

    assert [item.input["messages"][0]["content"] for item in dataset.items.all()] == ["Where?"]


def test_chosen_rows_are_added_and_those_of_others_are_not(project, dataset, browser):
    mine = make_trace(project, asked="Where?")
    foreign = make_trace(make_project(), asked="Secret")
    assert f'value="{mine}"' in browser.get(f"/p/{project.slug}/explore/").text

    browser.post(f"{calls_url(project)}?chosen={mine}&chosen={foreign}", {"dataset": dataset.pk})

    assert [item.source_trace_id.hex for item in dataset.items.all()] == [mine]
    assert browser.get(f"{calls_url(project)}?chosen={foreign}").status_code == 404


@pytest.mark.parametrize("query", ["trace=zz", "trace=&span=1", "chosen=zz", "chosen=" + "0" * 32, "trace=" + "0" * 32])
def test_invented_calls_lead_nowhere_or_to_the_filter(project, browser, query):
    assert browser.get(f"{calls_url(project)}?{query}").status_code in (200, 404)


def test_a_new_dataset_needs_a_name(project, browser):
    make_trace(project, asked="Where?")

    answer = browser.post(calls_url(project), {"dataset": "new"})

    assert answer.status_code == 422
    assert "Give the new dataset a name" in answer.text


def test_nothing_to_add_shows_the_way_back(project, browser):
    assert "Nothing to add" in browser.get(calls_url(project), {"q": "xyzzy"}).text
