import { html } from "../html.js";
import { t } from "../i18n.js";
import { Icon, IconButton } from "./icons.js";
import { ChatMenu } from "./menu.js";

export function TopBar({ chat }) {
    const { state } = chat;
    return html`
        <header class="topbar">
            <${IconButton} icon="panel" label=${t("toggleSidebar")} onClick=${() => chat.toggleSidebar()} aria-expanded=${String(state.isDrawerOpen || state.settings.sidebar)} aria-controls="sidebar" />
            <h1 class="title" title=${state.chat?.title ?? ""}>${state.chat ? state.chat.title || t("untitled") : t("newChat")}</h1>
            <button type="button" class="quiet ${chat.system ? "is-set" : ""}" onClick=${() => chat.show({ name: "system" })}><${Icon} name="text" /><span>${t("systemPrompt")}</span></button>
            ${state.chat && html`<${ChatMenu} chat=${chat} head=${state.chat} />`}
            <span class="only-phone"><${IconButton} icon="plus" label=${t("newChat")} onClick=${() => chat.newChat()} /></span>
        </header>`;
}
