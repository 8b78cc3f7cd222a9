// Text as a terminal shows it: colours, and overwritten lines.
import { h } from "./dom.js";

const PIECES = /\x1b\[([0-9;:?]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[^[\]]?|[\n\r\b]|[^\x1b\n\r\b]+/g;
const UNFINISHED = /\x1b(?:\[[0-9;:?]*|\][^\x07\x1b]*)?$/;
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
/** Maximum length of an escape sequence that may be split between two pieces of text. */
const MAX_UNFINISHED = 256;
/** Maximum length of a line that can still be overwritten. */
const MAX_LIVE = 20_000;
/** Maximum number of lines shown of one output; the oldest are removed. */
export const MAX_LINES = 5_000;

const PLAIN = Object.freeze({});
const FLAGS = { 1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike" };
const OFF = { 22: ["bold", "dim"], 23: ["italic"], 24: ["underline"], 27: ["inverse"], 29: ["strike"] };

/** Writes text into `target`, a `pre`, piece by piece. */
export class Terminal {
  #target;
  #live = h("span", { class: "line" });
  #cells = [];
  #column = 0;
  #style = PLAIN;
  #unfinished = "";
  #lines = 0;

  constructor(target) {
    this.#target = target;
    target.append(this.#live);
  }

  write(text) {
    let all = this.#unfinished + text;
    const cut = UNFINISHED.exec(all);
    this.#unfinished = cut && cut[0].length < MAX_UNFINISHED ? cut[0] : "";
    if (this.#unfinished) all = all.slice(0, cut.index);
    for (const [piece, numbers, letter] of all.matchAll(PIECES)) {
      if (letter) this.#command(numbers, letter);
      else if (piece === "\n") this.#endLine();
      else if (piece === "\r") this.#column = 0;
      else if (piece === "\b") this.#column = Math.max(0, this.#column - 1);
      else if (piece[0] !== "\x1b") this.#put(piece.replace(CONTROLS, "�"));
    }
    this.#live.replaceChildren(...runs(this.#cells));
  }

  #put(text) {
    for (const letter of text) {
      this.#cells[this.#column] = [letter, this.#style];
      this.#column += 1;
      if (this.#column >= MAX_LIVE) this.#commit("");
    }
  }

  #endLine() {
    this.#commit("\n");
    this.#lines += 1;
    if (this.#lines > MAX_LINES) {
      const first = this.#target.firstChild;
      if (!first.classList.contains("left-out")) {
        this.#target.prepend(h("span", { class: "left-out" }, `… only the last ${MAX_LINES} lines are shown here\n`));
      }
      this.#target.children[1].remove();
    }
  }

  #commit(end) {
    this.#live.before(h("span", { class: "line" }, ...runs(this.#cells), end));
    this.#cells = [];
    this.#column = 0;
  }

  #command(numbers, letter) {
    if (letter === "m") this.#style = styled(this.#style, numbers);
    else if (letter === "K") {
      if (numbers === "2") this.#cells = [];
      else if (numbers === "" || numbers === "0") this.#cells.length = Math.min(this.#cells.length, this.#column);
    }
  }
}

/** Return the style after `ESC [ numbers m`. Source: ECMA-48, and xterm for 38 and 48. */
function styled(style, numbers) {
  const codes = numbers.split(/[;:]/).map(Number);
  const next = { ...style };
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at];
    if (code === 0) for (const key of Object.keys(next)) delete next[key];
    else if (FLAGS[code]) next[FLAGS[code]] = true;
    else if (OFF[code]) for (const flag of OFF[code]) delete next[flag];
    else if (code === 39) delete next.fg;
    else if (code === 49) delete next.bg;
    else if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(at + 1, at + 5));
      if (colour !== null) next[code === 38 ? "fg" : "bg"] = colour;
      at += used;
    } else if (code >= 30 && code <= 37) next.fg = code - 30;
    else if (code >= 90 && code <= 97) next.fg = code - 82;
    else if (code >= 40 && code <= 47) next.bg = code - 40;
    else if (code >= 100 && code <= 107) next.bg = code - 92;
  }
  return Object.freeze(next);
}

/** Return a colour of 256 or of 16 million, and how many numbers it used. */
function extended([kind, ...rest]) {
  if (kind === 2) return [hex(rest.slice(0, 3)), 4];
  if (kind !== 5) return [null, 1];
  const number = Math.min(255, rest[0] || 0);
  if (number < 16) return [number, 2];
  if (number >= 232) return [hex(Array(3).fill((number - 232) * 10 + 8)), 2];
  const steps = [0, 95, 135, 175, 215, 255];
  const cube = number - 16;
  return [hex([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) => steps[step])), 2];
}

const hex = (parts) => `#${parts.map((part) => Math.min(255, part || 0).toString(16).padStart(2, "0")).join("")}`;

function* runs(cells) {
  let text = "";
  let style = null;
  // By index: where the cursor was moved to the right there are holes.
  for (let at = 0; at <= cells.length; at += 1) {
    const [letter, own] = at < cells.length ? (cells[at] ?? [" ", PLAIN]) : ["", null];
    if (own !== style && text) {
      yield run(text, style);
      text = "";
    }
    style = own;
    text += letter;
  }
}

function run(text, style) {
  if (style === PLAIN || Object.keys(style).length === 0) return text;
  const classes = Object.values(FLAGS).filter((flag) => style[flag]);
  const element = h("span", {}, text);
  for (const side of ["fg", "bg"]) {
    if (typeof style[side] === "number") classes.push(`${side}-${style[side]}`);
    else if (style[side]) {
      classes.push(`own-${side}`);
      element.style.setProperty(`--own-${side}`, style[side]);
    }
  }
  element.className = classes.join(" ");
  return element;
}
