namespace Fathom.Server.Tests.Faults;

/// <summary>Good requests that have all fields which the server knows, for every endpoint that reads a body.</summary>
internal static class GoodRequests
{
    private const string Sampling = """
        "temperature":0.5,"top_p":0.9,"top_k":40,"min_p":0.01,"repetition_penalty":1.1,"repeat_penalty":1.1,"presence_penalty":0.1,"frequency_penalty":0.1,"seed":7,"logit_bias":{"5":-100,"7":2},"min_tokens":0,"ignore_eos":false,"reasoning_budget":5,"stop_repetition":true
        """;

    private const string Schema = """{"type":"object","properties":{"city":{"type":"string","minLength":1,"maxLength":9},"days":{"type":"integer","minimum":1,"maximum":9},"kind":{"enum":["a","b"]},"tags":{"type":"array","items":{"type":"string","pattern":"^[a-z]+$"},"minItems":1,"maxItems":3},"at":{"type":"string","format":"date"},"more":{"anyOf":[{"$ref":"#/$defs/x"},{"const":5}]}},"required":["city"],"additionalProperties":false,"$defs":{"x":{"type":"null"}}}""";

    private const string Thinking = """
        "thinking":{"type":"enabled"},"chat_template_kwargs":{"thinking":true,"enable_thinking":true}
        """;

    /// <summary>Paths and bodies.</summary>
    public static IReadOnlyList<(string Path, string Body)> All { get; } =
    [
        ("/v1/chat/completions", $$"""{"model":"deepseek-chat","messages":[{"role":"system","content":"Be brief."},{"role":"developer","content":[{"type":"text","text":"x"}]},{"role":"user","content":"hi","name":"n"},{"role":"assistant","content":null,"reasoning_content":"r","reasoning":"r","tool_calls":[{"id":"c1","type":"function","function":{"name":"get","arguments":"{\"city\":\"Rome\"}"} }]},{"role":"tool","tool_call_id":"c1","content":[{"type":"text","text":"sun"}]},{"role":"assistant","content":"ok","function_call":{"name":"get","arguments":"{}"} },{"role":"function","name":"get","content":"x"},{"role":"user","content":[{"type":"text","text":"and?"}]}],"tools":[{"type":"function","function":{"name":"get","description":"d","parameters":{{Schema}},"strict":false} }],"tool_choice":"auto","parallel_tool_calls":false,"stream":false,"stream_options":{"include_usage":true},"stop":["zz"],"n":1,"max_tokens":3,"max_completion_tokens":3,"logprobs":true,"top_logprobs":2,"reasoning_effort":"high","modalities":["text"],"continue_final_message":false,"timings":true,"return_progress":true,"user":"u","metadata":{},{{Sampling}},{{Thinking}}}"""),
        ("/v1/chat/completions", $$"""{"messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{{Schema}} } },"stream":true,"max_tokens":3}"""),
        ("/v1/chat/completions", """{"messages":[{"role":"user","content":"hi"}],"functions":[{"name":"get","parameters":{"type":"object"}}],"function_call":{"name":"get"},"structured_outputs":{"regex":"[ab]+"},"max_tokens":2}"""),
        ("/v1/chat/completions", $$"""{"messages":[{"role":"user","content":"hi"}],"guided_json":{{Schema}},"max_tokens":2}"""),
        ("/v1/chat/completions", """{"messages":[{"role":"user","content":"hi"}],"guided_regex":"(a|b)*c{2,3}","max_tokens":2}"""),
        ("/v1/chat/completions", """{"messages":[{"role":"user","content":"hi"}],"guided_choice":["yes","no"],"grammar":"root ::= \"a\" [b-c]*","max_tokens":2}"""),
        ("/v1/chat/completions", """{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"b","prefix":true}],"tools":[{"type":"function","function":{"name":"get"}}],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"get"}}]}},"stream":true,"max_tokens":2}"""),
        ("/v1/completions", $$"""{"model":"fathom","prompt":["a:","b:"],"echo":true,"logprobs":2,"n":2,"stream":false,"stream_options":{"include_usage":true},"stop":"zz","max_tokens":2,"response_format":{"type":"text"},{{Sampling}}}"""),
        ("/beta/completions", """{"prompt":"def f():","suffix":"return","max_tokens":2,"stream":true}"""),
        ("/v1/completions", """{"prompt":[1,2,3],"max_tokens":0,"n":1}"""),
        ("/v1/completions", """{"prompt":[[1,2],[3]],"max_tokens":1,"grammar":"root ::= \"a\""}"""),
        ("/v1/responses", $$"""{"model":"fathom","instructions":"Be brief.","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]},{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"s"}],"content":[{"type":"reasoning_text","text":"t"}],"encrypted_content":"AAAA"},{"type":"function_call","call_id":"c1","name":"get","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":[{"type":"input_text","text":"o"}]},{"type":"custom_tool_call","call_id":"c2","name":"patch","input":"x"},{"type":"custom_tool_call_output","call_id":"c2","output":"y"},{"type":"local_shell_call","call_id":"c3","action":{"type":"exec","command":["ls","-l"]} },{"type":"local_shell_call_output","call_id":"c3","output":"z"},{"role":"assistant","content":[{"type":"output_text","text":"a"}]},{"role":"user","content":"more"}],"tools":[{"type":"function","name":"get","description":"d","parameters":{{Schema}},"strict":false},{"type":"custom","name":"patch","description":"d"},{"type":"local_shell"},{"type":"namespace","name":"ns","tools":[{"type":"function","name":"in","parameters":{} }]},{"type":"web_search"}],"tool_choice":"auto","parallel_tool_calls":true,"reasoning":{"effort":"low","summary":"auto"},"text":{"format":{"type":"text"},"verbosity":"low"},"store":false,"stream":true,"background":false,"include":["reasoning.encrypted_content"],"prompt_cache_key":"k","max_output_tokens":3,"metadata":{"a":"b"},{{Sampling}},{{Thinking}}}"""),
        ("/v1/responses", $$"""{"input":"hi","text":{"format":{"type":"json_schema","name":"n","schema":{{Schema}} } },"tool_choice":{"type":"custom","name":"patch"},"tools":[{"type":"custom","name":"patch"}],"max_output_tokens":2}"""),
        ("/v1/messages", $$"""{"model":"claude-x","system":[{"type":"text","text":"x-anthropic-billing-header: cc=1;"},{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"} }],"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"a"},{"type":"tool_use","id":"t1","name":"get","input":{"city":"Rome"} }]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":[{"type":"text","text":"o"},{"type":"tool_reference","tool_name":"get"}]},{"type":"text","text":"go"}]},{"role":"system","content":"late"},{"role":"user","content":"more"}],"tools":[{"name":"get","description":"d","input_schema":{{Schema}},"strict":false},{"type":"web_search_20250305","name":"web_search"}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true},"stop_sequences":["zz"],"output_config":{"effort":"low"},"thinking":{"type":"enabled","budget_tokens":1024},"max_tokens":3,"stream":true,"metadata":{"user_id":"u"},{{Sampling}}}"""),
        ("/v1/messages", $$"""{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"b"}],"output_format":{"type":"json_schema","schema":{{Schema}} },"tools":[{"name":"get","input_schema":{"type":"object"} }],"tool_choice":{"type":"tool","name":"get"},"max_tokens":2}"""),
        ("/anthropic/v1/messages/count_tokens", $$"""{"model":"claude-x","system":"s","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"tools":[{"name":"get","input_schema":{{Schema}} }]}"""),
        ("/tokenize", """{"content":"hello","add_special":true,"parse_special":false,"with_pieces":true}"""),
        ("/tokenize", """{"prompt":"hello","add_special_tokens":false,"return_token_strs":true}"""),
        ("/tokenize", """{"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"get"}}]}"""),
        ("/detokenize", """{"tokens":[1,2,3,100]}"""),
        ("/apply-template", """{"messages":[{"role":"user","content":"hi"}],"tokens":true}"""),
    ];
}
