// Preview of a file: text, a table, an image, or its bytes.
import { bytes } from "./api.js";
import { byId, h, size } from "./dom.js";
import { MAX_PICTURE, picture, pictureType } from "./pictures.js";
import { highlighted } from "./python.js";

/** Maximum number of bytes shown of a file; an image is shown whole. */
const MAX_SHOWN = 256 * 1024;
const MAX_HEX = 2048;
const MAX_ROWS = 500;
const MAX_COLUMNS = 60;
const PER_LINE = 16;
const CONTROLS = /[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]/g;

export class Preview {
  #dialog = byId("preview");
  #body = byId("preview-body");
  #note = byId("preview-note");
  #turn = 0;

  constructor() {
    byId("close-preview").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => {
      this.#turn += 1;
      this.#body.replaceChildren();
    });
  }

  /** Show the file at `url`. */
  async open(url, name, length) {
    this.#turn += 1;
    const turn = this.#turn;
    byId("preview-title").replaceChildren(h("bdi", { class: "name" }, name));
    this.#note.textContent = "Loading …";
    this.#body.replaceChildren();
    if (!this.#dialog.open) this.#dialog.showModal();
    try {
      const [nodes, note] = await shown(url, name, Number(length ?? 0));
      if (turn !== this.#turn) return;
      this.#note.textContent = note;
      this.#body.replaceChildren(...nodes);
    } catch (error) {
      if (turn === this.#turn) this.#note.textContent = error.message;
    }
  }
}

async function shown(url, name, length) {
  let data = await bytes(url, MAX_SHOWN);
  const cut = length > data.length;
  const type = pictureType(data);
  if (type && length <= MAX_PICTURE) {
    if (cut) data = await bytes(url, MAX_PICTURE);
    return [[picture(data, name)], `${type}, ${size(length)}`];
  }
  const text = decoded(data, cut);
  if (text === null) return [[h("pre", { class: "text" }, dump(data))], `not text, ${size(length)}: its first ${size(Math.min(data.length, MAX_HEX))}`];
  const note = cut ? `the first ${size(data.length)} of ${size(length)}` : size(length);
  const separator = { csv: ",", tsv: "\t" }[name.split(".").pop().toLowerCase()];
  if (separator) return [[table(text, separator)], note];
  return [[h("pre", { class: "text" }, ...(name.endsWith(".py") ? highlighted(text) : [text]))], note];
}

/** Return UTF-8 text, or null for invalid UTF-8. */
function decoded(data, cut) {
  try {
    // A character at the end may be incomplete.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(data, { stream: cut });
    return text.includes("\0") ? null : text.replace(CONTROLS, "�");
  } catch {
    return null;
  }
}

function dump(data) {
  const lines = [];
  for (let at = 0; at < Math.min(data.length, MAX_HEX); at += PER_LINE) {
    const line = [...data.subarray(at, at + PER_LINE)];
    const hex = line.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const plain = line.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(PER_LINE * 3)} ${plain}`);
  }
  return lines.join("\n");
}

function table(text, separator) {
  const [head = [], ...rows] = records(text, separator);
  const cells = (row, tag) => row.slice(0, MAX_COLUMNS).map((value) => h(tag, {}, value));
  const left = rows.length > MAX_ROWS || head.length > MAX_COLUMNS;
  return h("div", {},
    h("table", { class: "csv" },
      h("thead", {}, h("tr", {}, ...cells(head, "th"))),
      h("tbody", {}, ...rows.slice(0, MAX_ROWS).map((row) => h("tr", {}, ...cells(row, "td"))))),
    left ? h("p", { class: "note" }, `only ${MAX_ROWS} rows and ${MAX_COLUMNS} columns are shown`) : null);
}

/** Return the records of a CSV text. Source: RFC 4180. */
function records(text, separator) {
  const found = [];
  let record = [];
  let field = "";
  let quoted = false;
  const end = () => {
    record.push(field);
    field = "";
  };
  for (let at = 0; at < text.length && found.length <= MAX_ROWS + 1; at += 1) {
    const letter = text[at];
    if (quoted) {
      if (letter !== '"') field += letter;
      else if (text[at + 1] === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (letter === '"' && !field) quoted = true;
    else if (letter === separator) end();
    else if (letter === "\n") {
      end();
      found.push(record);
      record = [];
    } else if (letter !== "\r") field += letter;
  }
  if (field || record.length) {
    end();
    found.push(record);
  }
  return found;
}
