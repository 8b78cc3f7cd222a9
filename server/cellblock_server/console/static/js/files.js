// Files in a session's /mnt/data: listed when code has ended, because listing counts as use.
import { call, sessionFileUrl, upload } from "./api.js";
import { arrange, byId, h, size, when } from "./dom.js";

const ROOT = "/mnt/data/";
/** Maximum number of entries in the list. */
const MAX_LISTED = 500;

export class Files {
  #list = byId("file-list");
  #none = byId("no-files");
  #refresh = byId("refresh-files");
  #upload = byId("upload");
  #input = byId("upload-input");
  #session = null;
  #looking = 0;
  /** Row elements by all known fields of a file: a changed file gets a new row. */
  #items = new Map();
  #actions;

  /** `actions`: openFile(url, name, bytes), complain(error), say(text). */
  constructor(actions) {
    this.#actions = actions;
    this.#refresh.addEventListener("click", () => this.look());
    this.#upload.addEventListener("click", () => this.#input.click());
    this.#input.addEventListener("change", () => this.#send([...this.#input.files]));
    const pane = byId("files-pane");
    pane.addEventListener("dragover", (event) => event.preventDefault());
    pane.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#send([...event.dataTransfer.files]);
    });
  }

  /** Show another session's files; null for none. */
  open(session) {
    this.#session = session;
    this.#items.clear();
    this.#list.replaceChildren();
    this.#say(session ? "" : "No session");
    for (const button of [this.#refresh, this.#upload]) button.disabled = !session;
    if (session) this.look();
  }

  async look() {
    const session = this.#session;
    if (!session) return;
    this.#looking += 1;
    const turn = this.#looking;
    try {
      const { files = [], nextPageToken } = await call("ListSessionFiles", { sessionId: session.id, pageSize: MAX_LISTED });
      if (turn !== this.#looking) return;
      const items = new Map(files.map((file) => [JSON.stringify(file), file]));
      for (const [key, file] of items) items.set(key, this.#items.get(key) ?? this.#item(session, file));
      arrange(this.#list, [...items.values()]);
      this.#items = items;
      this.#say(nextPageToken ? `Only the first ${MAX_LISTED} are shown.` : files.length ? "" : "Nothing there. Drop files here, or upload them.");
    } catch (error) {
      if (turn !== this.#looking) return;
      this.#say(error.message);
    }
  }

  #item(session, { path, bytes = 0, modifyTime, isFolder, linkTarget }) {
    const shown = path.startsWith(ROOT) ? path.slice(ROOT.length) : path;
    if (isFolder) return h("li", { class: "folder" }, h("bdi", { class: "name" }, `${shown}/`));
    if (linkTarget) return h("li", {}, h("bdi", { class: "name" }, shown), " → ", h("bdi", { class: "name" }, linkTarget));
    const url = sessionFileUrl(session.id, path);
    const title = `${path}\n${size(bytes)}${modifyTime ? `, ${when(modifyTime)}` : ""}`;
    return h("li", {},
      h("button", { type: "button", class: "link", title, onclick: () => this.#actions.openFile(url, shown, bytes) }, h("bdi", { class: "name" }, shown)),
      h("span", { class: "quiet" }, size(bytes)),
      h("a", { href: url, download: "", "aria-label": `Download ${shown}` }, "Download"));
  }

  async #send(files) {
    const session = this.#session;
    if (!session) return;
    for (const file of files) {
      this.#actions.say(`Uploading ${file.name} …`);
      try {
        await upload(session.id, file);
        this.#actions.say(`Uploaded ${file.name}`);
      } catch (error) {
        this.#actions.complain(error);
      }
    }
    this.#input.value = "";
    this.look();
  }

  #say(text) {
    this.#none.textContent = text;
    this.#none.hidden = !text;
  }
}
