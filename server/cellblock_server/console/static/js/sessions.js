// List of sessions, kept up to date.
import { call } from "./api.js";
import { arrange, byId, h, name, when } from "./dom.js";

/** Interval of requests in milliseconds, while the page is visible. */
const INTERVAL = 2500;
const PAGE = 50;
/** Maximum number of pages that are kept up to date. */
const MAX_PAGES = 10;
const STATE = "SESSION_STATE_";
const LIVE = ["CREATING", "READY", "BUSY", "RESTARTING"];
const ENDED = ["EXPIRED", "DELETED", "FAILED"];

export const stateOf = (session) => session.state.slice(STATE.length).toLowerCase();
export const isLive = (session) => LIVE.includes(session.state.slice(STATE.length));

function wanted(choice) {
  if (choice === "all") return [];
  if (choice === "live" || choice === "ended") return (choice === "live" ? LIVE : ENDED).map((state) => STATE + state);
  return [choice];
}

export class Sessions {
  #list = byId("session-list");
  #states = byId("states");
  #more = byId("more-sessions");
  #none = byId("no-sessions");
  #pages = 1;
  #items = new Map();
  #timer = 0;
  #looking = false;
  #again = false;
  #running = false;
  #chosen = "";
  #actions;

  /** `actions`: chosen(session), seen(sessions, answered). */
  constructor(actions) {
    this.#actions = actions;
    this.#states.addEventListener("change", () => this.look());
    this.#more.addEventListener("click", () => {
      this.#pages = Math.min(MAX_PAGES, this.#pages + 1);
      this.look();
    });
    document.addEventListener("visibilitychange", () => this.#running && this.look());
  }

  start() {
    this.#running = true;
    this.look();
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** Mark a session as the shown one; empty for none. */
  mark(id) {
    this.#chosen = id;
    for (const item of this.#items.values()) item.mark(id);
  }

  /** Request the list now, and regularly from here on. */
  async look() {
    clearTimeout(this.#timer);
    if (!this.#running || document.hidden) return;
    if (this.#looking) {
      // The choice may have changed since the request.
      this.#again = true;
      return;
    }
    this.#looking = true;
    try {
      this.#show(await this.#read());
    } catch (error) {
      this.#actions.seen([], error);
    }
    this.#looking = false;
    if (this.#again) {
      this.#again = false;
      this.look();
    } else if (this.#running) this.#timer = setTimeout(() => this.look(), INTERVAL);
  }

  async #read() {
    const states = wanted(this.#states.value);
    const found = [];
    let pageToken = "";
    for (let page = 0; page < this.#pages; page += 1) {
      const answer = await call("ListSessions", { pageSize: PAGE, pageToken, states });
      found.push(...(answer.sessions ?? []));
      pageToken = answer.nextPageToken ?? "";
      if (!pageToken) break;
    }
    this.#more.hidden = !pageToken || this.#pages >= MAX_PAGES;
    return found;
  }

  #show(sessions) {
    const items = new Map();
    for (const session of sessions) {
      const item = this.#items.get(session.id) ?? new Item(() => this.#actions.chosen(item.session));
      item.update(session, session.id === this.#chosen);
      items.set(session.id, item);
    }
    arrange(this.#list, [...items.values()].map((item) => item.element));
    this.#items = items;
    this.#none.hidden = sessions.length > 0;
    const choice = this.#states.selectedOptions[0].textContent;
    this.#none.textContent = choice === "all" ? "No sessions." : `No ${choice} sessions.`;
    this.#actions.seen(sessions, null);
  }
}

class Item {
  #state = h("span", { class: "state" });
  #name = h("bdi", { class: "id" });
  #facts = h("span", { class: "quiet" });
  #button;

  constructor(choose) {
    this.#button = h("button", { type: "button", onclick: choose }, h("span", { class: "row" }, this.#name, this.#state), this.#facts);
    this.element = h("li", {}, this.#button);
  }

  update(session, chosen) {
    this.session = session;
    const state = stateOf(session);
    this.#name.textContent = session.id;
    this.#state.textContent = state;
    this.#state.className = `state state-${state}`;
    const runs = Number(session.executionCount ?? 0);
    this.#facts.replaceChildren(
      `${runs} ${runs === 1 ? "run" : "runs"} · ${when(session.createTime)}`,
      ...(session.threadId ? [" · ", name(session.threadId)] : []),
    );
    this.#button.title = [session.id, session.endMessage].filter(Boolean).join("\n");
    this.mark(chosen ? session.id : "");
  }

  mark(id) {
    if (id && id === this.session.id) this.#button.setAttribute("aria-current", "true");
    else this.#button.removeAttribute("aria-current");
  }
}
