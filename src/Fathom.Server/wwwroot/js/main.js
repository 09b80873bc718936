// Begins here.
import { html, render } from "./html.js";
import { choose } from "./i18n.js";
import { load } from "./settings.js";
import { ChatState } from "./state.js";
import { App } from "./parts/app.js";

await choose(load().language);
const chat = new ChatState();
const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} chat=${chat} />`, root);
await chat.start();

// A page reached by plain http from another machine has no service worker; it works without.
if ("serviceWorker" in navigator) {
    const policy = window.trustedTypes?.createPolicy("fathom", { createScriptURL: url => url === "/web/files/sw.js" ? url : "" });
    const url = "/web/files/sw.js";
    navigator.serviceWorker.register(policy ? policy.createScriptURL(url) : url, { scope: "/" }).catch(() => { });
}
