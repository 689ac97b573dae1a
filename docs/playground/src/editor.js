// The text: an editor that asks the compiler what it does not know.
import {acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap} from "@codemirror/autocomplete";
import {defaultKeymap, history, historyKeymap, indentWithTab} from "@codemirror/commands";
import {bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit} from "@codemirror/language";
import {lintGutter, lintKeymap, setDiagnostics} from "@codemirror/lint";
import {highlightSelectionMatches, searchKeymap} from "@codemirror/search";
import {EditorState, StateEffect, StateField, Transaction} from "@codemirror/state";
import {
  Decoration, EditorView, WidgetType, crosshairCursor, drawSelection, dropCursor,
  highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, hoverTooltip, keymap,
  lineNumbers, rectangularSelection, showTooltip,
} from "@codemirror/view";
import {arch, colours} from "./language.js";
import {element, line, markdown} from "./markdown.js";

export const FOREIGN = {annotations: Transaction.addToHistory.of(false)};

// --- places --------------------------------------------------------------------------------------

/** The offset of a position of the Language Server Protocol. */
export function offset(doc, {line, character}) {
  const there = doc.line(Math.min(line + 1, doc.lines));
  return line >= doc.lines ? doc.length : Math.min(there.from + character, there.to);
}

function position(doc, at) {
  const line = doc.lineAt(at);
  return [line.number - 1, at - line.from];
}

/** Edits of the protocol as changes of a text. */
export const changes = (doc, edits) => edits.map(({range, newText}) => (
  {from: offset(doc, range.start), to: offset(doc, range.end), insert: newText}));

// --- what lines cost -----------------------------------------------------------------------------

class Hint extends WidgetType {
  constructor(label, tooltip) { super(); this.label = label; this.tooltip = tooltip; }
  eq(other) { return other.label === this.label && other.tooltip === this.tooltip; }
  toDOM() { return element("span", {class: "hint", title: this.tooltip}, this.label); }
  ignoreEvent() { return false; }
}

const newHints = StateEffect.define();
const hints = StateField.define({
  create: () => Decoration.none,
  update(value, transaction) {
    let found = value.map(transaction.changes);
    for (const effect of transaction.effects) if (effect.is(newHints)) found = effect.value;
    return found;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function hinted(doc, found) {
  const marks = found.map(({position: at, label, tooltip}) => (
    Decoration.widget({widget: new Hint(label, tooltip), side: 1}).range(offset(doc, at))));
  return {effects: newHints.of(Decoration.set(marks, true))};
}

// --- diagnostics ---------------------------------------------------------------------------------

const LEVELS = {1: "error", 2: "warning", 3: "info"};

/** What a diagnostic says, as elements: its headline, and the rest. */
export function told({code, data}) {
  const notes = [data.label, ...data.notes, data.help && `help: ${data.help}`].filter(Boolean);
  return [
    element("p", {class: "headline"}, ...line(data.headline)),
    element("div", {class: "rest"}, ...notes.map((note) => element("p", {}, ...line(note))), element("p", {class: "code"}, code)),
  ];
}

/** The fixes of a diagnostic, among the actions of the document. */
export function fixesOf(diagnostic, actions) {
  const key = (one) => JSON.stringify([one.code, one.range]);
  return actions.filter((action) => action.diagnostics?.some((one) => key(one) === key(diagnostic)));
}

/** What a button says that makes the edits of an action: a fix leaves the meaning as it is. */
export const titled = (action) => `${action.isPreferred ? "Fix" : "Change"}: ${action.title}`;

/** Make the edits of an action. */
export function apply(view, action) {
  const edits = Object.values(action.edit.changes).flat();
  view.dispatch({changes: changes(view.state.doc, edits), userEvent: "input.fix", scrollIntoView: true});
  view.focus();
}

/** Underline diagnostics, with their fixes, and show hints behind their lines. */
export function setTold(view, {diagnostics, actions, hints: behind}) {
  const {doc} = view.state;
  const found = diagnostics.map((one) => {
    const from = offset(doc, one.range.start);
    return {
      from, to: Math.max(offset(doc, one.range.end), from), severity: LEVELS[one.severity],
      message: one.message, renderMessage: () => element("div", {class: "told"}, ...told(one)),
      actions: fixesOf(one, actions).map((action) => (
        {name: titled(action).replaceAll("`", ""), apply: (target) => apply(target, action)})),
    };
  });
  view.dispatch(setDiagnostics(view.state, found), hinted(doc, behind));
}

// --- questions about a place ---------------------------------------------------------------------

const TYPES = {
  3: "function", 5: "property", 6: "variable", 7: "class", 9: "namespace", 10: "property",
  12: "text", 14: "keyword", 17: "file", 19: "folder", 20: "enum", 21: "constant",
};
const OPENS = /[\w"/]$|[(,=.[{ ]$/;

function completions(ask) {
  return async (context) => {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    if (!context.explicit && !OPENS.test(before)) return null;
    if (!context.explicit && /^\s*(#.*)?$/.test(before)) return null;
    const answer = await ask("completion", context.state.doc, position(context.state.doc, context.pos));
    const {doc} = context.state;
    // The text has changed meanwhile: what is out of date already is asked for anew, where nothing
    // would mean that there is nothing to complete.
    if (!answer && context.view && context.view.state.doc !== doc) return {from: context.pos, options: []};
    if (!answer?.items.length || context.aborted) return null;
    const options = answer.items.map((item, rank) => ({
      label: item.label, apply: item.textEdit.newText, detail: item.detail,
      type: TYPES[item.kind] ?? "text", boost: Math.max(99 - rank, -99),
      info: item.documentation && (() => element("div", {class: "about"}, markdown(item.documentation.value))),
    }));
    return {from: offset(doc, answer.items[0].textEdit.range.start), options, validFor: /^\w*$/};
  };
}

function hovers(ask) {
  return hoverTooltip(async (view, at) => {
    const answer = await ask("hover", view.state.doc, position(view.state.doc, at));
    if (!answer) return null;
    const {doc} = view.state;
    return {
      pos: offset(doc, answer.range.start), end: offset(doc, answer.range.end), above: true,
      create: () => ({dom: element("div", {class: "about"}, markdown(answer.contents.value))}),
    };
  }, {hoverTime: 250});
}

const newSignature = StateEffect.define();
const signature = StateField.define({
  create: () => null,
  update(value, transaction) {
    let found = transaction.docChanged && value ? {...value, pos: transaction.changes.mapPos(value.pos)} : value;
    for (const effect of transaction.effects) if (effect.is(newSignature)) found = effect.value;
    return found;
  },
  provide: (field) => showTooltip.from(field),
});

function signatureTooltip({signatures: [one], activeParameter}, pos) {
  const label = element("p", {class: "label"});
  let rest = one.label;
  one.parameters.forEach((parameter, number) => {
    const at = rest.indexOf(parameter.label);
    label.append(rest.slice(0, at));
    label.append(element(number === activeParameter ? "strong" : "span", {}, parameter.label));
    rest = rest.slice(at + parameter.label.length);
  });
  label.append(rest);
  const about = one.parameters[activeParameter]?.documentation;
  const dom = () => element("div", {class: "about signature"}, label, about ? markdown(about) : null);
  return {pos, above: true, strictSide: true, create: () => ({dom: dom()})};
}

function signatures(ask) {
  let asked = 0;
  let timer;
  const listener = EditorView.updateListener.of((update) => {
    if (!update.docChanged && !update.selectionSet) return;
    const {state, view} = update;
    const at = state.selection.main.head;
    const line = state.doc.lineAt(at);
    const shown = state.field(signature) !== null;
    const opened = update.transactions.some((one) => one.isUserEvent("input.type")) && /[(,=]\s*\w*$/.test(line.text.slice(0, at - line.from));
    const number = ++asked;
    clearTimeout(timer);
    if (!shown && !opened) return;
    timer = setTimeout(async () => {
      const answer = await ask("signature", state.doc, position(state.doc, at));
      if (number !== asked) return;
      view.dispatch({effects: newSignature.of(answer ? signatureTooltip(answer, at) : null)});
    }, 60);
  });
  const close = (view) => {
    if (view.state.field(signature) === null) return false;
    asked += 1;
    view.dispatch({effects: newSignature.of(null)});
    return true;
  };
  return [signature, listener, keymap.of([{key: "Escape", run: close}])];
}

function definitions(ask) {
  const go = (view) => {
    const {doc} = view.state;
    ask("definition", doc, position(doc, view.state.selection.main.head)).then((answer) => {
      if (answer?.own) reveal(view, offset(view.state.doc, answer.range.start));
    });
    return true;
  };
  return keymap.of([{key: "F12", run: go}]);
}

/** Put the cursor at an offset and show it. */
export function reveal(view, at) {
  view.dispatch({selection: {anchor: at}, effects: EditorView.scrollIntoView(at, {y: "center"})});
  view.focus();
}

// --- editors -------------------------------------------------------------------------------------

const look = [colours, EditorView.theme({}, {dark: false})];

/** The editor of the spec. `ask(method, doc, place)` asks of a text at a place; `changed(update)`
 * hears of every change; `keys` are more of them. */
export function editor(parent, ask, changed, keys) {
  return new EditorView({
    parent,
    extensions: [
      lineNumbers(), foldGutter(), highlightActiveLine(), highlightActiveLineGutter(),
      highlightSpecialChars(), history(), drawSelection(), dropCursor(), rectangularSelection(),
      crosshairCursor(), bracketMatching(), closeBrackets(), indentOnInput(), indentUnit.of("    "),
      highlightSelectionMatches(), EditorState.tabSize.of(4), EditorState.allowMultipleSelections.of(true),
      arch, look, lintGutter(), hints, hovers(ask), signatures(ask), definitions(ask),
      autocompletion({override: [completions(ask)], icons: true, maxRenderedOptions: 60}),
      EditorView.contentAttributes.of({
        "aria-label": "Text of the spec. Escape, then Tab leaves the editor.", spellcheck: "false", tabindex: "0",
      }),
      keymap.of([
        {key: "Tab", run: acceptCompletion}, ...keys, ...closeBracketsKeymap, ...defaultKeymap,
        ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap, indentWithTab,
      ]),
      EditorView.updateListener.of((update) => { if (update.docChanged) changed(update); }),
    ],
  });
}

/** An editor that only shows a text. */
export function viewer(parent, language, label) {
  return new EditorView({
    parent,
    extensions: [
      lineNumbers(), drawSelection(), highlightSpecialChars(), look, language,
      EditorState.readOnly.of(true), keymap.of([...defaultKeymap, ...searchKeymap]),
      EditorView.contentAttributes.of({"aria-label": label, tabindex: "0"}),
    ],
  });
}

/** Put another text in the place of all of one. */
export function replace(view, text, options = {}) {
  view.dispatch({changes: {from: 0, to: view.state.doc.length, insert: text}, ...options});
}
