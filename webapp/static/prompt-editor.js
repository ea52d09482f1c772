// @ts-check
/* The prompt editor: a draft saved within a second of the last key, a local copy until the server has it, and messages that are
   added, removed and moved. Their texts are in prompt-text.js. Without these files the same form works with its buttons. */

const form = /** @type {HTMLFormElement} */ (document.querySelector("[data-editor]"));
const cards = /** @type {HTMLElement | null} */ (form.querySelector("[data-cards]"));
const status = /** @type {HTMLElement} */ (document.getElementById("save-status"));
const KEY = `cb-prompt:${form.dataset.editor}`;
const PAUSE_MS = 700;
const RETRY_MS = 5000;
const OWN = /^(role|content|blank-|setting-)/;

let edits = 0; // counts every change
let saved = 0; // the last change that the server has
let busy = false;
let sending = Promise.resolve(); // the newest request, until it is answered
let stopped = false; // another window wrote: a person must choose first
let timer = 0;
/** @type {any} */
let lastText = null; // the `cb-editor` that had the focus

/** @returns {[string, string][]} What was typed, without the note and the form's own numbers. */
const typed = () => [...new FormData(form)].filter(([name]) => OWN.test(name)).map(([name, value]) => [name, String(value)]);
/** @param {string} name @returns {HTMLInputElement} */
const field = (name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));

/* The status word -------------------------------------------------------------------------------------- */

/** @param {string} text @param {Node} [more] */
function say(text, more) {
  status.replaceChildren(text, ...(more ? [more] : []));
}

function saySaved() {
  const time = document.createElement("time");
  time.dateTime = new Date().toISOString();
  time.dataset.relative = "";
  time.textContent = "just now";
  say("Saved ", time);
}

/** @param {{sentence: string, url?: string, action?: string}} answer A link to compare, or a button that sends this text. */
function sayConflict({ sentence, url, action }) {
  const way = Object.assign(document.createElement(url ? "a" : "button"), { textContent: sentence, className: "link" });
  if (url) way.setAttribute("href", url);
  else way.setAttribute("formaction", action ?? "");
  say("", way);
}

/* Keeping the text --------------------------------------------------------------------------------------- */

function changed() {
  edits += 1;
  document.body.classList.add("has-draft");
  keep();
  if (!busy && !stopped) say("Saving…");
  plan(PAUSE_MS);
}

/** @param {number} pause */
function plan(pause) {
  clearTimeout(timer);
  timer = setTimeout(save, pause);
}

/** @param {FormData} [body] @returns {Promise<void>} */
async function save(body = new FormData(form)) {
  clearTimeout(timer);
  if (busy || stopped || saved === edits) return;
  const sent = edits;
  busy = true;
  sending = send(body, sent);
  await sending;
  busy = false;
  if (saved === sent && edits > sent) plan(PAUSE_MS);
}

/** @param {FormData} body @param {number} sent */
async function send(body, sent) {
  try {
    const response = await fetch(form.dataset.draftUrl ?? "", { method: "POST", body, headers: { Accept: "application/json" } });
    if (response.redirected || response.status === 403) say("You are signed out. Your text is kept on this computer: sign in again in another tab.");
    else if (response.status >= 500) throw new Error(String(response.status));
    else settle(response.ok, await response.json(), sent);
  } catch {
    say("Offline, kept on this computer");
    plan(RETRY_MS);
  }
}

/** @param {boolean} ok @param {any} answer @param {number} sent */
function settle(ok, answer, sent) {
  if (!ok) {
    stopped = Boolean(answer.action);
    if (stopped) sayConflict(answer);
    else say(answer.sentence);
    return;
  }
  saved = sent;
  field("revision").value = answer.revision;
  if (edits === sent) {
    forget();
    document.body.classList.toggle("has-draft", !answer.is_same);
  }
  if (answer.newer) sayConflict(answer.newer);
  else if (answer.is_same) say("Nothing differs from the newest version");
  else saySaved();
}

form.addEventListener("input", ({ target }) => (target === form || (target instanceof HTMLElement && OWN.test(target.getAttribute("name") ?? ""))) && changed());
form.addEventListener("submit", (event) => {
  clearTimeout(timer);
  if (busy) {
    // The server takes a form that overtakes its own draft for another window.
    event.preventDefault();
    sending.then(() => form.requestSubmit(event.submitter));
  } else saved = edits;
});
document.addEventListener("visibilitychange", () => document.hidden && save());
form.addEventListener("focusout", () => save());
addEventListener("online", () => save());
addEventListener("beforeunload", (event) => saved !== edits && event.preventDefault());

/* The copy on this computer: in IndexedDB, because a prompt may be larger than what localStorage takes --------- */

/** @type {Promise<IDBDatabase> | undefined} */
let opened;
function database() {
  return (opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("callboard", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("drafts");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  }));
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(drafts: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T | undefined>} Nothing when storage is full or forbidden: the draft on the server and the guard on leaving protect the text.
 */
async function withDrafts(mode, act) {
  try {
    const transaction = (await database()).transaction("drafts", mode);
    const request = act(transaction.objectStore("drafts"));
    transaction.commit();
    return await new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } catch {
    return undefined;
  }
}

let isKeeping = false;
let isStale = false;
/** Keeps the newest text at once, and again when it changed while the one before was being written. */
async function keep() {
  isStale = true;
  if (isKeeping) return;
  isKeeping = true;
  while (isStale) {
    isStale = false;
    await withDrafts("readwrite", (drafts) => drafts.put({ at: Date.now(), fields: typed() }, KEY));
  }
  isKeeping = false;
  if (saved === edits) forget();
}

function forget() {
  if (!isKeeping) withDrafts("readwrite", (drafts) => drafts.delete(KEY));
}

async function offerKept() {
  const kept = await withDrafts("readonly", (drafts) => drafts.get(KEY));
  if (!kept) return;
  if (JSON.stringify(kept.fields) === JSON.stringify(typed())) return forget();
  const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("kept-text"));
  const notice = /** @type {HTMLElement | undefined} */ (template?.content.firstElementChild?.cloneNode(true));
  if (!notice) return;
  const when = document.createElement("time");
  when.textContent = new Date(kept.at).toLocaleString();
  notice.querySelector("[data-when]")?.replaceChildren(when);
  notice.querySelector("[data-restore]")?.addEventListener("click", () => restore(kept.fields));
  notice.querySelector("[data-discard]")?.addEventListener("click", () => {
    forget();
    notice.remove();
  });
  form.before(notice);
}

/** @param {[string, string][]} fields The server takes the kept text as the draft and shows it. */
async function restore(fields) {
  const body = new FormData();
  for (const name of ["csrfmiddlewaretoken", "base", "revision"]) body.append(name, field(name).value);
  for (const [name, value] of fields) body.append(name, value);
  edits += 1;
  await save(body);
  if (saved === edits) location.reload();
}

/* Messages --------------------------------------------------------------------------------------------------- */

/** @param {string} action @param {HTMLElement} button */
function act(action, button) {
  const card = /** @type {HTMLElement | null} */ (button.closest("[data-card]"));
  if (action === "add") add();
  else if (action === "blank") insert("{{blank}}", 2, 7);
  else if (action === "insert") insert(`{{${button.dataset.blank}}}`);
  else if (card && action === "remove") remove(card);
  else if (card) shift(card, action === "up" ? -1 : 1, button);
}

function add() {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById("new-card"));
  cards?.append(template.content.cloneNode(true));
  reorder();
  focusText(cards?.lastElementChild);
}

/** @param {HTMLElement} card */
function remove(card) {
  const next = card.nextElementSibling ?? card.previousElementSibling;
  card.remove();
  reorder();
  focusText(next);
}

/** @param {Element | null | undefined} card */
const focusText = (card) => /** @type {HTMLElement | null | undefined} */ (card?.querySelector("cb-editor"))?.focus();

/** @param {HTMLElement} card @param {number} step @param {HTMLElement} focus */
function shift(card, step, focus) {
  const other = step < 0 ? card.previousElementSibling : card.nextElementSibling;
  if (!other) return;
  if (step < 0) other.before(card);
  else other.after(card);
  reorder();
  focus.focus();
}

function reorder() {
  cards?.querySelectorAll("[data-card]").forEach((card, place) => {
    card.querySelector("[data-place]")?.replaceChildren(String(place + 1));
    /** @type {any} */ (card.querySelector("cb-editor")).label = `Text of message ${place + 1}`;
    card.querySelector("select")?.setAttribute("aria-label", `Who speaks in message ${place + 1}`);
  });
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

/** @param {string} text @param {number} [from] @param {number} [to] */
function insert(text, from = text.length, to = from) {
  const editor = lastText?.isConnected ? lastText : form.querySelector("cb-editor");
  editor?.insert(text, from, to);
}

form.addEventListener("insert-text", (event) => insert(/** @type {CustomEvent<string>} */ (event).detail));

form.addEventListener("focusin", ({ target }) => {
  lastText = (target instanceof Element && target.closest("cb-editor")) || lastText;
});

form.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-do]");
  if (!(button instanceof HTMLElement)) return;
  event.preventDefault();
  act(button.dataset.do ?? "", button);
});

form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target instanceof HTMLInputElement && !event.ctrlKey && !event.metaKey) {
    event.preventDefault(); // Enter in a field would send the form; only the note saves the version.
    if (event.target === field("note")) form.requestSubmit(form.querySelector("[data-shortcut='save']"));
  }
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const target = event.target instanceof HTMLElement ? event.target : null;
  const card = /** @type {HTMLElement | null} */ (target?.closest("[data-card]") ?? null);
  if (!event.altKey || !step || !card || !target) return;
  event.preventDefault();
  shift(card, step, target);
});

/* What the server says about the text ---------------------------------------------------------------------- */

let asked = 0; // the change that the newest request told the server about
document.addEventListener("htmx:before:request", ({ target }) => {
  if (target instanceof Element && target.closest("#preview")) asked = edits;
});

for (const name of ["htmx:after:swap", "cb:upgraded"]) document.addEventListener(name, () => asked === edits && mark());

/** Marks belong to one state of the text; a text that changed meanwhile gets new ones with the next answer. */
function mark() {
  const found = document.getElementById("text-marks");
  const marks = JSON.parse(found?.textContent || "[]");
  form.querySelectorAll("cb-editor").forEach((/** @type {any} */ editor, place) => editor.mark(marks.filter((/** @type {any} */ one) => one.message === place)));
}

/* Next and previous real example ---------------------------------------------------------------------------- */

document.addEventListener("keydown", (event) => {
  // By the place of the key: with Alt held, some keyboards write another letter.
  const name = { KeyN: "next-example", KeyP: "previous-example" }[event.code];
  const button = event.altKey && !event.ctrlKey && !event.metaKey && name && document.querySelector(`[data-shortcut="${name}"]`);
  if (!(button instanceof HTMLElement)) return;
  event.preventDefault();
  button.click();
});

offerKept();

export {}; // Names in here are this file's own.
