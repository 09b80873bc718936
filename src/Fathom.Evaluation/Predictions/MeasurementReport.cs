using System.Globalization;
using System.Text.Json.Nodes;
using Fathom.Checkpoints;

namespace Fathom.Evaluation.Predictions;

/// <summary>What reports about models that read a text have in common: what was read, the models' sizes, and three files.</summary>
/// <param name="Models">The models, at least one.</param>
/// <param name="Options">How the text was read.</param>
/// <typeparam name="T">The kind of measurement.</typeparam>
public abstract record MeasurementReport<T>(IReadOnlyList<MeasuredResult<T>> Models, MeasurementOptions Options)
{
    /// <summary>What the files are called.</summary>
    protected abstract string Name { get; }

    /// <summary>Tokens that were predicted.</summary>
    protected abstract int Tokens { get; }

    /// <summary>The measurement of the first model.</summary>
    protected T First => Models[0].Result;

    /// <summary>How the text was read, as a sentence.</summary>
    protected string Reading => string.Create(
        CultureInfo.InvariantCulture, $"{Tokens:n0} tokens in windows of {Options.Context:n0}, profile {Options.Profile.ToString().ToLowerInvariant()}, caches {Options.Caches.ToString().ToLowerInvariant()}.");

    /// <summary>Markdown.</summary>
    public abstract string Table();

    /// <summary>An SVG drawing.</summary>
    public abstract string Picture();

    /// <summary>JSON with all figures.</summary>
    public string Json()
    {
        JsonObject report = ReportJson.Joined(new { tokens = Tokens, context = Options.Context, profile = Options.Profile, caches = Options.Caches }, More());
        report.Add("models", new JsonArray([.. Models.Select(model => ReportJson.Joined(new { name = model.Name, bytes = model.Facts.Bytes, bits_per_weight = model.Facts.BitsPerWeight }, Figures(model.Result)))]));
        return report.ToJsonString(ReportJson.Format);
    }

    /// <summary>Writes NAME.md, NAME.svg and NAME.json into a folder.</summary>
    /// <exception cref="IOException">They cannot be written.</exception>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Path.Combine(folder, Name + ".md"), Table());
        AtomicFile.Write(Path.Combine(folder, Name + ".svg"), Picture());
        AtomicFile.Write(Path.Combine(folder, Name + ".json"), Json() + "\n");
    }

    /// <summary>What the JSON says besides, before the models; an object of members.</summary>
    protected virtual object More() => new { };

    /// <summary>What the JSON says of a model's measurement; an object of members.</summary>
    protected abstract object Figures(T result);
}
