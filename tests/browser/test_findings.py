"""One walk: say what a finding is worth by keyboard, see what a stricter detector would change, and go from the map to a call."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import expect

from tests.browser import sessions
from tests.browser.demo_findings import ANSWER
from tests.monitoring.analysis.found_calls import names_of, note
from tests.monitoring.factories import make_trace


def test_findings_are_judged_tuned_and_traced_back_to_calls(chromium, demo, site):
    trace_id = make_trace(
        demo.project,
        asked="May I send it back?",
        answered=ANSWER,
        took_ms=40_000,
        at=timezone.now() - timedelta(seconds=10),
    )
    call = note(demo.project, trace_id, {"refused": 0.97}, evidence={"refused": [("output", 0, 40, "declines")]})
    troubles: list[str] = []
    with sessions.browser(chromium, site, troubles, viewport=sessions.DESK) as context:
        sessions.sign_in(context, demo.admin, site)
        page = context.new_page()

        page.goto(demo.at(f"traces/{trace_id}/"))
        found = page.get_by_role("region", name="Found in this call")
        expect(page.locator(".message-body mark")).to_have_text(ANSWER[:40])
        page.keyboard.press("n")
        expect(found).to_contain_text("said that this is not a problem")
        assert names_of(call) == []
        page.keyboard.press("z")
        expect(found).to_contain_text("Not a problem")
        page.keyboard.press("m")
        page.get_by_role("button", name="Long-winded").click()
        expect(found).to_contain_text("said that this was missed")
        assert names_of(call) == ["refused", "long_winded"]

        page.goto(demo.at("settings/detectors/refused/"))
        page.get_by_label("Flag a call from this probability on").fill("0.98")
        expect(page.locator("#preview")).to_contain_text("fewer of")

        page.goto(demo.at("explore/latency/"))
        plot = page.locator(".heat-ground")
        box = plot.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 1, box["y"] + 1)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] - 1)
        expect(page.locator("[data-heat-words]")).to_contain_text("calls")
        page.mouse.up()
        expect(page.get_by_role("heading", name="Calls behind this part")).to_be_visible()
        page.get_by_role("link", name="May I send it back?").first.click()
        expect(found).to_contain_text("Refused or dodged")
    assert troubles == []
