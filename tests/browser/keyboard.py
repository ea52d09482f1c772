"""What hands on a keyboard do: Tab to a thing, see that the focus shows, press."""

from __future__ import annotations

from playwright.sync_api import Page

FAR = 80
_FOCUSED = """() => {
  const element = document.activeElement;
  // What scrolls takes the focus as well, and holds the words of all that is in it.
  const own = element.matches("a, button, summary, select, [tabindex], [role]") ? element.innerText : "";
  const words = [element.ariaLabel, own, element.placeholder, element.title, ...[...(element.labels ?? [])].map((label) => label.innerText)];
  const sketches = [element, ...element.labels ?? []].flatMap((one) => [getComputedStyle(one), getComputedStyle(one, "::after")]);
  const isOutlined = sketches.some((sketch) => sketch.outlineStyle !== "none" && parseFloat(sketch.outlineWidth) >= 2);
  const box = (element.matches(".visually-hidden") && element.labels?.[0] || element).getBoundingClientRect();
  const x = box.x + Math.min(box.width / 2, 20), y = box.y + Math.min(box.height / 2, 20);
  const onTop = document.elementFromPoint(x, y);
  const isUncovered = Boolean(onTop) && (element.contains(onTop) || onTop.contains(element) || [...(element.labels ?? [])].some((label) => label.contains(onTop)));
  return { words: words.filter(Boolean).join(" | "), isOutlined, isUncovered };
}"""


def tab_to(page: Page, words: str, *, back: bool = False) -> None:
    """Press Tab until the focus is on the thing with these words, and see that a person could see it there."""
    passed = []
    for _ in range(FAR):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        focused = page.evaluate(_FOCUSED)
        passed.append(focused["words"][:40])
        if words in focused["words"]:
            assert focused["isOutlined"], f"The focus on «{words}» does not show."
            assert focused["isUncovered"], f"The focus on «{words}» is hidden behind something."
            return
    raise AssertionError(f"Tab never came to «{words}» on {page.url}, only to {passed}.")


def write(page: Page, text: str) -> None:
    """Write over what stands in the field that has the focus."""
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
