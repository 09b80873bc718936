// Files and folders on their way from the reader to the server: what was dropped, pasted or picked, sent piece by piece, then read there.
import { api, ApiError } from "./api.js";
import { readEvents } from "./events.js";
import { bytes, number, t } from "./i18n.js";

const AT_ONCE = 3;
const MOST_FILES = 50_000;
const LONGEST_PATH = 1024;

/** What a drop or a clipboard holds: entries of the browser's file system, or plain files. Must be called at once, within the event. */
export function rootsOf(transfer) {
    const items = [...(transfer.items ?? [])].filter(item => item.kind === "file");
    const roots = items.map(item => item.webkitGetAsEntry?.() ?? item.getAsFile()).filter(Boolean);
    return roots.length > 0 ? roots : [...transfer.files];
}

/** All files below roots, with their paths. Folders that the server would leave out anyhow are named instead. */
export async function filesOf(roots, leftOut, signal) {
    const files = [], skipped = [];
    const add = (path, file) => {
        if (files.length >= MOST_FILES) skipped.length === 0 || skipped.at(-1).isLimit ? skipped.splice(-1, 1, tooMany(path)) : skipped.push(tooMany(path));
        else if (path.length > LONGEST_PATH) skipped.push({ path: `${path.slice(0, 80)}…`, message: t("nameTooLong") });
        else files.push({ path, file });
    };
    const walk = async (entry, path, isRoot) => {
        signal.throwIfAborted();
        if (entry.isFile) add(path, await new Promise((done, fail) => entry.file(done, fail)));
        else if (!isRoot && leftOut.has(entry.name.toLowerCase())) skipped.push({ path, message: t("foreignFolder"), isQuiet: true });
        else for (const child of await childrenOf(entry)) await walk(child, `${path}/${child.name}`, false);
    };
    for (const root of roots) {
        if (root instanceof File) {
            // A picked folder comes as a flat list of files with paths.
            const path = root.webkitRelativePath || root.name, folders = path.split("/").slice(1, -1), foreign = folders.findIndex(one => leftOut.has(one.toLowerCase()));
            if (foreign < 0) add(path, root);
            else {
                const folder = path.split("/").slice(0, foreign + 2).join("/");
                if (!skipped.some(one => one.path === folder)) skipped.push({ path: folder, message: t("foreignFolder"), isQuiet: true });
            }
        } else await walk(root, root.name, true);
    }
    return { files, skipped };
}

const tooMany = path => ({ path, message: t("tooManyFiles", { n: number(MOST_FILES) }), isLimit: true });

// Browsers hand out the entries of a folder in portions.
async function childrenOf(folder) {
    const reader = folder.createReader(), all = [];
    for (;;) {
        const some = await new Promise((done, fail) => reader.readEntries(done, fail));
        if (some.length === 0) return all.sort((a, b) => a.name < b.name ? -1 : 1);
        all.push(...some);
    }
}

/** Sends files and has them read. `tell` hears how far it is; aborting the signal leaves nothing behind. */
export async function upload(roots, tell, signal) {
    const begun = await api.beginUpload();
    try {
        const { files, skipped } = await filesOf(roots, new Set(begun.left_out_folders.map(name => name.toLowerCase())), signal);
        const fitting = files.filter(({ path, file }) => {
            if (file.size <= begun.max_file_bytes) return true;
            skipped.push({ path, message: t("fileTooLarge", { size: bytes(file.size), limit: bytes(begun.max_file_bytes) }) });
            return false;
        });
        if (fitting.length > 0) await sendAll(begun.id, fitting, skipped, tell, signal);
        const result = await read(begun.id, tell, signal);
        return { documents: result.documents, skipped: [...skipped, ...result.skipped.map(quiet)], skippedCount: skipped.length + result.skipped_count };
    } catch (error) {
        await api.endUpload(begun.id).catch(() => { });
        throw error;
    }
}

const quiet = file => ({ ...file, isQuiet: file.reason === "ignored" || file.reason === "vendored" });

async function sendAll(id, files, skipped, tell, signal) {
    const total = files.reduce((sum, one) => sum + one.file.size, 0);
    let done = 0, next = 0;
    const work = async () => {
        while (next < files.length) {
            const { path, file } = files[next++];
            let sent = 0;
            try {
                await send(id, path, file, loaded => {
                    done += loaded - sent;
                    sent = loaded;
                    tell({ phase: "sending", path, done, total });
                }, signal);
            } catch (error) {
                signal.throwIfAborted();

                // One file that is not taken does not end the others; a server that is away does.
                if (!error.status || error.status === 401 || error.status === 404) throw error;
                skipped.push({ path, message: error.message });
            }
            done += file.size - sent;
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
}

// fetch cannot tell how far a body has gone.
function send(id, path, file, onProgress, signal) {
    return new Promise((done, fail) => {
        const request = new XMLHttpRequest(), abort = () => request.abort();
        request.open("PUT", `/web/uploads/${encodeURIComponent(id)}/files`);
        request.setRequestHeader("content-type", "application/octet-stream");
        request.setRequestHeader("x-fathom-path", encodeURIComponent(path.toWellFormed?.() ?? path));
        request.upload.onprogress = event => onProgress(Math.min(event.loaded, file.size));
        request.onload = () => request.status < 300 ? done() : fail(new ApiError(messageOf(request), request.status));
        request.onerror = () => fail(new ApiError("", 0));
        request.onabort = () => fail(new DOMException("", "AbortError"));
        request.onloadend = () => signal.removeEventListener("abort", abort);
        signal.addEventListener("abort", abort);
        request.send(file);
    });
}

function messageOf(request) {
    try {
        return JSON.parse(request.responseText).error.message;
    } catch {
        return request.statusText;
    }
}

async function read(id, tell, signal) {
    let result = null, failure = null;
    tell({ phase: "reading", path: "" });
    await readEvents(await api.readUpload(id, signal), (name, data) => {
        if (name === "progress") tell({ phase: "reading", path: data.path, documents: data.documents });
        else if (name === "done") result = data;
        else if (name === "error") failure = data.message;
    });
    if (!result) throw new ApiError(failure ?? "", failure ? 400 : 0);
    return result;
}
