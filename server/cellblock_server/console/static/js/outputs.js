// Output of an execution, piece by piece.
import { fileUrl, frameUrl } from "./api.js";
import { h, name, size } from "./dom.js";
import { pictureAt, svgPicture } from "./pictures.js";
import { Terminal } from "./terminal.js";

/** Types that are shown, the best first. Others are listed by name. */
const HTML = "text/html";
const SVG = "image/svg+xml";
const AS_TEXT = ["text/markdown", "text/latex", "application/json", "text/plain"];
/** Rows of a table that fit into its frame; it scrolls, and its lower edge can be dragged. */
const MAX_ROWS = 16;
const ROW_REM = 1.78;
const EDGE_REM = 1.5;
const FRAME_REM = 12;
/** Maximum number of characters shown of one value. */
const MAX_VALUE = 200_000;

/** Area of output below an execution's code. */
export class Outputs {
  #executionId;
  #stream = null;
  #displays = new Map();
  #clearing = false;
  #openFile;

  constructor(executionId, openFile) {
    this.#executionId = executionId;
    this.#openFile = openFile;
    this.element = h("div", { class: "outputs" });
  }

  /** Add text of a stream: `stdout` or `stderr`. */
  write(kind, text) {
    this.#cleared();
    if (this.#stream?.kind !== kind) {
      const target = h("pre", { class: `text ${kind}` });
      this.element.append(target);
      this.#stream = { kind, terminal: new Terminal(target) };
    }
    this.#stream.terminal.write(text);
  }

  /** Add a value in several representations. */
  rich(output, sequence) {
    this.#show(this.#value(output.data ?? {}, sequence), output.displayId);
  }

  image(event) {
    this.#show(this.#picture(event.file), event.displayId);
  }

  /** Replace an earlier display. */
  update(event, sequence) {
    const { output = {}, image } = event;
    for (const place of this.#displays.get(output.displayId) ?? []) {
      place.replaceChildren(image ? this.#picture(image) : this.#value(output.data ?? {}, sequence));
    }
  }

  clear(wait) {
    this.#clearing = true;
    if (!wait) this.#cleared();
  }

  error({ name: kind, value, traceback }) {
    const target = h("pre", { class: "text" });
    new Terminal(target).write((traceback ?? []).join("\n"));
    this.#append(
      h("section", { class: "error", "aria-label": "Exception" },
        h("p", { class: "error-name" }, h("strong", {}, kind ?? ""), value ? `: ${value.slice(0, MAX_VALUE)}` : ""),
        h("details", { open: true }, h("summary", {}, "Traceback"), target)),
    );
  }

  file({ file, path, skippedReason, isFullOutput, renamedFrom }) {
    const shown = isFullOutput ? "all of the output" : (path ?? file?.filename ?? "");
    if (!file) {
      this.note("file not kept", h("span", {}, name(shown), `: ${skippedReason}`));
      return;
    }
    this.note(
      isFullOutput ? "" : "file",
      h("span", {}, name(shown), renamedFrom ? h("span", { class: "quiet" }, " was ", name(renamedFrom)) : null, " "),
      h("span", { class: "quiet" }, size(file.bytes ?? 0)),
      h("button", { type: "button", class: "link", onclick: () => this.#openFile(fileUrl(file.id), file.filename, file.bytes) }, "Preview"),
      h("a", { href: fileUrl(file.id), download: "" }, "Download"),
    );
  }

  /** Add a line from the console itself. */
  note(label, ...content) {
    this.#append(h("p", { class: "note" }, label ? h("span", { class: "label" }, label) : null, ...content));
  }

  #append(element) {
    this.#cleared();
    this.#stream = null;
    this.element.append(element);
  }

  #show(shown, displayId) {
    const place = h("div", { class: "display" }, shown);
    this.#append(place);
    if (displayId) this.#displays.set(displayId, [...(this.#displays.get(displayId) ?? []), place]);
  }

  #cleared() {
    if (!this.#clearing) return;
    this.#clearing = false;
    this.#stream = null;
    this.#displays.clear();
    this.element.replaceChildren();
  }

  #picture(file) {
    return pictureAt(fileUrl(file.id), file.filename ?? "image", Number(file.bytes ?? 0));
  }

  #value(data, sequence) {
    const types = Object.keys(data);
    const text = AS_TEXT.find((type) => type in data);
    const parts = [];
    const used = new Set();
    if (HTML in data) {
      used.add(HTML);
      parts.push(this.#frame(data[HTML], sequence));
      if (text) {
        used.add(text);
        parts.push(h("details", { class: "quiet" }, h("summary", {}, `as ${text}`), block(data[text])));
      }
    } else if (SVG in data) {
      used.add(SVG);
      parts.push(svgPicture(data[SVG], data["text/plain"] ?? "SVG picture"));
      used.add("text/plain");
    } else if (text) {
      used.add(text);
      parts.push(block(data[text]));
    }
    const others = types.filter((type) => !used.has(type) && type !== "text/plain");
    if (others.length) parts.push(h("p", { class: "types quiet" }, "also as ", ...others.flatMap((type) => [name(type), " "])));
    return h("div", { class: "value" }, ...parts);
  }

  /** Show HTML in an isolated frame: see docs/guides/console.md. */
  #frame(html, sequence) {
    const rows = html.match(/<tr[\s>]/gi)?.length ?? 0;
    const frame = h("iframe", { sandbox: "", src: frameUrl(this.#executionId, sequence), title: "HTML from the sandbox", loading: "lazy", referrerpolicy: "no-referrer" });
    const box = h("div", { class: "frame" }, frame);
    box.style.height = `${rows ? Math.min(rows, MAX_ROWS) * ROW_REM + EDGE_REM : FRAME_REM}rem`;
    return box;
  }
}

function block(text) {
  const target = h("pre", { class: "text" });
  new Terminal(target).write(text.slice(0, MAX_VALUE));
  if (text.length > MAX_VALUE) target.append(h("span", { class: "left-out" }, `\n… ${text.length - MAX_VALUE} more characters`));
  return target;
}
