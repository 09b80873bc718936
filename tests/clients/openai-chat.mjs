// Chat completions, text completions and models through the official client of OpenAI.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { awkward, baseUrl, key, run, untilRunning } from './check.mjs';

const client = new OpenAI({ baseURL: `${baseUrl}v1`, apiKey: key, maxRetries: 0 });
const model = 'deepseek-v4-flash';
const thinking = { thinking: { type: 'enabled' } };
const ask = (content) => ({ model, messages: [{ role: 'user', content }] });

const parameters = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city'],
};
const weather = { type: 'function', function: { name: 'get_weather', description: 'Weather', parameters } };
const time = { type: 'function', function: { name: 'get_time' } };
const note = { type: 'function', function: { name: 'take_note', parameters: { type: 'object', properties: { text: { type: 'string' } } } } };
const person = {
  type: 'json_schema',
  json_schema: {
    name: 'person',
    strict: true,
    schema: {
      type: 'object',
      properties: { name: { type: 'string' }, age: { type: 'integer' } },
      required: ['name', 'age'],
      additionalProperties: false,
    },
  },
};

/** The weather tool for runTools; notes the cities it was asked for. */
const runnable = (asked) => ({
  type: 'function',
  function: {
    ...weather.function,
    parse: JSON.parse,
    function: async ({ city }) => {
      asked.push(city);
      return `sun in ${city}`;
    },
  },
});

function checkUsage(usage) {
  assert.ok(usage.prompt_tokens > 0 && usage.completion_tokens > 0);
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
}

await run({
  async 'a whole answer'() {
    const answer = await client.chat.completions.create(ask('hi'));
    assert.equal(answer.object, 'chat.completion');
    assert.equal(answer.model, model);
    assert.equal(answer.choices[0].message.content, 'Hello there, friend.');
    assert.equal(answer.choices[0].finish_reason, 'stop');
    assert.ok(answer._request_id);
    checkUsage(answer.usage);
  },

  async 'a raw stream with usage'() {
    let text = '', usage, finish;
    for await (const chunk of await client.chat.completions.create({ ...ask('hi'), stream: true, stream_options: { include_usage: true } })) {
      assert.equal(usage, undefined, 'usage comes last');
      text += chunk.choices[0]?.delta.content ?? '';
      finish = chunk.choices[0]?.finish_reason ?? finish;
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, 'Hello there, friend.');
    assert.equal(finish, 'stop');
    checkUsage(usage);
  },

  async 'the stream helper'() {
    const seen = [];
    const stream = client.chat.completions
      .stream({ ...ask('hi'), stream_options: { include_usage: true } })
      .on('content.delta', ({ delta }) => seen.push(delta))
      .on('content.done', ({ content }) => seen.push(`done: ${content}`));
    const answer = await stream.finalChatCompletion();
    assert.equal(answer.choices[0].message.content, 'Hello there, friend.');
    assert.equal(answer.choices[0].message.role, 'assistant');
    assert.equal(seen.pop(), 'done: Hello there, friend.');
    assert.equal(seen.join(''), 'Hello there, friend.');
    checkUsage(answer.usage);
    checkUsage(await stream.totalUsage());
  },

  async 'thinking, whole and streamed'() {
    const { message } = (await client.chat.completions.create({ ...ask('hi'), ...thinking })).choices[0];
    assert.equal(message.reasoning_content, 'I think about it.');
    assert.equal(message.content, 'Hello there, friend.');
    const off = (await client.chat.completions.create({ ...ask('hi'), ...thinking, reasoning_effort: 'none' })).choices[0];
    assert.equal(off.message.reasoning_content, undefined);

    let reasoning = '', content = '';
    const stream = client.chat.completions.stream({ ...ask('hi'), ...thinking, stream_options: { include_usage: true } });
    stream.on('chunk', ({ choices: [choice] }) => {
      if (choice?.delta.reasoning_content) assert.equal(content, '', 'reasoning comes first');
      reasoning += choice?.delta.reasoning_content ?? '';
      content += choice?.delta.content ?? '';
    });
    const { usage } = await stream.finalChatCompletion();
    assert.equal(reasoning, 'I think about it.');
    assert.equal(content, 'Hello there, friend.');
    assert.ok(usage.completion_tokens_details.reasoning_tokens > 0);
  },

  async 'tools in the stream helper'() {
    const done = [];
    const stream = client.chat.completions
      .stream({ ...ask('weather in two cities?'), tools: [weather] })
      .on('tool_calls.function.arguments.done', (call) => done.push([call.index, call.name, JSON.parse(call.arguments)]));
    const { choices: [choice] } = await stream.finalChatCompletion();
    assert.equal(choice.finish_reason, 'tool_calls');
    assert.equal(choice.message.content, 'I look.');
    assert.deepEqual(done, [
      [0, 'get_weather', { city: 'Paris' }],
      [1, 'get_weather', { city: 'Rome', days: 2 }],
    ]);
    assert.equal(new Set(choice.message.tool_calls.map((call) => call.id)).size, 2);
  },

  async 'runTools goes there and back, whole and streamed, with thinking'() {
    for (const stream of [false, true]) {
      for (const extra of [{}, thinking]) {
        const asked = [], results = [];
        const runner = client.chat.completions
          .runTools({ ...ask('weather in two cities?'), ...extra, stream, tools: [runnable(asked)] })
          .on('functionToolCallResult', (result) => results.push(result));
        assert.equal(await runner.finalContent(), 'It says sun in Paris and sun in Rome.');
        assert.deepEqual(asked.sort(), ['Paris', 'Rome']);
        assert.equal(results.length, 2);
        assert.deepEqual(runner.messages.map((message) => message.role), ['user', 'assistant', 'tool', 'tool', 'assistant']);
        assert.equal((await runner.allChatCompletions()).length, 2);
      }
    }
  },

  async 'calls without arguments, and with awkward ones'() {
    for (const [question, tool, wanted] of [['what time is it?', time, {}], ['note this', note, { text: awkward }]]) {
      const request = { ...ask(question), tools: [tool] };
      const whole = await client.chat.completions.create(request);
      const streamed = await client.chat.completions.stream(request).finalChatCompletion();
      for (const { choices: [choice] } of [whole, streamed]) {
        assert.equal(choice.finish_reason, 'tool_calls');
        assert.deepEqual(JSON.parse(choice.message.tool_calls[0].function.arguments), wanted);
      }
    }
  },

  async 'awkward characters'() {
    const whole = await client.chat.completions.create({ ...ask('be awkward'), logprobs: true });
    assert.equal(whole.choices[0].message.content, awkward);
    assert.equal(Buffer.from(whole.choices[0].logprobs.content.flatMap((one) => one.bytes)).toString(), awkward);
    const streamed = await client.chat.completions.stream(ask('be awkward')).finalChatCompletion();
    assert.equal(streamed.choices[0].message.content, awkward);
  },

  async 'reasoning that eats the limit'() {
    const request = { ...ask('hi'), ...thinking, max_completion_tokens: 3 };
    const whole = await client.chat.completions.create(request);
    const streamed = await client.chat.completions.stream(request).finalChatCompletion();
    for (const { choices: [choice] } of [whole, streamed]) {
      assert.equal(choice.finish_reason, 'length');
      assert.equal(choice.message.content, '');
    }
    assert.ok('I think about it.'.startsWith(whole.choices[0].message.reasoning_content));
  },

  async 'the next turn is read from the cache'() {
    const messages = [{ role: 'system', content: 'You count. '.repeat(100) }, { role: 'user', content: 'count' }];
    const first = await client.chat.completions.create({ model, messages });
    const second = await client.chat.completions.create({ model, messages: [...messages, first.choices[0].message, { role: 'user', content: 'hi' }] });
    assert.ok(second.usage.prompt_tokens_details.cached_tokens > first.usage.prompt_tokens);
  },

  async 'one call only, and choices of tools'() {
    const { message } = (await client.chat.completions.create({ ...ask('weather in two cities?'), tools: [weather], parallel_tool_calls: false })).choices[0];
    assert.equal(message.tool_calls.length, 1);
    const none = await client.chat.completions.create({ ...ask('hi'), tools: [weather], tool_choice: 'none' });
    assert.equal(none.choices[0].message.content, 'Hello there, friend.');
    const named = await client.chat.completions.create({ ...ask('weather?'), tools: [weather], tool_choice: { type: 'function', function: { name: 'get_weather' } } });
    assert.equal(named.choices[0].message.tool_calls[0].function.name, 'get_weather');
  },

  async 'the parse helper'() {
    const { message } = (await client.chat.completions.parse({ ...ask('a person'), response_format: person })).choices[0];
    assert.deepEqual(message.parsed, { name: 'Ana', age: 30 });
    const stream = client.chat.completions.stream({ ...ask('a person'), ...thinking, response_format: person });
    const final = await stream.finalChatCompletion();
    assert.deepEqual(final.choices[0].message.parsed, { name: 'Ana', age: 30 });

    const strict = { type: 'function', function: { ...weather.function, strict: true } };
    const called = (await client.chat.completions.parse({ ...ask('weather?'), tools: [strict] })).choices[0].message;
    assert.deepEqual(called.tool_calls[0].function.parsed_arguments, { city: 'Paris' });
  },

  async 'a cut answer is told by the parse helper'() {
    await assert.rejects(client.chat.completions.parse({ ...ask('a person'), response_format: person, max_completion_tokens: 2 }), OpenAI.LengthFinishReasonError);
  },

  async 'any JSON object'() {
    const answer = await client.chat.completions.create({ ...ask('a person'), response_format: { type: 'json_object' } });
    assert.deepEqual(JSON.parse(answer.choices[0].message.content), { name: 'Ana', age: 30 });
  },

  async 'log-probabilities'() {
    const wanted = { ...ask('hi'), logprobs: true, top_logprobs: 3 };
    const whole = (await client.chat.completions.create(wanted)).choices[0];
    const streamed = (await client.chat.completions.stream(wanted).finalChatCompletion()).choices[0];
    for (const { logprobs } of [whole, streamed]) {
      assert.equal(logprobs.content.map((one) => one.token).join(''), 'Hello there, friend.');
      for (const one of logprobs.content) {
        assert.equal(one.top_logprobs.length, 3);
        assert.equal(one.top_logprobs[0].token, one.token);
        assert.ok(one.logprob <= 0);
        assert.equal(Buffer.from(one.bytes).toString(), one.token);
      }
    }
  },

  async 'log-probabilities leave out the markup of calls'() {
    const wanted = { ...ask('weather in two cities?'), tools: [weather], logprobs: true };
    const whole = (await client.chat.completions.create(wanted)).choices[0];
    const streamed = (await client.chat.completions.stream(wanted).finalChatCompletion()).choices[0];
    // The last token may hold the line break before the markup as well.
    for (const { logprobs } of [whole, streamed]) assert.equal(logprobs.content.map((one) => one.token).join('').trimEnd(), 'I look.');
  },

  async 'several answers, stop texts, limits'() {
    const wanted = { ...ask('hi'), n: 3, stop: ['friend'] };
    const whole = await client.chat.completions.create(wanted);
    const streamed = await client.chat.completions.stream(wanted).finalChatCompletion();
    for (const { choices } of [whole, streamed]) {
      assert.deepEqual(choices.map((choice) => choice.index), [0, 1, 2]);
      for (const choice of choices) assert.deepEqual([choice.message.content, choice.finish_reason], ['Hello there, ', 'stop']);
    }
    const cut = await client.chat.completions.create({ ...ask('count'), max_completion_tokens: 5 });
    assert.deepEqual([cut.choices[0].finish_reason, cut.usage.completion_tokens], ['length', 5]);
  },

  async 'a client that goes away frees its place'() {
    const stream = client.chat.completions.stream(ask('count for ever'));
    await new Promise((resolve) => stream.once('content', resolve));
    await untilRunning(1);
    stream.abort();
    await assert.rejects(stream.finalChatCompletion(), OpenAI.APIUserAbortError);
    await untilRunning(0);

    for await (const chunk of await client.chat.completions.create({ ...ask('count for ever'), n: 2, stream: true })) {
      if (chunk.choices[0]?.delta.content) break;
    }
    await untilRunning(0);

    const abort = new AbortController();
    const whole = client.chat.completions.create(ask('count for ever'), { signal: abort.signal });
    const ended = assert.rejects(whole, OpenAI.APIUserAbortError);
    await untilRunning(1);
    abort.abort();
    await ended;
    await untilRunning(0);
  },

  async 'text completions'() {
    const plain = await client.completions.create({ model, prompt: 'Count:', logprobs: 2, n: 2 });
    assert.equal(plain.object, 'text_completion');
    assert.deepEqual(plain.choices.map((choice) => choice.text), [' one, two', ' one, two']);
    assert.equal(plain.choices[0].logprobs.tokens.join(''), ' one, two');
    checkUsage(plain.usage);
    const filled = await client.completions.create({ model, prompt: 'def same(x)', suffix: '# end' });
    assert.deepEqual([filled.choices[0].text, filled.choices[0].finish_reason], ['return x', 'stop']);
    let text = '', usage;
    for await (const chunk of await client.completions.create({ model, prompt: 'Count:', echo: true, stream: true, stream_options: { include_usage: true } })) {
      text += chunk.choices[0]?.text ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, 'Count: one, two');
    checkUsage(usage);
  },

  async 'log-probabilities of text completions'() {
    const tokens = [], offsets = [];
    for await (const { choices: [choice] } of await client.completions.create({ model, prompt: 'Count:', logprobs: 2, stream: true })) {
      tokens.push(...(choice?.logprobs?.tokens ?? []));
      offsets.push(...(choice?.logprobs?.text_offset ?? []));
    }
    assert.equal(tokens.join(''), ' one, two');
    const whole = (await client.completions.create({ model, prompt: 'Count:', logprobs: 2 })).choices[0].logprobs;
    assert.deepEqual([tokens, offsets], [whole.tokens, whole.text_offset]);
  },

  async 'models'() {
    const ids = [];
    for await (const one of client.models.list()) ids.push(one.id);
    assert.ok(ids.includes(model));
    assert.deepEqual([(await client.models.retrieve(model)).id, (await client.models.retrieve(model)).object], [model, 'model']);
  },
});
