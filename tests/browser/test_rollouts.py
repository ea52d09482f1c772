"""The story of a rollout as the person who started it sees it: watched, paused, gone on by itself, and taken back by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from monitoring import rollout_counts
from projects.models import Project, User
from prompt_registry import labels
from prompt_registry.models import Prompt, Rollout
from prompt_registry.rollouts.decisions import Action
from prompt_registry.rollouts.models import PPM
from tests.browser import sessions
from tests.browser.test_pages import problems
from tests.monitoring.factories import make_span, new_trace_id, rate, send
from tests.prompt_registry.factories import make_prompt, make_version, text
from workers import rollout_control, rollout_counting

VERSIONS = {"control": 1, "candidate": 2}
ANSWERS = {"control": "Soon.", "candidate": "It comes on Thursday, I promise."}
QUESTIONS = ("Where is my parcel?", "Do you ship to Norway?", "May I return a tent that I slept in?")


def test_a_rollout_is_watched_paused_and_taken_back_by_itself(
    open_page: Callable[..., Page], project: Project, admin: User, troubles: list[str], tmp_path: Path
) -> None:
    prompt, page = live_prompt(project, admin), open_page(user=admin)
    looked_at = Looks(page, tmp_path, troubles)

    start(page, prompt, looked_at)
    rollout = rollout_of(prompt)
    address = reverse("rollout", args=[project.slug, rollout.pk])
    expect(page.locator(".rollout-verdict")).to_contain_text("v2 is at 20%. Safe so far. Not enough data yet")

    people_come(rollout)
    see_arms_and_evidence(page)
    see_pairs(page)
    looked_at(address, "under-way")
    pause_and_continue(page, address)

    begun(rollout, minutes_ago=40)
    look_by_the_rule(rollout, Action.PROMOTE)
    page.goto(address)
    expect(page.locator(".rollout-verdict")).to_contain_text("v2 is at 60%")
    expect(page.locator(".share-rail [aria-current='step']")).to_contain_text("60%")

    people_meet_errors(rollout)
    look_by_the_rule(rollout, Action.ROLL_BACK)
    # The page asks by itself, every five seconds.
    ended = "v2 was taken back; everybody gets v1. Errors got worse."
    expect(page.locator(".rollout-verdict")).to_contain_text(ended, timeout=15_000)
    read_the_report(page, address, looked_at)
    assert prompt.labels.get(name="production").version.number == 1


class Looks:
    """Looks at pages in both themes and widths: what axe-core minds, and a picture of each."""

    def __init__(self, page: Page, directory: Path, troubles: list[str]) -> None:
        self.page, self.directory, self.troubles = page, directory, troubles

    def __call__(self, address: str, name: str) -> None:
        found = problems(self.page, address, self.troubles)
        for width, size in (("desk", sessions.DESK), ("hand", sessions.HAND)):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            for theme in ("light", "dark"):
                self.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                self.page.screenshot(path=self.directory / f"{name}-{width}-{theme}.png", full_page=True)
        self.page.set_viewport_size(sessions.DESK)  # type: ignore[arg-type]
        self.page.emulate_media(color_scheme="light")
        assert found == []


def live_prompt(project: Project, by: User) -> Prompt:
    """Make a prompt whose first version has answered four hundred people."""
    prompt = make_prompt(project, type="text", name="support/answer")
    first = make_version(prompt, text("Answer {{question}}."))
    make_version(prompt, text("Answer {{question}} in one kind sentence."))
    labels.publish(prompt=prompt, version=first, label="production", by=by)
    at = timezone.now() - timedelta(hours=6)
    spans = (
        make_span(
            at=at + timedelta(seconds=20 * number), prompt=prompt.name, version=1, user=f"before-{number}",
            trace_id=new_trace_id(), asked=QUESTIONS[number % 3], answered="Soon.", cost_usd=0.001,
        )
        for number in range(400)
    )  # fmt: skip
    send(project, *spans)
    return prompt


def start(page: Page, prompt: Prompt, looked_at: Looks) -> None:
    page.goto(reverse("prompt-versions", args=[prompt.project.slug, prompt.pk]))
    page.get_by_role("row", name="v2").get_by_role("link", name="Publish…").click()
    page.get_by_role("link", name="Roll out gradually").click()
    expect(page.get_by_role("heading", name="Roll out v2 in production")).to_be_visible()
    looked_at(page.url, "start")
    page.get_by_label("Fast").check()
    page.get_by_label("Shares in percent", exact=True).fill("20, 60")
    page.get_by_label("Hours at each share, at least").fill("0.5")
    page.get_by_role("button", name="Work the plan out anew").click()
    page.get_by_label("Why").fill("People want it kind")
    page.get_by_role("button", name="Start with 20%").click()


def people_come(rollout: Rollout) -> None:
    """Let it have begun almost half an hour ago, and six hundred people have come since."""
    rollout = begun(rollout, minutes_ago=25)
    traces = calls(rollout, {"candidate": (0, 200_000, 120), "control": (200_000, PPM, 480)})
    for trace in (*traces[:2], *traces[-3:]):
        rate(rollout.project, trace, comment="That does not help.")
    for minutes in (20, 10):
        rollout_control.look_at(rollout, now=timezone.now())
        newest = rollout.decisions.exclude(situation={}).latest("pk")
        rollout.decisions.filter(pk=newest.pk).update(decided_at=timezone.now() - timedelta(minutes=minutes))


def people_meet_errors(rollout: Rollout) -> None:
    """Let people come to whom the second share gives the new version, and fail there."""
    rollout = begun(rollout, minutes_ago=5)
    people = {"candidate": (200_000, 600_000, 60), "control": (600_000, PPM, 60)}
    calls(rollout, people, error="timeout", minutes_ago=2)


def begun(rollout: Rollout, *, minutes_ago: int) -> Rollout:
    """Let the present share have begun so long ago; nobody remembers what was counted before."""
    rollout_counting.forget()
    began = rollout_of(rollout.prompt).step_began
    moment = timezone.now() - timedelta(minutes=minutes_ago)
    Rollout.objects.filter(pk=rollout.pk).update(step_began=[*began[:-1], moment.isoformat()])
    return rollout_of(rollout.prompt)


def calls(
    rollout: Rollout, people: dict[str, tuple[int, int, int]], *, error: str = "", minutes_ago: int = 10
) -> list[str]:  # fmt: skip
    """Record one call of each of so many people between two shares; the candidate's may fail. Return their traces in order."""
    spans, traces = [], []
    for arm, (low, high, count) in people.items():
        for number in range(count):
            bucket = rollout_counts.limit(low) + (high - low) * 2**48 // PPM * number // count
            traces.append(new_trace_id())
            sent = {"id": str(rollout.pk), "arm": arm, "bucket": bucket}
            spans.append(
                make_span(
                    trace_id=traces[-1], at=timezone.now() - timedelta(minutes=minutes_ago), prompt=rollout.prompt.name,
                    version=VERSIONS[arm], user=f"person-{bucket}", asked=QUESTIONS[number % 3], answered=ANSWERS[arm],
                    cost_usd=0.001, error=error if arm == "candidate" else "",
                    attributes={f"callboard.rollout.{name}": value for name, value in sent.items()},
                )
            )  # fmt: skip
    send(rollout.project, *spans)
    return traces


def look_by_the_rule(rollout: Rollout, action: Action) -> None:
    """Do what a tick of the timetable does for this rollout."""
    rollout_counting.forget()
    assert rollout_control.look_at(rollout_of(rollout.prompt), now=timezone.now()) == action


def rollout_of(prompt: Prompt) -> Rollout:
    return Rollout.objects.select_related("project", "prompt", "control", "candidate").get(prompt=prompt)


def see_arms_and_evidence(page: Page) -> None:
    rollout_counting.forget()
    page.reload()
    for version, people, share in ((1, "480", "80%"), (2, "120", "20%")):
        card = page.locator("section.card", has=page.get_by_role("heading", name=f"v{version}", exact=False)).first
        expect(card).to_contain_text(people)
        expect(card).to_contain_text(f"{share} asked, {share} seen")
    watched = page.get_by_role("table", name="What is watched")
    expect(watched).to_contain_text("Thumbs down")
    expect(watched).to_contain_text("Errors")
    expect(page.locator("cb-chart").first).to_be_visible()


def see_pairs(page: Page) -> None:
    pairs = page.locator("#pairs")
    expect(pairs.get_by_role("heading", name="The same question, both answers")).to_be_visible()
    expect(pairs).to_contain_text("disliked")
    expect(pairs).to_contain_text("It comes on Thursday, I promise.")
    expect(pairs).to_contain_text("Soon.")
    page.keyboard.press("e")
    expect(pairs).to_contain_text("2 of 20")


def pause_and_continue(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_load_state("load")
    page.keyboard.press("p")
    expect(page.locator(".rollout-verdict")).to_contain_text("v2 is at 20% and paused.")
    page.wait_for_load_state("load")
    page.keyboard.press("p")
    expect(page.locator(".rollout-verdict")).to_contain_text("v2 is at 20%. Safe so far.")


def read_the_report(page: Page, address: str, looked_at: Looks) -> None:
    looked_at(address, "report")
    expect(page.get_by_text("It ran for")).to_be_visible()
    expect(page.get_by_role("button", name="Take it back")).to_have_count(0)
    history = page.get_by_role("table", name="History")
    for what in ("started", "paused", "resumed", "promote", "roll back"):
        expect(history).to_contain_text(what)
    history.get_by_role("link", name="the rule, on these numbers").first.click()
    expect(page.get_by_role("heading", name="Roll back at")).to_be_visible()
    looked_at(page.url, "decision")
    looked_at(address.split("/rollouts/")[0] + "/rollouts/", "list")
