// What the page can do with documents: attach them, see whether they fit, and open them at a place. Part of the page's state; see state.js.
import { api } from "./api.js";
import { requestFields } from "./settings.js";
import { upload } from "./uploads.js";

/** Nothing is attached. */
export const NOTHING = Object.freeze({ documents: [], skipped: [], skippedCount: 0 });

const FIT_PAUSE = 400;
const BEFORE = 60;
const MOST_PIECES = 400;

export class Attaching {
    #chat; #set; #try;
    #queue = Promise.resolve();
    #stop = null;
    #text = "";
    #opener = null;

    constructor(chat, set, attempt) {
        this.#chat = chat;
        this.#set = set;
        this.#try = attempt;
    }

    get #state() { return this.#chat.state; }

    /** Sends files and folders, one batch after another. */
    attach(roots) {
        if (roots.length === 0) return this.#queue;
        return this.#queue = this.#queue.then(() => this.#try(async () => {
            this.#stop = new AbortController();
            const { signal } = this.#stop;
            this.#set({ upload: { phase: "sending", path: "", done: 0, total: 0 } });
            try {
                const found = await upload(roots, step => this.#set({ upload: step }), signal);
                const { attached } = this.#state;
                this.#set({ attached: { documents: [...attached.documents, ...found.documents], skipped: [...attached.skipped, ...found.skipped], skippedCount: attached.skippedCount + found.skippedCount } });
            } catch (error) {
                if (!signal.aborted) throw error;
            } finally {
                this.#stop = null;
                this.#set({ upload: null });
            }
            this.fitSoon();
        }));
    }

    cancel() { this.#stop?.abort(); }

    detach(documents) {
        const gone = new Set(documents.map(one => one.id)), { attached } = this.#state;
        this.#set({ attached: { ...attached, documents: attached.documents.filter(one => !gone.has(one.id)) } });
        this.fitSoon();
        return this.#try(() => Promise.all(documents.map(one => api.removeDocument(one.id).catch(error => {
            // It has found its conversation in the meantime.
            if (error.status !== 404) throw error;
        }))));
    }

    forgetLeftOut() { this.#set({ attached: { ...this.#state.attached, skipped: [], skippedCount: 0 } }); }

    /** The documents for the question that is asked now. */
    take() {
        const { documents } = this.#state.attached;
        this.#set({ attached: NOTHING, fit: null });
        return documents;
    }

    /** Has the server count, a moment after the last change. */
    fitSoon(text = this.#text) {
        this.#text = text;
        clearTimeout(this.fitting);
        if (this.#state.attached.documents.length === 0) {
            if (this.#state.fit) this.#set({ fit: null });
            return;
        }
        this.fitting = setTimeout(() => this.#fit(), FIT_PAUSE);
    }

    async #fit() {
        const { attached, chat, draftSystem, settings } = this.#state, asked = attached.documents;
        let fit;
        try {
            fit = await api.fit({ conversation: chat?.id, parent: this.#chat.path.at(-1)?.id, system: draftSystem, text: this.#text, documents: asked.map(one => one.id), ...requestFields(settings) });
        } catch (error) {
            if (error.status === 0) return;
            fit = { error: error.message };
        }
        if (this.#state.attached.documents === asked) this.#set({ fit });
    }

    // ---- a document at a place

    async open(places, index) {
        if (!this.#state.source) this.#opener = document.activeElement;
        const place = places[index], known = this.#state.source?.document;
        const isThere = known?.id === place.document && place.from >= known.from && place.to < known.from + known.pieces.length;
        this.#set({ source: { places, index, document: isThere ? known : null, isLoading: !isThere } });
        if (isThere) return;
        const from = Math.max(0, place.from - BEFORE);
        await this.#load(places, index, place.document, from, Math.min(MOST_PIECES, place.to - from + 2 * BEFORE), null);
    }

    move(step) {
        const { source } = this.#state;
        return source?.places[source.index + step] ? this.open(source.places, source.index + step) : undefined;
    }

    /** Shows more of the document: before what is shown, or behind it. */
    async more(direction) {
        const { places, index, document: shown } = this.#state.source;
        const from = direction < 0 ? Math.max(0, shown.from - MOST_PIECES) : shown.from + shown.pieces.length;
        await this.#load(places, index, shown.id, from, direction < 0 ? shown.from - from : MOST_PIECES, shown);
    }

    close() {
        this.#set({ source: null });
        if (this.#opener?.isConnected) this.#opener.focus();
        else document.getElementById("question")?.focus();
        this.#opener = null;
    }

    async #load(places, index, id, from, count, shown) {
        let changed;
        try {
            const read = await api.document(id, from, count);
            changed = { document: !shown ? read : { ...read, from: Math.min(from, shown.from), pieces: from < shown.from ? [...read.pieces, ...shown.pieces] : [...shown.pieces, ...read.pieces] }, isLoading: false };
        } catch (error) {
            changed = { error: error.message, isLoading: false };
        }

        // The reader may have gone on in the meantime.
        const { source } = this.#state;
        if (source?.places === places && source.index === index) this.#set({ source: { ...source, ...changed } });
    }
}
