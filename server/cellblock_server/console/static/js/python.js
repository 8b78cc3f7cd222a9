// Syntax colours for Python. Invalid code may be coloured wrongly, but is always shown.
import { h } from "./dom.js";

const WORDS = new Set(
  ("False None True and as assert async await break case class continue def del elif else except finally for from " +
    "global if import in is lambda match nonlocal not or pass raise return try while with yield").split(" "),
);
const BUILT_IN = new Set(
  ("abs all any bool bytes dict dir display enumerate float getattr help id input int isinstance iter len list map " +
    "max min next object open print range repr reversed round self set setattr sorted str sum super tuple type zip").split(" "),
);
const TOKENS = new RegExp(
  [
    /(?<comment>#[^\n]*)/,
    /(?<string>[rbfuRBFU]{0,2}(?:"""(?:\\[^]|[^\\])*?(?:"""|$)|'''(?:\\[^]|[^\\])*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))/,
    /(?<magic>^[ \t]*(?:%%?|!)[^\n]*)/,
    /(?<decorator>^[ \t]*@[\w.]+)/,
    /(?<number>\b(?:0[xXoObB][\da-fA-F_]+|\d[\d_]*\.?[\d_]*(?:[eE][+-]?\d+)?j?)\b)/,
    /(?<word>[^\W\d]\w*)/,
  ]
    .map((part) => part.source)
    .join("|"),
  "gm",
);
/** Maximum length of code that is coloured: longer code is shown plain. */
const MAX_COLOURED = 100_000;

/** Return nodes that show `code`. */
export function highlighted(code) {
  if (code.length > MAX_COLOURED) return [code];
  const nodes = [];
  let end = 0;
  for (const found of code.matchAll(TOKENS)) {
    const kind = kindOf(found.groups);
    if (!kind) continue;
    if (found.index > end) nodes.push(code.slice(end, found.index));
    nodes.push(h("span", { class: `py-${kind}` }, found[0]));
    end = found.index + found[0].length;
  }
  nodes.push(code.slice(end));
  return nodes;
}

function kindOf(groups) {
  if (groups.word) return WORDS.has(groups.word) ? "keyword" : BUILT_IN.has(groups.word) ? "builtin" : "";
  return Object.keys(groups).find((kind) => groups[kind]);
}
