// What both official clients make of refused requests.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { baseUrl, errorOf, key, run } from './check.mjs';

const openai = new OpenAI({ baseURL: `${baseUrl}v1`, apiKey: key, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: baseUrl, apiKey: key, maxRetries: 0 });
const messages = [{ role: 'user', content: 'hi' }];
const model = 'deepseek-v4-flash';
const long = [{ role: 'user', content: 'word '.repeat(200_000) }];

await run({
  async 'a model that is not there'() {
    const body = { model: 'gpt-9', messages };
    for (const request of [
      () => openai.chat.completions.create(body),
      () => openai.chat.completions.stream(body).finalChatCompletion(),
      () => openai.responses.create({ model: 'gpt-9', input: 'hi' }),
      () => openai.completions.create({ model: 'gpt-9', prompt: 'hi' }),
    ]) {
      const error = await errorOf(request());
      assert.ok(error instanceof OpenAI.NotFoundError, error.stack);
      assert.deepEqual([error.status, error.code, error.type, error.param], [404, 'model_not_found', 'invalid_request_error', 'model']);
      assert.ok(error.requestID);
    }
    assert.ok((await errorOf(openai.models.retrieve('gpt-9'))) instanceof OpenAI.NotFoundError);
    const other = await errorOf(anthropic.messages.create({ ...body, max_tokens: 9 }));
    assert.ok(other instanceof Anthropic.NotFoundError);
    assert.deepEqual([other.type, other.error.type, other.error.error.type], ['not_found_error', 'error', 'not_found_error']);
    assert.equal(other.error.request_id, other.requestID);
    assert.ok((await errorOf(anthropic.models.retrieve('gpt-9'))) instanceof Anthropic.NotFoundError);
  },

  async 'a field that is wrong'() {
    const error = await errorOf(openai.chat.completions.create({ model, messages, temperature: 3 }));
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.deepEqual([error.param, error.type], ['temperature', 'invalid_request_error']);
    const response = await errorOf(openai.responses.create({ model, input: 'hi', previous_response_id: 'resp_1' }));
    assert.deepEqual([response.status, response.code], [400, 'unsupported_parameter']);
    const message = await errorOf(anthropic.messages.stream({ model, messages: [], max_tokens: 9 }).finalMessage());
    assert.ok(message instanceof Anthropic.BadRequestError);
    assert.equal(message.type, 'invalid_request_error');
    assert.match(message.message, /messages/);
  },

  async 'a prompt that is too long'() {
    const error = await errorOf(openai.chat.completions.create({ model, messages: long }));
    assert.deepEqual([error.status, error.code], [400, 'context_length_exceeded']);
    assert.match((await errorOf(anthropic.messages.create({ model, messages: long, max_tokens: 9 }))).message, /prompt is too long: \d+ tokens > \d+ maximum/);
  },

  async 'a function that the model does not have'() {
    const error = await errorOf(openai.embeddings.create({ model, input: 'hi' }));
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.ok(error.message.length > 20);
    assert.ok((await errorOf(anthropic.messages.batches.list())) instanceof Anthropic.NotFoundError);
  },
});
