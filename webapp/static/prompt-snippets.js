// @ts-check
/* The list of snippets: a choice goes to the editor, which inserts it where the text cursor was. */

const chooser = /** @type {HTMLDialogElement | null} */ (document.getElementById("snippet-chooser"));

chooser?.addEventListener("click", ({ target }) => {
  const choice = target instanceof Element && target.closest("[data-reference]");
  if (!(choice instanceof HTMLElement)) return;
  chooser.close();
  document.querySelector("[data-editor]")?.dispatchEvent(new CustomEvent("insert-text", { detail: choice.dataset.reference }));
});
