// Images from a sandbox: their bytes decide the type, not their names or declared types.
import { bytes } from "./api.js";
import { h } from "./dom.js";

/** Maximum size of an image that is shown, in bytes; larger ones can be downloaded. */
export const MAX_PICTURE = 32 * 2 ** 20;

const STARTS = [
  ["image/png", [0x89, 0x50, 0x4e, 0x47]],
  ["image/jpeg", [0xff, 0xd8, 0xff]],
  ["image/gif", [0x47, 0x49, 0x46, 0x38]],
  ["image/webp", [0x52, 0x49, 0x46, 0x46]],
  ["image/bmp", [0x42, 0x4d]],
];

/** Return the type of an image; empty if the bytes are not shown as an image. */
export function pictureType(data) {
  for (const [type, start] of STARTS) {
    if (start.every((byte, at) => data[at] === byte)) return type;
  }
  const text = new TextDecoder().decode(data.subarray(0, 1024));
  return /^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)*(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/i.test(text) ? "image/svg+xml" : "";
}

/** Create an image. As an `img` an SVG runs no scripts and makes no requests. */
export function picture(data, alt) {
  const type = pictureType(data);
  if (!type) return null;
  // Not a `blob:` for SVG: opened directly, that would be a document of this origin.
  const source = type === "image/svg+xml" ? svgSource(new TextDecoder().decode(data)) : URL.createObjectURL(new Blob([data], { type }));
  const image = h("img", { alt, src: source, class: "picture" });
  image.addEventListener("load", () => URL.revokeObjectURL(source), { once: true });
  image.addEventListener("error", () => image.replaceWith(h("p", { class: "note" }, `${alt}: not a picture that can be shown`)), { once: true });
  return image;
}

/** Create an image from SVG text. */
export const svgPicture = (text, alt) => h("img", { alt, src: svgSource(text), class: "picture" });

const svgSource = (text) => `data:image/svg+xml,${encodeURIComponent(text.toWellFormed())}`;

/** Create an element that becomes an image once its bytes have arrived. */
export function pictureAt(url, alt, size) {
  if (size > MAX_PICTURE) return h("p", { class: "note" }, `${alt}: too large to be shown here`);
  const place = h("div", { class: "picture-place" });
  bytes(url, MAX_PICTURE).then(
    (data) => place.replaceChildren(picture(data, alt) ?? h("p", { class: "note" }, `${alt}: not a picture that can be shown`)),
    (error) => place.replaceChildren(h("p", { class: "problem" }, `${alt}: ${error.message}`)),
  );
  return place;
}
