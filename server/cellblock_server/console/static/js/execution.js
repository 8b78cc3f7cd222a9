// One execution in the log: its code, its output, and how it ended.
import { call } from "./api.js";
import { h, size, span, when } from "./dom.js";
import { Outputs } from "./outputs.js";
import { highlighted } from "./python.js";

const STATUS = "EXECUTION_STATUS_";
const ENDED = new Set(["COMPLETED", "FAILED", "CANCELLED", "EXPIRED"]);
const LIMITS = { OUTPUT_LIMIT_TEXT: "text", OUTPUT_LIMIT_RICH: "results and displays", OUTPUT_LIMIT_EVENTS: "events" };

export class Execution {
  #seen = 0;
  #code = "";
  #pieces = false;
  #outputs;
  #parts;
  #start = null;
  #actions;

  constructor(id, actions) {
    this.id = id;
    this.status = "QUEUED";
    this.#actions = actions;
    this.#outputs = new Outputs(id, actions.openFile);
    this.#parts = {
      count: h("span", { class: "count" }),
      state: h("span", { class: "state" }),
      time: h("time", { class: "quiet" }),
      took: h("span", { class: "quiet took" }),
      cancel: h("button", { type: "button", class: "link", hidden: true, onclick: () => this.cancel() }, "Cancel"),
      code: h("code"),
    };
    const { count, state, time, took, cancel, code } = this.#parts;
    this.element = h("li", { class: "run", id: `run-${id}` },
      h("div", { class: "run-head" }, count, state, time, took, cancel),
      h("pre", { class: "code" }, code),
      this.#outputs.element);
    this.#show();
  }

  get ended() {
    return ENDED.has(this.status);
  }

  async cancel() {
    try {
      await call("CancelExecution", { executionId: this.id });
    } catch (error) {
      this.#actions.complain(error);
    }
  }

  /** Update the state of the whole execution. */
  take(execution) {
    this.#write(execution.code ?? "");
    this.#is(execution);
  }

  /** Show code that was just sent. */
  begin(code) {
    this.#write(code);
    this.#parts.time.textContent = when(Date.now());
  }

  /** Add the next events; events that were added before are skipped. */
  add(events) {
    for (const event of events) {
      const sequence = Number(event.sequence);
      if (sequence <= this.#seen) continue;
      this.#seen = sequence;
      this.#happened(event, sequence);
    }
    this.#show();
  }

  #happened(event, sequence) {
    const out = this.#outputs;
    if (event.stdout) out.write("stdout", event.stdout.text ?? "");
    else if (event.stderr) out.write("stderr", event.stderr.text ?? "");
    else if (event.result) out.rich(event.result, sequence);
    else if (event.display) out.rich(event.display, sequence);
    else if (event.image) out.image(event.image);
    else if (event.displayUpdate) out.update(event.displayUpdate, sequence);
    else if (event.outputCleared) out.clear(event.outputCleared.wait);
    else if (event.error) out.error(event.error);
    else if (event.file) out.file(event.file);
    else if (event.fileDeleted) out.note("file deleted", h("bdi", {}, event.fileDeleted.path));
    else if (event.outputCut) out.note("cut", cutInWords(event.outputCut));
    else if (event.kernelRestarted) out.note("kernel restarted", event.kernelRestarted.reason ?? "");
    else if (event.code) this.#piece(event.code.text ?? "");
    else if (event.started) this.#is({ status: `${STATUS}RUNNING`, startTime: event.time });
    else if (event.completed) this.#completed(event.completed.execution);
  }

  #completed(execution) {
    this.#is(execution);
    if (execution.failure) this.#outputs.note(this.status.toLowerCase(), execution.failure.message ?? "");
    this.#actions.ended(this);
  }

  #is({ status, createTime, startTime, endTime, executionCount, error }) {
    const parts = this.#parts;
    // Replayed events describe earlier states: an ended execution stays ended.
    if (!this.ended && status) this.status = status.slice(STATUS.length);
    this.raised ||= Boolean(error);
    if (createTime) {
      parts.time.textContent = when(createTime);
      parts.time.dateTime = createTime;
    }
    if (startTime) this.#start = Date.parse(startTime);
    if (endTime && this.#start) parts.took.textContent = span(Date.parse(endTime) - this.#start);
    if (Number(executionCount)) parts.count.textContent = `[${executionCount}]`;
    this.#show();
  }

  /** Append code that arrives in pieces. */
  #piece(text) {
    if (!this.#pieces) this.#code = "";
    this.#pieces = true;
    this.#write(this.#code + text);
  }

  #write(code) {
    if (this.#code === code) return;
    this.#code = code;
    this.#parts.code.replaceChildren(...highlighted(code));
  }

  #show() {
    const word = this.raised && this.status === "COMPLETED" ? "exception" : this.status.toLowerCase();
    const { state, cancel } = this.#parts;
    state.textContent = word;
    state.className = `state state-${word}`;
    cancel.hidden = this.ended;
    this.element.setAttribute("aria-busy", String(!this.ended));
  }
}

function cutInWords({ omittedBytes, limit, limitValue }) {
  const what = LIMITS[limit] ?? "output";
  const bound = limit === "OUTPUT_LIMIT_EVENTS" ? `${limitValue} events` : size(limitValue ?? 0);
  return `${size(omittedBytes ?? 0)} of ${what} left out here, past the limit of ${bound}`;
}
