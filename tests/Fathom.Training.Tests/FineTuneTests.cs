using System.Security.Cryptography;
using System.Text.Json;
using Fathom.Checkpoints;
using Fathom.Hub.Store;
using Fathom.Training.Adapters;
using Fathom.Training.Network;
using Fathom.Training.Run;
using TorchSharp;
using static TorchSharp.torch;

namespace Fathom.Training.Tests;

/// <summary>Fine-tuning and distillation of a very small checkpoint.</summary>
public sealed class FineTuneTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;
    private readonly string start;

    public FineTuneTests()
    {
        start = Checkpoint("start", seed: 1);
        File.WriteAllText(
            Path.Combine(folder, "talk.jsonl"),
            string.Concat(Enumerable.Range(0, 20).Select(i => $"{{\"messages\":[{{\"role\":\"user\",\"content\":\"What is {i}?\"}},{{\"role\":\"assistant\",\"content\":\"A number.\"}}]}}\n")));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Full_fine_tuning_starts_from_the_checkpoint_and_learns_the_conversations()
    {
        var reports = new List<StepReport>();
        new Trainer(Config("full")).Run(resumes: false, reports.Add);
        Assert.True(reports[^1].Loss < reports[0].Loss / 2, $"the loss went from {reports[0].Loss} to {reports[^1].Loss}");
        using Checkpoint export = Fathom.Checkpoints.Checkpoint.Open(Path.Combine(folder, "full", "export"));
        Assert.True(export.HasMultiTokenPrediction);
        Assert.True(File.Exists(Path.Combine(folder, "full", "export", "tokenizer.json")));
    }

    [Fact]
    public void Adapters_learn_are_saved_as_PEFT_does_and_merge_into_the_export()
    {
        var reports = new List<StepReport>();
        TrainConfig config = Config("adapted") with { Adapter = new AdapterConfig { Rank = 4, Alpha = 8, Modules = ["wq_b", "wo_b", "shared_experts.w2", "head"] }, LearningRate = 0.03 };
        new Trainer(config).Run(resumes: false, reports.Add);
        Assert.True(reports[^1].Loss < reports[0].Loss - 1, $"the loss went from {reports[0].Loss} to {reports[^1].Loss}");

        string adapter = Path.Combine(folder, "adapted", "adapter");
        using JsonDocument description = JsonDocument.Parse(File.ReadAllText(Path.Combine(adapter, "adapter_config.json")));
        Assert.Equal("LORA", description.RootElement.GetProperty("peft_type").GetString());
        Assert.Equal(4, description.RootElement.GetProperty("r").GetInt32());
        using (SafetensorsFile file = SafetensorsFile.Open(Path.Combine(adapter, "adapter_model.safetensors")))
        {
            Assert.True(file.TryGet("base_model.model.layers.0.attn.wq_b.lora_A.weight", out StoredTensor a));
            Assert.Equal(4, a.Shape[0]);
            Assert.True(file.TryGet("base_model.model.mtp.0.attn.wq_b.lora_B.weight", out StoredTensor b));
            Assert.Equal(4, b.Shape[1]);
            Assert.All(file.Tensors, tensor => Assert.Contains(".lora_", tensor.Name, StringComparison.Ordinal));
        }

        using Trainable merged = Trainable.Merged(start, adapter);
        string export = Path.Combine(folder, "merged");
        Exporter.Write(export, merged.Config, merged.Parameters, null);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "adapted", "export", "model.safetensors")), File.ReadAllBytes(Path.Combine(export, "model.safetensors")));

        // W + (alpha / r) · B · A, and nothing else has changed.
        using var scope = NewDisposeScope();
        using Parameters before = CheckpointParameters.Load(Fathom.Checkpoints.Checkpoint.Open(start));
        const string Name = "layers.1.attn.wo_b.weight";
        Tensor product = merged.Adapters!.Tensors["layers.1.attn.wo_b.lora_B.weight"].matmul(merged.Adapters.Tensors["layers.1.attn.wo_b.lora_A.weight"]);
        Assert.True((merged.Parameters[Name] - before.All[Name] - (product * 2)).abs().max().item<float>() < 1e-6f);
        Assert.True((merged.Parameters[Name] - before.All[Name]).abs().max().item<float>() > 1e-4f);
        Assert.True(merged.Parameters["layers.1.attn.wq_a.weight"].eq(before.All["layers.1.attn.wq_a.weight"]).all().item<bool>());
    }

    [Fact]
    public void An_adapter_run_resumes_and_misplaced_adapters_are_refused()
    {
        TrainConfig Adapted(string name) => Config(name) with { Adapter = new AdapterConfig { Rank = 2, Modules = ["wq_a"] } };
        var whole = new List<StepReport>();
        new Trainer(Adapted("whole")).Run(resumes: false, whole.Add);
        using var cancellation = new CancellationTokenSource();
        var parts = new List<StepReport>();
        new Trainer(Adapted("parts")).Run(resumes: false, report =>
        {
            parts.Add(report);
            if (report.Step == 5) cancellation.Cancel();
        }, cancellation.Token);
        new Trainer(Adapted("parts")).Run(resumes: true, parts.Add);
        Assert.Equal(whole.Select(report => report.Loss), parts.Select(report => report.Loss));

        Assert.Contains("'nonsense'", Refused(Config("a") with { Adapter = new AdapterConfig { Modules = ["nonsense"] } }), StringComparison.Ordinal);
        Assert.Contains("single matrix", Refused(Config("b") with { Adapter = new AdapterConfig { Modules = ["experts.w1"] } }), StringComparison.Ordinal);
        string wider = Checkpoint("wider", seed: 1, hidden: 96);
        Assert.Contains("another one", Assert.Throws<InvalidDataException>(() => Trainable.Merged(wider, Path.Combine(folder, "whole", "adapter"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_student_comes_nearer_to_its_teacher_on_its_own_answers()
    {
        string teacher = Checkpoint("teacher", seed: 2);
        var reports = new List<StepReport>();
        TrainConfig config = Config("student") with { Distill = new DistillConfig { Teacher = teacher, AnswerTokens = 24 }, Stages = [new TrainStage { Steps = 16, Length = 128, BatchTokens = 1024 }] };
        new Trainer(config).Run(resumes: false, reports.Add);
        Assert.True(reports[^1].Loss < reports[0].Loss * 0.7, $"the divergence went from {reports[0].Loss} to {reports[^1].Loss}");
        Assert.Contains("must be the same", Refused(config with { Output = Path.Combine(folder, "other"), Distill = new DistillConfig { Teacher = Repository.Golden("model", "tiny-bf16") } }), StringComparison.Ordinal);

        // A model has nothing to learn from itself.
        reports.Clear();
        new Trainer(Config("same") with { Distill = new DistillConfig { Teacher = start, AnswerTokens = 8 }, Stages = [new TrainStage { Steps = 1, Length = 128, BatchTokens = 256 }] }).Run(resumes: false, reports.Add);
        Assert.InRange(reports[0].Loss, -1e-5, 1e-5);
        Assert.Equal(1, reports[0].Right);
    }

    [Fact]
    public async Task Runs_and_merges_start_from_a_pulled_model_by_its_name()
    {
        var store = new ModelStore(Path.Combine(folder, "store"));
        Directory.CreateDirectory(Path.Combine(store.Root, "blobs"));
        StoredFile[] files =
        [
            .. from path in Directory.GetFiles(start)
               let hash = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)))
               select new StoredFile(Path.GetFileName(path), new FileInfo(path).Length, hash),
        ];
        foreach (StoredFile file in files) File.Copy(Path.Combine(start, file.Path), Path.Combine(store.Root, "blobs", file.Sha256));
        var model = new StoredModel("acme", "start", new string('a', 40), "here", IsWhole: true, files);
        Assert.True(await new StoreWriter(store).PublishAsync(model, ["main"]));

        string description = Path.Combine(folder, "run.json");
        string Json(string from) => $$$"""{"startFrom":"{{{from}}}","output":"out","distill":{"teacher":"{{{from}}}"},"stages":[{"steps":1,"length":128,"batchTokens":128}]}""";
        Environment.SetEnvironmentVariable("FATHOM_HOME", store.Root);
        try
        {
            File.WriteAllText(description, Json("acme/start"));
            TrainConfig config = TrainConfig.Read(description);
            Assert.Equal(store.FolderOf(model), config.StartFrom);
            Assert.Equal(store.FolderOf(model), config.Distill!.Teacher);
            _ = new Trainer(config with { Distill = null, Data = Config("x").Data });
            File.WriteAllText(description, Json("start"));
            Assert.Equal(start, TrainConfig.Read(description).StartFrom);
            File.WriteAllText(description, Json("acme/none"));
            Assert.Contains("'fathom pull acme/none'", Assert.Throws<DirectoryNotFoundException>(() => TrainConfig.Read(description)).Message, StringComparison.Ordinal);

            CancellationToken cancellation = TestContext.Current.CancellationToken;
            using (TrainerProcess merge = TrainerProcess.Start("merge", "--model", "acme/start", "--adapter", Path.Combine(folder, "no-adapter"), "--out", Path.Combine(folder, "merged")))
                Assert.Contains("no-adapter", (await merge.EndAsync(cancellation)).Errors, StringComparison.Ordinal);
            using (TrainerProcess merge = TrainerProcess.Start("merge", "--model", "acme/none", "--adapter", folder, "--out", Path.Combine(folder, "merged")))
                Assert.Contains("'fathom pull acme/none'", (await merge.EndAsync(cancellation)).Errors, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("FATHOM_HOME", null);
        }
    }

    private static string Refused(TrainConfig config) => Assert.Throws<InvalidDataException>(() => new Trainer(config).Run(resumes: false)).Message;

    private string Checkpoint(string name, long seed, int hidden = 64)
    {
        string path = Path.Combine(folder, name);
        V4Config config = SmallModel.OfMinnow with { HiddenSize = hidden };
        using Parameters parameters = Initializer.Create(config, seed);
        Exporter.Write(path, config, parameters, Repository.PathOf("training", "minnow", "tokenizer.json"));
        return path;
    }

    private TrainConfig Config(string name) => new()
    {
        StartFrom = start,
        Output = Path.Combine(folder, name),
        LearningRate = 0.01,
        WarmupSteps = 2,
        SaveEvery = 4,
        Data = [new DataSource { Kind = DataKind.Conversations, Path = Path.Combine(folder, "talk.jsonl") }],
        Stages = [new TrainStage { Steps = 12, Length = 128, BatchTokens = 512, Accumulation = 2, IsSparse = true, IsQuantised = true }],
    };
}
