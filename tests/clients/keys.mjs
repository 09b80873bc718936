// A server that wants keys: both official clients with the right one and with a wrong one.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { baseUrl, errorOf, key, run } from './check.mjs';

const messages = [{ role: 'user', content: 'hi' }];
const model = 'deepseek-v4-flash';
const openai = (apiKey) => new OpenAI({ baseURL: `${baseUrl}v1`, apiKey, maxRetries: 0 });
const anthropic = (options) => new Anthropic({ baseURL: baseUrl, apiKey: null, authToken: null, maxRetries: 0, ...options });

await run({
  async 'the right key'() {
    const answer = await openai(key).chat.completions.create({ model, messages });
    assert.equal(answer.choices[0].message.content, 'Hello there, friend.');
    for (const options of [{ apiKey: key }, { authToken: key }]) {
      const message = await anthropic(options).messages.create({ model, messages, max_tokens: 20 });
      assert.equal(message.content[0].text, 'Hello there, friend.');
    }
  },

  async 'a limit of requests'() {
    const body = { model, messages };
    let error;
    for (let i = 0; i < 20 && !error; i++) error = await openai(key).chat.completions.create(body).then(() => null, (refused) => refused);
    assert.ok(error instanceof OpenAI.RateLimitError, error?.stack);
    assert.deepEqual([error.code, error.type], ['rate_limit_exceeded', 'rate_limit_error']);
    assert.ok(Number(error.headers.get('retry-after')) > 0);
    assert.equal(error.headers.get('x-ratelimit-remaining-requests'), '0');
    const other = await errorOf(anthropic({ apiKey: key }).messages.create({ ...body, max_tokens: 9 }));
    assert.ok(other instanceof Anthropic.RateLimitError);
    assert.equal(other.type, 'rate_limit_error');
  },

  async 'a wrong key'() {
    const error = await errorOf(openai('wrong').chat.completions.create({ model, messages }));
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.deepEqual([error.code, error.type], ['invalid_api_key', 'authentication_error']);
    assert.ok((await errorOf(openai('wrong').models.list())) instanceof OpenAI.AuthenticationError);
    const other = await errorOf(anthropic({ apiKey: 'wrong' }).messages.create({ model, messages, max_tokens: 9 }));
    assert.ok(other instanceof Anthropic.AuthenticationError);
    assert.equal(other.type, 'authentication_error');
  },
});
