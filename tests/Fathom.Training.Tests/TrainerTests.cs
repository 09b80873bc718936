using Fathom.Checkpoints;
using Fathom.Model;
using Fathom.Training.Run;

namespace Fathom.Training.Tests;

/// <summary>Whole runs of a very small model.</summary>
public sealed class TrainerTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_run_that_is_stopped_and_resumed_goes_on_as_if_it_had_not_been()
    {
        var whole = new List<StepReport>();
        new Trainer(Config("whole")).Run(resumes: false, whole.Add);
        var parts = new List<StepReport>();
        using var cancellation = new CancellationTokenSource();
        new Trainer(Config("parts")).Run(resumes: false, report =>
        {
            parts.Add(report);
            if (report.Step == 4) cancellation.Cancel();
        }, cancellation.Token);
        Assert.Equal(4, parts.Count);
        Assert.False(Directory.Exists(Path.Combine(folder, "parts", "export")));
        new Trainer(Config("parts")).Run(resumes: true, parts.Add);

        Assert.Equal(10, whole.Count);
        Assert.Equal(whole.Select(report => report.Loss), parts.Select(report => report.Loss));
        Assert.True(whole[^1].Loss < whole[0].Loss - 0.5, $"the loss went from {whole[0].Loss} to {whole[^1].Loss}");
        Assert.Equal(10, File.ReadLines(Path.Combine(folder, "parts", "metrics.jsonl")).Count());
        Assert.Equal(File.ReadAllBytes(Export("whole")), File.ReadAllBytes(Export("parts")));
        using V4Model model = V4Model.Open(Path.Combine(folder, "whole", "export"));
        Assert.True(model.HasMultiTokenPrediction);
    }

    [Fact]
    public void A_new_run_never_overwrites_a_state_and_a_resumed_one_needs_it()
    {
        Assert.Contains("no state", Assert.Throws<InvalidDataException>(() => new Trainer(Config("x")).Run(resumes: true)).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(Path.Combine(folder, "x"));
        File.WriteAllText(Path.Combine(folder, "x", "state.safetensors"), "precious");
        Assert.Contains("--resume", Assert.Throws<InvalidDataException>(() => new Trainer(Config("x")).Run(resumes: false)).Message, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(Path.Combine(folder, "x", "state.safetensors")));
    }

    [Theory]
    [InlineData("{}", "not a training description")]
    [InlineData("{\"model\":\"m\",\"tokenizer\":\"t\",\"output\":\"o\",\"stages\":[]}", "no stages")]
    [InlineData("{\"model\":\"m\",\"tokenizer\":\"t\",\"output\":\"o\",\"stages\":[{\"steps\":1,\"length\":100,\"batchTokens\":200}]}", "multiple of 128")]
    [InlineData("{\"model\":\"m\",\"tokenizer\":\"t\",\"output\":\"o\",\"stages\":[],\"learningrate2\":1}", "learningrate2")]
    public void A_description_that_makes_no_sense_is_refused(string json, string expected)
    {
        string path = Path.Combine(folder, "run.json");
        File.WriteAllText(path, json);
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => TrainConfig.Read(path)).Message, StringComparison.Ordinal);
    }

    private string Export(string name) => Path.Combine(folder, name, "export", "model.safetensors");

    private TrainConfig Config(string name)
    {
        string model = Path.Combine(folder, "config.json");
        File.WriteAllText(model, SmallModel.OfMinnow.ToJson());
        return new TrainConfig
        {
            Model = model,
            Tokenizer = Repository.PathOf("training", "minnow", "tokenizer.json"),
            Output = Path.Combine(folder, name),
            LearningRate = 0.01,
            WarmupSteps = 2,
            SaveEvery = 3,
            TextWeight = 1,
            Stages =
            [
                new TrainStage { Steps = 6, Length = 256, BatchTokens = 512, Questions = 2 },
                new TrainStage { Steps = 4, Length = 384, BatchTokens = 768, Questions = 3, IsSparse = true, IndexWeight = 1, IsQuantised = true },
            ],
        };
    }
}
