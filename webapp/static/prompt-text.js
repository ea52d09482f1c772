// @ts-check
/* The texts of a prompt: `cb-editor` puts CodeMirror over its textarea once that is loaded, and keeps the textarea as the field
   that is sent. Blanks and snippets are pills; their colours, meanings and warnings come from the page, so they never
   contradict the server. Without CodeMirror the textarea stays as it is. */

// The spaces of Python's `\s`, which are not those of a browser: both sides must see the same blanks.
const GAP = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*";
const BLANK = `\\{\\{${GAP}([A-Za-z_][A-Za-z0-9_.-]*)${GAP}\\}\\}`;
const SNIPPET = "@@@([^@\\n]{1,400})@@@";
// Besides those that CodeMirror knows: what nobody can see, or what turns the reading direction, shows as a dot.
const UNSEEN = /[\u115f\u1160\u180e\u200c-\u200d\u202a-\u202c\u2060-\u2064\u2068\u206a-\u206f\u2800\u3164\uffa0]/g;
const FIT = 400; // characters looked at around what is on the screen
const TONES = 4; // as in prompts_form.py

/** @typedef {{from: number, to: number, name: string, isSnippet: boolean}} Pill */
/** @typedef {{message: number, start: number, end: number, level: "error" | "warning" | "info", sentence: string}} Mark */
/** @typedef {{tone: number | string, isKnown: boolean}} Look */

/** @param {string} text @param {number} [offset] @returns {Pill[]} The blanks and snippets of a text. */
export function pillsIn(text, offset = 0) {
  const pattern = new RegExp(`${BLANK}|${SNIPPET}`, "g");
  return [...text.matchAll(pattern)].map((match) => ({
    from: offset + match.index,
    to: offset + match.index + match[0].length,
    name: match[1] ?? snippetName(match[2]),
    isSnippet: match[1] === undefined,
  }));
}

/** @param {string} inside What stands between the marks: `langfusePrompt:name=rules|version=4`, or only a name. */
function snippetName(inside) {
  const parts = new Map(inside.replace(/^\w+:/, "").split("|").map((part) => /** @type {[string, string]} */ (part.split(/=(.*)/s).slice(0, 2))));
  const name = parts.get("name") ?? inside;
  const place = parts.has("version") ? ` v${parts.get("version")}` : parts.has("label") ? ` · ${parts.get("label")}` : "";
  return name + place;
}

/* What the page knows about a blank --------------------------------------------------------------------- */

const page = {
  /** @returns {PromptText[]} */
  texts: () => [...document.querySelectorAll("cb-editor")].filter((found) => found instanceof PromptText),
  /** @param {string} name @returns {HTMLElement | null} */
  row: (name) => document.querySelector(`[data-blank="${CSS.escape(name)}"][role="group"]`),
  /** @param {string} name @param {string} field */
  field: (name, field) => /** @type {HTMLInputElement | null | undefined} */ (page.row(name)?.querySelector(`[name="blank-${field}"]`))?.value.trim() ?? "",
  /** @returns {string[]} */
  names: () => [...new Set([...document.querySelectorAll("[name=blank-name]")].map((field) => /** @type {HTMLInputElement} */ (field).value))],
  /** @param {string} name The colour that the server gave it: blanks of snippets count too. */
  tone: (name) => page.row(name)?.querySelector(".blank")?.className.match(/blank-(\d)/)?.[1],
  /** @param {string} name */
  isKnown: (name) => "known" in (page.row(name)?.dataset ?? {}) || Boolean(page.field(name, "description") || page.field(name, "sample")),
};

/** @type {Map<string, Look>} */
let looks = new Map();

/** Gives every blank its colour, in order of appearance as on the server; tells whether anything looks different now. */
function survey() {
  const names = new Set(page.texts().flatMap((text) => pillsIn(text.value).filter((pill) => !pill.isSnippet).map((pill) => pill.name)));
  const next = new Map([...names].map((name, place) => [name, { tone: page.tone(name) ?? (place % TONES) + 1, isKnown: page.isKnown(name) }]));
  const isNew = JSON.stringify([...next]) !== JSON.stringify([...looks]);
  looks = next;
  return isNew;
}

let frame = 0;
/** Paints the pills anew before the next picture, once for any number of changes. */
function repaintSoon() {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(() => survey() && page.texts().forEach((text) => text.repaint()));
}

/* CodeMirror ------------------------------------------------------------------------------------------------ */

/** @type {Promise<any> | undefined} */
let loading;
function codemirror() {
  const url = /** @type {HTMLElement | null} */ (document.querySelector("[data-codemirror]"))?.dataset.codemirror;
  return (loading ??= url ? import(url).catch(() => null) : Promise.resolve(null));
}

/** @param {any} cm @returns {any[]} The pills as decorations, with snippets as atoms. */
function pills(cm) {
  class Snippet extends cm.WidgetType {
    /** @param {string} name */
    constructor(name) {
      super();
      this.name = name;
    }
    /** @param {Snippet} other */
    eq(other) {
      return other.name === this.name;
    }
    toDOM() {
      return Object.assign(document.createElement("span"), { className: "blank snippet", textContent: this.name, title: `Snippet: ${this.name}` });
    }
  }

  class Pills {
    /** @param {any} view */
    constructor(view) {
      this.paint(view);
    }
    /** @param {any} update */
    update(update) {
      if (update.docChanged || update.viewportChanged || update.transactions.some((/** @type {any} */ one) => one.effects.some((/** @type {any} */ effect) => effect.is(repaint)))) this.paint(update.view);
    }
    /** @param {any} view */
    paint(view) {
      const all = new cm.RangeSetBuilder();
      const atoms = new cm.RangeSetBuilder();
      let last = 0;
      for (const { from, to } of view.visibleRanges) {
        const start = Math.max(0, from - FIT);
        for (const pill of pillsIn(view.state.sliceDoc(start, to + FIT), start)) {
          if (pill.from < last) continue;
          last = pill.to;
          const decoration = pill.isSnippet ? cm.Decoration.replace({ widget: new Snippet(pill.name) }) : markOf(pill.name);
          all.add(pill.from, pill.to, decoration);
          if (pill.isSnippet) atoms.add(pill.from, pill.to, decoration);
        }
      }
      this.decorations = all.finish();
      this.atoms = atoms.finish();
    }
  }

  /** @param {string} name */
  const markOf = (name) => {
    const look = looks.get(name);
    return cm.Decoration.mark({ class: look?.isKnown ? `blank blank-${look.tone}` : "blank blank-new" });
  };
  const repaint = cm.StateEffect.define();
  const plugin = cm.ViewPlugin.fromClass(Pills, {
    decorations: (/** @type {Pills} */ value) => value.decorations,
    provide: (/** @type {any} */ self) => cm.EditorView.atomicRanges.of((/** @type {any} */ view) => view.plugin(self)?.atoms ?? cm.Decoration.none),
  });
  return [plugin, repaint];
}

/** @param {any} context @returns {any} The blanks of this prompt, after two opening braces. */
function complete(context) {
  const typed = context.matchBefore(/\{\{[ \t]*[A-Za-z0-9_.-]*/);
  if (!typed) return null;
  const from = typed.to - /** @type {RegExpMatchArray} */ (typed.text.match(/[A-Za-z0-9_.-]*$/))[0].length;
  const options = page.names().map((name) => ({ label: name, detail: page.field(name, "description").slice(0, 60), apply: put }));
  return { from, options, validFor: /^[A-Za-z0-9_.-]*$/ };
}

/**
 * Puts text in place of what is selected before the browser does: over a pill, it would keep the pill's look with an inline style, which
 * the content policy blocks and reports.
 * @param {InputEvent} event @param {any} view
 */
function replaceSelection(event, view) {
  if (event.inputType !== "insertText" || event.data === null || view.composing || view.state.selection.main.empty) return false;
  view.dispatch(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
  return true;
}

/** @param {any} view @param {{label: string}} completion @param {number} from @param {number} to */
function put(view, { label }, from, to) {
  const rest = view.state.sliceDoc(to, to + 20).match(/^[A-Za-z0-9_.-]*[ \t]*\}\}/)?.[0].length ?? 0;
  const insert = `${label}}}`;
  view.dispatch({ changes: { from, to: to + rest, insert }, selection: { anchor: from + insert.length }, userEvent: "input.complete" });
}

/** @param {any} view @param {number} at @returns {any} What a blank means, under the pointer. */
function explain(view, at) {
  const start = Math.max(0, at - FIT);
  const pill = pillsIn(view.state.sliceDoc(start, at + FIT), start).find(({ from, to, isSnippet }) => !isSnippet && from <= at && at <= to);
  if (!pill) return null;
  return { pos: pill.from, end: pill.to, above: true, create: () => ({ dom: explanation(pill.name) }) };
}

/** @param {string} name */
function explanation(name) {
  const card = Object.assign(document.createElement("div"), { className: "blank-card" });
  const senders = page.row(name)?.dataset.senders;
  const sample = page.field(name, "sample");
  const lines = [page.field(name, "description") || "Nobody has said yet what this blank means.", sample && `Sample: ${sample.slice(0, 300)}`, senders && `Sent by ${senders}`];
  card.append(Object.assign(document.createElement("strong"), { textContent: name }));
  for (const line of lines) if (line) card.append(Object.assign(document.createElement("p"), { textContent: line }));
  return card;
}

// Through CodeMirror's own sheet, because that one stands outside the layers of app.css and would win over them.
const POPUP = { border: "1px solid var(--n5)", borderRadius: "var(--r)", background: "var(--n2)", color: "var(--n10)", boxShadow: "var(--shadow-2)" };
const THEME = {
  "&": { color: "var(--n11)", maxHeight: "70dvh" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "inherit", lineHeight: "22px" },
  ".cm-content": { padding: "8px 12px 12px", caretColor: "var(--n11)", unicodeBidi: "plaintext" },
  ".cm-content:focus-visible": { outline: "2px solid var(--focus)", outlineOffset: "-2px", borderRadius: "0 0 var(--r-big) var(--r-big)" },
  ".cm-line": { padding: "0", unicodeBidi: "plaintext" },
  ".cm-tooltip": POPUP,
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "inherit", fontSize: "var(--t13)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "4px 10px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { background: "var(--accent-soft)", color: "var(--n11)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "650" },
  ".cm-completionDetail": { color: "var(--n8)", fontStyle: "normal" },
  ".cm-diagnostic": { padding: "6px 10px", fontSize: "var(--t13)", maxWidth: "52ch" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-diagnostic-info": { borderLeftColor: "var(--info)" },
  ".cm-specialChar": { color: "var(--bad)" },
  ".cm-lintRange": { backgroundImage: "none", paddingBottom: "0", textDecorationLine: "underline", textDecorationStyle: "wavy", textDecorationSkipInk: "none", textUnderlineOffset: "4px" },
  ".cm-lintRange-error": { textDecorationColor: "var(--bad)" },
  ".cm-lintRange-warning": { textDecorationColor: "var(--warn)" },
  ".cm-lintRange-info": { textDecorationColor: "var(--info)" },
};

class PromptText extends HTMLElement {
  /** @type {any} */
  view;
  spoken = "";

  connectedCallback() {
    this.area = /** @type {HTMLTextAreaElement} */ (this.querySelector("textarea"));
    codemirror().then((cm) => cm && this.isConnected && !this.view && this.upgrade(cm));
    // What CodeMirror's own field says is half done: the textarea speaks once it has the new text.
    this.addEventListener("input", (event) => event.target !== this.area && event.stopPropagation());
  }

  disconnectedCallback() {
    setTimeout(() => this.isConnected || this.view?.destroy()); // A card that moves is gone for a moment only.
  }

  /** @param {any} cm */
  upgrade(cm) {
    const { area } = this;
    const hadFocus = document.activeElement === area;
    const selection = { anchor: area.selectionStart, head: area.selectionEnd };
    this.spoken = area.getAttribute("aria-label") ?? "";
    const [plugin, repaint] = pills(cm);
    const extensions = [
      cm.EditorView.theme(THEME),
      cm.EditorView.cspNonce.of(/** @type {HTMLElement} */ (this.closest("[data-nonce]")).dataset.nonce),
      cm.history(),
      cm.EditorView.lineWrapping,
      cm.autocompletion({ override: [complete], icons: false }),
      cm.hoverTooltip(explain),
      cm.highlightSpecialChars({ addSpecialChars: UNSEEN }),
      // No Tab: it goes on to the next field, so that nobody is caught in here.
      cm.keymap.of([...cm.completionKeymap, ...cm.historyKeymap, ...cm.lintKeymap, ...cm.standardKeymap]),
      cm.EditorView.contentAttributes.of(() => this.fieldAttributes()),
      cm.EditorView.domEventHandlers({ beforeinput: replaceSelection }),
      cm.EditorView.updateListener.of((/** @type {any} */ update) => update.docChanged && this.tell()),
      plugin,
    ];
    this.cm = cm;
    this.repaintEffect = repaint;
    this.view = new cm.EditorView({ state: cm.EditorState.create({ doc: area.value, selection, extensions }) });
    this.append(this.view.dom);
    area.hidden = true;
    area.removeAttribute("aria-label");
    if (hadFocus) this.view.focus();
    repaintSoon();
    this.dispatchEvent(new Event("cb:upgraded", { bubbles: true }));
  }

  /** @returns {Record<string, string>} */
  fieldAttributes() {
    const isWrong = this.area.getAttribute("aria-invalid") === "true";
    return { "aria-label": this.spoken, tabindex: "0", spellcheck: "true", autocapitalize: "sentences", ...(isWrong ? { "aria-invalid": "true" } : {}) };
  }

  /** @param {string} name What screen readers call this text. */
  set label(name) {
    this.spoken = name;
    if (this.view) this.view.dispatch({});
    else this.area.setAttribute("aria-label", name);
  }

  /** @returns {string} */
  get value() {
    return this.area?.value ?? "";
  }

  /** @returns {{number: number, text: string}} The line where the text cursor is. */
  get line() {
    if (this.view) return this.view.state.doc.lineAt(this.view.state.selection.main.head);
    const lines = this.area.value.slice(0, this.area.selectionStart).split("\n");
    return { number: lines.length, text: this.area.value.split("\n")[lines.length - 1] };
  }

  tell() {
    this.area.value = this.view.state.doc.toString();
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  focus() {
    (this.view ?? this.area).focus();
  }

  /** @param {string} text Put where the cursor is. @param {number} from @param {number} to Chosen afterwards, inside the text. */
  insert(text, from, to) {
    this.focus();
    if (this.view) {
      const { main } = this.view.state.selection;
      const selection = { anchor: main.from + from, head: main.from + to };
      this.view.dispatch({ changes: { from: main.from, to: main.to, insert: text }, selection, scrollIntoView: true, userEvent: "input" });
      return;
    }
    const at = this.area.selectionStart;
    this.area.setRangeText(text, at, this.area.selectionEnd, "end");
    this.area.setSelectionRange(at + from, at + to);
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** @param {Mark[]} marks What the server found in this very text. */
  mark(marks) {
    if (!this.view) return;
    const end = this.view.state.doc.length;
    const found = marks.map((mark) => ({ from: Math.min(mark.start, end), to: Math.min(mark.end, end), severity: mark.level, message: mark.sentence }));
    this.view.dispatch(this.cm.setDiagnostics(this.view.state, found));
  }

  repaint() {
    this.view?.dispatch({ effects: this.repaintEffect.of(null) });
  }
}

customElements.define("cb-editor", PromptText);
document.addEventListener("input", repaintSoon);
document.addEventListener("htmx:after:swap", repaintSoon);
