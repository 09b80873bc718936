// The list of conversations with its search, and the ways to everything else.
import { html, useRef } from "../html.js";
import { t } from "../i18n.js";
import { Icon, IconButton, Mark } from "./icons.js";
import { ChatMenu } from "./menu.js";

const DAY = 86_400_000;

/** Conversations in groups by the day of their last message. */
export function groups(list, now = new Date()) {
    const today = new Date(now).setHours(0, 0, 0, 0), found = { today: [], yesterday: [], week: [], earlier: [] };
    for (const head of list) {
        const time = new Date(head.updated).getTime();
        found[time >= today ? "today" : time >= today - DAY ? "yesterday" : time >= today - 7 * DAY ? "week" : "earlier"].push(head);
    }
    return Object.entries(found).filter(([, heads]) => heads.length > 0);
}

export function Sidebar({ chat }) {
    const { state } = chat, file = useRef(null);
    const pick = async event => {
        if (event.target.files[0]) await chat.importChat(event.target.files[0]);
        event.target.value = "";
    };
    const isDark = state.settings.theme === "dark" || (state.settings.theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
    return html`
        <nav class="sidebar" id="sidebar" aria-label=${t("conversations")}>
            <div class="sidebar-head"><${Mark} /><strong>Fathom</strong><span class="push"></span><span class="only-phone"><${IconButton} icon="close" label=${t("close")} onClick=${() => chat.toggleSidebar()} /></span></div>
            <button type="button" class="primary wide" onClick=${() => { chat.newChat(); document.getElementById("question")?.focus(); }}><${Icon} name="plus" />${t("newChat")}</button>
            <div class="search"><${Icon} name="search" /><input id="search" type="search" aria-label=${t("search")} placeholder=${t("search")} value=${state.search} onInput=${event => chat.search(event.target.value)} /></div>
            <div class="chats">
                ${state.list.length === 0 && html`<p class="nothing">${state.search ? t("nothingFound") : t("noChats")}</p>`}
                ${groups(state.list).map(([name, heads]) => html`
                    <h2>${t(name)}</h2>
                    <ul>${heads.map(head => html`
                        <li key=${head.id} class=${head.id === state.chat?.id ? "current" : ""}>
                            <button type="button" class="chat" aria-current=${head.id === state.chat?.id ? "true" : undefined} onClick=${() => chat.open(head.id)}>
                                <span class="chat-title">${head.title || t("untitled")}</span>
                                ${head.snippet && html`<span class="snippet">${head.snippet}</span>`}
                            </button>
                            <${ChatMenu} chat=${chat} head=${head} />
                        </li>`)}
                    </ul>`)}
            </div>
            <div class="sidebar-foot">
                <${IconButton} icon="sliders" label=${t("settings")} onClick=${() => chat.show({ name: "settings" })} />
                <${IconButton} icon="layers" label=${t("model")} onClick=${() => chat.show({ name: "model" })} />
                <${IconButton} icon="upload" label=${t("import")} onClick=${() => file.current.click()} />
                <${IconButton} icon="keyboard" label=${t("shortcuts")} onClick=${() => chat.show({ name: "shortcuts" })} />
                <${IconButton} icon=${isDark ? "sun" : "moon"} label=${isDark ? t("light") : t("dark")} onClick=${() => chat.setSettings({ theme: isDark ? "light" : "dark" })} />
                ${state.session?.needs_key && html`<${IconButton} icon="out" label=${t("signOut")} onClick=${() => chat.logout()} />`}
                <input ref=${file} type="file" hidden accept=".md,.json,text/markdown,application/json" aria-label=${t("import")} id="import-file" onChange=${pick} />
            </div>
        </nav>`;
}
