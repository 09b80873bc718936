// What is being served: layers, weights, memory.
import { html, useEffect, useState } from "../html.js";
import { api } from "../api.js";
import { bytes, count, number, percent, t } from "../i18n.js";
import { Dialog } from "./dialog.js";

export function ModelPage({ onClose }) {
    const [model, setModel] = useState(null), [error, setError] = useState("");
    useEffect(() => {
        const look = () => api.model().then(setModel, failure => setError(failure.message || t("serverAway")));
        look();
        const timer = setInterval(look, 3000);
        return () => clearInterval(timer);
    }, []);
    return html`
        <${Dialog} title=${model?.model ?? t("model")} onClose=${onClose} wide>
            ${error && html`<p class="failed" role="alert">${error}</p>`}
            ${!model && !error && html`<p role="status">${t("loading")}</p>`}
            ${model && html`<${Figures} model=${model} />`}
        <//>`;
}

function Figures({ model }) {
    const { layout } = model;
    return html`
        ${layout && html`
            <section><h3>${t("layers")}</h3><${Layers} layers=${layout.layers} /></section>
            <section><h3>${t("weights")}</h3>
                <${Table} rows=${[
                    ["parameters", count(layout.parameters)], ["activeParameters", count(layout.active_parameters)], ["weightBytes", bytes(layout.weight_bytes)],
                    ["formats", layout.weight_formats.map(one => `${one.format} ${bytes(one.bytes)}`).join(", ")],
                    ["experts", t("expertsOf", { used: layout.experts_per_token, all: layout.experts, shared: layout.shared_experts })],
                    ["hiddenSize", number(layout.hidden_size)], ["heads", `${layout.heads} × ${layout.head_dim}`], ["window", number(layout.window)], ["vocabulary", number(layout.vocabulary)], ["profile", layout.profile],
                ]} /></section>`}
        <section><h3>${t("memory")}</h3>
            <${Table} rows=${[
                ["process", bytes(model.memory_bytes)], ["managed", bytes(model.managed_bytes)], layout && ["workspace", bytes(layout.workspace_bytes)],
                ["cacheMemory", t("cacheOf", { used: bytes(model.cache_bytes), limit: bytes(model.cache_limit_bytes), n: number(model.cache_entries) })],
                ["cacheFolder", `${bytes(model.folder_bytes)} (${number(model.folder_entries)})`], ["machine", bytes(model.machine_bytes)],
                layout && ["plannedSession", bytes(layout.session_bytes)], ...(layout ? planOf(layout, model) : []),
            ].filter(Boolean)} /></section>
        <section><h3>${t("engine")}</h3>
            <${Table} rows=${[
                ["version", model.version], ["context", number(model.context_length)], ["chatFormat", model.chat_format], ["processors", number(model.processors)], ...(model.threads ? [["threads", number(model.threads)]] : []),
                ["running", `${model.running} / ${model.max_concurrent}`], ["waitingRequests", number(model.waiting)],
                ["promptTokens", t("promptTokensOf", { read: count(model.prompt_tokens_read), cached: count(model.prompt_tokens_cached) })],
            ]} /></section>`;
}

// Where the weights are: all in memory, most experts on disk, or left to the system. The rest of the machine needs some memory, too.
function planOf({ plan, weight_bytes: weights, session_bytes: session }, { machine_bytes: machine, streaming }) {
    if (!plan.is_streaming) return [["plan", t(weights + session < machine * 0.9 ? "planFits" : "planTooLarge", { bytes: bytes(weights + session) })]];
    return [
        ["plan", t("planStreams", { total: bytes(plan.total_bytes), budget: bytes(plan.budget_bytes) })],
        ["residentWeights", bytes(plan.resident_weight_bytes)], ["plannedCaches", bytes(plan.cache_bytes)],
        ["arena", t("arenaOf", { bytes: bytes(plan.arena_bytes), n: number(plan.slots), each: bytes(plan.slot_bytes) })],
        streaming?.tokens > 0 && ["expertReads", t("expertReadsOf", { share: percent(streaming.hit_rate), bytes: bytes(streaming.bytes_per_token) })],
    ];
}

const Table = ({ rows }) => html`<dl class="figures">${rows.map(([name, value]) => html`<div><dt>${t(name)}</dt><dd>${value}</dd></div>`)}</dl>`;

// One small block for each layer, in their order from the embedding to the head.
function Layers({ layers }) {
    const kinds = [...new Set(layers.map(layer => layer.kind))];
    return html`
        <ol class="layers" aria-label=${t("layers")}>${layers.map((layer, index) => html`<li class=${`layer kind-${layer.kind.toLowerCase()}`} title=${t("layerTip", { n: index, kind: layer.kind, ratio: layer.compression || 1 })}><span class="off-screen">${layer.kind}</span></li>`)}</ol>
        <ul class="legend">${kinds.map(kind => html`<li><span class=${`layer kind-${kind.toLowerCase()}`} aria-hidden="true"></span>${layers.filter(layer => layer.kind === kind).length} × ${t(`kind_${kind}`)}</li>`)}
            ${layers.some(layer => layer.hash_routed) && html`<li>${t("hashRouted", { n: layers.filter(layer => layer.hash_routed).length })}</li>`}</ul>`;
}
