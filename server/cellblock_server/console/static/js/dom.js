// Elements, created without markup: text from a sandbox stays text.

const SVG = "http://www.w3.org/2000/svg";

/** Create an element. `properties` are attributes; `on…` are listeners; false and null are omitted. */
export function h(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/** Create an SVG element, like `h`. */
export function svg(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Return a name from a sandbox: its writing direction does not affect the text beside it. */
export const name = (text) => h("bdi", { class: "name" }, text);

/** Set the elements of a list, in this order. Kept elements are not touched: one may have the focus. */
export function arrange(list, elements) {
  const wanted = new Set(elements);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  elements.forEach((element, at) => {
    if (list.children[at] !== element) list.insertBefore(element, list.children[at] ?? null);
  });
}

const DECIMALS = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** Format a number of bytes for people. */
export function size(bytes) {
  let value = Number(bytes);
  for (const unit of ["B", "KiB", "MiB"]) {
    if (value < 1024) return `${DECIMALS.format(value)} ${unit}`;
    value /= 1024;
  }
  return `${DECIMALS.format(value)} GiB`;
}

/** Format a time of today, or a date and a time. */
export function when(time) {
  const date = new Date(time);
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString("en-GB", today ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" });
}

/** Format milliseconds for people. */
export function span(milliseconds) {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
