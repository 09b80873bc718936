using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using Fathom.Checkpoints;
using Fathom.Cli.Arguments;
using Fathom.Cli.Output;
using Fathom.Evaluation.Predictions;
using Fathom.Model;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom logits</c>: writes the numbers of a forward to a safetensors file, for comparison with other engines.</summary>
internal static class LogitsCommand
{
    /// <summary>What the reference data feeds the MTP block at the last position, whose next token is not known.</summary>
    private const int ReferenceLastToken = 5;

    public static Command Create()
    {
        Option<string?> model = ModelArguments.ModelOption();
        var ids = new Option<FileInfo?>("--ids") { Description = "JSON file with an array of token ids." };
        var text = new Option<string?>("--text") { Description = "Text to encode with the model's tokenizer." };
        var output = new Option<FileInfo>("--out") { Description = "The safetensors file to write.", Required = true };
        Option<NumericProfile> profile = ModelArguments.ProfileOption(NumericProfile.Plain);
        var chunk = new Option<int>("--chunk") { Description = "Tokens of one forward at most.", DefaultValueFactory = _ => 256 };
        var every = new Option<int>("--every") { Description = "Write every K-th position, from position 0.", DefaultValueFactory = _ => 1 };
        var greedy = new Option<int>("--greedy") { Description = "Continue greedily, one token at a time, for N tokens; also writes tokens and decode_logits.", DefaultValueFactory = _ => 0 };
        var mtp = new Option<bool>("--mtp") { Description = "Also write mtp_logits of the multi-token-prediction block." };
        var mtpLast = new Option<int>("--mtp-last") { Description = "Token given to the MTP block at the last position, whose next token is unknown (5, as in the reference data).", DefaultValueFactory = _ => ReferenceLastToken };
        Option<int?> threads = ModelArguments.ThreadsOption();
        var command = new Command("logits", "Write logits [positions, vocabulary] as safetensors.\n\nExample:\n  fathom logits --model DIR --ids ids.json --out logits.safetensors --every 8 --greedy 16")
        {
            model, ids, text, output, profile, chunk, every, greedy, mtp, mtpLast, threads,
        };
        command.SetAction((parsed, cancellation) =>
        {
            string folder = ModelLocation.Resolve(parsed.GetValue(model));
            AtLeast(1, parsed.GetValue(chunk), "--chunk");
            AtLeast(1, parsed.GetValue(every), "--every");
            AtLeast(0, parsed.GetValue(greedy), "--greedy");
            OutputFile.CheckReport(parsed.GetValue(output), [.. ModelFacts.Of(folder).Files, .. parsed.GetValue(ids) is { } file ? [file.FullName] : Array.Empty<string>()]);
            int[] tokens = Tokens(folder, parsed.GetValue(ids), parsed.GetValue(text));
            var options = new V4ModelOptions { Profile = parsed.GetValue(profile), MaxBatchRows = parsed.GetValue(chunk), Workers = ModelArguments.CheckThreads(parsed.GetValue(threads)) };
            using V4Model v4 = V4Model.Open(folder, options);
            if (parsed.GetValue(mtp) && !v4.HasMultiTokenPrediction)
                throw new InvalidOperationException($"{folder} has no MTP block, so --mtp has nothing to write.");
            if (tokens.Length + parsed.GetValue(greedy) > v4.MaxPositions)
                throw new ArgumentException($"{tokens.Length} tokens and {parsed.GetValue(greedy)} greedy ones are more than the model's {v4.MaxPositions} positions.");
            var run = new LogitsRun(v4, tokens, parsed.GetValue(every), parsed.GetValue(greedy), parsed.GetValue(mtp), parsed.GetValue(mtpLast));
            run.Write(parsed.GetValue(output)!.FullName, cancellation);
            return Task.FromResult(0);
        });
        return command;
    }

    private static void AtLeast(int least, int value, string option)
    {
        if (value < least) throw new ArgumentException($"{option} must be at least {least}, not {value}.");
    }

    private static int[] Tokens(string folder, FileInfo? ids, string? text)
    {
        if (ids is null == text is null) throw new ArgumentException("Give the input either as --ids FILE.json or as --text.");
        int[] tokens = ids is not null ? TokenFile.Read(ids.FullName) : TokenizerLocation.Open(folder).Encode(text!, matchAddedTokens: false);
        return tokens.Length > 0 ? tokens : throw new ArgumentException("The input has no tokens; logits need at least one.");
    }

    private sealed class LogitsRun(V4Model model, int[] tokens, int every, int greedy, bool hasMtp, int mtpLast)
    {
        public void Write(string path, CancellationToken cancellation)
        {
            long rows = ((tokens.Length - 1) / every) + 1;
            var tensors = new List<(string, StoredType, long[])> { ("logits", StoredType.F32, [rows, model.VocabularySize]) };
            if (hasMtp) tensors.Add(("mtp_logits", StoredType.F32, [rows, model.VocabularySize]));
            if (greedy > 0)
            {
                tensors.Add(("decode_logits", StoredType.F32, [greedy, model.VocabularySize]));
                tensors.Add(("tokens", StoredType.I64, [greedy]));
            }

            using var writer = new SafetensorsWriter(path, tensors);
            using var line = new StatusLine();
            using ISession session = model.CreateSession();
            int next = Feed(session, logits => Save(writer, logits), null, line, cancellation);
            if (hasMtp)
            {
                // A second pass, because the file holds all main logits first and memory should not hold any.
                using ISession second = model.CreateSession();
                Feed(second, null, logits => Save(writer, logits), line, cancellation);
            }

            if (greedy > 0) Continue(session, next, writer, line, cancellation);
            line.Clear();
            writer.Complete();
        }

        private static void Save(SafetensorsWriter writer, ReadOnlySpan<float> row) => writer.Write(MemoryMarshal.AsBytes(row));

        private delegate void RowSink(ReadOnlySpan<float> row);

        // Feeds all tokens; returns the most likely token after the last one.
        private int Feed(ISession session, RowSink? main, RowSink? prediction, StatusLine line, CancellationToken cancellation)
        {
            int next = 0;
            while (session.Length < tokens.Length)
            {
                int first = session.Length, count = Math.Min(model.MaxBatchRows, tokens.Length - first);
                Logits logits = model.Forward(new Batch().Add(session, tokens.AsMemory(first, count), LogitRows.All), cancellation);
                next = ArgMax(logits[count - 1]);
                SaveRows(logits, first, main);
                if (prediction is not null)
                {
                    var following = new int[count];
                    for (int i = 0; i < count; i++) following[i] = first + i + 1 < tokens.Length ? tokens[first + i + 1] : mtpLast;
                    SaveRows(model.PredictAfterNext(following), first, prediction);
                }

                line.Show($"position {session.Length} of {tokens.Length}");
            }

            return next;
        }

        private void SaveRows(Logits logits, int firstPosition, RowSink? sink)
        {
            for (int row = 0; row < logits.Rows; row++)
            {
                if ((firstPosition + row) % every == 0) sink?.Invoke(logits[row]);
            }
        }

        // decode_logits[i] are the logits after tokens[i] was fed.
        private void Continue(ISession session, int next, SafetensorsWriter writer, StatusLine line, CancellationToken cancellation)
        {
            var continuation = new long[greedy];
            for (int i = 0; i < greedy; i++)
            {
                continuation[i] = next;
                Logits logits = model.Forward(new Batch().Add(session, new[] { next }), cancellation);
                Save(writer, logits[0]);
                next = ArgMax(logits[0]);
                line.Show($"greedy token {i + 1} of {greedy}");
            }

            writer.Write(MemoryMarshal.AsBytes<long>(continuation));
        }

        private static int ArgMax(ReadOnlySpan<float> row) => System.Numerics.Tensors.TensorPrimitives.IndexOfMax(row);
    }
}
