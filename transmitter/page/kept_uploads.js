// Uploads that are not whole, as this browser remembers them: by what tells a file from others, as it may read
// the file itself only where the user chooses it again.

const PREFIX = "semvid-upload:";

const place = ({ name, size, lastModified }) => PREFIX + JSON.stringify([name, size, lastModified]);

/** Whether two files are the same, as far as a page can know. */
export const same = (one, other) => place(one) === place(other);

/** The address of what has come of `file`; null where nothing is known. */
export const keptUpload = (file) => localStorage.getItem(place(file));

export const keep = (file, url) => localStorage.setItem(place(file), url);

export const forget = (file) => localStorage.removeItem(place(file));

/** All of them: name, size and lastModified of the file, address of the upload. */
export function keptUploads() {
  const places = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  return places.map((key) => {
    const [name, size, lastModified] = JSON.parse(key.slice(PREFIX.length));
    return { name, size, lastModified, url: localStorage.getItem(key) };
  });
}
