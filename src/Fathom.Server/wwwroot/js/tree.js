// Messages are a tree: an edited question and a second answer are further children of the same parent. A branch is the way from a first message to a leaf.

/** The children of each message in the order in which they were said; first messages are those of null. */
export function childrenOf(messages) {
    const children = new Map();
    for (const message of messages) {
        const parent = message.parent ?? null;
        if (!children.has(parent)) children.set(parent, []);
        children.get(parent).push(message);
    }
    return children;
}

/** The messages from the first one to a leaf; to the newest one when the leaf is not known. */
export function branch(messages, leaf) {
    const byId = new Map(messages.map(message => [message.id, message]));
    const path = [];
    let at = byId.get(leaf) ?? messages.at(-1);
    while (at && !path.includes(at)) {
        path.unshift(at);
        at = byId.get(at.parent);
    }
    return path;
}

/** The newest leaf below a message. */
export function leafBelow(messages, id) {
    const children = childrenOf(messages);
    for (let next = children.get(id); next; next = children.get(id)) id = next.at(-1).id;
    return id;
}

/** A message among its siblings: which one it is, from 0, and all of them. */
export function siblings(messages, message) {
    const all = messages.filter(other => (other.parent ?? null) === (message.parent ?? null) && other.role === message.role);
    return { index: all.findIndex(other => other.id === message.id), all };
}

/** The same messages with some replaced, by id, or added at the end. */
export function withMessages(messages, ...changed) {
    const byId = new Map(changed.map(message => [message.id, message]));
    const known = new Set(messages.map(message => message.id));
    return [...messages.map(message => byId.get(message.id) ?? message), ...changed.filter(message => !known.has(message.id))];
}
