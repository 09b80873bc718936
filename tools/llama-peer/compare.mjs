// Holds Fathom's numbers against llama.cpp's on the same GGUF file: both read the same token ids, and the distributions of the next
// token are compared at every position. Not part of the build and of no test; see README.md.
// usage: node compare.mjs FILE.gguf [--fathom PATH] [--tokens 40] [--profile plain]
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {getLlama, LlamaLogLevel} from 'node-llama-cpp';

const [, , file, ...rest] = process.argv;
const option = (name, fallback) => rest.includes(name) ? rest[rest.indexOf(name) + 1] : fallback;
if (!file) throw new Error('usage: node compare.mjs FILE.gguf [--fathom PATH] [--tokens N] [--profile NAME]');
const folder = mkdtempSync(join(tmpdir(), 'fathom-peer-'));
try {
    // Ids from a fixed generator, past the markup that tokenizers keep at the beginning.
    const ids = Array.from({length: +option('--tokens', '40')}, (_, i) => 3 + (i * i * 31 + i * 77 + 60) % 240);
    const idFile = join(folder, 'ids.json'), logitFile = join(folder, 'logits.safetensors');
    writeFileSync(idFile, JSON.stringify(ids));
    execFileSync(option('--fathom', 'fathom'), ['logits', '--model', file, '--ids', idFile, '--out', logitFile, '--profile', option('--profile', 'plain')], {stdio: ['ignore', 'inherit', 'pipe']});
    const ours = logits(logitFile);

    const llama = await getLlama({gpu: false, build: 'never', logLevel: LlamaLogLevel.error});
    const model = await llama.loadModel({modelPath: file});
    const context = await model.createContext({contextSize: 1024, batchSize: 512});
    const rows = await context.getSequence().controlledEvaluate(ids.map(id => [id, {generateNext: {probabilities: true}}]));

    let sum = 0, most = 0, agree = 0;
    rows.forEach((row, position) => {
        const p = softmax(ours[position]), q = new Float64Array(p.length);
        for (const [token, probability] of row.next.probabilities) q[token] = probability;
        const distance = p.reduce((total, value, i) => total + Math.abs(value - q[i]), 0) / 2;
        sum += distance;
        most = Math.max(most, distance);
        if (best(p) === best(q)) agree++;
    });
    console.log(`${file}: mean total variation ${(sum / rows.length).toFixed(5)}, largest ${most.toFixed(5)}, same most likely token ${agree} of ${rows.length}`);
} finally {
    rmSync(folder, {recursive: true});
}
process.exit(0);

function logits(path) {
    const bytes = readFileSync(path), header = Number(bytes.readBigUInt64LE(0)), {shape, data_offsets: [begin, end]} = JSON.parse(bytes.subarray(8, 8 + header)).logits;
    const data = new Float32Array(bytes.buffer.slice(bytes.byteOffset + 8 + header + begin, bytes.byteOffset + 8 + header + end));
    return Array.from({length: shape[0]}, (_, row) => data.subarray(row * shape[1], (row + 1) * shape[1]));
}

function softmax(values) {
    const largest = values.reduce((a, b) => Math.max(a, b)), powers = Float64Array.from(values, value => Math.exp(value - largest)), sum = powers.reduce((a, b) => a + b);
    return powers.map(value => value / sum);
}

function best(values) {
    return values.reduce((index, value, i) => value > values[index] ? i : index, 0);
}
