// A live playlist as the receiver writes it (HLS, RFC 8216): what is in the window now.

/**
 * text: of the playlist. base: its address, against which those in it are read.
 * Gives seconds that no segment passes by much, the address of the initialisation segment, the segments with
 * their numbers since the beginning, and whether no more will come.
 */
export function playlist(text, base) {
  const found = { target: 1, head: null, segments: [], ended: false };
  const address = (uri) => new URL(uri, base).href;
  let number = 0;
  let seconds = 0;
  for (const line of text.split("\n")) {
    const [name, value] = line.startsWith("#") ? split(line) : [];
    if (name === "#EXT-X-TARGETDURATION") found.target = Number(value);
    else if (name === "#EXT-X-MEDIA-SEQUENCE") number = Number(value);
    else if (name === "#EXT-X-MAP") found.head = address(value.match(/URI="([^"]*)"/)[1]);
    else if (name === "#EXTINF") seconds = parseFloat(value);
    else if (name === "#EXT-X-ENDLIST") found.ended = true;
    else if (!name && line) found.segments.push({ number: number++, seconds, url: address(line) });
  }
  return found;
}

function split(line) {
  const colon = line.indexOf(":");
  return colon < 0 ? [line.trim(), ""] : [line.slice(0, colon), line.slice(colon + 1)];
}

/** The media type of a fragmented MP4 by its head: the profile and level that avcC states (ISO/IEC 14496-15). */
export function mediaType(head) {
  const bytes = new Uint8Array(head);
  const name = [0x61, 0x76, 0x63, 0x43]; // avcC
  const at = bytes.findIndex((_, n) => name.every((byte, k) => bytes[n + k] === byte));
  if (at < 0) throw new Error("the live video is not H.264");
  const stated = [...bytes.slice(at + 5, at + 8)].map((byte) => byte.toString(16).padStart(2, "0"));
  return `video/mp4; codecs="avc1.${stated.join("")}"`;
}
