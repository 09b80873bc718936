// Takes a stream of server-sent events apart.

/** Feeds on pieces of text, wherever they are cut, and calls back with (name, data) for each whole event. */
export function createEventReader(onEvent) {
    let rest = "", name = "message", data = [];
    return piece => {
        rest += piece;
        for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
            const line = rest.slice(0, end).replace(/\r$/, "");
            rest = rest.slice(end + 1);
            if (line === "") {
                if (data.length > 0) onEvent(name, JSON.parse(data.join("\n")));
                name = "message";
                data = [];
            } else if (line.startsWith("event:")) name = line.slice(6).trim();
            else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
        }
    };
}

/** Reads a response to its end. */
export async function readEvents(response, onEvent) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const feed = createEventReader(onEvent);
    for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        feed(value);
    }
}
