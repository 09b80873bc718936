// Messages through the official client of Anthropic; its stream helper collects and checks blocks.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { jsonSchemaOutputFormat } from '@anthropic-ai/sdk/helpers/json-schema';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import { awkward, baseUrl, key, run, untilRunning } from './check.mjs';

const client = new Anthropic({ baseURL: baseUrl, apiKey: key, maxRetries: 0 });
const model = 'claude-sonnet-4-5';
const ask = (content) => ({ model, max_tokens: 2000, messages: [{ role: 'user', content }] });
const thinking = { type: 'enabled', budget_tokens: 1024 };

const input_schema = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city'],
};
const weather = { name: 'get_weather', description: 'Weather', input_schema };
const time = { name: 'get_time', input_schema: { type: 'object' } };
const note = { name: 'take_note', input_schema: { type: 'object', properties: { text: { type: 'string' } } } };
const schema = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer' } },
  required: ['name', 'age'],
  additionalProperties: false,
};

/** Answers all calls in a message. */
const results = (message) => ({
  role: 'user',
  content: message.content
    .filter((block) => block.type === 'tool_use')
    .map((call) => ({ type: 'tool_result', tool_use_id: call.id, content: `sun in ${call.input.city}` })),
});

const turn = (message) => ({ role: 'assistant', content: message.content });

await run({
  async 'a whole message'() {
    const message = await client.messages.create({ ...ask('hi'), system: 'Be brief.' });
    assert.deepEqual([message.type, message.role, message.model], ['message', 'assistant', model]);
    assert.deepEqual(message.content, [{ type: 'text', text: 'Hello there, friend.' }]);
    assert.deepEqual([message.stop_reason, message.stop_sequence], ['end_turn', null]);
    assert.ok(message.usage.input_tokens > 0 && message.usage.output_tokens > 0);
    assert.ok(message._request_id);
  },

  async 'the stream helper'() {
    const texts = [], blocks = [];
    const stream = client.messages
      .stream(ask('hi'))
      .on('text', (text) => texts.push(text))
      .on('contentBlock', (block) => blocks.push(block.type));
    const message = await stream.finalMessage();
    assert.equal(texts.join(''), 'Hello there, friend.');
    assert.equal(await stream.finalText(), 'Hello there, friend.');
    assert.deepEqual(blocks, ['text']);
    assert.equal(message.stop_reason, 'end_turn');
    assert.ok(message.usage.output_tokens > 0);
  },

  async 'a raw stream has its events in order'() {
    const types = [];
    for await (const event of await client.messages.create({ ...ask('hi'), stream: true })) types.push(event.type);
    assert.equal(types[0], 'message_start');
    assert.deepEqual(types.slice(-3), ['content_block_stop', 'message_delta', 'message_stop']);
  },

  async 'thinking with a signature'() {
    const whole = await client.messages.create({ ...ask('hi'), thinking });
    const thoughts = [], signatures = [];
    const streamed = await client.messages
      .stream({ ...ask('hi'), thinking })
      .on('thinking', (text) => thoughts.push(text))
      .on('signature', (signature) => signatures.push(signature))
      .finalMessage();
    for (const { content } of [whole, streamed]) {
      assert.deepEqual(content.map((block) => block.type), ['thinking', 'text']);
      assert.equal(content[0].thinking, 'I think about it.');
      assert.ok(content[0].signature.length > 0);
    }
    assert.equal(thoughts.join(''), 'I think about it.');
    assert.deepEqual(signatures, [streamed.content[0].signature]);
    const next = await client.messages.create({ model, max_tokens: 100, thinking, messages: [...ask('hi').messages, turn(streamed), { role: 'user', content: 'again' }] });
    assert.equal(next.content.at(-1).text, 'Hello there, friend.');
  },

  async 'parallel calls go there and back'() {
    for (const extra of [{}, { thinking }]) {
      const request = { ...ask('weather in two cities?'), ...extra, tools: [weather] };
      const whole = await client.messages.create(request);
      const snapshots = [];
      const streamed = await client.messages.stream(request).on('inputJson', (part, snapshot) => snapshots.push(snapshot)).finalMessage();
      for (const message of [whole, streamed]) {
        assert.equal(message.stop_reason, 'tool_use');
        const calls = message.content.filter((block) => block.type === 'tool_use');
        assert.deepEqual(calls.map((call) => call.input), [{ city: 'Paris' }, { city: 'Rome', days: 2 }]);
        for (const call of calls) assert.match(call.id, /^toolu_[A-Za-z0-9]{24}$/);
        const answer = await client.messages.create({ ...request, messages: [...request.messages, turn(message), results(message)] });
        assert.equal(answer.content.at(-1).text, 'It says sun in Paris and sun in Rome.');
      }
      assert.deepEqual(snapshots.at(-1), { city: 'Rome', days: 2 });
    }
  },

  async 'calls without arguments, and with awkward ones'() {
    for (const [question, tool, wanted] of [['what time is it?', time, {}], ['note this', note, { text: awkward }]]) {
      const request = { ...ask(question), tools: [tool] };
      const whole = await client.messages.create(request);
      const streamed = await client.messages.stream(request).finalMessage();
      for (const { content, stop_reason } of [whole, streamed]) assert.deepEqual([content.at(-1).input, stop_reason], [wanted, 'tool_use']);
    }
  },

  async 'awkward characters'() {
    assert.equal((await client.messages.create(ask('be awkward'))).content[0].text, awkward);
    assert.equal(await client.messages.stream(ask('be awkward')).finalText(), awkward);
  },

  async 'reasoning that eats the limit'() {
    const request = { ...ask('hi'), thinking, max_tokens: 3 };
    const whole = await client.messages.create(request);
    const streamed = await client.messages.stream(request).finalMessage();
    for (const { content, stop_reason } of [whole, streamed]) {
      assert.deepEqual([content.map((block) => block.type), stop_reason], [['thinking'], 'max_tokens']);
      assert.ok(content[0].signature);
    }
  },

  async 'a beginning is continued'() {
    const message = await client.messages.create({ model, max_tokens: 100, messages: [...ask('hi').messages, { role: 'assistant', content: 'Hello' }] });
    assert.equal(message.content[0].text, ' there, friend.');
  },

  async 'the next turn is read from the cache'() {
    const request = { ...ask('count'), system: [{ type: 'text', text: 'You count. '.repeat(100), cache_control: { type: 'ephemeral' } }] };
    const first = await client.messages.create(request);
    const stream = client.messages.stream({ ...request, messages: [...request.messages, turn(first), { role: 'user', content: 'hi' }] });
    const started = await new Promise((resolve) => stream.on('streamEvent', (event) => event.type === 'message_start' && resolve(structuredClone(event.message.usage))));
    const { usage } = await stream.finalMessage();
    assert.ok(usage.cache_read_input_tokens > 500);
    assert.equal(started.cache_read_input_tokens, usage.cache_read_input_tokens);
    assert.equal(started.input_tokens, usage.input_tokens);
  },

  async 'one call only, and choices of tools'() {
    const one = await client.messages.create({ ...ask('weather in two cities?'), tools: [weather], tool_choice: { type: 'auto', disable_parallel_tool_use: true } });
    assert.equal(one.content.filter((block) => block.type === 'tool_use').length, 1);
    for (const tool_choice of [{ type: 'any' }, { type: 'tool', name: 'get_weather' }]) {
      const forced = await client.messages.create({ ...ask('weather?'), tools: [weather], tool_choice });
      assert.equal(forced.content.at(-1).type, 'tool_use');
    }
    const none = await client.messages.create({ ...ask('hi'), tools: [weather], tool_choice: { type: 'none' } });
    assert.equal(none.content[0].text, 'Hello there, friend.');
  },

  async 'the tool runner, whole and streamed'() {
    for (const stream of [false, true]) {
      const asked = [];
      const tool = betaTool({
        name: 'get_weather',
        description: 'Weather',
        inputSchema: input_schema,
        run: async ({ city }) => {
          asked.push(city);
          return `sun in ${city}`;
        },
      });
      const runner = client.beta.messages.toolRunner({ ...ask('weather in two cities?'), thinking, tools: [tool], stream });
      const final = await runner.runUntilDone();
      assert.equal(final.content.at(-1).text, 'It says sun in Paris and sun in Rome.');
      assert.deepEqual(asked.sort(), ['Paris', 'Rome']);
    }
  },

  async 'a tool that fails'() {
    const request = { ...ask('weather?'), tools: [weather] };
    const first = await client.messages.create(request);
    const result = { type: 'tool_result', tool_use_id: first.content.at(-1).id, is_error: true, content: [{ type: 'text', text: 'no line' }] };
    const answer = await client.messages.create({ ...request, messages: [...request.messages, turn(first), { role: 'user', content: [result] }] });
    assert.equal(answer.content.at(-1).text, 'It says Error: no line.');
  },

  async 'the parse helper'() {
    const format = jsonSchemaOutputFormat(schema);
    const whole = await client.messages.parse({ ...ask('a person'), output_config: { format } });
    assert.deepEqual(whole.parsed_output, { name: 'Ana', age: 30 });
    const streamed = await client.messages.stream({ ...ask('a person'), thinking, output_config: { format } }).finalMessage();
    assert.deepEqual(streamed.parsed_output, { name: 'Ana', age: 30 });
  },

  async 'stop texts and limits'() {
    const stopped = await client.messages.stream({ ...ask('hi'), stop_sequences: ['friend'] }).finalMessage();
    assert.deepEqual([stopped.content[0].text, stopped.stop_reason, stopped.stop_sequence], ['Hello there, ', 'stop_sequence', 'friend']);
    const cut = await client.messages.create({ ...ask('count'), max_tokens: 5 });
    assert.deepEqual([cut.stop_reason, cut.usage.output_tokens], ['max_tokens', 5]);
  },

  async 'tokens are counted as they are billed'() {
    const { max_tokens, ...counted } = { ...ask('hi'), system: 'Be brief.', tools: [weather] };
    const { input_tokens } = await client.messages.countTokens(counted);
    const { usage } = await client.messages.create({ max_tokens, ...counted });
    assert.equal(input_tokens, usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens);
    const beta = await client.beta.messages.countTokens(counted);
    assert.equal(beta.input_tokens, input_tokens);
    const { tools, ...bare } = counted;
    assert.ok((await client.messages.countTokens(bare)).input_tokens < input_tokens);
  },

  async 'a client that goes away frees its place'() {
    const stream = client.messages.stream(ask('count for ever'));
    await new Promise((resolve) => stream.once('text', resolve));
    await untilRunning(1);
    stream.abort();
    await assert.rejects(stream.finalMessage(), Anthropic.APIUserAbortError);
    await untilRunning(0);
  },

  async 'models'() {
    const ids = [];
    for await (const one of client.models.list()) {
      assert.equal(one.type, 'model');
      ids.push(one.id);
    }
    assert.ok(ids.includes('deepseek-v4-flash'));
    assert.equal((await client.models.retrieve('deepseek-v4-flash')).display_name, 'deepseek-v4-flash');
  },
});
