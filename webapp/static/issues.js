// @ts-check
/* The page of an issue: a form that the address asked for opens over the page, and the day goes with its choice.
   Without this file the form stands open in the page. */

for (const dialog of document.querySelectorAll("dialog[data-opens]")) {
  if (!(dialog instanceof HTMLDialogElement)) continue;
  dialog.close();
  dialog.showModal();
}

const here = document.querySelector("[data-here]");
if (here instanceof HTMLElement) here.focus();

document.getElementById("issue-until")?.addEventListener("input", () => {
  const choice = document.querySelector('input[name="how"][value="until"]');
  if (choice instanceof HTMLInputElement) choice.checked = true;
});
