// Resources that the session uses, over the time that the page shows it.
import { call } from "./api.js";
import { byId, h, size, svg } from "./dom.js";

/** Interval of requests in milliseconds, and number of kept values: five minutes. */
const INTERVAL = 2500;
const SAMPLES = 120;
const ROOM = 24;
const WIDTH = 240;
const HEIGHT = 44;

export class Usage {
  #place = byId("usage");
  #session = null;
  #timer = 0;
  #memory;
  #cpu;
  #generation = 0;

  constructor() {
    document.addEventListener("visibilitychange", () => this.#look());
  }

  /** Show another session's usage; null for none. */
  open(session) {
    this.#session = session;
    this.#generation += 1;
    this.#memory = new Chart("Memory");
    this.#cpu = new Chart("CPU");
    if (session) this.#say("Waiting for numbers …");
    else this.#say("No session");
    this.#look();
  }

  async #look() {
    clearTimeout(this.#timer);
    if (!this.#session || document.hidden) return;
    const generation = this.#generation;
    try {
      const { status } = await call("GetServerStatus");
      if (generation !== this.#generation) return;
      this.#show((status.sessions ?? []).find(({ sessionId }) => sessionId === this.#session.id));
    } catch (error) {
      if (generation !== this.#generation) return;
      this.#say(error.reason === "ROLE_NOT_ALLOWED" ? "An admin key sees what sessions use." : error.message);
      if (error.reason === "ROLE_NOT_ALLOWED") return;
    }
    this.#timer = setTimeout(() => this.#look(), INTERVAL);
  }

  #show(found) {
    if (!found) {
      this.#say("Not running: nothing is used.");
      return;
    }
    const { cpus = 0, cpuSeconds = 0, memoryBytes, memoryLimitBytes, waitingExecutions = 0 } = found;
    const limit = Number(memoryLimitBytes);
    const most = Number(this.#session.limits?.cpus ?? 1);
    if (memoryBytes === undefined) this.#memory.unknown();
    else this.#memory.add(Number(memoryBytes), limit, `${size(memoryBytes)} of ${size(limit)}`);
    this.#cpu.add(cpus, most, `${cpus.toFixed(2)} of ${most} · ${cpuSeconds.toFixed(1)} s in all`);
    if (!this.#memory.element.isConnected) this.#place.replaceChildren(this.#memory.element, this.#cpu.element, this.#waiting);
    this.#waiting.textContent = Number(waitingExecutions) ? `${waitingExecutions} executions wait` : "";
  }

  #waiting = h("p", { class: "quiet" });

  #say(text) {
    this.#place.replaceChildren(h("p", { class: "empty" }, text));
  }
}

/** One value over time, against its limit. */
class Chart {
  #samples = [];
  #line = svg("polyline", { class: "line", fill: "none", "vector-effect": "non-scaling-stroke" });
  #area = svg("polygon", { class: "area" });
  #value = h("span", { class: "value" });

  constructor(title) {
    this.element = h("div", { class: "chart" },
      h("p", {}, h("span", { class: "label" }, title), this.#value),
      svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, this.#area, this.#line));
  }

  add(value, most, words) {
    this.#samples.push(Math.min(1, value / (most || 1)));
    if (this.#samples.length > SAMPLES) this.#samples.shift();
    this.#value.textContent = words;
    const room = Math.max(ROOM, this.#samples.length);
    const first = room - this.#samples.length;
    const points = this.#samples.map(
      (share, at) => `${(((first + at) * WIDTH) / (room - 1)).toFixed(1)},${(HEIGHT - 1 - share * (HEIGHT - 2)).toFixed(1)}`,
    );
    this.#line.setAttribute("points", points.join(" "));
    this.#area.setAttribute("points", `${points[0].split(",")[0]},${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`);
  }

  unknown() {
    this.#value.textContent = "can't be seen from here";
  }
}
