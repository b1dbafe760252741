// The transmitter's uploads in pieces, as tus 1.0.0 words them (docs/operations.md, handing in by pieces).

import { Refused, ask, unreachable } from "./api.js";
import { shown } from "./key.js";

const UPLOADS = "/v1/uploads";
const VERSION = { "Tus-Resumable": "1.0.0" };
const SILENCE_MS = 30e3; // of a connection on which nothing moves: it is gone
const LOOKED_AT_MS = 300e3; // the video is decoded in places before the last answer

/** Begins an upload of `file`; gives its address. */
export async function begin(file, options) {
  const metadata = `filename ${base64(file.name)},options ${base64(JSON.stringify(options))}`;
  const headers = { ...VERSION, "Upload-Length": String(file.size), "Upload-Metadata": metadata };
  const response = await ask(UPLOADS, { method: "POST", headers });
  return response.headers.get("Location");
}

/** How many bytes have come, of how many, and which transmission they are (null: not all have come). */
export async function look(url) {
  const response = await ask(url, { method: "HEAD", headers: VERSION, signal: AbortSignal.timeout(LOOKED_AT_MS) });
  return { ...state((name) => response.headers.get(name)), length: Number(response.headers.get("Upload-Length")) };
}

/** The transmitter keeps nothing of it. */
export const giveUp = (url) => ask(url, { method: "DELETE", headers: VERSION });

/** Sends `file` from byte `offset` on. `onSent` is told how many bytes of the file have left. */
export function append(url, file, offset, onSent) {
  const request = new XMLHttpRequest(); // fetch tells nothing of how much has left
  let timer = 0;
  const moves = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(() => request.abort(), ms);
  };
  const done = new Promise((resolve, reject) => {
    request.open("PATCH", url);
    const headers = { ...VERSION, ...shown(), "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => {
      moves(SILENCE_MS);
      onSent(offset + loaded);
    };
    request.upload.onload = () => moves(LOOKED_AT_MS);
    request.onloadend = () => {
      clearTimeout(timer);
      if (request.status === 204) resolve(state((name) => request.getResponseHeader(name)));
      else reject(new Refused(request.status ? said(request) : unreachable(url), request.status));
    };
    moves(SILENCE_MS);
    request.send(file.slice(offset));
  });
  return { done, abort: () => request.abort() };
}

function state(header) {
  return { offset: Number(header("Upload-Offset")), id: header("Content-Location")?.split("/").pop() ?? null };
}

function said({ responseText, status }) {
  try {
    return JSON.parse(responseText).detail;
  } catch {
    return `HTTP status ${status}`;
  }
}

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
