// Requests to the console's server.

const JSON_HEADERS = { "Content-Type": "application/json" };

/** A refused request: `reason` for programs, the message for people. */
export class Refused extends Error {
  constructor(status, reason, message) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

let onLoginNeeded = () => {};

/** Set the handler for requests that need a login. */
export function whenLoginNeeded(action) {
  onLoginNeeded = action;
}

async function sent(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { redirect: "error", ...options });
  } catch {
    throw new Refused(0, "NO_ANSWER", "the server does not answer");
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  if (response.status === 401 && body.reason !== "LOGIN_REFUSED") onLoginNeeded();
  throw new Refused(response.status, body.reason ?? "HTTP", body.message ?? `HTTP ${response.status}`);
}

const posted = (path, body) =>
  sent(path, { method: "POST", headers: JSON_HEADERS, body: JSON.stringify(body) }).then((answer) => answer.json());

const inSession = (id) => `/api/sessions/${encodeURIComponent(id)}`;

export const who = () => sent("/api/login").then((answer) => answer.json());
export const logIn = (secret) => posted("/api/login", { secret });
export const logOut = () => sent("/api/login", { method: "DELETE" });

/** Make a call of the services, in the proto's JSON. */
export const call = (method, body = {}) => posted(`/api/call/${method}`, body);

export const execute = (sessionId, code) => posted(`${inSession(sessionId)}/execute`, { code });

export const logOf = (sessionId) => new EventSource(`${inSession(sessionId)}/log`);

export const fileUrl = (fileId) => `/api/files/${encodeURIComponent(fileId)}`;

export const sessionFileUrl = (sessionId, path) => `${inSession(sessionId)}/file?${new URLSearchParams({ path })}`;

export const frameUrl = (executionId, sequence) => `/frame/${encodeURIComponent(executionId)}/${Number(sequence)}`;

/** Return the first `length` bytes at one of these addresses. */
export async function bytes(url, length) {
  const address = new URL(url, location.origin);
  address.searchParams.set("length", length);
  return new Uint8Array(await (await sent(address)).arrayBuffer());
}

export const upload = (sessionId, file) =>
  sent(sessionFileUrl(sessionId, file.name), {
    method: "PUT",
    headers: { "Content-Type": "application/octet-stream" },
    body: file,
  });
