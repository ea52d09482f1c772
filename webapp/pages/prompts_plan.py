"""What a publish would change, put together before anybody decides: the differences, the checks, who is affected."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404

from prompt_registry import (
    approval_queries,
    callers,
    checks,
    contents,
    context_checks,
    labels,
    price_changes,
    protection,
    snippets,
    versions,
)
from prompt_registry.callers import Traffic
from prompt_registry.checks import Check
from prompt_registry.contents import PromptContent
from prompt_registry.context_checks import Room
from prompt_registry.errors import LabelNotUsable, LabelReserved, VersionUnknown
from prompt_registry.models import (
    PRODUCTION,
    ChangeRequest,
    Label,
    Prompt,
    PromptVersion,
    PublishSchedule,
    ScheduleState,
)
from prompt_registry.price_changes import PriceChange
from prompt_registry.protection import Protection
from webapp.access import ProjectRequest
from webapp.pages import experiments_publish
from webapp.pages.experiments_publish import Tested
from webapp.pages.prompts_form import number_in


@dataclass(frozen=True, slots=True)
class Plan:
    """A publish that somebody looks at: which version goes where, what it replaces and what stands in its way."""

    version: PromptVersion
    place: str
    current: Label | None
    rule: Protection
    traffic: Traffic
    checks: list[Check]
    price: PriceChange
    room: Room
    request: ChangeRequest | None
    schedule: PublishSchedule | None
    tested: Tested | None

    @property
    def expected(self) -> int:
        return self.current.version.number if self.current else 0

    @property
    def ticks(self) -> list[Check]:
        return [check for check in self.checks if check.level == checks.TICK]

    @property
    def stops(self) -> list[Check]:
        return [check for check in self.checks if check.level == checks.STOPS] if self.is_protected else []

    @property
    def is_there(self) -> bool:
        return self.current is not None and self.current.version_id == self.version.pk

    @property
    def is_protected(self) -> bool:
        return self.rule.covers(self.place)

    @property
    def needs_approval(self) -> bool:
        return self.rule.demands_approval(self.place)

    @property
    def active_request(self) -> ChangeRequest | None:
        """The request for this very version that is not over."""
        return self.request if self.request is not None and self.request.is_active else None

    @property
    def approval(self) -> ChangeRequest | None:
        """The request for this very version that somebody approved and that was not used yet."""
        request = self.active_request
        return request if request is not None and not request.is_waiting else None

    @property
    def before(self) -> PromptContent | None:
        return contents.of_version(self.current.version) if self.current else None

    @property
    def after(self) -> PromptContent:
        return contents.of_version(self.version)


def plan_of(request: ProjectRequest, prompt: Prompt) -> Plan:
    """Return the plan that the address names: `?version=` (default: the newest) and `?to=` (default: production)."""
    place, version = _subject(request, prompt)
    return plan_for(prompt, version, place)


def plan_for(prompt: Prompt, version: PromptVersion, place: str) -> Plan:
    """Return what publishing the version to the place would change."""
    current = prompt.labels.select_related("version__prompt", "updated_by").filter(name=place).first()
    written = contents.of_version(version)
    filled = snippets.composed(written, project_id=prompt.project_id)
    after, rule = filled.content, protection.of(prompt.project)
    before = (
        snippets.composed(contents.of_version(current.version), project_id=prompt.project_id).content
        if current
        else None
    )
    found = snippets.findings(written, prompt.project, name=prompt.name)
    if rule.covers(place):
        found += snippets.loose(filled, is_protected=rule.covers)
    missing = [Check(checks.STOPS, sentence) for sentence in found]
    traffic = callers.of(prompt=prompt, label=place)
    tested = experiments_publish.of(
        version=version, content=after, live=current.version if current else None, live_content=before
    )
    found_by_tests = [tested.check] if tested else []
    planned = prompt.schedules.filter(label=place, state=ScheduleState.WAITING)
    return Plan(
        version=version, place=place, current=current, rule=rule, traffic=traffic,
        checks=_in_order([*missing, *checks.run(before=before, after=after, traffic=traffic), *found_by_tests]),
        price=price_changes.estimate(before=before, after=after, traffic=traffic),
        room=context_checks.room(before=before, after=after, traffic=traffic),
        request=approval_queries.latest(prompt=prompt, version=version, label=place),
        schedule=planned.select_related("version", "scheduled_by").first(), tested=tested,
    )  # fmt: skip


def _in_order(found: list[Check]) -> list[Check]:
    return sorted(found, key=lambda check: (checks.STOPS, checks.TICK, checks.INFORMS).index(check.level))


def _subject(request: ProjectRequest, prompt: Prompt) -> tuple[str, PromptVersion]:
    number = number_in(request.GET, "version")
    try:
        place = labels.clean_name(request.GET.get("to", PRODUCTION))
        version = versions.by_number(prompt, number) if number else versions.newest_of(prompt)
    except (VersionUnknown, LabelNotUsable, LabelReserved):
        raise Http404 from None
    if version is None:
        raise Http404
    return place, version
