// The server's paths. An error is thrown with the server's own sentence.

export class ApiError extends Error {
    constructor(message, status) {
        super(message);
        this.status = status;
    }
}

async function ask(method, path, body, signal) {
    let response;
    try {
        response = await fetch(path, {
            method,
            signal,
            headers: body === undefined ? {} : { "content-type": "application/json" },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
    } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new ApiError("", 0);
    }

    if (response.ok) return response;
    let message = response.statusText;
    try {
        message = (await response.json()).error.message;
    } catch { /* not JSON: the status must do */ }
    throw new ApiError(message, response.status);
}

const json = async (method, path, body) => (await ask(method, path, body)).json();
const conversation = id => `/web/conversations/${encodeURIComponent(id)}`;
const answer = id => `/web/answers/${encodeURIComponent(id)}`;
const preset = id => `/web/presets/${encodeURIComponent(id)}`;

export const api = {
    session: () => json("GET", "/web/session"),
    login: key => json("POST", "/web/login", { key }),
    logout: () => ask("POST", "/web/logout", {}),
    status: () => json("GET", "/web/status"),
    model: () => json("GET", "/web/model"),
    list: async search => (await json("GET", `/web/conversations${search ? `?search=${encodeURIComponent(search)}` : ""}`)).conversations,
    create: fields => json("POST", "/web/conversations", fields),
    get: id => json("GET", conversation(id)),
    change: (id, fields) => json("PATCH", conversation(id), fields),
    remove: id => ask("DELETE", conversation(id)),
    export: async (id, format) => (await ask("GET", `${conversation(id)}/export?format=${format}`)).text(),
    import: text => json("POST", "/web/conversations/import", { text }),
    presets: async () => (await json("GET", "/web/presets")).presets,
    addPreset: fields => json("POST", "/web/presets", fields),
    changePreset: (id, fields) => json("PUT", preset(id), fields),
    removePreset: id => ask("DELETE", preset(id)),
    answer: (id, fields) => ask("POST", `${conversation(id)}/answer`, fields),
    follow: id => ask("GET", answer(id)),
    beginUpload: () => json("POST", "/web/uploads", {}),
    readUpload: (id, signal) => ask("POST", `/web/uploads/${encodeURIComponent(id)}/read`, {}, signal),
    endUpload: id => ask("DELETE", `/web/uploads/${encodeURIComponent(id)}`),
    document: (id, from, count) => json("GET", `/web/documents/${encodeURIComponent(id)}?from=${from}&count=${count}`),
    removeDocument: id => ask("DELETE", `/web/documents/${encodeURIComponent(id)}`),
    fit: fields => json("POST", "/web/fit", fields),
    stop: id => ask("POST", `${answer(id)}/stop`, {}),
};
