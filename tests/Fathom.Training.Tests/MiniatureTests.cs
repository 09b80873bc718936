using System.Text.Json;
using Fathom.Checkpoints;
using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Training.Tests;

/// <summary>The published recipe of Minnow, in short, from random values to an answer of the engine.</summary>
public sealed class MiniatureTests : IDisposable
{
    // Guessing among the words that fit a question, with the full stop and the end known, costs about 1; random values cost 7.5.
    private const double LossBound = 1.3;

    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_recipe_in_miniature_learns_and_its_export_answers_in_the_engine()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        foreach (string file in (string[])["config.json", "tokenizer.json", "miniature.json"]) File.Copy(Repository.PathOf("training", "minnow", file), Path.Combine(folder, file));
        using TrainerProcess run = TrainerProcess.Start(Path.Combine(folder, "miniature.json"));
        (int code, _, string errors) = await run.EndAsync(cancellation);
        Assert.True(code == 0, errors);

        string output = Path.Combine(folder, "out-miniature");
        double[] losses = [.. File.ReadLines(Path.Combine(output, "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];
        Assert.Equal(130, losses.Length);
        Assert.True(losses[0] > 5, $"the first loss is {losses[0]}");
        Assert.True(losses[^10..].Average() < LossBound, $"the last losses are {losses[^10..].Average()} in the mean");
        Assert.Contains("<polyline", File.ReadAllText(Path.Combine(output, "metrics.svg")), StringComparison.Ordinal);

        using FathomModel model = FathomModel.Open(Path.Combine(output, "export"));
        ChatSession chat = model.StartChat(new ChatOptions { Generation = new GenerationOptions { Sampling = new SamplingOptions { Temperature = 0 }, MaxTokens = 24 } });
        string answer = await chat.AskAsync("Anna Becker lives in Oslo.\n\nWhere does Anna Becker live?", cancellation);
        Assert.EndsWith(".", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(Markup.User, answer, StringComparison.Ordinal);
    }
}
