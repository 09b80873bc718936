using System.CommandLine;
using Fathom.Cli.Arguments;
using Fathom.Cli.Output;
using Fathom.Inference;
using Fathom.Model.Streaming;
using Fathom.Text;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom run</c>: one answer, streamed.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var prompt = new Argument<string?>("PROMPT") { Description = "The prompt; from stdin when left out or '-'.", Arity = ArgumentArity.ZeroOrOne };
        prompt.Validators.Add(result =>
        {
            // What looks like an option and is none would silently become the prompt.
            if (result.Tokens.Count > 0 && result.Tokens[0].Value.StartsWith("--", StringComparison.Ordinal))
                result.AddError($"There is no option {result.Tokens[0].Value}; a prompt that begins with two dashes goes in on stdin.");
        });
        var json = new Option<bool>("--json") { Description = "Write the whole answer as one JSON object instead of streaming text." };
        var model = new ModelArguments();
        var conversation = new ConversationArguments();
        var sampling = new SamplingArguments();
        var command = new Command("run", "Answer one prompt.\n\nExamples:\n  fathom run \"Why is the sky blue?\"\n  fathom run --model DeepSeek-V4-Flash --think high --file notes.txt \"Summarise this.\"\n  git diff | fathom run --system \"Review the change on stdin.\"")
        {
            prompt, json,
        };
        model.AddTo(command);
        conversation.AddTo(command);
        sampling.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            ChatOptions options = conversation.Read(parsed, sampling.Read(parsed));
            string text = string.Join('\n', [.. conversation.ReadFiles(parsed), Prompt(parsed.GetValue(prompt))]);
            using FathomModel opened = model.Open(parsed, engine: ModelUses.EngineFor(ModelUse.Run));
            if (ConversationArguments.Warning(options, opened.ContextLength) is { } warning) await Console.Error.WriteLineAsync($"fathom: {warning}").ConfigureAwait(false);
            ChatSession chat = opened.StartChat(options);
            using var status = new StatusLine();
            bool isJson = parsed.GetValue(json);
            var writer = new AnswerWriter(isJson ? TextWriter.Null : Console.Out, !isJson && !Console.IsOutputRedirected, status);
            try
            {
                await foreach (CompletionEvent happened in chat.SendAsync(text, cancellation).ConfigureAwait(false))
                {
                    if (writer.Show(happened) is not { } completed) continue;
                    ExpertStreamStatistics? streaming = opened.Status.Streaming;
                    if (isJson) WriteJson(completed, streaming);
                    await Console.Error.WriteLineAsync(AnswerWriter.Speed(completed)).ConfigureAwait(false);
                    if (streaming is not null) await Console.Error.WriteLineAsync(AnswerWriter.Experts(streaming)).ConfigureAwait(false);
                }
            }
            finally
            {
                writer.End();
            }

            return 0;
        });
        return command;
    }

    private static string Prompt(string? argument)
    {
        if (argument is not null and not "-") return argument;
        if (!Console.IsInputRedirected) throw new ArgumentException("Give a prompt, such as: fathom run \"Why is the sky blue?\"");
        string text = InputText.ReadAll(Console.In, "The prompt");
        return text.Length > 0 ? text : throw new ArgumentException("The prompt on stdin is empty.");
    }

    private static void WriteJson(GenerationCompleted completed, ExpertStreamStatistics? streaming) => JsonText.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WritePropertyName("message");
        ChatJson.Write(writer, completed.Message);
        writer.WriteString("finish_reason", ParseCommand.NameOf(completed.FinishReason));
        JsonText.WriteUsage(writer, completed.Usage);
        writer.WriteStartObject("timings");
        writer.WriteNumber("prefill_seconds", completed.Timings.Prefill.TotalSeconds);
        writer.WriteNumber("prefill_tokens_per_second", completed.Timings.PrefillRate);
        writer.WriteNumber("decode_seconds", completed.Timings.Decode.TotalSeconds);
        writer.WriteNumber("decode_tokens_per_second", completed.Timings.DecodeRate);
        writer.WriteEndObject();
        if (streaming is not null)
        {
            writer.WriteStartObject("experts");
            writer.WriteNumber("slots", streaming.Slots);
            writer.WriteNumber("hits", streaming.Hits);
            writer.WriteNumber("prefetched", streaming.Prefetched);
            writer.WriteNumber("misses", streaming.Misses);
            writer.WriteNumber("bytes_read", streaming.BytesRead);
            writer.WriteNumber("bytes_per_token", streaming.BytesPerToken);
            writer.WriteNumber("stall_seconds", streaming.StallTime.TotalSeconds);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    });
}
