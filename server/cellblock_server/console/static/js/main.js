// The page: login, choice of a session, and actions of its buttons.
import { call, logIn, logOut, whenLoginNeeded, who } from "./api.js";
import { byId, h, when } from "./dom.js";
import { Files } from "./files.js";
import { Log } from "./log.js";
import { Preview } from "./preview.js";
import { isLive, Sessions, stateOf } from "./sessions.js";
import { startTheme } from "./theme.js";
import { Usage } from "./usage.js";

const TOKEN = "#token=";

let session = null;
let silent = false;

function say(text, isProblem = false) {
  const news = byId("news");
  news.textContent = text;
  news.classList.toggle("problem", isProblem);
}

const complain = (error) => say(error.message, true);

const preview = new Preview();
const openFile = (url, name, bytes) => preview.open(url, name, bytes);
const files = new Files({ openFile, complain, say });
const usage = new Usage();
const log = new Log({ openFile, complain, loginNeeded: () => askForLogin(), changed: (ended) => changed(ended) });
const sessions = new Sessions({ chosen: (one) => choose(one), seen });

/** Handle a change in the log: `ended` if an execution has ended. */
function changed(ended) {
  enable();
  if (ended) files.look();
}

function enable() {
  const live = session !== null && isLive(session);
  for (const id of ["code", "run", "restart", "delete"]) byId(id).disabled = !live;
  byId("cancel").disabled = !live || log.unfinished.length === 0;
}

function choose(one) {
  session = one;
  sessions.mark(one?.id ?? "");
  history.replaceState(null, "", one ? `#${one.id}` : location.pathname);
  log.open(one);
  const live = one !== null && isLive(one);
  files.open(live ? one : null);
  usage.open(live ? one : null);
  describe();
}

function describe() {
  byId("session-title").textContent = session?.id ?? "No session";
  const facts = byId("session-facts");
  facts.replaceChildren();
  if (session) {
    const state = stateOf(session);
    const parts = [`since ${when(session.createTime)}`];
    if (session.expireTime) parts.push(`ends ${when(session.expireTime)} if it is not used`);
    if (session.endMessage) parts.push(session.endMessage);
    parts.push([session.backend, session.runtime, session.image].filter(Boolean).join(" · "));
    facts.append(h("span", { class: `state state-${state}` }, state), ...parts.map((part) => h("span", {}, part)));
  }
  enable();
}

/** Handle a response with the list of sessions. */
async function seen(found, problem) {
  if (problem) {
    silent = true;
    if (problem.status !== 401) complain(problem);
    return;
  }
  if (silent) say("");
  silent = false;
  if (!session) return;
  const known = session;
  const wasLive = isLive(known);
  let now = found.find(({ id }) => id === known.id);
  if (!now && wasLive) {
    // The list has sessions of some states, or more pages: request this one by its id.
    now = await call("GetSession", { sessionId: known.id }).then((answer) => answer.session, () => undefined);
  }
  if (!now || session !== known) return;
  session = now;
  log.update(now);
  if (wasLive && !isLive(now)) {
    files.open(null);
    usage.open(null);
  }
  describe();
}

/** Run a button's action, with the button disabled meanwhile. */
function doing(id, action) {
  byId(id).addEventListener("click", async () => {
    byId(id).disabled = true;
    try {
      await action();
    } catch (error) {
      complain(error);
    }
    byId(id).disabled = false;
    enable();
  });
}

doing("create", async () => {
  say("Starting a session …");
  const made = await call("CreateSession", {});
  say(`Session ${made.session.id} is ready`);
  choose(made.session);
  sessions.look();
  byId("code").focus();
});
doing("restart", async () => {
  if (!(await confirmed("Restart the kernel?", "Variables are lost, files stay. What runs is cancelled.", "Restart"))) return;
  say("Restarting the kernel …");
  await call("RestartSession", { sessionId: session.id });
  say("The kernel was restarted");
  sessions.look();
});
doing("delete", async () => {
  if (!(await confirmed("Delete this session?", "Its sandbox and /mnt/data go. The log and generated files stay until retention.", "Delete"))) return;
  await call("DeleteSession", { sessionId: session.id });
  say(`Session ${session.id} was deleted`);
  sessions.look();
});
doing("cancel", () => log.cancel());
byId("logout").addEventListener("click", async () => {
  await logOut().catch(complain);
  askForLogin();
});

/** Ask the user for confirmation. */
function confirmed(title, text, yes) {
  const dialog = byId("confirm");
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-yes").textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}
byId("confirm-yes").addEventListener("click", () => byId("confirm").close("yes"));
byId("confirm-no").addEventListener("click", () => byId("confirm").close(""));

async function run() {
  const code = byId("code");
  const text = code.value;
  if (!text.trim() || byId("run").disabled) return;
  try {
    await log.run(text);
    // Text typed meanwhile stays.
    if (code.value === text) code.value = "";
    say("");
  } catch (error) {
    complain(error);
  }
}
byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
byId("code").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});

function askForLogin() {
  sessions.stop();
  choose(null);
  byId("app").hidden = true;
  byId("logout").hidden = true;
  byId("login").hidden = false;
  byId("secret").focus();
}

async function begin() {
  byId("login").hidden = true;
  byId("app").hidden = false;
  byId("logout").hidden = false;
  const id = location.hash.slice(1);
  sessions.start();
  if (!id.startsWith("sess_")) return enable();
  const known = await call("GetSession", { sessionId: id }).catch(() => null);
  if (known && !session) choose(known.session);
}

byId("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const secret = byId("secret");
  byId("login-problem").textContent = "";
  try {
    await logIn(secret.value.trim());
    secret.value = "";
    begin();
  } catch (error) {
    byId("login-problem").textContent = error.message;
    secret.focus();
  }
});

async function start() {
  startTheme();
  whenLoginNeeded(askForLogin);
  if (location.hash.startsWith(TOKEN)) {
    const token = decodeURIComponent(location.hash.slice(TOKEN.length));
    // Remove the token from the address first, so that no history contains it.
    history.replaceState(null, "", location.pathname);
    await logIn(token).catch((error) => (byId("login-problem").textContent = error.message));
  }
  const caller = await who();
  byId("login-help").textContent = caller.needsKey
    ? "This server needs a key: cb_…"
    : "Open the address that the server printed when it was started, or paste its token here. A key will do as well.";
  if (caller.loggedIn) begin();
  else askForLogin();
}

start().catch(complain);
