using System.CommandLine;
using System.Globalization;
using Fathom.Cli.Arguments;
using Fathom.Cli.Output;
using Fathom.Evaluation.Predictions;
using Fathom.Model;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom eval perplexity</c> and <c>fathom eval divergence</c>: how well a text is predicted, and how differently by two models.</summary>
internal static class PredictionCommands
{
    public static Command Perplexity()
    {
        Option<string?> model = ModelArguments.ModelOption();
        Option<NumericProfile> profile = ModelArguments.ProfileOption();
        Option<int?> threads = ModelArguments.ThreadsOption();
        Option<bool> json = JsonOption();
        var text = new TextArguments();
        var command = new Command("perplexity", "Measure how well a model predicts a text, token by token.\n\nExample:\n  fathom eval perplexity --model flash-q4.gguf --text wiki.txt") { model, profile, threads, json };
        text.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            string path = ModelLocation.Resolve(parsed.GetValue(model));
            using var line = new StatusLine();
            PerplexityResult result = PerplexityTest.Measure(path, text.Tokens(parsed, path), text.Context(parsed), parsed.GetValue(profile), ModelArguments.CheckThreads(parsed.GetValue(threads)), new StatusProgress(line, "reading"), cancellation);
            line.Clear();
            if (parsed.GetValue(json))
            {
                JsonText.Write(writer =>
                {
                    writer.WriteStartObject();
                    writer.WriteNumber("tokens", result.Tokens);
                    writer.WriteNumber("perplexity", result.Perplexity);
                    writer.WriteNumber("mean_loss", result.MeanLoss);
                    writer.WriteNumber("loss_error", result.LossError);
                    writer.WriteEndObject();
                });
                return Task.FromResult(0);
            }

            Console.Out.WriteLine("| tokens | perplexity | loss in nats | standard error |\n|---|---|---|---|");
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {result.Tokens:n0} | {result.Perplexity:f4} | {result.MeanLoss:f5} | {result.LossError:f5} |"));
            return Task.FromResult(0);
        });
        return command;
    }

    public static Command Divergence()
    {
        var reference = new Option<string>("--reference") { Description = "The model to compare with: checkpoint folder, .gguf file, or the owner/name of a pulled model.", Required = true };
        Option<string?> model = ModelArguments.ModelOption();
        Option<NumericProfile> profile = ModelArguments.ProfileOption(NumericProfile.Plain);
        Option<int?> threads = ModelArguments.ThreadsOption();
        Option<bool> json = JsonOption();
        var text = new TextArguments();
        var command = new Command("divergence", "Compare a model's predictions with those of a reference, such as the checkpoint that it was quantised from.\n\nExample:\n  fathom eval divergence --reference DeepSeek-V4-Flash --model flash-q2.gguf --text wiki.txt") { reference, model, profile, threads, json };
        text.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            string first = ModelLocation.Resolve(parsed.GetValue(reference)), second = ModelLocation.Resolve(parsed.GetValue(model));
            using var line = new StatusLine();
            DivergenceResult result = DivergenceTest.Measure(first, second, text.Tokens(parsed, first), text.Context(parsed), parsed.GetValue(profile), ModelArguments.CheckThreads(parsed.GetValue(threads)), new StatusProgress(line, "reading"), cancellation);
            line.Clear();
            if (parsed.GetValue(json)) WriteJson(result);
            else WriteTable(result);
            return Task.FromResult(0);
        });
        return command;
    }

    private static Option<bool> JsonOption() => new("--json") { Description = "Write JSON instead of a table." };

    private static void WriteTable(DivergenceResult result)
    {
        Console.Out.WriteLine("| | |\n|---|---|");
        Row($"tokens", $"{result.Tokens:n0}");
        Row($"mean KL from the reference", $"{result.MeanDivergence:0.000e+0}");
        foreach ((double percent, double divergence) in result.Percentiles) Row($"KL, {percent:0.#} %", $"{divergence:0.000e+0}");
        Row($"same most likely token", $"{100 * result.Agreement:f2} %");
        Row($"perplexity of the reference", $"{result.ReferencePerplexity:f4}");
        Row($"perplexity", $"{result.Perplexity:f4}");
        for (int layer = 0; layer < result.LayerErrors.Count; layer++) Row($"relative error after layer {layer}", $"{result.LayerErrors[layer]:f5}");
    }

    private static void Row(FormattableString name, FormattableString value) => Console.Out.WriteLine($"| {FormattableString.Invariant(name)} | {FormattableString.Invariant(value)} |");

    private static void WriteJson(DivergenceResult result) => JsonText.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteNumber("tokens", result.Tokens);
        writer.WriteNumber("mean_divergence", result.MeanDivergence);
        writer.WriteStartObject("percentiles");
        foreach ((double percent, double divergence) in result.Percentiles) writer.WriteNumber(percent.ToString(CultureInfo.InvariantCulture), divergence);
        writer.WriteEndObject();
        writer.WriteNumber("agreement", result.Agreement);
        writer.WriteNumber("reference_perplexity", result.ReferencePerplexity);
        writer.WriteNumber("perplexity", result.Perplexity);
        writer.WriteStartArray("layer_errors");
        foreach (double error in result.LayerErrors) writer.WriteNumberValue(error);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });
}
