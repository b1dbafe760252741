// What became of the sound, where the interfaces tell of it.

import { h } from "./dom.js";
import { bytes, count, percent } from "./wording.js";

const CODECS = { opus: "Opus", codec2: "Codec 2", text: "Text" };

/** Whether the reconstruction has a sound track. */
export const sounds = (video) => Boolean(video?.sound);

/** What was sent, as an entry of the payload: nothing where there is no sound. */
export function soundSent({ sound }) {
  if (!sound?.bits) return null;
  const rate = !sound.bit_rate ? "" : sound.bit_rate < 100 ? `, ${sound.bit_rate} bit/s` : `, ${(sound.bit_rate / 1000).toFixed(1)} kbit/s`;
  const heard = sound.channels === 1 ? "mono" : "stereo";
  const said = `${CODECS[sound.codec] ?? sound.codec}${rate}, ${heard}, packets of ${sound.packet_ms} ms; ${percent(sound.share)} of all symbols`;
  return { said, size: bytes(Math.round(sound.bits / 8)) };
}

/** One sentence for the ledger: why this sound, and what was lost of it. */
export function soundNote({ sound }, video) {
  if (!sound) return "";
  const arrived = video?.sound;
  const lost = arrived ? arrived.packets_lost + arrived.packets_undecodable : 0;
  const fate = arrived
    ? ` ${count(arrived.packets_received)} packets arrived; ${count(lost)} were lost and ${arrived.concealed_s.toFixed(1)} s made up.`
    : "";
  return h("p", { class: "dim" }, `Sound: ${CODECS[sound.codec] ?? sound.codec}, ${sound.reason}.${fate}`);
}
