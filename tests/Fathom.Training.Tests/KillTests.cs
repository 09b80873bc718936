using System.Globalization;

namespace Fathom.Training.Tests;

/// <summary>Runs that are killed.</summary>
public sealed class KillTests : IDisposable
{
    private const int Kills = 10;

    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_run_that_is_killed_ten_times_ends_with_the_bytes_of_one_that_was_not()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        File.WriteAllText(Path.Combine(folder, "config.json"), (SmallModel.OfMinnow with { HeadDim = 32, RotaryDim = 16 }).ToJson());
        string whole = Describe("whole"), killed = Describe("killed");
        using (TrainerProcess run = TrainerProcess.Start(whole))
        {
            (int code, _, string errors) = await run.EndAsync(cancellation);
            Assert.True(code == 0, errors);
        }

        var random = new Random(3);
        for (int i = 0; i < Kills; i++)
        {
            using TrainerProcess run = TrainerProcess.Start(Arguments(killed));
            Assert.True(await run.WaitForAsync("step ", cancellation), $"the run ended before kill {i + 1}");
            await Task.Delay(random.Next(400), cancellation);
            await run.KillAsync(cancellation);
        }

        using (TrainerProcess run = TrainerProcess.Start(Arguments(killed)))
        {
            (int code, string output, string errors) = await run.EndAsync(cancellation);
            Assert.True(code == 0, errors);
            Assert.Contains("Done", output, StringComparison.Ordinal);
        }

        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "whole", "export", "model.safetensors")), File.ReadAllBytes(Path.Combine(folder, "killed", "export", "model.safetensors")));
        Assert.Equal(Losses("whole"), Losses("killed"));
        Assert.DoesNotContain(Directory.EnumerateFiles(folder, "*.tmp", SearchOption.AllDirectories), _ => true);
    }

    private string[] Arguments(string run) => File.Exists(Path.Combine(folder, "killed", "state.safetensors")) ? [run, "--resume"] : [run];

    private string[] Losses(string name) => [.. File.ReadLines(Path.Combine(folder, name, "metrics.jsonl")).Select(line => line[..line.IndexOf(",\"tokensPerSecond", StringComparison.Ordinal)])];

    private string Describe(string output)
    {
        string path = Path.Combine(folder, output + ".json");
        File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $$"""
            { "model": "config.json", "tokenizer": {{System.Text.Json.JsonSerializer.Serialize(Repository.PathOf("training", "minnow", "tokenizer.json"))}}, "output": "{{output}}", "saveEvery": 2,
              "stages": [ { "steps": 200, "length": 128, "batchTokens": 128, "questions": 2 } ] }
            """));
        return path;
    }
}
