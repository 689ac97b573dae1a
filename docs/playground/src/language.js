// How `.arch` is coloured: by its words, which the compiler names.
import {HighlightStyle, StreamLanguage, syntaxHighlighting} from "@codemirror/language";
import {tags} from "@lezer/highlight";
import {words} from "page.json";

const KINDS = {
  declarations: "keyword", keywords: "controlKeyword", logical: "operatorKeyword",
  forms: "controlKeyword", operators: "typeName", blocks: "className", functions: "function",
  constants: "bool",
};
const kinds = new Map(
  Object.entries(KINDS).flatMap(([kind, tag]) => words[kind].map((word) => [word, tag])));
const NUMBER = /^\d+(\.\d+)?([eE][+-]?\d+)?( ?(KiB|MiB|GiB|kB|MB|GB|k|M|G|B)(?![A-Za-z0-9_]))?/;

export const arch = StreamLanguage.define({
  name: "arch",
  startState: () => ({doc: false}),
  copyState: (state) => ({...state}),
  token(stream, state) {
    if (state.doc) {
      if (stream.skipTo('"""')) { stream.match('"""'); state.doc = false; } else stream.skipToEnd();
      return "docString";
    }
    if (stream.eatSpace()) return null;
    if (stream.match('"""')) { state.doc = true; return "docString"; }
    if (stream.match(/^#.*/)) return "comment";
    if (stream.match(/^"[^"]*"?/)) return "string";
    if (stream.match(NUMBER)) return "number";
    if (stream.match(/^x(?![A-Za-z_])/)) return "operatorKeyword";
    const word = stream.match(/^[A-Za-z_][A-Za-z0-9_]*/);
    if (word) {
      return stream.match(/^\s*=(?!=)/, false) ? "propertyName" : kinds.get(word[0]) ?? "variableName";
    }
    stream.next();
    return "operator";
  },
  tokenTable: {function: tags.function(tags.variableName)},
  languageData: {commentTokens: {line: "#"}, closeBrackets: {brackets: ["(", "[", "{", '"']}},
});

const name = tags.function(tags.variableName);
const style = HighlightStyle.define([
  {tag: tags.keyword, class: "k-word k-strong"},
  {tag: [tags.controlKeyword, tags.operatorKeyword, tags.modifier, tags.self], class: "k-word"},
  {tag: [tags.typeName, tags.standard(tags.variableName)], class: "k-type"},
  {tag: [tags.className, name, tags.definition(tags.variableName)], class: "k-name"},
  {tag: tags.propertyName, class: "k-property"},
  {tag: [tags.number, tags.bool, tags.null, tags.atom], class: "k-number"},
  {tag: [tags.comment, tags.meta], class: "k-comment"},
  {tag: [tags.string, tags.docString], class: "k-text"},
]);
export const colours = syntaxHighlighting(style);
