"""Every page, light and dark, on a desk and in a hand: no complaint of the browser, no sideways scrolling, nothing axe-core minds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import axe_playwright_python
import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from monitoring.weekly import weeks
from tests.browser import sessions
from tests.browser.demo_shop import DemoShop
from tests.webapp.routes import routes

WIDTHS = {1440: 900, 390: 844}
GRAVE = {"serious", "critical"}
LAST_MONDAY = weeks.last_over(timezone.now(), ZoneInfo("UTC")).monday.isoformat()
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def inside(route: str, query: str = "", **kwargs: Callable[[DemoShop], object]) -> Callable[[DemoShop], str]:
    """Return what makes the address of a page of the project."""

    def address(demo: DemoShop) -> str:
        found = {name: value(demo) for name, value in kwargs.items()}
        return reverse(route, kwargs={"slug": demo.project.slug, **found}) + query.format(demo=demo)

    return address


def of_prompt(route: str, query: str = "", **kwargs: Callable[[DemoShop], object]) -> Callable[[DemoShop], str]:
    return inside(route, query, prompt_id=lambda demo: demo.prompt.pk, **kwargs)


def of_dataset(route: str, query: str = "", **kwargs: Callable[[DemoShop], object]) -> Callable[[DemoShop], str]:
    return inside(route, query, dataset_id=lambda demo: demo.dataset.pk, **kwargs)


def of_check(route: str, query: str = "", **kwargs: Callable[[DemoShop], object]) -> Callable[[DemoShop], str]:
    return inside(route, query, **{"evaluator_id": lambda demo: demo.evaluator_id, **kwargs})


def of_queue(route: str, kind: str = "calls", query: str = "") -> Callable[[DemoShop], str]:
    return inside(route, query, queue_id=lambda demo: getattr(demo.reviews, f"{kind}_id"))


def of_issues(place: str) -> Callable[[DemoShop], str]:
    return lambda demo: demo.issues.at(place)


def elsewhere(path: str) -> Callable[[DemoShop], str]:
    return lambda demo: path.format(demo=demo)


PAGES: dict[str, Callable[[DemoShop], str]] = {
    "overview": inside("overview"),
    "empty overview": elsewhere("/p/{demo.empty.slug}/"),
    "weekly-report": inside("weekly-report", monday=lambda demo: LAST_MONDAY),
    "weekly-reports": elsewhere("/p/{demo.empty.slug}/reports/"),
    "prompts": inside("prompts"),
    "prompts found": inside("prompts", "?q=refund"),
    "prompts not found": inside("prompts", "?q=xyzzy"),
    "prompts in order": inside("prompts", "?sort=calls&show=disliked"),
    "prompts that wait": inside("prompts", "?show=waiting"),
    "prompts none left": inside("prompts", "?show=unused&tag=nothing"),
    "prompts-bulk": inside("prompts-bulk", "?do=tag&chosen={demo.prompt.pk}"),
    "prompts none chosen": inside("prompts-bulk", "?do=archive"),
    "prompt-duplicate": of_prompt("prompt-duplicate"),
    "prompt-move": of_prompt("prompt-move"),
    "prompt-users": of_prompt("prompt-users"),
    "prompt-tags": of_prompt("prompt-tags"),
    "prompt-new": inside("prompt-new"),
    "prompt-import": inside("prompt-import"),
    "prompt-import-choose": inside("prompt-import-choose", import_id=lambda demo: demo.import_id),
    "imported": inside("prompt-import-choose", import_id=lambda demo: demo.done_import_id),
    "prompts-export": inside("prompts-export"),
    "empty prompts": elsewhere("/p/{demo.empty.slug}/prompts/"),
    "prompt": of_prompt("prompt"),
    "prompt-paste": of_prompt("prompt-paste"),
    "prompt-versions": of_prompt("prompt-versions"),
    "prompt-version": of_prompt("prompt-version", number=lambda demo: 2),
    "prompt-compare": of_prompt("prompt-compare", "?from=1&to=2"),
    "prompts only changes": of_prompt("prompt-compare", "?from=1&to=2&view=changes"),
    "prompts side by side": of_prompt("prompt-compare", "?from=1&to=2&view=side"),
    "prompt-publish": of_prompt("prompt-publish", "?version=1"),
    "publish side by side": of_prompt("prompt-publish", "?version=1&view=side"),
    "publish with calls run again": of_prompt("prompt-publish", "?version={demo.recalled_number}"),
    "publish with a request": inside("prompt-publish", prompt_id=lambda demo: demo.proposed.pk),
    "prompt-versions with a request": inside("prompt-versions", prompt_id=lambda demo: demo.proposed.pk),
    "change-requests": inside("change-requests"),
    "all change-requests": inside("change-requests", "?show=all"),
    "prompt-rename": of_prompt("prompt-rename"),
    "datasets": inside("datasets"),
    "empty datasets": elsewhere("/p/{demo.empty.slug}/datasets/"),
    "dataset-new": inside("dataset-new"),
    "dataset": of_dataset("dataset"),
    "dataset not found": of_dataset("dataset", "?q=xyzzy"),
    "dataset at a revision": of_dataset("dataset", "?revision=1"),
    "dataset-rename": of_dataset("dataset-rename"),
    "dataset-item-new": of_dataset("dataset-item-new"),
    "dataset-item": of_dataset("dataset-item", number=lambda demo: 1),
    "item with json": of_dataset("dataset-item", number=lambda demo: demo.dataset.last_item_number - 2),
    "dataset-revisions": of_dataset("dataset-revisions"),
    "dataset-compare": of_dataset("dataset-compare", "?from=1"),
    "dataset-coverage": of_dataset("dataset-coverage", "?calls=all"),
    "dataset-care": of_dataset("dataset-care"),
    "coverage not measured": of_dataset("dataset-coverage", "?calls=nothing"),
    "dataset-import": of_dataset("dataset-import"),
    "dataset-import-look": of_dataset("dataset-import-look", import_id=lambda demo: demo.dataset_file_id),
    "imported dataset": of_dataset("dataset-import-look", import_id=lambda demo: demo.dataset_imported_id),
    "dataset-from-calls": inside("dataset-from-calls", "?thumbs=down"),
    "nothing to add": inside("dataset-from-calls", "?q=xyzzy"),
    "dataset-tests": of_dataset("dataset-tests"),
    "prompt-tests": of_prompt("prompt-tests"),
    "prompt-tests without tests": inside("prompt-tests", prompt_id=lambda demo: demo.proposed.pk),
    "experiments": inside("experiments"),
    "experiments in the archive": inside("experiments", "?archive"),
    "experiments none left": inside("experiments", "?state=cancelled"),
    "empty experiments": elsewhere("/p/{demo.empty.slug}/experiments/"),
    "choose a prompt to test": inside("experiment-new"),
    "nothing to test": elsewhere("/p/{demo.empty.slug}/experiments/new/"),
    "experiment-new": inside("experiment-new", "?prompt={demo.prompt.pk}&dataset={demo.dataset.pk}&what=1&what=2"),
    "experiment-new without items": inside("experiment-new", "?prompt={demo.prompt.pk}&dataset="),
    "experiment": inside("experiment", experiment_id=lambda demo: demo.experiment_id),
    "experiment under way": inside("experiment", experiment_id=lambda demo: demo.running_experiment_id),
    "experiment that is a replay": inside("experiment", experiment_id=lambda demo: demo.replay_id),
    "experiment-methods": inside("experiment-methods"),
    "experiment-row": inside("experiment-row", experiment_id=lambda demo: demo.experiment_id, number=lambda demo: 1),
    "experiment-texts": inside("experiment-texts", "?column=1", experiment_id=lambda demo: demo.experiment_id),
    "trial-test": of_prompt("trial-test", trial_id=lambda demo: demo.trial_id),
    "evaluators": inside("evaluators"),
    "empty evaluators": elsewhere("/p/{demo.empty.slug}/evaluators/"),
    "evaluators not found": inside("evaluators", "?q=xyzzy"),
    "evaluator-new": inside("evaluator-new"),
    "new rubric": inside("evaluator-new", "?kind=judge+rubric"),
    "new pattern": inside("evaluator-new", "?kind=pattern"),
    "evaluator": of_check("evaluator", "?dataset={demo.dataset.pk}"),
    "judge": of_check("evaluator", evaluator_id=lambda demo: demo.judge_id),
    "evaluator-versions": of_check("evaluator-versions"),
    "evaluator-change": of_check("evaluator-change"),
    "judge change": of_check("evaluator-change", evaluator_id=lambda demo: demo.judge_id),
    "evaluator-rename": of_check("evaluator-rename"),
    "online-evaluations": inside("online-evaluations"),
    "no online-evaluations": elsewhere("/p/{demo.empty.slug}/evaluators/live/"),
    "online-evaluation-new": inside("online-evaluation-new"),
    "online-evaluation": inside("online-evaluation", online_id=lambda demo: demo.online_id),
    "online-evaluation-change": inside("online-evaluation-change", online_id=lambda demo: demo.online_id),
    "prompt-replay": of_prompt("prompt-replay"),
    "replay of a week": of_prompt("prompt-replay", "?days=7&what=1"),
    "replay without calls": inside("prompt-replay", "?days=7", prompt_id=lambda demo: demo.proposed.pk),
    "prompt-try": of_prompt("prompt-try"),
    "try on samples": of_prompt("prompt-try", "?source=samples"),
    "try on calls that lack blanks": of_prompt("prompt-try", "?what=4&source=disliked&count=5"),
    "trial": of_prompt("trial", trial_id=lambda demo: demo.trial_id),
    "blind trial": of_prompt("trial", "?blind=1", trial_id=lambda demo: demo.trial_id),
    "trial-difference": of_prompt(
        "trial-difference", trial_id=lambda demo: demo.trial_id, row=lambda demo: 0, column=lambda demo: 1
    ),
    "rollouts": inside("rollouts"),
    "empty rollouts": elsewhere("/p/{demo.empty.slug}/rollouts/"),
    "rollout": inside("rollout", rollout_id=lambda demo: demo.rollouts.running_id),
    "ended rollout": inside("rollout", rollout_id=lambda demo: demo.rollouts.ended_id),
    "rollout-decision": inside(
        "rollout-decision",
        rollout_id=lambda demo: demo.rollouts.running_id,
        decision_id=lambda demo: demo.rollouts.decision_id,
    ),
    "rollout-start": of_prompt("rollout-start", "?version=1&to=production"),
    "issues": of_issues("issues/"),
    "empty issues": elsewhere("/p/{demo.empty.slug}/issues/"),
    "issues none proved gone": of_issues("issues/?tab=gone"),
    "issues pending": of_issues("issues/?tab=pending"),
    "issues not found": of_issues("issues/?q=xyzzy"),
    "issue": of_issues("issues/{issues.worst}/"),
    "issue with a form": of_issues("issues/{issues.worst}/?do=mute"),
    "merged issue": of_issues("issues/{issues.merged}/"),
    "issue-merge": of_issues("issues/{issues.worst}/merge/"),
    "issue-merge preview": of_issues("issues/{issues.worst}/merge/?into=2"),
    "issue-split": of_issues("issues/{issues.worst}/split/"),
    "issue-dataset": of_issues("issues/{issues.worst}/dataset/"),
    "issue with a fix": of_issues("issues/{issues.fixed}/"),
    "issue-examples": of_issues("issues/{issues.fixed}/examples/"),
    "issue-proposal": of_issues("issues/{issues.fixed}/proposal/"),
    "issue-predictions": of_issues("issues/predictions/"),
    "no predictions": elsewhere("/p/{demo.empty.slug}/issues/predictions/"),
    "traffic": of_issues("issues/traffic/"),
    "traffic map": of_issues("issues/traffic/?view=map"),
    "empty traffic": elsewhere("/p/{demo.empty.slug}/issues/traffic/"),
    "call of an issue": of_issues("traces/{issues.call_trace_id}/"),
    "overview with issues": of_issues(""),
    "reviews": inside("reviews"),
    "empty reviews": elsewhere("/p/{demo.empty.slug}/reviews/"),
    "closed reviews": inside("reviews", "?closed"),
    "review-new": inside("review-new"),
    "review-new of disliked calls": inside("review-new", "?from=disliked"),
    "review-new of which experiment": inside("review-new", "?from=pairs"),
    "review-new of pairs": inside("review-new", "?from=pairs&experiment={demo.reviews.experiment_id}"),
    "review-new for a judge": inside("review-new", "?from=judge&experiment={demo.reviews.experiment_id}"),
    "review-new of chosen calls": inside("review-new", "?from=chosen&thumbs=down"),
    "review-queue": of_queue("review-queue"),
    "review-queue of a judge": of_queue("review-queue", "judge"),
    "review-queue with disagreements": of_queue("review-queue", "disputed"),
    "review-queue closed": of_queue("review-queue", "closed"),
    "review": of_queue("review"),
    "review not begun": of_queue("review", "pairs"),
    "review closed": of_queue("review", "closed"),
    "review-results": of_queue("review-results", "disputed"),
    "review-results none yet": of_queue("review-results"),
    "review-decide": of_queue("review-decide", "disputed"),
    "review-decide nothing": of_queue("review-decide", "judge"),
    "review-guests": of_queue("review-guests"),
    "review-judge": inside("review-judge", "?queue={demo.reviews.judge_id}"),
    "empty review-judge": elsewhere("/p/{demo.empty.slug}/reviews/judge/"),
    "explore": inside("explore"),
    "explore filtered": inside("explore", "?thumbs=down&prompt=support/refund-answer"),
    "nothing to explore": inside("explore", "?q=xyzzy"),
    "explore by a line": inside("explore", "?q=-model:gpt-4+latency:>10ms+promt:x"),
    "views": inside("views"),
    "dashboards": inside("dashboards"),
    "empty dashboards": elsewhere("/p/{demo.empty.slug}/dashboards/"),
    "dashboard": inside("dashboard", dashboard_id=lambda demo: demo.dashboard_id),
    "chart": inside("chart"),
    "version-traffic": inside("version-traffic", "?range=7d"),
    "empty version-traffic": elsewhere("/p/{demo.empty.slug}/dashboards/versions/"),
    "chart by version": inside("chart", "?measure=p95&split=version&range=7d"),
    "chart beside the period before": inside("chart", "?measure=errors&compare=1&range=7d"),
    "chart call by call": inside("chart", "?measure=users&split=release&q=promt:x"),
    "chart of a score": inside("chart", "?measure=score&split=metadata"),
    "explore-compare": inside("explore-compare", "?chosen={demo.trace_id}&chosen={demo.failed_trace_id}"),
    "explore-no-problem": inside("explore-no-problem", "?flag=any&range=30d"),
    "explore followed": inside("explore", "?follow=1"),
    "explore-difference": inside("explore-difference", "?thumbs=down"),
    "explore-difference of nothing": inside("explore-difference"),
    "trace-similar": inside("trace-similar", hex_id=lambda demo: demo.found_trace_id),
    "trace-similar not looked at": inside("trace-similar", hex_id=lambda demo: demo.failed_trace_id),
    "explore by finding": inside("explore", "?flag=any"),
    "costs": inside("costs"),
    "costs of a prompt": inside("costs", "?range=7d&prompt=support/refund-answer"),
    "costs-dearest": inside("costs-dearest", "?note=plan"),
    "costs-invoices": inside("costs-invoices"),
    "costs-invoice": inside("costs-invoice", invoice_id=lambda demo: demo.invoice_id),
    "no invoices": elsewhere("/p/{demo.empty.slug}/costs/invoices/"),
    "costs of nothing": elsewhere("/p/{demo.empty.slug}/costs/"),
    "latency": inside("latency"),
    "latency of a part": inside("latency", "?since=2026-01-01T00:00&until=2126-01-01T00:00&least=0.1&most=600"),
    "feedback": inside("feedback"),
    "all feedback": inside("feedback", "?state=all&form=all"),
    "feedback not found": inside("feedback", "?q=xyzzy"),
    "no feedback": elsewhere("/p/{demo.empty.slug}/feedback/"),
    "feedback-responses": inside("feedback-responses", "?range=30d&odds=5"),
    "nobody answers": elsewhere("/p/{demo.empty.slug}/feedback/who-answers/"),
    "outcomes": inside("outcomes", "?days=90&follow=1"),
    "no outcomes": elsewhere("/p/{demo.empty.slug}/outcomes/"),
    "latency of nothing": elsewhere("/p/{demo.empty.slug}/explore/latency/?since=later"),
    "trace with a finding": inside("trace", hex_id=lambda demo: demo.found_trace_id),
    "trace": inside("trace", hex_id=lambda demo: demo.trace_id),
    "failed trace": inside("trace", hex_id=lambda demo: demo.failed_trace_id),
    "session": inside("session", "?id={demo.session_id}"),
    "session at a trace": inside("session", "?id={demo.session_id}&trace={demo.trace_id}"),
    "trace-links": inside("trace-links", hex_id=lambda demo: demo.trace_id),
    "settings-links": inside("settings-links"),
    "start": inside("start"),
    "first start": elsewhere("/p/{demo.empty.slug}/start/"),
    "settings-project": inside("settings-project"),
    "settings-members": inside("settings-members"),
    "settings-keys": inside("settings-keys"),
    "new-key": inside("new-key"),
    "settings-providers": inside("settings-providers"),
    "new-provider": inside("new-provider"),
    "change-provider": inside("change-provider", connection_id=lambda demo: demo.connection_id),
    "settings-alerts": inside("settings-alerts"),
    "no alerts": elsewhere("/p/{demo.empty.slug}/settings/alerts/"),
    "new-alert": inside("new-alert"),
    "new-alert change": inside("new-alert", "?kind=change"),
    "new-alert silence": inside("new-alert", "?kind=silence"),
    "new-alert budget": inside("new-alert", "?kind=budget"),
    "new-alert happening": inside("new-alert", "?kind=happening"),
    "alert": inside("alert", alert_id=lambda demo: demo.alert_id),
    "change-alert": inside("change-alert", alert_id=lambda demo: demo.alert_id),
    "settings-webhooks": inside("settings-webhooks"),
    "no webhooks": elsewhere("/p/{demo.empty.slug}/settings/webhooks/"),
    "new-webhook": inside("new-webhook"),
    "webhook": inside("webhook", endpoint_id=lambda demo: demo.webhook_id),
    "webhook switched off": inside("webhook", endpoint_id=lambda demo: demo.webhook_off_id),
    "change-webhook": inside("change-webhook", endpoint_id=lambda demo: demo.webhook_id),
    "webhook-delivery": inside("webhook-delivery", delivery_id=lambda demo: demo.delivery_id),
    "notifications": elsewhere("/notifications/"),
    "notification-choices": elsewhere("/notifications/settings/"),
    "settings-prices": inside("settings-prices", "?q=gpt"),
    "empty prices": elsewhere("/p/{demo.empty.slug}/settings/prices/"),
    "price-history": inside("price-history", "?model=o3"),
    "price unknown": inside("price-history", "?model=invented"),
    "set-price": inside("set-price", "?model=gpt-4o"),
    "settings-publishing": inside("settings-publishing"),
    "settings-spending": inside("settings-spending"),
    "settings-similar": inside("settings-similar"),
    "settings-privacy": inside("settings-privacy"),
    "settings-data": inside("settings-data"),
    "no scheduled export": elsewhere("/p/{demo.empty.slug}/settings/data/"),
    "scheduled-export-new": inside("scheduled-export-new", "?to=s3"),
    "scheduled export to a folder": inside("scheduled-export-new", "?to=folder"),
    "scheduled-export": inside("scheduled-export", scheduled_id=lambda demo: demo.scheduled_export_id),
    "scheduled-export-change": inside("scheduled-export-change", scheduled_id=lambda demo: demo.scheduled_export_id),
    "erasure-new": inside("erasure-new"),
    "exports": inside("exports"),
    "export-new": inside("export-new"),
    "training-new": inside("training-new"),
    "settings-detectors": inside("settings-detectors"),
    "nothing found yet": elsewhere("/p/{demo.empty.slug}/settings/detectors/"),
    "settings-detector": inside("settings-detector", name=lambda demo: "refused"),
    "settings-detector certain": inside("settings-detector", name=lambda demo: "failed"),
    "settings-ingestion": inside("settings-ingestion"),
    "empty ingestion": elsewhere("/p/{demo.empty.slug}/settings/ingestion/"),
    "settings-ingestion-limits": inside("settings-ingestion-limits"),
    "settings-audit": inside("settings-audit"),
    "projects": elsewhere("/projects/"),
    "new-project": elsewhere("/projects/new/"),
    "people": elsewhere("/accounts/people/"),
    "system": elsewhere("/system/"),
    "profile": elsewhere("/accounts/profile/"),
    "account_change_password": elsewhere("/accounts/password/change/"),
    "account_set_password": elsewhere("/accounts/password/set/"),
    "account_reauthenticate": elsewhere("/accounts/confirm/?next=/"),
    "account_logout": elsewhere("/accounts/logout/"),
    "no such page": inside("overview", "nowhere/"),
}
SIGNED_OUT: dict[str, Callable[[DemoShop], str]] = {
    "account_login": elsewhere("/accounts/login/"),
    "account_reset_password": elsewhere("/accounts/password/reset/"),
    "account_reset_password_done": elsewhere("/accounts/password/reset/done/"),
    "account_reset_password_from_key": elsewhere("/accounts/password/reset/key/1-invented/"),
    "account_reset_password_from_key_done": elsewhere("/accounts/password/reset/key/done/"),
    "account_inactive": elsewhere("/accounts/inactive/"),
    "account_signup": elsewhere("/accounts/signup/"),
    "invitation": elsewhere("/invitations/{demo.invitation_token}/"),
    "sign-in-link": elsewhere("/sign-in/used-up/"),
    "guest-link": elsewhere("/guest/{demo.reviews.guest_token}/"),
    "shared-trace": elsewhere("/shared/{demo.shared_token}/"),
    "shared trace that ended": elsewhere("/shared/invented/"),
    "guest link that ended": elsewhere("/guest/invented/"),
    "guest-review": elsewhere("/guest/review/"),
}
# Addresses that change something, answer with parts of pages or with data, lead on to another page, or are not ours.
NO_PAGES = set(
    """
    home settings prompt-writers prompt-by-name prompt-changed prompt-windows join-project preferences
    prompt-file prompts-export-file
    prompt-recalls prompt-try-example request-comment-add
    rollout-act
    issue-act issue-chart issue-fix traffic-points costs-invoice-add costs-invoice-export costs-invoice-delete
    prompt-snippets remove-price reprice stop-repricing repricing
    prompt-archive prompt-delete prompt-discard prompt-draft prompt-preview prompt-restore prompt-undo prompt-use prompt-use-again
    comment-people comment-add comment-answer comment-edit comment-delete comment-resolve comment-reopen
    notification-count read-notifications open-notification read-notification
    rotate-webhook switch-webhook delete-webhook test-webhook resend-webhook
    prompt-ask-approval prompt-approve prompt-ask-for-changes prompt-withdraw prompt-schedule prompt-unschedule
    protect-labels switch-approval
    experiment-progress experiment-pause experiment-resume experiment-cancel experiment-raise-cap experiment-retry
    experiment-archive experiment-restore experiment-verdict experiment-rows experiment-save-item experiment-disagree experiment-use
    experiment-export experiment-export-jsonl
    trial-news trial-run trial-stop trial-add trial-judge trial-keep
    mark-flag preview-detector change-detector detector-judge analysis-look-again analysis-stop analysis-rerun
    trace-feedback feedback-mark trace-comment trace-comment-edit trace-comment-delete trace-link-new trace-link-revoke allow-links
    explore-new search start-key start-live span-text overview-chart
    explore-complete explore-volume explore-follow explore-search-on explore-columns view-save view-change
    dashboard-new dashboard-change dashboard-panel dashboard-chart-change chart-figure chart-csv chart-keep
    add-simulated-provider delete-provider test-provider change-role remove-member invite-member revoke-invitation revoke-key
    preview-alert take-alert mute-alert test-alert delete-alert restore-alert resend-alert
    scheduled-export-switch scheduled-export-run scheduled-export-delete
    look-at-retention change-retention erasure-ask erasure erasure-state
    weekly-report-markdown
    export-ask export export-state export-stop export-delete export-file export-manifest export-download training-ask
    change-privacy change-group-privacy try-masking add-masking-rule remove-masking-rule
    dataset-archive dataset-restore dataset-item-remove dataset-item-bring-back dataset-import-state
    review-change review-more review-close review-keep review-guest-new review-guest-revoke export-review-csv export-review-jsonl
    export-dataset-jsonl export-dataset-csv dataset-coverage-state dataset-coverage-measure dataset-coverage-add
    dataset-care-state dataset-care-look dataset-care-mask
    evaluators-starters evaluator-archive evaluator-restore
    online-evaluation-pause online-evaluation-resume online-evaluation-use-newest online-evaluation-remove
    leave-project remove-demo check-audit export-audit-csv export-audit-jsonl person-link person-off person-on
    settings-ingestion-chart settings-ingestion-quarantine
    api-root openapi-json openapi-view otlp-traces otlp-logs otlp-metrics feedback-browser csp-report livez readyz metrics sdk-wheel
    langfuse-traces langfuse-metrics langfuse-health langfuse-trace langfuse-2-trace ofrep-flags ofrep-flag mcp
    """.split()
)


@pytest.fixture(scope="module")
def troubles() -> list[str]:
    return []


@pytest.fixture(scope="module")
def look(chromium: Browser, site: str, troubles: list[str]) -> Iterator[Page]:
    """One tab for all tests of this module: a new one for each would cost more than the look."""
    with sessions.browser(chromium, site, troubles) as context:
        yield context.new_page()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound(look, demo, site, troubles, name):
    sessions.sign_in(look.context, demo.admin, site)

    assert problems(look, PAGES[name](demo), troubles) == []


@pytest.mark.parametrize("name", SIGNED_OUT)
def test_a_page_for_everybody_is_sound(look, demo, troubles, name):
    look.context.clear_cookies()

    assert problems(look, SIGNED_OUT[name](demo), troubles) == []


@pytest.mark.parametrize("keys", ["?", "Control+k", "t", "."])
def test_what_opens_over_a_page_is_sound(look, demo, site, troubles, keys):
    sessions.sign_in(look.context, demo.admin, site)

    assert problems(look, PAGES["prompt" if keys == "." else "explore"](demo), troubles, keys=keys) == []


def test_every_address_is_looked_at_or_known_to_be_no_page():
    unknown = {route.name for route in routes()} - PAGES.keys() - SIGNED_OUT.keys() - NO_PAGES

    assert unknown == set()


def problems(page: Page, address: str, troubles: list[str], *, keys: str = "") -> list[str]:
    """Return what is wrong with a page, each with width, theme and rule."""
    found = []
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="light")
        _open(page, address, keys)
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if overflow > 0:
            found.append(f"{width} px: the page is {overflow} px wider than the window")
        found += [f"{width} px, light: {broken}" for broken in _broken_rules(page)]
        page.emulate_media(color_scheme="dark")
        found += [
            f"{width} px, dark: {broken}" for broken in _broken_rules(page, "color-contrast", "link-in-text-block")
        ]
    found += troubles
    troubles.clear()
    return found


def _open(page: Page, address: str, keys: str) -> None:
    page.goto(address)
    if page.locator("cb-chart[data-figure-url]").count():
        # Nothing is fetched for a chart that nobody sees.
        page.locator("cb-chart[data-figure-url]").first.scroll_into_view_if_needed()
        expect(page.locator(".chart-live .main-svg").first).to_be_visible()
    if keys:
        page.keyboard.press(keys)
        expect(page.locator("dialog[open], [popover]:popover-open")).to_have_count(1)
    page.evaluate(AXE)


def _broken_rules(page: Page, *only: str) -> list[str]:
    """Return the rules that axe-core finds broken; colours are all that a theme changes, so the dark one is asked for less."""
    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False} | (
        {"runOnly": list(only)} if only else {}
    )
    violations = page.evaluate("async (options) => (await axe.run(document, options)).violations", options)
    return [
        f"{violation['id']} at {node['target']}"
        for violation in violations
        if violation["impact"] in GRAVE
        for node in violation["nodes"][:3]
    ]
