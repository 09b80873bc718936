// Text files that a reader attaches. They are read here and go along with the question; the server gets text only.

export const MOST_BYTES = 4 << 20;

/** Whether bytes are text: valid UTF-8 (or UTF-16 with its mark) without control characters. */
export function decodeText(bytes) {
    const isWide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    try {
        const text = new TextDecoder(isWide ? (bytes[0] === 0xff ? "utf-16le" : "utf-16be") : "utf-8", { fatal: true }).decode(bytes);
        return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text) ? null : text.replace(/\r\n?/g, "\n");
    } catch {
        return null;
    }
}

/** Reads files. What cannot be used is named with the reason: tooLarge or notText. */
export async function readFiles(list) {
    const files = [], refused = [];
    for (const file of list) {
        if (file.size > MOST_BYTES) {
            refused.push({ name: file.name, reason: "fileTooLarge" });
            continue;
        }
        const text = decodeText(new Uint8Array(await file.arrayBuffer()));
        if (text === null) refused.push({ name: file.name, reason: "fileNotText" });
        else files.push({ name: file.name, text });
    }
    return { files, refused };
}
