// @ts-check
/* Comments on a version: names after an `@`, and the line that a new comment is about. Both work without this file. */

const WAIT_MS = 120;
let lists = 0;

/** Offers people while somebody types `@na`; the text stays plain. */
class Mentions extends HTMLElement {
  timer = 0;
  at = -1;
  /** @type {AbortController | undefined} */
  request;

  connectedCallback() {
    this.area = /** @type {HTMLTextAreaElement} */ (this.querySelector("textarea"));
    this.list = Object.assign(document.createElement("ul"), { className: "mention-list", id: `mention-list-${++lists}`, hidden: true });
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "People");
    this.append(this.list);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-expanded": "false", "aria-controls": this.list.id })) {
      this.area.setAttribute(name, value);
    }
    this.area.addEventListener("input", () => this.look());
    this.area.addEventListener("click", () => this.look());
    this.area.addEventListener("keydown", (event) => this.onKey(event));
    this.area.addEventListener("blur", () => this.close());
    // Before the field loses the focus, so that the choice comes first.
    this.list.addEventListener("mousedown", (event) => {
      const item = event.target instanceof Element && event.target.closest("li");
      event.preventDefault();
      if (item instanceof HTMLElement) this.take(item);
    });
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    this.request?.abort();
  }

  /** @returns {HTMLElement[]} */
  get items() {
    return /** @type {HTMLElement[]} */ ([...this.list.children]);
  }

  look() {
    clearTimeout(this.timer);
    this.request?.abort();
    const before = this.area.value.slice(0, this.area.selectionStart);
    const found = /(?:^|[^\p{L}\p{N}._+-])@([^\s@]*(?: [^\s@]+)?)$/u.exec(before);
    if (!found) return this.close();
    this.at = before.length - found[1].length - 1;
    this.timer = setTimeout(() => this.fetch(found[1]), WAIT_MS);
  }

  /** @param {string} words */
  async fetch(words) {
    this.request = new AbortController();
    try {
      const answer = await fetch(`${this.dataset.url}?${new URLSearchParams({ q: words })}`, { signal: this.request.signal });
      if (answer.ok && !answer.redirected) this.show((await answer.json()).people);
    } catch (error) {
      if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
    }
  }

  /** @param {{name: string, handle: string}[]} people */
  show(people) {
    if (document.activeElement !== this.area) return;
    this.list.replaceChildren(...people.map((person, index) => this.item(person, index)));
    this.list.hidden = !people.length;
    this.area.setAttribute("aria-expanded", String(people.length > 0));
    this.choose(this.items[0]);
  }

  /** @param {{name: string, handle: string}} person @param {number} index */
  item({ name, handle }, index) {
    const item = Object.assign(document.createElement("li"), { id: `${this.list.id}-${index}`, textContent: name });
    item.setAttribute("role", "option");
    item.dataset.handle = handle;
    if (handle !== name) item.append(" ", Object.assign(document.createElement("small"), { textContent: handle }));
    return item;
  }

  /** @param {HTMLElement | undefined} item */
  choose(item) {
    for (const each of this.items) each.setAttribute("aria-selected", String(each === item));
    if (item) this.area.setAttribute("aria-activedescendant", item.id);
    else this.area.removeAttribute("aria-activedescendant");
  }

  /** @param {HTMLElement} item */
  take(item) {
    this.area.setRangeText(`@${item.dataset.handle} `, this.at, this.area.selectionStart, "end");
    this.close();
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  close() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.list.hidden = true;
    this.list.replaceChildren();
    this.area.setAttribute("aria-expanded", "false");
    this.choose(undefined);
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (this.list.hidden || event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = this.items.findIndex((item) => item.getAttribute("aria-selected") === "true");
    if (step) this.choose(this.items.at((at + step) % this.items.length));
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && this.items[at]) this.take(this.items[at]);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

customElements.define("cb-mentions", Mentions);

/* The number of a line starts a comment on it, without asking the server for the page again. */
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element && event.target.closest("[data-on]");
  const form = document.getElementById("new-comment");
  if (!(link instanceof HTMLElement) || !(form instanceof HTMLFormElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const [message, line] = (link.dataset.on ?? "").split(".");
  /** @type {HTMLSelectElement} */ (form.elements.namedItem("message")).value = message;
  /** @type {HTMLInputElement} */ (form.elements.namedItem("line")).value = line;
  const area = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("text"));
  area.scrollIntoView({ block: "center" });
  area.focus();
});
