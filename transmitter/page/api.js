// The public REST interfaces, and nothing else: the transmitter's (here) and the receiver's (named by `video_url`).

import { askForKey, key, shown } from "./key.js";

const TRANSMISSIONS = "/v1/transmissions";
const PAGE = 500;
const RENEWED_MS = 3600e3; // a link that ends sooner is not given to a player any more

/** What a service refused, in its own words. */
export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * A service's answer to a request. Asks the user for a key where the service wants one.
 * Throws Refused, with status 0 where the service is not there.
 */
export async function ask(url, request = {}) {
  let response;
  let used;
  do {
    used = key();
    try {
      response = await fetch(url, { ...request, headers: { ...request.headers, ...shown() } });
    } catch {
      throw new Refused(unreachable(url), 0);
    }
  } while (response.status === 401 && (await askForKey(used, originOf(url))));
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  throw new Refused(body.detail ?? `HTTP status ${response.status}`, response.status);
}

async function json(url, request) {
  const response = await ask(url, request);
  return response.json().catch(() => {
    throw new Refused(unreachable(url), 0); // it broke off in the middle
  });
}

const originOf = (url) => new URL(url, location.href).origin;

// Players, event streams and links show no key: a word of the service's opens one resource to them for a while.
const granted = new Map();

async function grant(resource) {
  if (!key() || granted.get(resource)?.until > Date.now() + RENEWED_MS) return;
  const { access, expires_at: until } = await json(`${resource}/access`);
  granted.set(resource, { access, until: Date.parse(until) });
}

function signed(resource, rest = "") {
  const url = resource + rest;
  const word = granted.get(resource)?.access;
  return word ? `${url}${url.includes("?") ? "&" : "?"}access=${word}` : url;
}

/** A sentence for when nobody answers at `url`. */
export function unreachable(url) {
  const origin = originOf(url);
  if (origin === location.origin) return "The transmitter does not answer; is it running?";
  return (
    `The receiver at ${origin} does not answer this page. Is it running, does its setting ` +
    `SEMVID_RECEIVER_ALLOWED_ORIGINS name ${location.origin}, and does SEMVID_TRANSMITTER_RECEIVER_URL name ${origin}?`
  );
}

async function everything(url) {
  const found = [];
  for (;;) {
    const page = await json(`${url}?offset=${found.length}&limit=${PAGE}`);
    found.push(...page);
    if (page.length < PAGE) return found;
  }
}

export const transmitter = {
  schema: () => json("/openapi.json"),
  list: (offset, limit) => json(`${TRANSMISSIONS}?offset=${offset}&limit=${limit}`),
  get: (id) => json(`${TRANSMISSIONS}/${id}`),
  semantics: (id) => json(`${TRANSMISSIONS}/${id}/semantics`),
  cancel: (id) => json(`${TRANSMISSIONS}/${id}`, { method: "DELETE" }),
  channel: (id) => json(`${TRANSMISSIONS}/${id}/channel`),
  changeChannel: (id, change) =>
    json(`${TRANSMISSIONS}/${id}/channel`, {
      method: "PATCH",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(change),
    }),
  grant: (id) => grant(`${TRANSMISSIONS}/${id}`),
  resourceUrl: (id) => signed(`${TRANSMISSIONS}/${id}`),
  semanticsUrl: (id) => signed(`${TRANSMISSIONS}/${id}`, "/semantics"),
  sourceUrl: (id) => signed(`${TRANSMISSIONS}/${id}`, "/source"),

  /** Events of a transmission; a broken connection is taken up where it was (`Last-Event-ID`). */
  follow(id, onEvent) {
    const stream = new EventSource(signed(`${TRANSMISSIONS}/${id}`, "/events"));
    for (const kind of ["progress", "state"]) {
      stream.addEventListener(kind, (event) => onEvent(JSON.parse(event.data)));
    }
    return stream;
  },
};

/** The receiver's interface to one video, from the address that the transmission names. */
export const receiver = (videoUrl) => ({
  get: () => json(videoUrl),
  segments: () => everything(`${videoUrl}/segments`),
  keyframes: () => everything(`${videoUrl}/keyframes`),
  captions: () => everything(`${videoUrl}/captions`),
  constellation: () => json(`${videoUrl}/constellation`),
  questions: () => everything(`${videoUrl}/questions`),
  question: (questionId) => json(`${videoUrl}/questions/${questionId}`),
  ask: (question, answeredBy) =>
    json(`${videoUrl}/questions`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ question, answered_by: answeredBy }),
    }),
  grant: () => grant(videoUrl),
  /** Of a live video: its playlist as text and what that names, as bytes. */
  liveUrl: () => signed(videoUrl, "/live.m3u8"),
  livePlaylist: async () => (await ask(signed(videoUrl, "/live.m3u8"))).text(),
  bytes: async (url) => (await ask(url)).arrayBuffer(),
  contentUrl: () => signed(videoUrl, "/content"),
  downloadUrl: () => signed(videoUrl, "/content?download=true"),
  segmentsUrl: () => signed(videoUrl, "/segments"),
  keyframeUrl: (number) => signed(videoUrl, `/keyframes/${number}`),
});

export const FINAL = new Set(["SUCCEEDED", "FAILED", "CANCELLED"]);
export const VIDEO_FINAL = new Set(["SUCCEEDED", "TRUNCATED", "FAILED"]);
