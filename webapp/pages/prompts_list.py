"""The list of prompts with its folders, search, filters, order, and the archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from monitoring import usage_prompts
from monitoring.usage import Usage
from monitoring.usage_prompts import PromptUsage
from projects.models import Membership, Project
from projects.roles import Action
from prompt_registry import approval_queries, prompt_list, prompt_search, texts
from prompt_registry.models import Prompt
from prompt_registry.prompt_list import Folder, Named, PromptRow, Wanted
from webapp import charts, formats
from webapp.access import ProjectRequest, requires
from webapp.pages import issues_reading
from webapp.pages.prompts_frame import admins_for, approvals_of
from webapp.render import render_page

PAGE_SIZE = 50
UNUSED_DAYS = 30
SHOWS = (
    ("", "All prompts"),
    ("mine", "Mine"),
    ("waiting", "Waiting for me"),
    ("disliked", "With thumbs down"),
    ("unused", f"No calls for {UNUSED_DAYS} days"),
)
ORDERS = (
    ("", "By name"),
    ("changed", "Changed last"),
    ("calls", "Most calls"),
    ("disliked", "Most disliked"),
    ("cost", "Dearest answers"),
)
_NO_CALLS = PromptUsage(Usage(), ())


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the list asks for."""

    words: str = ""
    folder: str = ""
    tag: str = ""
    show: str = ""
    order: str = ""
    environment: str = ""
    after: str = ""
    is_archive: bool = False

    @property
    def terms(self) -> tuple[str, ...]:
        return prompt_search.terms_of(self.words)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but a folder narrows the list."""
        return bool(self.words or self.tag or self.show)

    @property
    def is_flat(self) -> bool:
        """Whether folders would only be in the way: what was looked for may be in any of them."""
        return self.is_narrowed or bool(self.order) or self.is_archive

    @property
    def query(self) -> dict[str, str]:
        """The values that make this list again, without the place in it."""
        named = {"q": self.words, "folder": self.folder, "tag": self.tag, "show": self.show, "sort": self.order,
                 "environment": self.environment, "archive": "1" if self.is_archive else ""}  # fmt: skip
        return {name: value for name, value in named.items() if value}

    @property
    def sentence(self) -> str:
        """What narrows the list, in words, for whoever is about to change everything on it."""
        parts = [
            f"in the folder {self.folder.rstrip('/')}" if self.folder else "",
            f"with the tag «{self.tag}»" if self.tag else "",
            f"with «{self.words}» in name or text" if self.words else "",
            {"mine": "that you made or write on", "waiting": "that wait for you", "disliked": "with thumbs down",
             "unused": f"without calls for {UNUSED_DAYS} days"}.get(self.show, ""),
        ]  # fmt: skip
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the list with the numbers of the last days beside it."""

    row: PromptRow
    numbers: PromptUsage
    issue_count: int = 0

    @property
    def usage(self) -> Usage:
        return self.numbers.total

    @property
    def sparkline(self) -> SafeString:
        days = self.numbers.calls_per_day
        words = ", ".join(formats.full_count(calls) for calls in days)
        return (
            charts.sparkline(days, f"Calls on each of the last {len(days)} days: {words}")
            if any(days)
            else SafeString("")
        )

    @property
    def cost_per_1000_usd(self) -> float | None:
        per_call = self.usage.cost_per_call_usd
        return per_call * 1000 if per_call is not None else None


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of one folder under its name; what lies in the open folder itself has no name above it."""

    name: str
    path: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands on the page: folders to open, then rows, then where the next page begins."""

    folders: list[Folder]
    prompts: list[Named]
    next_after: str = ""
    is_grouped: bool = False


@requires(Action.READ_PROMPTS)
def prompts_page(request: ProjectRequest) -> HttpResponse:
    """Show one folder, what was looked for, or the archive."""
    asked, now = asked_in(request.GET), timezone.now()
    found = prompt_list.find(project=request.project, wanted=wanted_of(asked, request.membership, now))
    shown = _shown(asked, found, request.membership, now)
    lines = _lines(shown.prompts, asked, request, now)
    context = {
        "page_title": "Prompts",
        "asked": asked,
        "folder_name": asked.folder.rstrip("/").rsplit("/", 1)[-1],
        "shows": SHOWS,
        "orders": ORDERS,
        "tags": prompt_list.tags(project=request.project),
        "crumbs": crumbs_of(request.project, asked),
        "folders": shown.folders,
        "groups": _groups(lines, asked.folder) if shown.is_grouped else [Group("", "", lines)],
        "lines": lines,
        "days": usage_prompts.DAYS,
        "found_count": len(found),
        "older_url": _address(asked, after=shown.next_after) if shown.next_after else "",
        "plain_url": _address(Asked(folder=asked.folder, environment=asked.environment)),
        "archive_count": Prompt.objects.for_project(request.project).exclude(archived_at=None, deleted_at=None).count(),
        "admins": admins_for(request),
        **approvals_of(request),
        "new_url": with_query(reverse("prompt-new", args=[request.project.slug]), folder=asked.folder),
    }
    return render_page(request, "prompts/list.html", context, fragment="rows", section="prompts")


def asked_in(values: QueryDict) -> Asked:
    """Return what an address asks for; odd values count as not given."""
    show, order = values.get("show", ""), values.get("sort", "")
    return Asked(
        words=texts.clean(values.get("q", "")).strip()[:200],
        folder=texts.clean(values.get("folder", ""))[:255],
        tag=texts.clean(values.get("tag", ""))[:60],
        show=show if show in dict(SHOWS) else "",
        order=order if order in dict(ORDERS) else "",
        environment=texts.clean(values.get("environment", ""))[:60],
        after=texts.clean(values.get("after", ""))[:300],
        is_archive="archive" in values,
    )


def wanted_of(asked: Asked, membership: Membership, now: datetime) -> Wanted:
    """Return what belongs on the list; numbers of calls are turned into names here, the registry knows none."""
    named, unnamed, project = None, set[str](), membership.project
    if asked.show == "waiting":
        named = set(approval_queries.waiting_for(membership).values_list("prompt__name", flat=True))
    if asked.show == "disliked":
        named = set(usage_prompts.dislikes(project=project, now=now, environment=asked.environment))
    if asked.show == "unused":
        since = now - timedelta(days=UNUSED_DAYS)
        unnamed = usage_prompts.called_since(project=project, since=since, environment=asked.environment)
    return Wanted(
        folder=asked.folder, terms=asked.terms, tag=asked.tag, of=membership.user if asked.show == "mine" else None,
        named=named, unnamed=unnamed, is_put_away=asked.is_archive,
    )  # fmt: skip


def crumbs_of(project: Project, asked: Asked, *, is_below: bool = False) -> list[dict[str, str]]:
    """Return the way from the top of the list to the open folder."""
    top = reverse("prompts", args=[project.slug])
    parts = asked.folder.strip("/").split("/") if asked.folder else []
    found = [{"label": "Prompts", "url": top}] if parts or asked.is_archive or is_below else []
    return found + [
        {"label": part, "url": with_query(top, folder="/".join(parts[: n + 1]) + "/")}
        for n, part in enumerate(parts[:-1])
    ]


def with_query(url: str, **values: str) -> str:
    """Return an address with the values that are not empty."""
    given = {name: value for name, value in values.items() if value}
    return f"{url}?{urlencode(given)}" if given else url


def _shown(asked: Asked, found: Sequence[Named], membership: Membership, now: datetime) -> Shown:
    if asked.is_flat:
        values = _values(asked, membership, now)
        page = prompt_list.page(found, values=values, after=asked.after, limit=PAGE_SIZE)
        return Shown([], page.prompts, page.next_after)
    # Few prompts are not hidden in folders.
    if len(found) <= PAGE_SIZE:
        return Shown([], list(found), is_grouped=True)
    folders, directly = prompt_list.inside(found, asked.folder)
    page = prompt_list.page(directly, values={}, after=asked.after, limit=PAGE_SIZE)
    return Shown([] if asked.after else folders, page.prompts, page.next_after)


def _values(asked: Asked, membership: Membership, now: datetime) -> Mapping[str, float]:
    """Return what the list is ordered by, by name of the prompt; the highest comes first."""
    project = membership.project
    if asked.order == "changed":
        wanted = wanted_of(asked, membership, now)
        return {name: at.timestamp() for name, at in prompt_list.changed_at(project=project, wanted=wanted).items()}
    if asked.order == "disliked":
        # The low end of the interval: one thumb down out of one is no reason to stand on top.
        rates = usage_prompts.dislikes(project=project, now=now, environment=asked.environment)
        return {name: rate.low for name, rate in rates.items()}
    if asked.order == "calls":
        return usage_prompts.call_counts(project=project, now=now, environment=asked.environment)
    if asked.order == "cost":
        return usage_prompts.costs_per_call(project=project, now=now, environment=asked.environment)
    return {}


def _lines(shown: Sequence[Named], asked: Asked, request: ProjectRequest, now: datetime) -> list[Line]:
    rows = prompt_list.rows(shown, project=request.project, reader=request.user, terms=asked.terms)
    numbers = usage_prompts.of_prompts(
        project=request.project, names=[prompt.name for prompt in shown], now=now, environment=asked.environment
    )
    issues = issues_reading.open_counts(project=request.project, names=[prompt.name for prompt in shown])
    return [
        Line(row, numbers.get(row.prompt.name, _NO_CALLS), issues.get(row.prompt.name, 0)) for row in rows
    ]  # fmt: skip


def _groups(lines: list[Line], folder: str) -> list[Group]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.row.prompt.name[len(folder) :].rpartition("/")[0], []).append(line)
    return [Group(name, f"{folder}{name}/" if name else "", found[name]) for name in sorted(found)]


def _address(asked: Asked, **values: Any) -> str:
    return f"?{urlencode({**asked.query, **values})}"


urlpatterns: list[URLPattern] = [path("prompts/", prompts_page, name="prompts")]
