// The page as a whole: sidebar, conversation, dialogs, and the keys that work everywhere.
import { html, useEffect, useLayoutEffect, useState } from "../html.js";
import { t } from "../i18n.js";
import { shortcutOf } from "../shortcuts.js";
import { allPlaces } from "../places.js";
import { copyText } from "../clipboard.js";
import { Composer } from "./composer.js";
import { Dialogs } from "./dialogs.js";
import { Login } from "./login.js";
import { Messages } from "./messages.js";
import { Sidebar } from "./sidebar.js";
import { SourcePanel } from "./sourcepanel.js";
import { StatusBar } from "./statusbar.js";
import { TopBar } from "./topbar.js";
import { IconButton } from "./icons.js";

export function App({ chat }) {
    const [, redraw] = useState(0);

    // At once, and not after the first picture: what changes in between would never be drawn.
    useLayoutEffect(() => chat.subscribe(() => redraw(n => n + 1)), []);
    useEffect(() => listenToKeys(chat), []);
    const { state } = chat;
    useEffect(() => {
        document.title = state.chat?.title ? `${state.chat.title} – Fathom` : "Fathom";
    }, [state.chat?.title]);

    if (state.isLoading && !state.session) return html`<div class="loading" role="status">${t("loading")}</div>`;
    if (state.session && !state.session.signed_in) return html`<${Login} chat=${chat} />`;
    const shape = `page ${state.settings.sidebar ? "" : "no-sidebar"} ${state.isDrawerOpen ? "drawer-open" : ""} ${state.source ? "with-source" : ""}`;
    return html`
        <div class=${shape}>
            <a class="skip" href="#question" onClick=${event => { event.preventDefault(); document.getElementById("question").focus(); }}>${t("skipToQuestion")}</a>
            <${Sidebar} chat=${chat} />
            <div class="curtain" onClick=${() => chat.toggleSidebar()}></div>
            <main class="conversation">
                <${TopBar} chat=${chat} />
                <${Messages} chat=${chat} />
                <${Composer} chat=${chat} />
                <${StatusBar} chat=${chat} />
            </main>
            <${SourcePanel} chat=${chat} />
        </div>
        <div class="notices" role="alert">
            ${state.notice && html`<div class="notice ${state.notice.kind}"><span>${state.notice.text}</span><${IconButton} icon="close" label=${t("close")} onClick=${() => chat.dismiss()} /></div>`}
        </div>
        <${Dialogs} chat=${chat} />`;
}

function listenToKeys(chat) {
    const focus = id => document.getElementById(id)?.focus();
    const last = role => chat.path.findLast(message => message.role === role);
    const actions = {
        newChat: () => { chat.newChat(); requestAnimationFrame(() => focus("question")); },
        focusQuestion: () => focus("question"),
        focusSearch: () => { if (!chat.state.settings.sidebar || matchMedia("(max-width: 760px)").matches) chat.toggleSidebar(); setTimeout(() => focus("search"), 50); },
        toggleSidebar: () => chat.toggleSidebar(),
        previousChat: () => chat.openNeighbour(-1),
        nextChat: () => chat.openNeighbour(1),
        regenerate: () => chat.regenerate(),
        editLast: () => document.getElementById(`edit-${last("user")?.id}`)?.click(),
        copyLast: async () => { if (last("assistant") && await copyText(last("assistant").content)) chat.tell(t("copied")); },
        toggleThinking: () => { const all = document.querySelectorAll("details.thinking"), one = all[all.length - 1]; if (one) one.open = !one.open; },
        openSettings: () => chat.show({ name: "settings" }),
        openModel: () => chat.show({ name: "model" }),
        showShortcuts: () => chat.show({ name: "shortcuts" }),
        openSource: () => { const places = allPlaces(last("assistant")?.sources); if (places.length > 0) chat.openSource(places); },
        stop: () => chat.state.isDrawerOpen ? chat.toggleSidebar() : chat.state.source ? chat.closeSource() : chat.stop(),
    };
    const listener = event => {
        const name = shortcutOf(event);
        if (!name || event.defaultPrevented || document.querySelector("dialog[open]") || !chat.state.session?.signed_in) return;
        if (name === "stop" && !chat.writing && !chat.state.isDrawerOpen && !chat.state.source) return;
        event.preventDefault();
        actions[name]();
    };
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
}
