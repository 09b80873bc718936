// Keeps the page's files, so that it opens also when the server is away. Conversations and answers are never kept here.
const SHELL = "fathom-shell-1";
const FILES = "/web/files/";
const FIRST = ["/", ...[
    "css/base.css", "css/layout.css", "css/messages.css", "css/documents.css", "css/dialogs.css", "js/main.js", "lang/en.json", "lang/de.json", "icons/icon.svg", "manifest.webmanifest",
].map(name => FILES + name)];

self.addEventListener("install", event => {
    event.waitUntil(caches.open(SHELL)
        .then(cache => Promise.all(FIRST.map(path => fetch(request(path)).then(response => response.ok && cache.put(path, response)))))
        .then(() => self.skipWaiting()));
});

self.addEventListener("activate", event => {
    event.waitUntil(caches.keys()
        .then(names => Promise.all(names.filter(name => name !== SHELL).map(name => caches.delete(name))))
        .then(() => self.clients.claim()));
});

self.addEventListener("fetch", event => {
    const url = new URL(event.request.url);
    const isPage = event.request.mode === "navigate" && url.pathname === "/";
    if (event.request.method !== "GET" || url.origin !== location.origin || !(isPage || url.pathname.startsWith(FILES))) return;
    event.respondWith(newest(event.request, isPage ? "/" : url.pathname));
});

// The server's files when it answers, else those that were kept.
async function newest(asked, path) {
    const cache = await caches.open(SHELL);
    try {
        const response = await fetch(asked);
        if (response.ok) cache.put(path, response.clone());
        return response;
    } catch (error) {
        const kept = await cache.match(path);
        if (kept) return kept;
        throw error;
    }
}

function request(path) {
    return new Request(path, { headers: path === "/" ? { Accept: "text/html" } : {} });
}
