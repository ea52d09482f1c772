"""Settings of the project itself: its name, leaving it, removing the demo."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from projects import members, projects
from projects.errors import ProjectsError
from projects.roles import Action
from prompt_registry import project_removal
from prompt_registry.errors import PromptRegistryError
from webapp.access import ProjectRequest, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages.settings_frame import render_settings

PAGE = "settings-project"


class ProjectForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=120, help_text="The address of the project stays as it is when the name changes."
    )


@requires(Action.MANAGE_PROJECT)
def project(request: ProjectRequest) -> HttpResponse:
    """Show and change the name of the project."""
    is_sent = request.method == "POST"
    form = ProjectForm(request.POST if is_sent else None, initial={"name": request.project.name})
    if is_sent and form.is_valid():
        try:
            projects.rename(project=request.project, name=form.cleaned_data["name"], by=request.user)
        except ProjectsError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, "The name is saved.")
            return redirect(PAGE, request.project.slug)
    return render_settings(request, "settings/project.html", {"form": form}, page=PAGE, status=422 if is_sent else 200)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def remove_demo(request: ProjectRequest) -> HttpResponseBase:
    """Remove the demo project with everything in it."""
    try:
        project_removal.remove_demo(project=request.project, by=request.user)
    except PromptRegistryError as error:
        messages.error(request, str(error))
        return redirect(PAGE, request.project.slug)
    messages.success(request, f"The demo project {request.project.name} is removed.")
    return redirect("projects")


@requires(Action.READ_TRACES)
@require_POST
def leave(request: ProjectRequest) -> HttpResponseBase:
    """End one's own membership."""
    try:
        members.remove(membership=request.membership, by=request.user)
    except ProjectsError as error:
        messages.error(request, str(error))
        return redirect("overview", request.project.slug)
    messages.success(request, f"You left {request.project.name}.")
    return redirect("projects")


urlpatterns: list[URLPattern] = [
    path("settings/project/", project, name=PAGE),
    path("settings/project/remove-demo/", remove_demo, name="remove-demo"),
    path("settings/project/leave/", leave, name="leave-project"),
]
