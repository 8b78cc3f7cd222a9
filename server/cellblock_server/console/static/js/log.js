// Live log of the shown session.
import { call, execute, logOf, who } from "./api.js";
import { byId, h } from "./dom.js";
import { Execution } from "./execution.js";

/** Maximum number of executions shown; the oldest are removed. */
const MAX_SHOWN = 200;
/** Milliseconds before an interrupted log is requested again. */
const RETRY = 2000;
/** Pixels from the end of the log within which the view follows new output. */
const NEAR_END = 60;
const LEFT_OUT = "What ran before this is not shown.";

export class Log {
  #list = byId("log");
  #scroll = byId("log-scroll");
  #note = byId("log-note");
  #session = null;
  #source = null;
  #retry = 0;
  #leftOut = false;
  #executions = new Map();
  #actions;

  /** `actions`: openFile(url, name, bytes), complain(error), changed(ended). */
  constructor(actions) {
    this.#actions = { ...actions, ended: () => actions.changed(true) };
    document.addEventListener("visibilitychange", () => this.#follow());
  }

  /** Show another session's log; null for none. */
  open(session) {
    this.#session = session;
    this.#executions.clear();
    this.#leftOut = false;
    this.#list.replaceChildren();
    this.#say(session ? "Nothing was run in this session yet." : "Choose a session on the left, or make a new one.");
    this.#follow();
  }

  /** Update the session's state: shows that a kernel was replaced while nothing ran. */
  update(session) {
    const before = Number(this.#session?.kernelGeneration ?? 0);
    const after = Number(session.kernelGeneration ?? 0);
    if (before && after > before) {
      const why = session.memoryLoss?.message ?? "restarted";
      this.#append(h("li", { class: "divider" }, h("span", {}, `Kernel ${after}: variables are gone (${why})`)));
    }
    this.#session = session;
  }

  /** Return the executions that have not ended, the oldest first. */
  get unfinished() {
    return [...this.#executions.values()].filter((execution) => !execution.ended);
  }

  async run(code) {
    const session = this.#session;
    const { executionId } = await execute(session.id, code);
    // The log may have shown it already, or another session is shown by now.
    if (session.id === this.#session?.id && !this.#executions.has(executionId)) this.#execution(executionId).begin(code);
    this.#toEnd();
    this.#actions.changed(false);
  }

  async cancel() {
    for (const { id } of this.unfinished) await call("CancelExecution", { executionId: id });
  }

  /** Continue reading if there may be something to read and the page is visible. */
  #follow() {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
    if (!this.#session || document.hidden) return;
    const source = (this.#source = logOf(this.#session.id));
    const listen = (kind, take) => source.addEventListener(kind, ({ data }) => take(JSON.parse(data)));
    listen("past_left_out", () => this.#leaveOut());
    listen("execution", (execution) => this.#keepingPlace(() => this.#execution(execution.id).take(execution)));
    listen("events", ({ events }) => this.#keepingPlace(() => this.#execution(events[0].executionId).add(events)));
    listen("ended", () => source.close());
    listen("failed", ({ reason, message }) => {
      source.close();
      if (reason === "UNAVAILABLE") this.#again();
      else this.#actions.complain(new Error(message));
    });
    source.onerror = () => {
      // A browser does not report why a stream ended: ask whether the login has ended.
      source.close();
      this.#again();
    };
  }

  #again() {
    this.#retry = setTimeout(async () => {
      const caller = await who().catch(() => ({ loggedIn: true }));
      if (caller.loggedIn) this.#follow();
      else this.#actions.loginNeeded();
    }, RETRY);
  }

  #execution(id) {
    let execution = this.#executions.get(id);
    if (!execution) {
      execution = new Execution(id, this.#actions);
      this.#executions.set(id, execution);
      this.#say(this.#leftOut ? LEFT_OUT : "");
      this.#append(execution.element);
      if (this.#executions.size > MAX_SHOWN) this.#forgetFirst();
    }
    return execution;
  }

  #forgetFirst() {
    const [id, execution] = this.#executions.entries().next().value;
    this.#executions.delete(id);
    execution.element.remove();
    this.#leaveOut();
  }

  #leaveOut() {
    this.#leftOut = true;
    this.#say(LEFT_OUT);
  }

  #append(element) {
    this.#keepingPlace(() => this.#list.append(element));
  }

  #keepingPlace(change) {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    change();
    if (atEnd) this.#toEnd();
    this.#actions.changed(false);
  }

  #toEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  #say(text) {
    this.#note.textContent = text;
    this.#note.hidden = !text;
  }
}
