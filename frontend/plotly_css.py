"""Write `webapp/static/vendor/plotly.css`: the rules Plotly would inject as a style element, which the security policy blocks."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

VENDOR = Path(__file__).resolve().parent.parent / "webapp" / "static" / "vendor"
RULES = """() => [...document.getElementById("plotly.js-style-global").sheet.cssRules].map((rule) => rule.cssText).join("\\n")"""


def main(chromium: str = "/usr/bin/chromium") -> None:
    """Load the vendored Plotly in an empty page and save the rules it adds."""
    script = next(VENDOR.glob("plotly-basic-*.min.js"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.add_script_tag(path=script)
        rules = page.evaluate(RULES)
        browser.close()
    (VENDOR / "plotly.css").write_text(
        f"/* Rules of {script.name}, written by frontend/plotly_css.py. MIT licence. */\n{rules}\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
