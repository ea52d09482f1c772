"""Renaming, tagging, archiving, deleting and bringing back a prompt, and finding it by its name."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from projects.models import User
from projects.roles import Action
from prompt_registry import prompt_list, prompts
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import Prompt
from webapp.access import ProjectRequest, one, requires
from webapp.pages.prompts_form import number_in
from webapp.pages.prompts_frame import prompt_of, render_prompt


class Rename(forms.Form):
    name = forms.CharField(
        label="Name", max_length=255, help_text="«/» makes folders: support/refund-answer.",
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip


@requires(Action.EDIT_PROMPTS)
def rename(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Give the prompt another name or folder, while nothing was published."""
    prompt = prompt_of(request, prompt_id)
    form = Rename(request.POST if request.method == "POST" else None, initial={"name": prompt.name})
    if form.is_bound and form.is_valid():
        try:
            prompts.rename(prompt=prompt, name=form.cleaned_data["name"], by=request.user)
        except PromptRegistryError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, "The prompt has its new name.")
            return redirect("prompt", request.project.slug, prompt.pk)
    context = {"form": form, "is_published": prompt.label_moves.exists()}
    return render_prompt(request, "prompts/rename.html", prompt, context, tab="", status=422 if form.is_bound else 200)


@requires(Action.EDIT_PROMPTS)
def tags(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Choose the tags that the prompt is found by."""
    prompt = prompt_of(request, prompt_id)
    error, fresh = "", request.POST.get("fresh", "")
    chosen = request.POST.getlist("tag") if request.method == "POST" else prompt.tags
    if request.method == "POST":
        try:
            wanted = [*chosen, *(tag for part in fresh.split(",") if (tag := part.strip()))]
            prompts.retag(prompt=prompt, tags=wanted, by=request.user)
        except PromptRegistryError as refused:
            error = str(refused)
        else:
            messages.success(request, "The tags are saved.")
            return redirect("prompt", request.project.slug, prompt.pk)
    known = list(dict.fromkeys([*prompt.tags, *prompt_list.tags(project=request.project)]))
    context = {"known_tags": known, "chosen_tags": chosen, "fresh": fresh, "error": error}
    return render_prompt(request, "prompts/tags.html", prompt, context, tab="", status=422 if error else 200)


@requires(Action.EDIT_PROMPTS)
@require_POST
def archive(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Take the prompt out of the list; applications go on getting what is live."""
    prompt = prompt_of(request, prompt_id)
    sentence = f"{prompt.name} is in the archive. Applications go on getting what is live."
    return _changed(request, prompt, prompts.archive, sentence, to_list=True)


@requires(Action.PUBLISH)
@require_POST
def delete(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Tell applications that the prompt is gone; it can be brought back."""
    prompt = prompt_of(request, prompt_id)
    sentence = f"{prompt.name} is deleted. You can bring it back from the archive."
    return _changed(request, prompt, prompts.delete, sentence, to_list=True)


@requires(Action.EDIT_PROMPTS)
@require_POST
def restore(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Bring the prompt back with all its versions."""
    prompt = prompt_of(request, prompt_id)
    return _changed(request, prompt, prompts.restore, f"{prompt.name} is back.", to_list=False)


@requires(Action.READ_PROMPTS)
def by_name(request: ProjectRequest) -> HttpResponse:
    """Lead from a name, and a version when one is given, to the page; for links from recorded calls."""
    name = request.GET.get("name", "").replace("\x00", "")
    prompt = one(Prompt.objects.for_project(request.project), name=name)
    number = number_in(request.GET, "version")
    if number and prompt.versions.filter(number=number).exists():
        return redirect("prompt-version", request.project.slug, prompt.pk, number)
    return redirect("prompt", request.project.slug, prompt.pk)


def _changed(
    request: ProjectRequest, prompt: Prompt, change: Callable[..., Prompt], sentence: str, *, to_list: bool
) -> HttpResponse:
    by: User = request.user
    try:
        change(prompt=prompt, by=by)
    except PromptRegistryError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, sentence)
    return redirect("prompts", request.project.slug) if to_list else redirect("prompt", request.project.slug, prompt.pk)


urlpatterns: list[URLPattern] = [
    path("prompts/named/", by_name, name="prompt-by-name"),
    path("prompts/<int:prompt_id>/rename/", rename, name="prompt-rename"),
    path("prompts/<int:prompt_id>/tags/", tags, name="prompt-tags"),
    path("prompts/<int:prompt_id>/archive/", archive, name="prompt-archive"),
    path("prompts/<int:prompt_id>/delete/", delete, name="prompt-delete"),
    path("prompts/<int:prompt_id>/restore/", restore, name="prompt-restore"),
]
