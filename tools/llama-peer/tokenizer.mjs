// Prints a tokenizer with only the first tokens of another: the golden checkpoints have none, and a GGUF file needs one. See README.md.
// usage: node tokenizer.mjs models/builtin/tokenizer.json 384 > tokenizer.json
import {readFileSync} from 'node:fs';

const [, , path, size] = process.argv;
if (!size) throw new Error('usage: node tokenizer.mjs TOKENIZER.json TOKENS');
const tokenizer = JSON.parse(readFileSync(path, 'utf8')), {model} = tokenizer;
model.vocab = Object.fromEntries(Object.entries(model.vocab).filter(([, id]) => id < +size));
model.merges = model.merges.filter(merge => merge.split(' ').concat(merge.replace(' ', '')).every(token => token in model.vocab));
tokenizer.added_tokens = tokenizer.added_tokens.filter(({id}) => id < +size);
process.stdout.write(JSON.stringify(tokenizer));
