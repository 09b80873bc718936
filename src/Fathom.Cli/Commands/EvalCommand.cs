using System.CommandLine;
using System.Globalization;
using Fathom.Checkpoints;
using Fathom.Cli.Arguments;
using Fathom.Evaluation.Predictions;
using Fathom.Evaluation.Recall;
using Fathom.Evaluation.Rounding;
using Fathom.Inference;
using Fathom.Model;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom eval</c>: how good a model is.</summary>
internal static class EvalCommand
{
    private const int LongestReadOnce = 4096;

    public static Command Create() => new("eval", "Measure how good a model is.\n\nExamples:\n  fathom eval recall\n  fathom eval perplexity --model flash-q4.gguf --text wiki.txt") { Recall(), EvalDocumentsCommand.Create(), Rounding(), PerplexityCommand.Create(), DivergenceCommand.Create() };

    private static Command Recall()
    {
        var lengths = new Option<int[]>("--lengths") { Description = "Tokens of the prompts.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [256, 512, 1024, 2048, 4096] };
        var questions = new Option<int>("--questions") { Description = "Questions for each length.", DefaultValueFactory = _ => 200 };
        var skipsWindow = new Option<bool>("--no-window-only") { Description = "Leave out the comparison with compressed attention switched off." };
        var windowAlone = new Option<bool>("--window-only") { Description = "Measure with compressed attention switched off only." };
        var output = new Option<DirectoryInfo?>("--out") { Description = "Folder for recall.md (the table), recall.svg (length by place) and answers.jsonl (every question with its answer)." };
        var model = new ModelArguments();
        var command = new Command("recall", "Ask about details of generated documents and count exact answers, with the whole attention and with its window only.\n\nExamples:\n  fathom eval recall\n  fathom eval recall --lengths 8192 65536 --questions 100 --out recall") { lengths, questions, skipsWindow, windowAlone, output };
        model.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(questions) < 1) throw new ArgumentException("--questions must be at least 1.");
            var sets = new Dictionary<string, IReadOnlyList<RecallResult>>();
            if (parsed.GetValue(skipsWindow) && parsed.GetValue(windowAlone)) throw new ArgumentException("--window-only and --no-window-only exclude each other.");
            foreach (bool windowOnly in (bool[])[.. parsed.GetValue(windowAlone) ? Array.Empty<bool>() : [false], .. parsed.GetValue(skipsWindow) ? Array.Empty<bool>() : [true]])
            {
                string name = windowOnly ? "window only" : "right answers";
                using FathomModel opened = model.Open(parsed, windowOnly);
                var results = new List<RecallResult>();
                foreach (int length in parsed.GetValue(lengths)!.Order())
                {
                    int perDocument = length <= LongestReadOnce ? 1 : RecallTest.QuestionsPerDocument;
                    RecallResult[] ofLength = [.. RecallTest.Run(opened, length, parsed.GetValue(questions), perDocument, cancellation)];
                    results.AddRange(ofLength);
                    Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}, {length} tokens: {ofLength.Count(result => result.IsRight)} of {ofLength.Length}"));
                }

                sets.Add(name, results);
            }

            string table = RecallReport.Table(sets);
            Console.Out.Write(table);
            if (parsed.GetValue(output) is { } folder)
            {
                folder.Create();
                AtomicFile.Write(Path.Combine(folder.FullName, "recall.md"), table);
                AtomicFile.Write(Path.Combine(folder.FullName, "recall.svg"), RecallReport.HeatMap(sets.Values.First(), $"{Capitalised(sets.Keys.First())} in percent, by length and place of the fact"));
                AtomicFile.Write(Path.Combine(folder.FullName, "answers.jsonl"), RecallReport.Answers(sets));
            }

            return Task.FromResult(0);
        });
        return command;
    }

    private static Command Rounding()
    {
        Option<string?> model = ModelArguments.ModelOption();
        var tokens = new Option<int>("--tokens") { Description = "Tokens to read.", DefaultValueFactory = _ => 1024 };
        Option<int?> threads = ModelArguments.ThreadsOption();
        Option<long?> memory = ModelArguments.MemoryOption();
        var command = new Command("rounding", "Compare next-token distributions of the fast and the official profile, with each storage of caches, with those of the plain one. The model is open twice, and --memory is for both.\n\nExamples:\n  fathom eval rounding --model DIR\n  fathom eval rounding --model DeepSeek-V4-Flash --memory 48GB") { model, tokens, threads, memory };
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(tokens) < 1) throw new ArgumentException("--tokens must be at least 1.");
            var options = new MeasurementOptions { Workers = ModelArguments.CheckThreads(parsed.GetValue(threads)), Memory = parsed.GetValue(memory) };
            string path = ModelLocation.Resolve(parsed.GetValue(model));
            int[] text = RoundingTest.TextFor(path, parsed.GetValue(tokens));
            Console.Out.WriteLine("| profile | caches | tokens | mean KL from plain | largest | same most likely token |\n|---|---|---|---|---|---|");
            foreach (NumericProfile profile in (NumericProfile[])[NumericProfile.Fast, NumericProfile.Official])
            {
                foreach (CacheStorage caches in Enum.GetValues<CacheStorage>())
                {
                    RoundingResult result = RoundingTest.Measure(path, profile, caches, text, options, cancellation);
                    Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {Word(profile)} | {Word(caches)} | {result.Tokens:n0} | {result.MeanDivergence:0.0e+0} | {result.LargestDivergence:0.0e+0} | {100 * result.Agreement:0.0} % |"));
                }
            }

            return Task.FromResult(0);
        });
        return command;
    }

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static string Capitalised(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
