"""The pages that take prompts in and give them out."""

from __future__ import annotations

import io
import json
import tarfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from projects.models import Project
from prompt_registry.imports import runs
from prompt_registry.models import Label, Prompt, PromptImport, PromptVersion
from tests.projects.factories import make_member, make_project, signed_in
from tests.prompt_registry.factories import make_prompt, make_version, text
from webapp import uploads
from webapp.pages.prompts_import import SHOWN

pytestmark = pytest.mark.django_db

LANGFUSE = [{"name": "support/refund", "type": "text", "prompt": "Be kind to {{name}}.", "labels": ["production"]}]


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def editor(project):
    return make_member(project=project, role="editor")


@pytest.fixture
def browser(editor):
    return signed_in(editor)


def upload(browser, project, *files: tuple[str, bytes], **values: str):
    sent = [SimpleUploadedFile(name, content) for name, content in files]
    return browser.post(reverse("prompt-import", args=[project.slug]), {"uploads": sent, **values})


def choices(page) -> list[str]:
    return [part.split('"')[0] for part in page.text.split('name="line" value="')[1:]]


def test_an_upload_leads_to_what_it_becomes_and_a_choice_saves_it(browser, project):
    answer = upload(browser, project, ("export.json", json.dumps(LANGFUSE).encode()))
    page = browser.get(answer.url)
    assert "1 new prompt" in page.text
    assert "It does not go live by itself (production there)." in page.text
    assert not Prompt.objects.exists()

    done = browser.post(answer.url, {"format": "langfuse", "line": choices(page)}, follow=True)

    assert "support/refund" in done.text
    assert "Nothing is live yet" in done.text
    assert PromptVersion.objects.get(project=project).text == "Be kind to {{name}}."
    assert not Label.objects.filter(project=project).exists()


def test_sending_the_choice_twice_saves_once(browser, project):
    address = upload(browser, project, ("export.json", json.dumps(LANGFUSE).encode())).url
    sent = {"format": "langfuse", "line": choices(browser.get(address))}

    answers = [browser.post(address, sent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 200]
    assert PromptVersion.objects.filter(project=project).count() == 1


def test_pasted_text_gets_the_name_that_was_given(browser, project):
    answer = upload(browser, project, text="Answer in {{language}}.", name="support/short")

    page = browser.get(answer.url)

    assert "support/short" in page.text
    assert "Answer in {{language}}." in page.text


def test_the_format_can_be_changed(browser, project):
    address = upload(browser, project, ("ours.json", json.dumps(LANGFUSE).encode())).url

    page = browser.get(f"{address}?format=markdown")

    assert "[{&quot;name&quot;: &quot;support/refund&quot;" in page.text


def test_a_format_that_does_not_fit_says_so_and_can_be_changed_back(browser, project):
    address = upload(browser, project, ("export.json", b'["x"]')).url

    page = browser.get(f"{address}?format=langsmith")

    assert page.status_code == 200
    assert "no prompt template was found in this manifest" in page.text
    assert '<select class="input" name="format"' in page.text


def test_an_unknown_format_is_guessed(browser, project):
    address = upload(browser, project, ("export.json", json.dumps(LANGFUSE).encode())).url

    assert "support/refund" in browser.get(f"{address}?format=invented").text


def test_nothing_chosen_keeps_the_page(browser, project):
    address = upload(browser, project, ("export.json", json.dumps(LANGFUSE).encode())).url

    page = browser.post(address, {"format": "langfuse"})

    assert page.status_code == 422
    assert "No prompt was chosen" in page.text


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ((), "There is nothing in it."),
        ((("x.zip", b"PK\x03\x04"),), "ZIP files are not read."),
        ((("x.md", b"\xff\xfa"),), "not text in UTF-8"),
        ((("x.md", b""),), "The submitted file is empty."),
    ],
)
def test_what_cannot_be_read_is_said_on_the_form(browser, project, files, sentence):
    page = upload(browser, project, *files)

    assert page.status_code == 422
    assert sentence in page.text


def test_files_beyond_the_limit_are_let_go_of_while_they_arrive(browser, project, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_BYTES", 1000)

    page = upload(browser, project, ("a.md", b"x" * 600), ("b.md", b"x" * 600))

    assert page.status_code == 422
    assert "more than 50 MiB" in page.text
    assert not PromptImport.objects.exists()


def test_hostile_names_and_texts_are_shown_as_text(browser, project):
    hostile = "<script>alert(1)</script>{% now %}"
    file = json.dumps(
        [{"name": hostile, "prompt": hostile, "tags": [hostile], "labels": [hostile], "config": {hostile: 1}}]
    )
    answer = upload(browser, project, ("<b>.json", file.encode()))

    page = browser.get(answer.url)

    assert "<script>alert(1)" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{% now %}" in page.text


def test_more_lines_than_are_shown_can_be_taken_together(browser, project):
    many = [{"name": f"p{number}", "prompt": "x"} for number in range(SHOWN + 5)]
    address = upload(browser, project, ("export.json", json.dumps(many).encode())).url
    page = browser.get(address)
    assert "and 5 more that are not shown here" in page.text

    browser.post(address, {"format": "langfuse", "line": choices(page)})

    assert PromptVersion.objects.filter(project=project).count() == SHOWN + 5


def test_so_many_that_others_would_wait_are_taken_in_rounds(browser, project, monkeypatch):
    monkeypatch.setattr(runs, "MAX_AT_ONCE", 3)
    file = ("export.json", json.dumps([{"name": f"p{number}", "prompt": "x"} for number in range(5)]).encode())
    address = upload(browser, project, file).url
    page = browser.get(address)
    assert "2 more wait" in page.text

    refused = browser.post(address, {"format": "langfuse", "line": choices(page)})
    browser.post(address, {"format": "langfuse", "line": choices(page)[:3]})
    second = browser.get(upload(browser, project, file).url)

    assert "Choose at most 3 at once" in refused.text
    assert "2 new prompts · 3 are here already" in second.text


def test_an_import_of_another_project_does_not_exist(browser, project):
    other = make_project()
    foreign = upload(signed_in(make_member(project=other, role="editor")), other, text="x").url.rsplit("/", 2)[1]

    assert browser.get(reverse("prompt-import-choose", args=[project.slug, foreign])).status_code == 404


def test_the_empty_list_leads_to_the_import(browser, project):
    page = browser.get(reverse("prompts", args=[project.slug]))

    assert reverse("prompt-import", args=[project.slug]) in page.text
    assert "Import prompts" in page.text


# Export


@pytest.fixture
def prompt(project):
    prompt = make_prompt(project, name="support/Antwort: kurz", type="text")
    make_version(prompt, text("Hi {{x}}"), note="Why")
    return prompt


def body_of(answer) -> bytes:
    return b"".join(answer.streaming_content)


def test_all_prompts_come_as_an_archive(browser, project, prompt):
    answer = browser.get(reverse("prompts-export-file", args=[project.slug]), {"format": "markdown", "label": "latest"})

    assert answer["Content-Disposition"] == f'attachment; filename="{project.slug}-prompts.tar.gz"'
    with tarfile.open(fileobj=io.BytesIO(body_of(answer))) as archive:
        assert archive.getnames() == ["support/Antwort%3A kurz.md"]


def test_all_prompts_come_in_the_shape_of_langfuse(browser, project, prompt):
    answer = browser.get(reverse("prompts-export-file", args=[project.slug]), {"format": "langfuse", "label": "latest"})

    assert [item["name"] for item in json.loads(body_of(answer))] == ["support/Antwort: kurz"]


def test_a_choice_that_does_not_exist_is_refused(browser, project):
    answer = browser.get(reverse("prompts-export-file", args=[project.slug]), {"format": "exe", "label": "latest"})

    assert answer.status_code == 422


def test_one_prompt_comes_as_a_file(browser, project, prompt):
    answer = browser.get(reverse("prompt-file", args=[project.slug, prompt.pk]))

    assert answer.text == '---\nname: "support/Antwort: kurz"\ntype: text\nnote: Why\n---\n\nHi {{x}}\n'
    assert answer["Content-Disposition"].endswith("filename*=UTF-8''Antwort%253A%20kurz.md")


def test_the_export_page_begins_in_the_open_folder(browser, project):
    page = browser.get(reverse("prompts-export", args=[project.slug]), {"folder": "support/"})

    assert 'value="support/"' in page.text
