// @ts-check
/* The comment that somebody writes while editing is about the line where the text cursor was. Without this file they choose the line. */

const editor = document.querySelector("[data-editor]");
const form = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-comment-form]"));
/** @type {any} */
let last = null; // the `cb-editor` that had the focus

editor?.addEventListener("focusin", ({ target }) => {
  last = (target instanceof Element && target.closest("cb-editor")) || last;
});

/** @param {string} name @returns {any} */
const field = (name) => form?.elements.namedItem(name);

document.addEventListener("click", ({ target }) => {
  if (!form || !(target instanceof Element) || !target.closest("[data-comment]")) return;
  const origin = last?.isConnected ? (last.closest("[data-origin]")?.dataset.origin ?? "") : "";
  const { number, text } = origin ? last.line : { number: "", text: "" };
  field("message").value = origin;
  field("line").value = number;
  field("line_text").value = text;
  field("line_text").disabled = !origin;
});

// A line that somebody chose themselves is one of the version.
for (const name of ["message", "line"]) field(name)?.addEventListener("input", () => (field("line_text").disabled = true));

// What a draft gets appears below the example, in a panel that scrolls.
document.addEventListener("htmx:after:swap", () => {
  const answer = document.querySelector("#example-trial > section:not([data-seen])");
  if (!(answer instanceof HTMLElement)) return;
  answer.dataset.seen = "";
  answer.scrollIntoView({ block: "nearest" });
});

export {}; // Names in here are this file's own.
