// What the prompt editor takes from CodeMirror, bundled into webapp/static/vendor/codemirror-6.min.js (see README.md).
export { autocompletion, completionKeymap } from "@codemirror/autocomplete";
export { history, historyKeymap, standardKeymap } from "@codemirror/commands";
export { lintKeymap, setDiagnostics } from "@codemirror/lint";
export { EditorState, RangeSetBuilder, StateEffect } from "@codemirror/state";
export { Decoration, EditorView, ViewPlugin, WidgetType, highlightSpecialChars, hoverTooltip, keymap } from "@codemirror/view";
