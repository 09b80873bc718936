using System.CommandLine;
using Fathom.Checkpoints;
using Fathom.Cli.Arguments;
using Fathom.Cli.Output;
using Fathom.Evaluation.Planning;
using Fathom.Inference;
using Fathom.Model;
using Fathom.Model.Streaming;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom plan</c>: what this machine can do with a model, and what would change it.</summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var path = new Argument<string?>("MODEL") { Description = "Checkpoint folder, .gguf file, or the owner/name of a pulled model; the built-in model when left out.", Arity = ArgumentArity.ZeroOrOne };
        var configFile = new Option<FileInfo?>("--config") { Description = "A config.json alone, without weights: the official layout is meant." };
        var use = new Option<ModelUse>("--for") { Description = "The command that is to run the model: run (one answer), chat (as ask: one answer, and room for kept beginnings) or serve (four answers, and that room).", DefaultValueFactory = _ => ModelUse.Chat };
        Option<long?> memory = ModelArguments.MemoryOption();
        var context = new Option<int>("--context") { Description = "Tokens of a session.", DefaultValueFactory = _ => MemoryReserve.StandardContext };
        var sessions = new Option<int?>("--sessions") { Description = "Answers at the same time, as --max-concurrent of serve; what --for says when left out." };
        var cacheMemory = new Option<double?>("--cache-gb") { Description = "Memory for kept beginnings of prompts, in GiB, as --cache-gb of serve: they get the room of one session, and with 0 none. For --for serve alone." };
        Option<int?> threads = ModelArguments.ThreadsOption();
        Option<NumericProfile> profile = ModelArguments.ProfileOption();
        Option<CacheStorage> caches = ModelArguments.CachesOption();
        var folder = new Option<DirectoryInfo>("--temp") { Description = "Where temporary files of the measurement may lie (under 1 GB for V4-Flash); with --config, a folder on the disk that the model will lie on.", DefaultValueFactory = _ => new DirectoryInfo(Path.GetTempPath()) };
        var sample = new Option<int>("--sample") { Description = "Tokens of text that are read to see which experts are needed often, when the model does not fit; that reads most of the model once. 0 takes all experts as alike.", DefaultValueFactory = _ => 256 };
        var text = new Option<FileInfo?>("--text") { Description = "The text of the sample; one of Fathom's own when left out." };
        var isRandom = new Option<bool>("--sample-random") { Description = "Take random tokens as the sample: for synthetic checkpoints." };
        var json = new Option<FileInfo?>("--json") { Description = "Write the plan here as JSON." };
        var command = new Command("plan", "Say what this machine can do with a model: what stays in memory, what is read from disk, how fast it will be, and what to change. Measures for up to a minute.\n\nExamples:\n  fathom plan DeepSeek-V4-Flash --memory 24GB --context 65536\n  fathom plan DeepSeek-V4-Flash --for serve --cache-gb 0\n  fathom plan --config config.json") { path, configFile, use, memory, context, sessions, cacheMemory, threads, profile, caches, folder, sample, text, isRandom, json };
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(context) < 1 || parsed.GetValue(sessions) < 1) throw new ArgumentException("--context and --sessions must be at least 1.");
            if (parsed.GetValue(configFile) is not null && parsed.GetValue(path) is not null) throw new ArgumentException("Name either a model or --config, not both.");
            if (parsed.GetValue(sample) is < 0 or 1) throw new ArgumentException("--sample must be 0, or at least 2 tokens.");
            ModelUse wanted = parsed.GetValue(use);
            EngineOptions engine = ModelUses.EngineFor(wanted);
            if (parsed.GetValue(cacheMemory) is { } cache)
            {
                if (wanted != ModelUse.Serve) throw new ArgumentException($"--cache-gb is an option of serve, and {wanted.ToString().ToLowerInvariant()} has none; give --for serve with it.");
                engine = engine with { CacheBytes = ModelUses.CacheBytesOf(cache) };
            }

            var options = new V4ModelOptions { Workers = ModelArguments.CheckThreads(parsed.GetValue(threads)), Profile = parsed.GetValue(profile), CacheStorage = parsed.GetValue(caches) };
            PlannedModel model = PlannedModel.Open(parsed.GetValue(path), parsed.GetValue(configFile)?.FullName);
            string temporary = parsed.GetValue(folder)!.FullName;
            if (!Directory.Exists(temporary)) throw new DirectoryNotFoundException($"There is no folder {temporary} for the measurement's files; name one with --temp.");
            OutputFile.CheckReport(parsed.GetValue(json), model.Inputs);
            if (parsed.GetValue(text) is { } sampled) InputText.Open(sampled.FullName).Dispose();
            MemoryReserve reserve = engine.ReserveFor(new MemoryReserve { ContextTokens = parsed.GetValue(context), Sessions = parsed.GetValue(sessions) ?? ModelUses.SessionsFor(wanted), Caches = V4Model.CacheFormatFor(model.Config, options) });

            // Looked at once: measuring takes memory too.
            long available = MachineMemory.AvailableBytes;
            using var line = new StatusLine();
            var progress = new StatusTexts(line);
            MemoryPlan? divided = model.Divide(parsed.GetValue(memory), available, reserve);
            int rows = divided is null ? MemoryPlan.StandardRows : engine.RowsAtOnce(divided);
            MachineSpeed machine = MachineProbe.Measure(model.Config, rows, model.Files, temporary, options, model.Stored.Matrices, progress, cancellation);
            RoutingSample? routing = null;
            if (divided is { IsStreaming: true } && model.Path is { } checkpoint && model.Sample(parsed.GetValue(text)?.FullName, parsed.GetValue(sample), parsed.GetValue(isRandom)) is { Length: > 0 } tokens)
            {
                progress.Report($"reading {tokens.Length:n0} tokens to see which experts are needed");
                routing = RoutingSample.Take(checkpoint, tokens, options with { MemoryBudget = divided.Budget, Reserve = reserve }, cancellation);
            }

            ModelPlan plan = ModelPlan.For(model.Config, model.Stored, machine, parsed.GetValue(memory), reserve, routing, available) with { Use = wanted.ToString().ToLowerInvariant() };
            line.Clear();
            PlanText.Show(model.Name, plan, routing is null ? 0 : parsed.GetValue(sample));
            if (parsed.GetValue(json) is { } file) AtomicFile.Write(file.FullName, plan.ToJson());
            return Task.FromResult(0);
        });
        return command;
    }
}
