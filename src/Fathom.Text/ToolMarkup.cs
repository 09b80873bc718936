using System.Text.Json;

namespace Fathom.Text;

/// <summary>Writes the tools block, the response-format block and the markup of calls (chat specification, sections 2.4, 2.5, 2.7).</summary>
internal sealed class ToolMarkup(ChatFormat format)
{
    // V4.1 has a blank before each of the names.
    private readonly string block = format == ChatFormat.V41 ? " calls" : "tool_calls";
    private readonly string invoke = format == ChatFormat.V41 ? " invoke" : "invoke";
    private readonly string parameter = format == ChatFormat.V41 ? " parameter" : "parameter";

    /// <summary>The block that offers tools; ends with a line feed.</summary>
    public void AppendTools(ChatPrompt.Builder prompt, IReadOnlyList<ChatTool> tools)
    {
        prompt.Markup($$"""
            ## Tools

            You have access to a set of tools to help answer the user's question. You can invoke tools by writing a "{{Open(block)}}>" block like the following:

            {{Open(block)}}>
            {{Open(invoke)}} name="$TOOL_NAME">
            {{Open(parameter)}} name="$PARAMETER_NAME" string="true|false">$PARAMETER_VALUE{{Close(parameter)}}
            ...
            {{Close(invoke)}}
            {{Open(invoke)}} name="$TOOL_NAME2">
            ...
            {{Close(invoke)}}
            {{Close(block)}}

            String parameters should be specified as is and set `string="true"`. For all other types (numbers, booleans, arrays, objects), pass the value in JSON format and set `string="false"`.

            If thinking_mode is enabled (triggered by <think>), you MUST output your complete reasoning inside <think>...</think> BEFORE any tool calls or final response.

            Otherwise, output directly after </think> with tool calls or final response.

            ### Available Tool Schemas


            """.ReplaceLineEndings("\n"));
        prompt.Content(string.Join('\n', tools.Select(tool => PythonJson.Dump(tool.Function))));
        prompt.Markup("\n\nYou MUST strictly follow the above defined tool name and parameter schemas to invoke tool calls.\n");
    }

    /// <summary>The block that demands a form of reply.</summary>
    public static void AppendResponseFormat(ChatPrompt.Builder prompt, JsonElement schema)
    {
        prompt.Markup("## Response Format:\n\nYou MUST strictly adhere to the following schema to reply:\n");
        prompt.Content(PythonJson.Dump(schema));
    }

    /// <summary>The block of an assistant message's calls.</summary>
    public void AppendCalls(ChatPrompt.Builder prompt, IReadOnlyList<ChatToolCall> calls)
    {
        prompt.Markup(Open(block) + ">\n");
        foreach (ChatToolCall call in calls)
        {
            prompt.Markup($"{Open(invoke)} name=\"").Content(call.Name).Markup("\">\n");
            AppendArguments(prompt, call.Arguments);
            prompt.Markup($"\n{Close(invoke)}\n");
        }

        prompt.Markup(Close(block));
    }

    private void AppendArguments(ChatPrompt.Builder prompt, string arguments)
    {
        // What is no JSON object goes in as one raw parameter.
        if (!PythonJson.TryParse(arguments, out JsonElement value) || value.ValueKind != JsonValueKind.Object)
        {
            AppendParameter(prompt, "arguments", true, arguments);
            return;
        }

        bool isFirst = true;
        foreach ((string name, JsonElement argument) in PythonJson.Members(value))
        {
            if (!isFirst) prompt.Markup("\n");
            isFirst = false;
            bool isString = PythonJson.IsPlainString(argument);
            AppendParameter(prompt, name, isString, isString ? argument.GetString()! : PythonJson.Dump(argument));
        }
    }

    private void AppendParameter(ChatPrompt.Builder prompt, string name, bool isString, string value)
    {
        prompt.Markup($"{Open(parameter)} name=\"").Content(name).Markup($"\" string=\"{(isString ? "true" : "false")}\">");
        prompt.Content(value).Markup(Close(parameter));
    }

    private static string Open(string name) => $"<{Markup.Dsml}{name}";

    private static string Close(string name) => $"</{Markup.Dsml}{name}>";
}
