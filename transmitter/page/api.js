// The public REST interfaces, and nothing else: the transmitter's (here) and the receiver's (named by `video_url`).

const TRANSMISSIONS = "/v1/transmissions";
const PAGE = 500;

/** What a service refused, in its own words. */
export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function json(url, request = {}) {
  let response;
  try {
    response = await fetch(url, request);
  } catch {
    throw new Refused(unreachable(url), 0);
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(body.detail ?? `HTTP status ${response.status}`, response.status);
  return body;
}

function unreachable(url) {
  const origin = new URL(url, location.href).origin;
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
  resourceUrl: (id) => `${TRANSMISSIONS}/${id}`,
  semanticsUrl: (id) => `${TRANSMISSIONS}/${id}/semantics`,
  sourceUrl: (id) => `${TRANSMISSIONS}/${id}/source`,

  /** Events of a transmission; a broken connection is taken up where it was (`Last-Event-ID`). */
  follow(id, onEvent) {
    const stream = new EventSource(`${TRANSMISSIONS}/${id}/events`);
    for (const kind of ["progress", "state"]) {
      stream.addEventListener(kind, (event) => onEvent(JSON.parse(event.data)));
    }
    return stream;
  },

  /** Uploads a file; `onProgress` is told the share that has left. */
  submit(file, options, onProgress) {
    const body = new FormData();
    body.append("file", file, file.name);
    body.append("options", JSON.stringify(options));
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest(); // fetch tells nothing of how much has left
      request.open("POST", TRANSMISSIONS);
      request.responseType = "json";
      request.upload.onprogress = (event) => event.total && onProgress(event.loaded / event.total);
      request.onerror = () => reject(new Refused(unreachable(TRANSMISSIONS), 0));
      request.onload = () => {
        if (request.status === 202) resolve(request.response);
        else reject(new Refused(request.response?.detail ?? `HTTP status ${request.status}`, request.status));
      };
      request.send(body);
    });
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
  contentUrl: `${videoUrl}/content`,
  downloadUrl: `${videoUrl}/content?download=true`,
  segmentsUrl: `${videoUrl}/segments`,
  keyframeUrl: (number) => `${videoUrl}/keyframes/${number}`,
});

export const FINAL = new Set(["SUCCEEDED", "FAILED", "CANCELLED"]);
export const VIDEO_FINAL = new Set(["SUCCEEDED", "TRUNCATED", "FAILED"]);
