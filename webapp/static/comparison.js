// @ts-check
/* The result of a test: jumping between items, unfolding one, and the words that differ.
   Without this file every link opens a page of its own. Text of models is only ever text. */

/** @returns {HTMLElement[]} */
const items = () => [...document.querySelectorAll("tr[data-kind]")].filter((row) => row instanceof HTMLElement);
/** @returns {HTMLElement | undefined} */
const here = () => items().find((row) => row.matches(".is-cursor"));
const areLettersOn = () => document.querySelector("cb-keys")?.getAttribute("data-letters") !== "off";

/** @param {HTMLElement} row */
function stand(row) {
  for (const old of document.querySelectorAll(".is-cursor")) old.classList.remove("is-cursor");
  row.classList.add("is-cursor");
  row.querySelector("a")?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "center" });
}

/** Goes to the next item of a kind; behind the last one the page that follows. @param {string} kind */
function jump(kind) {
  const all = items();
  const next = all.slice(all.indexOf(here() ?? all[-1]) + 1).find((row) => row.dataset.kind === kind);
  if (next) return stand(next);
  const more = document.querySelector("#items a[rel='next']");
  if (more instanceof HTMLElement) more.click();
  else document.getElementById("announce")?.replaceChildren(`No further item of this kind: ${kind}`);
}

/** @param {HTMLElement} row */
const whole = (row) => /** @type {HTMLElement | null} */ (row.nextElementSibling?.querySelector("td") ?? null);

/** Folds an unfolded item, and tells whether there was anything to fold. @param {HTMLElement} row */
function fold(row) {
  const place = whole(row);
  if (!place?.hasChildNodes()) return false;
  place.replaceChildren();
  row.querySelector("[data-expand]")?.setAttribute("aria-expanded", "false");
  return true;
}

/** @param {HTMLElement} row */
function unfold(row) {
  const link = row.querySelector("[data-expand]");
  if (link instanceof HTMLElement) link.click();
}

/** @param {HTMLElement} row */
function showWords(row) {
  if (!whole(row)?.hasChildNodes()) {
    row.dataset.wants = "words";
    return unfold(row);
  }
  for (const part of whole(row)?.querySelectorAll("[data-diff]") ?? []) part.toggleAttribute("open");
}

/** Leads to the buttons that say a check is wrong. @param {HTMLElement} row */
function showDoubts(row) {
  const buttons = whole(row)?.querySelectorAll(".comparison-cell:last-child [data-disagree]");
  if (buttons?.[0] instanceof HTMLElement) return buttons[0].focus();
  if (whole(row)?.hasChildNodes()) return;
  row.dataset.wants = "doubts";
  unfold(row);
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const button = target?.closest("[data-jump]");
  if (button instanceof HTMLElement) return jump(button.dataset.jump ?? "");
  const asks = target?.closest("[data-words]")?.closest("tr");
  if (asks instanceof HTMLElement) return showWords(asks);
  const doubts = target?.closest("[data-doubts]")?.closest("tr");
  if (doubts instanceof HTMLElement) return showDoubts(doubts);
  const row = target?.closest("[data-expand]")?.closest("tr");
  if (row instanceof HTMLElement && fold(row)) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

document.addEventListener("htmx:after:swap", () => {
  for (const row of items()) {
    if (!whole(row)?.hasChildNodes()) continue;
    row.querySelector("[data-expand]")?.setAttribute("aria-expanded", "true");
    const wants = row.dataset.wants;
    delete row.dataset.wants;
    if (wants === "words") for (const part of whole(row)?.querySelectorAll("[data-diff]") ?? []) part.toggleAttribute("open", true);
    if (wants === "doubts") showDoubts(row);
  }
});

document.addEventListener("keydown", (event) => {
  const target = event.target instanceof HTMLElement ? event.target : null;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !areLettersOn()) return;
  if (target?.closest("input, textarea, select, button, summary, dialog[open]") || document.querySelector("dialog[open]")) return;
  const row = here();
  if (event.key !== " " || !row) return;
  if (!fold(row)) unfold(row);
  event.preventDefault();
});
