"""Where somebody lands: the project last used, the list of projects, a new project."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from projects import members, projects
from projects.errors import AlreadyMember, ProjectsError
from projects.models import Membership, Project
from projects.roles import Role
from webapp import access
from webapp.access import SignedInRequest, owners_only, signed_in


@signed_in
def home(request: SignedInRequest) -> HttpResponse:
    """Go to the project last used, to the only one, or to the list."""
    mine = Project.objects.visible_to(request.user)
    slugs = list(mine.order_by("pk").values_list("slug", flat=True)[:2])
    last = request.session.get(access.LAST_PROJECT)
    if last and mine.filter(slug=last).exists():
        return redirect("overview", last)
    return redirect("overview", slugs[0]) if len(slugs) == 1 else redirect("projects")


@signed_in
def project_list(request: SignedInRequest) -> HttpResponse:
    """Show the person's projects; owners also see those they do not belong to, by name."""
    memberships = Membership.objects.filter(user=request.user).select_related("project").order_by("project__name")
    others = Project.objects.of_people().exclude(memberships__user=request.user).order_by("name")
    context = {
        "page_title": "Projects",
        "memberships": memberships[:200],
        "others": others[:200] if request.user.is_owner else [],
    }
    return render(request, "projects/list.html", context)


class NewProject(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=120,
        help_text="For example the product whose prompts it holds. You can change it later.",
    )


@signed_in
def new_project(request: SignedInRequest) -> HttpResponse:
    """Make a project and lead to the page that connects an application to it."""
    form = NewProject(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            project = projects.create(name=form.cleaned_data["name"], by=request.user)
        except ProjectsError as error:
            form.add_error("name", str(error))
        else:
            return redirect("start", project.slug)
    return render(
        request, "projects/new.html", {"page_title": "New project", "form": form}, status=422 if form.is_bound else 200
    )


@owners_only
@require_POST
def join(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Make an owner of the installation an admin of a project, for everybody to see in its audit log."""
    project = access.one(Project.objects.of_people(), slug=slug)
    try:
        members.add(project=project, user=request.user, role=Role.ADMIN, by=request.user)
    except AlreadyMember:
        messages.info(request, f"You already belong to {project.name}.")
    return redirect("overview", project.slug)


urlpatterns: list[URLPattern] = [
    path("", home, name="home"),
    path("projects/", project_list, name="projects"),
    path("projects/new/", new_project, name="new-project"),
    path("projects/<slug:slug>/join/", join, name="join-project"),
]
