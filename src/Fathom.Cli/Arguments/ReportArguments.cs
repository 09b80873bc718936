using System.CommandLine;
using Fathom.Cli.Output;
using Fathom.Evaluation.Predictions;
using Fathom.Model;

namespace Fathom.Cli.Arguments;

/// <summary>Options and work of commands that measure models with a text, one after the other, and report.</summary>
/// <param name="name">What the report's files are called.</param>
/// <param name="modelText">What --model says.</param>
/// <param name="standard">The profile when none is named.</param>
internal sealed class ReportArguments(string name, string modelText, NumericProfile standard)
{
    private readonly Option<string[]> models = new("--model") { HelpName = "MODEL", Description = modelText };
    private readonly Option<DirectoryInfo?> output = new("--out") { Description = $"Folder for {name}.md (the tables), {name}.svg (a picture) and {name}.json." };
    private readonly Option<bool> json = new("--json") { Description = "Write JSON instead of tables." };
    private readonly MeasurementArguments measurement = new(standard);

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(models);
        command.Options.Add(output);
        command.Options.Add(json);
        measurement.AddTo(command);
    }

    /// <summary>Measures the models and shows the report.</summary>
    /// <param name="parsed">What was asked.</param>
    /// <param name="reference">The model that all are compared with; null when there is none.</param>
    /// <param name="measure">Measures one model; the reference, or else the first model, comes before it.</param>
    /// <param name="report">Makes the report; of the reference, or else the first model, there are name and facts before the results.</param>
    public Task<int> RunAsync<T>(
        ParseResult parsed,
        string? reference,
        Func<(ModelFacts First, ModelFacts Model, int[] Tokens, MeasurementOptions Options, IProgress<double> Progress), T> measure,
        Func<(string Name, ModelFacts Facts), IReadOnlyList<MeasuredResult<T>>, MeasurementOptions, MeasurementReport<T>> report)
    {
        string?[] judged = MeasurementArguments.OrBuiltIn(parsed.GetValue(models)), named = reference is null ? judged : [reference, .. judged];
        string[] names = MeasurementArguments.NamesOf(named);
        MeasurementOptions options = measurement.Options(parsed);
        ModelFacts[] facts = MeasurementArguments.FactsOf(named, options);
        if (parsed.GetValue(output) is { } place) OutputFile.CheckFolder(place.FullName);
        int[] tokens = measurement.Tokens(parsed, facts[0].Path);
        var results = new List<MeasuredResult<T>>();
        using var line = new StatusLine();
        for (int i = named.Length - judged.Length; i < named.Length; i++)
        {
            var progress = new StatusProgress(line, judged.Length == 1 ? "reading" : $"{names[i]}: reading");
            results.Add(new MeasuredResult<T>(names[i], facts[i], measure((facts[0], facts[i], tokens, options, progress))));
        }

        line.Clear();
        MeasurementReport<T> made = report((names[0], facts[0]), results, options);
        Console.Out.Write(parsed.GetValue(json) ? made.Json() + "\n" : made.Table());
        if (parsed.GetValue(output) is { } folder) made.Write(folder.FullName);
        return Task.FromResult(0);
    }
}
