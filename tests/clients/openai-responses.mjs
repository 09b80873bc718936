// Responses through the official client of OpenAI; its stream helper checks ids, indexes and order.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { ResponsesToolRunner } from 'openai/helpers/responses-tool-runner';
import { awkward, baseUrl, key, run, untilRunning } from './check.mjs';

const client = new OpenAI({ baseURL: `${baseUrl}v1`, apiKey: key, maxRetries: 0 });
const model = 'deepseek-v4-flash';
const ask = (input) => ({ model, input });
const thinks = { thinking: { type: 'enabled' } };

const parameters = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city'],
};
const weather = { type: 'function', name: 'get_weather', description: 'Weather', parameters, strict: false };
const patch = { type: 'custom', name: 'apply_patch', description: 'Changes files.', format: { type: 'text' } };
const time = { type: 'function', name: 'get_time', parameters: null, strict: null };
const note = { ...weather, name: 'take_note', parameters: { type: 'object', properties: { text: { type: 'string' } } } };
const person = {
  type: 'json_schema',
  name: 'person',
  strict: true,
  schema: {
    type: 'object',
    properties: { name: { type: 'string' }, age: { type: 'integer' } },
    required: ['name', 'age'],
    additionalProperties: false,
  },
};

/** Reads a stream to its end: the final response, and all events, which must be numbered without gaps. */
async function collect(body) {
  const events = [];
  const stream = client.responses.stream(body).on('event', (event) => events.push(event));
  const response = await stream.finalResponse();
  assert.deepEqual(events.map((event) => event.sequence_number), events.map((_, i) => i));
  const added = events.filter((event) => event.type === 'response.output_item.added');
  const done = events.filter((event) => event.type === 'response.output_item.done');
  assert.deepEqual(added.map((event) => event.item.id), response.output.map((item) => item.id));
  assert.deepEqual(done.map((event) => event.item.id), response.output.map((item) => item.id));
  assert.deepEqual(added.map((event) => event.output_index), response.output.map((_, i) => i));
  return { response, events };
}

const joined = (events, type) => events.filter((event) => event.type === type).map((event) => event.delta).join('');

/** Answers all calls of functions in an output. */
const results = (output) =>
  output
    .filter((item) => item.type === 'function_call')
    .map((call) => ({ type: 'function_call_output', call_id: call.call_id, output: `sun in ${JSON.parse(call.arguments).city}` }));

await run({
  async 'a whole response'() {
    const response = await client.responses.create({ ...ask('hi'), instructions: 'Be brief.' });
    assert.equal(response.status, 'completed');
    assert.equal(response.output_text, 'Hello there, friend.');
    assert.equal(response.instructions, 'Be brief.');
    assert.ok(response.usage.input_tokens > 0);
    assert.equal(response.usage.total_tokens, response.usage.input_tokens + response.usage.output_tokens);
    const listed = await client.responses.create(ask([{ role: 'user', content: [{ type: 'input_text', text: 'hi' }] }]));
    assert.equal(listed.output_text, 'Hello there, friend.');
  },

  async 'the stream helper'() {
    const { response, events } = await collect(ask('hi'));
    assert.equal(response.output_text, 'Hello there, friend.');
    assert.equal(joined(events, 'response.output_text.delta'), 'Hello there, friend.');
    assert.deepEqual(events.slice(0, 2).map((event) => event.type), ['response.created', 'response.in_progress']);
    assert.equal(events.at(-1).type, 'response.completed');
    assert.ok(response.usage.output_tokens > 0);
  },

  async 'reasoning as text and as a summary'() {
    const { response, events } = await collect({ ...ask('hi'), ...thinks, include: ['reasoning.encrypted_content'] });
    assert.deepEqual(response.output.map((item) => item.type), ['reasoning', 'message']);
    assert.equal(response.output[0].content[0].text, 'I think about it.');
    assert.ok(response.output[0].encrypted_content);
    assert.equal(joined(events, 'response.reasoning_text.delta'), 'I think about it.');
    assert.ok(response.usage.output_tokens_details.reasoning_tokens > 0);

    const summed = await collect({ ...ask('hi'), ...thinks, reasoning: { effort: 'high', summary: 'auto' } });
    assert.equal(summed.response.output[0].summary[0].text, 'I think about it.');
    assert.equal(joined(summed.events, 'response.reasoning_summary_text.delta'), 'I think about it.');

    const off = await client.responses.create({ ...ask('hi'), ...thinks, reasoning: { effort: 'none' } });
    assert.deepEqual(off.output.map((item) => item.type), ['message']);
  },

  async 'parallel calls of functions go there and back'() {
    for (const extra of [{}, thinks]) {
      const input = [{ role: 'user', content: 'weather in two cities?' }];
      const { response, events } = await collect({ ...ask(input), ...extra, tools: [weather] });
      const calls = response.output.filter((item) => item.type === 'function_call');
      assert.deepEqual(calls.map((call) => JSON.parse(call.arguments)), [{ city: 'Paris' }, { city: 'Rome', days: 2 }]);
      const done = events.filter((event) => event.type === 'response.function_call_arguments.done');
      assert.deepEqual(done.map((event) => [event.item_id, event.arguments]), calls.map((call) => [call.id, call.arguments]));

      const whole = await client.responses.create({ ...ask([...input, ...response.output, ...results(response.output)]), ...extra, tools: [weather] });
      assert.equal(whole.output_text, 'It says sun in Paris and sun in Rome.');
    }
  },

  async 'the tool runner, whole and streamed'() {
    for (const options of [{}, { stream: true }, { stream: true, eager: true }]) {
      const asked = [];
      const runner = new ResponsesToolRunner({
        functions: [{
          tool: weather,
          execute: ({ city }) => {
            asked.push(city);
            return `sun in ${city}`;
          },
        }],
      });
      const response = await runner.run(client, { ...ask('weather in two cities?'), ...thinks }, options);
      assert.equal(response.output_text, 'It says sun in Paris and sun in Rome.');
      assert.deepEqual(asked, ['Paris', 'Rome']);
    }
  },

  async 'calls without arguments, and with awkward ones'() {
    for (const [question, tool, wanted] of [['what time is it?', time, {}], ['note this', note, { text: awkward }]]) {
      const request = { ...ask(question), tools: [tool] };
      const whole = await client.responses.create(request);
      const { response } = await collect(request);
      for (const { output } of [whole, response]) assert.deepEqual(JSON.parse(output.at(-1).arguments), wanted);
    }
  },

  async 'awkward characters'() {
    assert.equal((await client.responses.create(ask('be awkward'))).output_text, awkward);
    assert.equal((await collect(ask('be awkward'))).response.output_text, awkward);
  },

  async 'choices of tools'() {
    const tools = [weather, time];
    const one = await client.responses.create({ ...ask('weather in two cities?'), tools, parallel_tool_calls: false });
    assert.equal(one.output.filter((item) => item.type === 'function_call').length, 1);
    const allowed = { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'get_time' }] };
    for (const tool_choice of ['required', { type: 'function', name: 'get_time' }, allowed]) {
      const forced = await client.responses.create({ ...ask('what time is it?'), tools, tool_choice });
      assert.equal(forced.output.at(-1).name, 'get_time');
    }
    const none = await client.responses.create({ ...ask('hi'), tools, tool_choice: 'none' });
    assert.equal(none.output_text, 'Hello there, friend.');
  },

  async 'log-probabilities'() {
    const wanted = { ...ask('hi'), include: ['message.output_text.logprobs'], top_logprobs: 2 };
    const whole = await client.responses.create(wanted);
    const { response, events } = await collect(wanted);
    for (const { output, top_logprobs } of [whole, response]) {
      const { logprobs } = output[0].content[0];
      assert.equal(top_logprobs, 2);
      assert.equal(logprobs.map((one) => one.token).join(''), 'Hello there, friend.');
      assert.ok(logprobs.every((one) => one.top_logprobs.length === 2));
    }
    const streamed = events.filter((event) => event.type === 'response.output_text.delta').flatMap((event) => event.logprobs);
    assert.equal(streamed.map((one) => one.token).join(''), 'Hello there, friend.');
  },

  async 'results as lists of parts'() {
    const input = [{ role: 'user', content: 'weather?' }];
    const first = await client.responses.create({ ...ask(input), tools: [weather] });
    const call = first.output.find((item) => item.type === 'function_call');
    const result = { type: 'function_call_output', call_id: call.call_id, output: [{ type: 'input_text', text: 'rain' }] };
    const next = await client.responses.create({ ...ask([...input, ...first.output, result]), tools: [weather] });
    assert.equal(next.output_text, 'It says rain.');
  },

  async 'custom tools take free text'() {
    const input = [{ role: 'user', content: 'patch the file' }];
    const { response, events } = await collect({ ...ask(input), tools: [patch] });
    const call = response.output.find((item) => item.type === 'custom_tool_call');
    assert.deepEqual([call.name, call.input], ['apply_patch', '*** Begin Patch\n*** End Patch']);
    assert.equal(joined(events, 'response.custom_tool_call_input.delta'), call.input);
    assert.equal(events.find((event) => event.type === 'response.custom_tool_call_input.done').input, call.input);

    const result = { type: 'custom_tool_call_output', call_id: call.call_id, output: 'done' };
    const next = await collect({ ...ask([...input, ...response.output, result]), tools: [patch] });
    assert.equal(next.response.output_text, 'It says done.');
    const named = await client.responses.create({ ...ask(input), tools: [patch, weather], tool_choice: { type: 'custom', name: 'apply_patch' } });
    assert.equal(named.output.at(-1).type, 'custom_tool_call');
  },

  async 'functions in a namespace'() {
    const space = { type: 'namespace', name: 'maps', description: 'Maps', tools: [{ ...weather, name: 'place' }] };
    const { response } = await collect({ ...ask('place on the map?'), tools: [space] });
    const call = response.output.find((item) => item.type === 'function_call');
    assert.deepEqual([call.namespace, call.name], ['maps', 'place']);
  },

  async 'the parse helpers'() {
    const whole = await client.responses.parse({ ...ask('a person'), text: { format: person } });
    assert.deepEqual(whole.output_parsed, { name: 'Ana', age: 30 });
    const { response } = await collect({ ...ask('a person'), ...thinks, text: { format: person } });
    assert.deepEqual(response.output_parsed, { name: 'Ana', age: 30 });
    const called = await client.responses.parse({ ...ask('weather?'), tools: [{ ...weather, strict: true }] });
    assert.deepEqual(called.output.at(-1).parsed_arguments, { city: 'Paris' });
  },

  async 'an answer that is cut'() {
    const whole = await client.responses.create({ ...ask('count'), max_output_tokens: 5 });
    assert.deepEqual([whole.status, whole.incomplete_details.reason], ['incomplete', 'max_output_tokens']);
    const { response, events } = await collect({ ...ask('count'), max_output_tokens: 5 });
    assert.equal(response.status, 'incomplete');
    assert.equal(events.at(-1).type, 'response.incomplete');
  },

  async 'reasoning that eats the limit'() {
    const { response } = await collect({ ...ask('hi'), ...thinks, max_output_tokens: 3 });
    assert.equal(response.status, 'incomplete');
    assert.deepEqual(response.output.map((item) => [item.type, item.status]), [['reasoning', 'incomplete']]);
  },

  async 'a probe without input'() {
    const probe = await client.responses.create({ ...ask([]), max_output_tokens: 1 });
    assert.equal(probe.object, 'response');
  },

  async 'a client that goes away frees its place'() {
    const stream = client.responses.stream(ask('count for ever'));
    await new Promise((resolve) => stream.once('response.output_text.delta', resolve));
    await untilRunning(1);
    stream.abort();
    await assert.rejects(stream.finalResponse(), OpenAI.APIUserAbortError);
    await untilRunning(0);
  },
});
