// What the page knows, and everything it can do about it. Components read `state` and call the methods; nobody else talks to the server.
import { api } from "./api.js";
import { readEvents } from "./events.js";
import { choose, t } from "./i18n.js";
import { applyTheme, load, requestFields, save } from "./settings.js";
import { Attaching, NOTHING } from "./attaching.js";
import { branch, leafBelow, siblings, withMessages } from "./tree.js";

const WAITING = "waiting";

export class ChatState {
    state = {
        session: null, status: null, isAway: false, list: [], search: "", chat: null, draftSystem: "", progress: null, notice: null,
        dialog: null, presets: [], settings: load(), isDrawerOpen: false, isLoading: true, attached: NOTHING, upload: null, fit: null, part: null, source: null, returned: null,
    };

    // What concerns documents is done there, on the same state.
    #attaching = new Attaching(this, changed => this.#set(changed), action => this.#try(action));

    #listeners = new Set();
    #readers = new Map();
    #frame = 0;

    subscribe(listener) {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    /** The messages that are shown. */
    get path() {
        return this.state.chat ? branch(this.state.chat.messages, this.state.chat.leaf) : [];
    }

    /** The answer that is being written; undefined when there is none. */
    get writing() {
        return this.path.find(message => message.state === "writing");
    }

    async start() {
        applyTheme(this.state.settings.theme);
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => applyTheme(this.state.settings.theme));
        await this.#try(() => this.#begin());
        this.#set({ isLoading: false });
        addEventListener("hashchange", () => this.#goToAddress());
        this.#watch();
    }

    async login(key) {
        const session = await api.login(key);
        this.#set({ session });
        await this.#enter();
    }

    async logout() {
        await this.#try(() => api.logout());
        location.hash = "";
        location.reload();
    }

    // ---- conversations

    search(words) {
        this.#set({ search: words });
        clearTimeout(this.searching);
        this.searching = setTimeout(() => this.#list(), 150);
    }

    newChat() {
        this.#leave();
        this.#set({ chat: null, draftSystem: "", progress: null, part: null, source: null, isDrawerOpen: false });
        this.fitSoon();
        history.replaceState(null, "", location.pathname);
    }

    async open(id) {
        this.#set({ isDrawerOpen: false });
        if (this.state.chat?.id === id) return;
        this.#leave();
        await this.#try(async () => {
            const chat = await api.get(id);
            this.#set({ chat, progress: null, part: null, source: null });
            this.fitSoon();
            history.replaceState(null, "", `#${encodeURIComponent(id)}`);
            for (const message of chat.messages.filter(one => one.state === "writing")) this.#read(chat.id, message.id, () => api.follow(message.id));
        });
    }

    openNeighbour(step) {
        const { list, chat } = this.state;
        const at = list.findIndex(one => one.id === chat?.id);
        const next = list[at < 0 ? 0 : at + step];
        if (next) this.open(next.id);
    }

    async rename(id, title) {
        await this.#try(async () => {
            await api.change(id, { title });
            if (this.state.chat?.id === id) this.#set({ chat: { ...this.state.chat, title } });
            await this.#list();
        });
    }

    async remove(id) {
        await this.#try(async () => {
            if (this.state.chat?.id === id) this.newChat();
            await api.remove(id);
            await this.#list();
        });
    }

    async exportChat(id, title, format) {
        await this.#try(async () => {
            const text = await api.export(id, format);
            const link = document.createElement("a");
            link.href = URL.createObjectURL(new Blob([text], { type: format === "json" ? "application/json" : "text/markdown" }));
            link.download = `${(title || t("untitled")).replace(/[\\/:*?"<>|\u0000-\u001f]/g, " ").trim().slice(0, 80)}.${format === "json" ? "json" : "md"}`;
            link.click();
            URL.revokeObjectURL(link.href);
        });
    }

    async importChat(file) {
        await this.#try(async () => {
            const chat = await api.import(await file.text());
            await this.#list();
            await this.open(chat.id);
        });
    }

    /** The system prompt of the conversation, or of the one that will begin. */
    get system() {
        return this.state.chat?.system ?? this.state.draftSystem;
    }

    async setSystem(system) {
        if (!this.state.chat) {
            this.#set({ draftSystem: system });
            return;
        }
        await this.#try(async () => {
            await api.change(this.state.chat.id, { system });
            this.#set({ chat: { ...this.state.chat, system } });
        });
    }

    // ---- questions and answers

    /** Asks below a message; by default below the last one that is shown. */
    async ask(text, documents = [], parent = this.path.at(-1)?.id ?? null, files = []) {
        return await this.#try(async () => {
            let { chat } = this.state;
            if (!chat) {
                chat = await api.create({ system: this.state.draftSystem });
                this.#set({ chat });
                history.replaceState(null, "", `#${encodeURIComponent(chat.id)}`);
            }
            const question = { id: WAITING, parent, role: "user", content: text, files, documents, state: "done" };
            this.#setMessages(chat.id, WAITING, question);
            this.#answer(chat.id, { parent, text, files, documents: documents.map(one => one.id) }, { text, documents });
        });
    }

    /** A question that was refused goes back to where it was written, with its documents. */
    giveBack(text, documents) {
        const { attached } = this.state;
        this.#set({ returned: { text }, attached: { ...attached, documents: [...documents, ...attached.documents] } });
        this.fitSoon(text);
    }

    async editQuestion(message, text) {
        return this.ask(text, message.documents ?? [], message.parent ?? null, message.files ?? []);
    }

    regenerate(answer = this.path.findLast(message => message.role === "assistant")) {
        if (!answer || this.writing) return;
        this.#answer(this.state.chat.id, { parent: answer.parent });
    }

    async stop() {
        const { writing } = this;
        if (writing) await this.#try(() => api.stop(writing.id));
    }

    /** Shows another child of the same parent. */
    async switchBranch(message, step) {
        const { chat } = this.state, { index, all } = siblings(chat.messages, message), other = all[index + step];
        if (!other) return;
        const leaf = leafBelow(chat.messages, other.id);
        this.#set({ chat: { ...chat, leaf } });
        await this.#try(() => api.change(chat.id, { leaf }));
    }

    // ---- documents

    attach(roots) { return this.#attaching.attach(roots); }
    detach(documents) { return this.#attaching.detach(documents); }
    takeAttached() { return this.#attaching.take(); }
    cancelUpload() { this.#attaching.cancel(); }
    forgetLeftOut() { this.#attaching.forgetLeftOut(); }
    fitSoon(text) { this.#attaching.fitSoon(text); }
    openSource(places, index = 0) { return this.#attaching.open(places, index); }
    moveSource(step) { return this.#attaching.move(step); }
    moreSource(direction) { return this.#attaching.more(direction); }
    closeSource() { this.#attaching.close(); }

    // ---- presets, settings, dialogs

    async keepPreset(preset) {
        await this.#try(async () => {
            if (preset.id) await api.changePreset(preset.id, { name: preset.name, text: preset.text });
            else await api.addPreset({ name: preset.name, text: preset.text });
            this.#set({ presets: await api.presets() });
        });
    }

    async removePreset(id) {
        await this.#try(async () => {
            await api.removePreset(id);
            this.#set({ presets: await api.presets() });
        });
    }

    async setSettings(changed) {
        const settings = { ...this.state.settings, ...changed };
        save(settings);
        applyTheme(settings.theme);
        if ("language" in changed) await choose(settings.language);
        this.#set({ settings });
    }

    show(dialog) {
        this.#set({ dialog });
    }

    toggleSidebar() {
        if (matchMedia("(max-width: 760px)").matches) this.#set({ isDrawerOpen: !this.state.isDrawerOpen });
        else this.setSettings({ sidebar: !this.state.settings.sidebar });
    }

    tell(text, kind = "info") {
        this.#set({ notice: { text, kind } });
        clearTimeout(this.telling);
        this.telling = setTimeout(() => this.#set({ notice: null }), kind === "error" ? 8000 : 3000);
    }

    dismiss() {
        this.#set({ notice: null });
    }

    // ---- inside

    async #begin() {
        const session = await api.session();
        this.#set({ session });
        if (session.signed_in) await this.#enter();
    }

    async #enter() {
        const [list, presets, status] = await Promise.all([api.list(""), api.presets(), api.status()]);
        this.#set({ list, presets, status });
        await this.#goToAddress();
    }

    async #goToAddress() {
        const id = decodeURIComponent(location.hash.slice(1));
        if (id && id !== this.state.chat?.id) await this.open(id);
    }

    async #list() {
        await this.#try(async () => {
            const search = this.state.search.trim(), list = await api.list(search);
            if (search !== this.state.search.trim()) return;
            const { chat } = this.state, own = list.find(one => one.id === chat?.id);
            this.#set({ list, chat: own && chat ? { ...chat, title: own.title } : chat });
        });
    }

    #answer(chatId, fields, asked) {
        this.#read(chatId, WAITING, () => api.answer(chatId, { ...fields, ...requestFields(this.state.settings) }), asked);
    }

    // Follows an answer until it is whole, or the reader turns to another conversation; then the server goes on alone.
    async #read(chatId, key, request, asked) {
        const reader = { isGone: false };
        this.#readers.set(key, reader);
        try {
            const response = await request();
            if (reader.isGone) {
                await response.body.cancel();
                return;
            }
            reader.body = response.body;
            let id = key;
            await readEvents(response, (name, data) => {
                if (reader.isGone) return;
                if (name === "start") id = data.answer.id;
                this.#obey(chatId, id, name, data);
            });
        } catch (error) {
            if (!reader.isGone && !(key !== WAITING && error.status === 404)) this.#fail(error);
            // What was refused goes back to where it was written.
            if (this.#dropWaiting() && asked) this.giveBack(asked.text, asked.documents);
        } finally {
            if (this.#readers.get(key) === reader) this.#readers.delete(key);
        }
        if (reader.isGone) return;
        this.#set({ progress: null, part: null });
        if (this.state.chat?.messages.some(message => message.state === "writing")) await this.#again(chatId);
        this.#list();
        this.#refresh();
    }

    // The connection was lost in the middle: what the server has by now counts.
    async #again(chatId) {
        await new Promise(done => setTimeout(done, 500));
        if (this.state.chat?.id !== chatId) return;
        this.state.chat = null;
        await this.open(chatId);
    }

    #obey(chatId, id, name, data) {
        const message = this.state.chat?.messages.find(one => one.id === id);
        switch (name) {
            case "start":
                this.#dropWaiting();
                this.#setMessages(chatId, data.answer.id, ...(data.question ? [data.question] : []), data.answer);
                if (data.question) this.#list();
                break;
            case "progress":
                this.#set({ progress: data });
                break;
            case "part":
                this.#set({ part: data, progress: null });
                break;
            case "notes":
                this.#setMessages(chatId, null, { ...this.state.chat?.messages.find(one => one.id === data.question), notes: data.notes });
                break;
            case "reasoning":
                this.#setMessages(chatId, null, { ...message, reasoning: (message.reasoning ?? "") + data.text });
                break;
            case "content":
                this.#setMessages(chatId, null, { ...message, content: message.content + data.text });
                break;
            case "usage":
                this.#setMessages(chatId, null, { ...message, numbers: data });
                break;
            case "done":
                this.#setMessages(chatId, null, data.message);
                break;
            // "error": the last event brings the message with its error.
        }
    }

    #setMessages(chatId, leaf, ...changed) {
        const { chat } = this.state;
        if (chat?.id !== chatId) return;
        this.#set({ chat: { ...chat, leaf: leaf ?? chat.leaf, messages: withMessages(chat.messages, ...changed) } });
    }

    #dropWaiting() {
        const { chat } = this.state;
        if (!chat?.messages.some(message => message.id === WAITING)) return false;
        const messages = chat.messages.filter(message => message.id !== WAITING);
        this.#set({ chat: { ...chat, messages, leaf: chat.leaf === WAITING ? messages.at(-1)?.id ?? null : chat.leaf } });
        return true;
    }

    #leave() {
        for (const reader of this.#readers.values()) {
            reader.isGone = true;
            reader.body?.cancel?.().catch(() => { });
        }
        this.#readers.clear();
    }

    #watch() {
        const look = async () => {
            if (!document.hidden && this.state.session?.signed_in !== false) await this.#refresh();
            setTimeout(look, this.writing ? 1000 : 5000);
        };
        setTimeout(look, 1000);
    }

    async #refresh() {
        try {
            // Opened while the server was away: everything is still to be done.
            if (!this.state.session) await this.#begin();
            this.#set({ status: await api.status(), isAway: false });
        } catch (error) {
            if (error.status === 401) this.#set({ session: { ...this.state.session, signed_in: false } });
            else if (error.status === 0) this.#set({ isAway: true });
        }
    }

    async #try(action) {
        try {
            await action();
            return true;
        } catch (error) {
            this.#fail(error);
            return false;
        }
    }

    #fail(error) {
        if (error.status === 0) this.#set({ isAway: true });
        if (error.status === 401 && this.state.session?.needs_key) this.#set({ session: { ...this.state.session, signed_in: false } });
        else this.tell(error.message || t("serverAway"), "error");
    }

    // Many tokens may come within a frame; the page is drawn once.
    #set(changed) {
        this.state = { ...this.state, ...changed };
        this.#frame ||= requestAnimationFrame(() => {
            this.#frame = 0;
            for (const listener of this.#listeners) listener();
        });
    }
}
