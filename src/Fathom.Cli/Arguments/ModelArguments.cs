using System.CommandLine;
using Fathom.Inference;
using Fathom.Model;
using Fathom.Model.Streaming;

namespace Fathom.Cli.Arguments;

/// <summary>Options that say which model runs and how.</summary>
internal sealed class ModelArguments
{
    private readonly Option<string?> model = ModelOption();
    private readonly Option<FileInfo?> tokenizer = new("--tokenizer") { Description = "A tokenizer.json to use instead of the folder's own." };
    private readonly Option<NumericProfile> profile = ProfileOption();
    private readonly Option<int?> threads = ThreadsOption();
    private readonly Option<long?> memory = MemoryOption();
    private readonly Option<int?> context = new("--context") { Description = $"Tokens that prompt and answer may have together; {MemoryReserve.StandardContext:d} unless you say more, with --memory and where experts are read from disk." };
    private readonly Option<CacheStorage> caches = CachesOption();

    /// <summary>The option that names a model.</summary>
    public static Option<string?> ModelOption() => new("--model") { HelpName = "MODEL", Description = "Checkpoint folder, .gguf file, or the owner/name of a pulled model; the built-in model when left out." };

    /// <summary>The option for the number of threads.</summary>
    public static Option<int?> ThreadsOption() => new("--threads") { Description = "Threads; as many as a short measurement finds best when left out. Results do not depend on them." };

    /// <summary>The option for the memory that the program may take.</summary>
    public static Option<long?> MemoryOption() => new("--memory")
    {
        Description = "Memory that Fathom may take, such as 24GB; when the model does not fit, experts are read from disk as they are needed.",
        HelpName = "SIZE",
        CustomParser = result =>
        {
            try
            {
                return MemorySize.Parse(result.Tokens.Count == 1 ? result.Tokens[0].Value : string.Empty);
            }
            catch (FormatException exception)
            {
                result.AddError($"--memory: {exception.Message}");
                return null;
            }
        },
    };

    /// <summary>The option that says where activations are rounded.</summary>
    public static Option<NumericProfile> ProfileOption(NumericProfile standard = NumericProfile.Fast) => new("--profile") { Description = "fast: 8-bit activations with weights of few bits; plain: 32-bit activations; official: the reference's activation rounding.", DefaultValueFactory = _ => standard };

    /// <summary>The option that says how sessions store what they have read.</summary>
    public static Option<CacheStorage> CachesOption() => new("--caches") { Description = "How sessions store what they have read: f32; bf16, half of the memory; compact, less than a third (fathom inspect has the bytes)." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(model);
        command.Options.Add(tokenizer);
        command.Options.Add(profile);
        command.Options.Add(threads);
        command.Options.Add(memory);
        command.Options.Add(context);
        command.Options.Add(caches);
    }

    /// <summary>Whether the built-in model is meant.</summary>
    public bool IsBuiltIn(ParseResult parsed) => parsed.GetValue(model) is null;

    /// <summary>Whether the model gets documents as their text alone: the built-in one was never taught to cite.</summary>
    public bool ReadsPlainDocuments(ParseResult parsed) => IsBuiltIn(parsed);

    /// <summary>A name for the model: that of its repository, folder or file.</summary>
    public string NameOf(ParseResult parsed)
    {
        if (parsed.GetValue(model) is not { } path) return "minnow";
        return ModelPath.NameOf(path).ToLowerInvariant();
    }

    /// <summary>Opens the model.</summary>
    /// <param name="parsed">What was asked.</param>
    /// <param name="windowOnly">Whether a measurement asks for no compressed attention.</param>
    /// <param name="engine">How answers share the model.</param>
    /// <param name="sessions">Answers at the same time that a memory budget leaves room for.</param>
    public FathomModel Open(ParseResult parsed, bool windowOnly = false, EngineOptions? engine = null, int sessions = 1) => FathomModel.Open(
        ModelLocation.Resolve(parsed.GetValue(model)),
        new FathomModelOptions
        {
            Engine = engine ?? new EngineOptions(),
            TokenizerPath = parsed.GetValue(tokenizer)?.FullName,
            Model = new V4ModelOptions
            {
                Profile = parsed.GetValue(profile),
                Workers = CheckThreads(parsed.GetValue(threads)),
                WindowOnly = windowOnly,
                CacheStorage = parsed.GetValue(caches),
                MemoryBudget = parsed.GetValue(memory),
                Reserve = new MemoryReserve { ContextTokens = CheckContext(parsed.GetValue(context)), Sessions = sessions },
            },
        });

    private static int? CheckContext(int? tokens) => tokens is < 1 ? throw new ArgumentException($"--context must be at least 1, not {tokens}.") : tokens;

    /// <summary>The number of threads, if it makes sense.</summary>
    /// <exception cref="ArgumentException">It is below 1.</exception>
    public static int? CheckThreads(int? threads) => threads is < 1 ? throw new ArgumentException($"--threads must be at least 1, not {threads}.") : threads;
}
