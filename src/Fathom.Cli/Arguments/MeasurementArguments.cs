using System.CommandLine;
using Fathom.Evaluation.Predictions;
using Fathom.Inference;
using Fathom.Model;

namespace Fathom.Cli.Arguments;

/// <summary>Options of measurements that read a text: which text, in which windows, and with how much memory.</summary>
internal sealed class MeasurementArguments
{
    private readonly Option<NumericProfile>? profile;
    private readonly Option<int?> threads = ModelArguments.ThreadsOption();
    private readonly Option<long?> memory = ModelArguments.MemoryOption();
    private readonly Option<CacheStorage> caches = ModelArguments.CachesOption();
    private readonly TextArguments text = new();

    /// <summary>The options.</summary>
    /// <param name="standard">The profile when none is named; null for measurements that have one of their own.</param>
    public MeasurementArguments(NumericProfile? standard) => profile = standard is { } value ? ModelArguments.ProfileOption(value) : null;

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        text.AddTo(command);
        if (profile is not null) command.Options.Add(profile);
        command.Options.Add(threads);
        command.Options.Add(memory);
        command.Options.Add(caches);
    }

    /// <summary>How the text is read.</summary>
    public MeasurementOptions Options(ParseResult parsed) => new()
    {
        Context = text.Context(parsed),
        Profile = profile is null ? NumericProfile.Plain : parsed.GetValue(profile),
        Caches = parsed.GetValue(caches),
        Workers = ModelArguments.CheckThreads(parsed.GetValue(threads)),
        Memory = parsed.GetValue(memory),
    };

    /// <summary>The text as tokens of a model.</summary>
    public int[] Tokens(ParseResult parsed, string model) => text.Tokens(parsed, model);

    /// <summary>The text's file.</summary>
    public string TextFile(ParseResult parsed) => text.File(parsed);

    /// <summary>What the user named; null, which is the built-in model, when that is nothing.</summary>
    public static string?[] OrBuiltIn(string[]? models)
    {
        if (models is { Length: > 0 }) return models;
        return [null];
    }

    /// <summary>Names for models in a report: short ones, or what the user wrote where two have the same.</summary>
    public static string[] NamesOf(IReadOnlyList<string?> models)
    {
        string[] names = [.. models.Select(model => model is null ? "minnow" : ModelPath.NameOf(model))];
        return [.. models.Select((model, i) => names.Count(name => name == names[i]) > 1 && model is not null ? model : names[i])];
    }

    /// <summary>Looks at models before anything is read: all of them take the text's windows, and have one vocabulary.</summary>
    /// <param name="named">The models as a person names them; null is the built-in one.</param>
    /// <param name="options">How the text will be read.</param>
    public static ModelFacts[] FactsOf(string?[] named, MeasurementOptions options)
    {
        ModelFacts[] facts = [.. named.Select(model => ModelFacts.Of(ModelLocation.Resolve(model)))];
        foreach (ModelFacts model in facts)
        {
            model.CheckContext(options.Context);
            facts[0].CheckSameVocabulary(model);
        }

        return facts;
    }
}
