using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Fathom.Checkpoints;
using Fathom.Model.Streaming;

namespace Fathom.Cli.Tests;

/// <summary>Perplexity, divergence and importance as a user measures them: with little memory, into folders, and with mistakes.</summary>
public sealed class MeasurementCommandTests : IDisposable
{
    private static readonly string Minnow = Repository.PathOf("models", "builtin"), Text = Repository.PathOf("docs", "examples", "harbour.txt");

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Models_larger_than_their_memory_are_measured_within_it_and_give_the_same()
    {
        string model = Synthetic("model", experts: 96, width: 512), other = Synthetic("other", experts: 96, width: 512, seed: 2);
        long bytes = new DirectoryInfo(model).EnumerateFiles().Sum(file => file.Length);
        string[] text = ["--text", Text, "--tokens", "300", "--context", "128", "--profile", "fast"];
        string[] perplexity = ["eval", "perplexity", "--model", model, "--json", .. text], divergence = ["eval", "divergence", "--reference", model, "--model", other, "--json", .. text];
        string[] Importance(string name) => ["imatrix", "--model", model, "--text", Text, "--tokens", "300", "--context", "128", "--output", folder[name]];

        // The least that works is in the sentence that refuses less.
        foreach (string[] command in (string[][])[perplexity, divergence])
        {
            long memory = await LeastAsync(command) + (20L << 20);
            Assert.True(memory < (command == divergence ? 2 : 1) * ((256L << 20) + bytes), "experts do not fit");
            FathomProcess.Result whole = await FathomProcess.RunAsync(command);
            Assert.True(whole.ExitCode == 0, whole.Error);
            (int exitCode, long peak) = await FathomProcess.PeakAsync([.. command, "--memory", $"{memory}B", "--out", folder["report"]]);
            Assert.Equal(0, exitCode);
            Assert.Equal(whole.Output, File.ReadAllText(Path.Combine(folder["report"], command[1] + ".json")));
            if (OperatingSystem.IsLinux()) Assert.InRange(peak, 1, memory);
        }

        long forSums = await LeastAsync(Importance("least")) + (20L << 20);
        Assert.Equal(0, (await FathomProcess.RunAsync(Importance("whole"))).ExitCode);
        (int ended, long most) = await FathomProcess.PeakAsync([.. Importance("little"), "--memory", $"{forSums}B"]);
        Assert.Equal(0, ended);
        if (OperatingSystem.IsLinux()) Assert.InRange(most, 1, forSums);
        Assert.Equal(File.ReadAllBytes(folder["whole"]), File.ReadAllBytes(folder["little"]));
        Assert.Equal(["little", "model", "other", "report", "whole"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Rounding_of_a_model_larger_than_the_memory_of_both_copies_is_measured_within_it_and_is_the_same()
    {
        string[] command = ["eval", "rounding", "--model", Synthetic("model", experts: 96, width: 512), "--tokens", "40"];
        long bytes = new DirectoryInfo(folder["model"]).EnumerateFiles().Sum(file => file.Length), memory = await LeastAsync(command) + (20L << 20);
        Assert.True(memory < 2 * ((256L << 20) + bytes), "experts do not fit");
        string[] within = [.. command, "--memory", $"{memory}B"];
        FathomProcess.Result whole = await FathomProcess.RunAsync(command), little = await FathomProcess.RunAsync(within);
        Assert.True(whole.ExitCode == 0, whole.Error);
        Assert.True(little.ExitCode == 0, little.Error);
        Assert.Equal(8, whole.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(whole.Output, little.Output);
        if (OperatingSystem.IsLinux()) Assert.InRange((await FathomProcess.PeakAsync(within)).Peak, 1, memory);
    }

    [Fact]
    public async Task A_killed_importance_goes_on_and_ends_in_the_same_bytes()
    {
        string model = Synthetic("model", experts: 8, width: 256);
        string[] Importance(string name) => ["imatrix", "--model", model, "--text", Text, "--context", "32", "--output", folder[name]];
        Assert.Equal(0, (await FathomProcess.RunAsync(Importance("whole"))).ExitCode);
        using (Process process = FathomProcess.Start(Importance("killed")))
        {
            while (!process.HasExited && !File.Exists(folder["killed.partial"])) await Task.Delay(2, TestContext.Current.CancellationToken);
            Assert.False(process.HasExited);
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.False(File.Exists(folder["killed"]));
        FathomProcess.Result second = await FathomProcess.RunAsync(Importance("killed"));
        Assert.True(second.ExitCode == 0, second.Error);
        Assert.Contains("Going on after ", second.Error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(folder["whole"]), File.ReadAllBytes(folder["killed"]));
        Assert.Equal(["killed", "model", "whole"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Importance_is_written_only_where_nothing_is_lost()
    {
        string there = folder["there.imatrix"], model = Synthetic("model", experts: 4, width: 256), shard = Directory.EnumerateFiles(model, "*.safetensors").First();
        folder.Write("there.imatrix", "dear");
        async Task<string> Refused(string output, params string[] more)
        {
            FathomProcess.Result result = await FathomProcess.RunAsync(["imatrix", "--model", model, "--text", Text, "--tokens", "40", "--output", output, .. more]);
            Assert.Equal(1, result.ExitCode);
            return result.Error.Trim();
        }

        Assert.Equal($"fathom: {there} exists already; name another file, or let --force replace it.", await Refused(there));
        Assert.Equal("dear", File.ReadAllText(there));
        Assert.Equal($"fathom: There is no folder {folder["none"]} to write x into; make it first.", await Refused(Path.Combine(folder["none"], "x")));
        Assert.Equal($"fathom: {model} is a folder; name a file to write.", await Refused(model, "--force"));
        byte[] weights = File.ReadAllBytes(shard);
        Assert.Equal($"fathom: {shard} is read and cannot be written at the same time; name another file.", await Refused(shard, "--force"));
        if (!OperatingSystem.IsWindows())
        {
            // By another way to the same file.
            Directory.CreateSymbolicLink(folder["way"], model);
            Assert.Contains("is read and cannot be written at the same time", await Refused(Path.Combine(folder["way"], Path.GetFileName(shard)), "--force"), StringComparison.Ordinal);
        }

        Assert.Equal(weights, File.ReadAllBytes(shard));
        string text = folder["text.txt"];
        File.Copy(Text, text);
        FathomProcess.Result own = await FathomProcess.RunAsync(["imatrix", "--model", model, "--text", text, "--tokens", "40", "--output", text, "--force"]);
        Assert.Equal($"fathom: {text} is read and cannot be written at the same time; name another file.", own.Error.Trim());
        Assert.Equal(File.ReadAllBytes(Text), File.ReadAllBytes(text));
        using (new FileStream(folder["new.partial.lock"], FileMode.Create, FileAccess.ReadWrite, FileShare.None))
            Assert.Equal($"fathom: Another process is writing {folder["new"]}; wait until it is done, or name another place.", await Refused(folder["new"]));
        FathomProcess.Result forced = await FathomProcess.RunAsync(["imatrix", "--model", model, "--text", Text, "--tokens", "40", "--output", there, "--force"]);
        Assert.True(forced.ExitCode == 0, forced.Error);
        Assert.NotEqual("dear", File.ReadAllText(there));
    }

    [Theory]
    [InlineData("eval", "perplexity")]
    [InlineData("eval", "divergence", "--reference", "MINNOW")]
    [InlineData("imatrix", "--output", "FOLDER/x")]
    public async Task Windows_longer_than_the_model_allows_are_refused(params string[] command)
    {
        FathomProcess.Result result = await FathomProcess.RunAsync([.. command.Select(word => word.Replace("MINNOW", Minnow, StringComparison.Ordinal).Replace("FOLDER", folder.Path, StringComparison.Ordinal)), "--text", folder["not.read"], "--context", "2000000"]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("Windows of 2000000 tokens are longer than ", result.Error, StringComparison.Ordinal);
        Assert.Contains("; choose a shorter context.", result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task Reports_of_several_models_are_tables_pictures_and_json()
    {
        string odd = Path.Combine(folder.Path, OperatingSystem.IsWindows() ? "a & b.gguf" : "a & <b>|.gguf"), out1 = folder["divergence"], out2 = folder["perplexity"];
        Assert.Equal(0, (await FathomProcess.RunAsync(["quantize", Minnow, odd, "--experts", "q2_k", "--decoded"])).ExitCode);
        FathomProcess.Result divergence = await FathomProcess.RunAsync(["eval", "divergence", "--reference", Minnow, "--model", odd, "--model", Minnow, "--text", Text, "--tokens", "200", "--out", out1]);
        FathomProcess.Result perplexity = await FathomProcess.RunAsync(["eval", "perplexity", "--model", Minnow, "--model", odd, "--text", Text, "--tokens", "200", "--out", out2]);
        Assert.True(divergence.ExitCode == 0, divergence.Error);
        Assert.True(perplexity.ExitCode == 0, perplexity.Error);
        Assert.Equal(divergence.Output, File.ReadAllText(Path.Combine(out1, "divergence.md")));
        Assert.Equal(perplexity.Output, File.ReadAllText(Path.Combine(out2, "perplexity.md")));

        // Every row of a table has the cells of its head.
        foreach (string table in (string[])[divergence.Output, perplexity.Output])
        {
            foreach (string[] rows in table.Split("\n\n").Select(part => part.Split('\n').Where(line => line.StartsWith('|')).ToArray()).Where(rows => rows.Length > 0))
                Assert.Single(rows.Select(row => row.Replace("\\|", string.Empty, StringComparison.Ordinal).Count(sign => sign == '|')).Distinct());
        }

        foreach ((string place, string name) in ((string, string)[])[(out1, "divergence"), (out2, "perplexity")])
        {
            Assert.Equal(3, Directory.EnumerateFiles(place).Count());
            var picture = XDocument.Load(Path.Combine(place, name + ".svg"));
            Assert.Contains(picture.Descendants(), element => element.Name.LocalName == "text" && element.Value == Path.GetFileNameWithoutExtension(odd));
            double width = double.Parse(picture.Root!.Attribute("width")!.Value, CultureInfo.InvariantCulture);
            Assert.All(picture.Descendants().Attributes("x").Concat(picture.Descendants().Attributes("cx")), x => Assert.InRange(double.Parse(x.Value, CultureInfo.InvariantCulture), 0, width));
        }

        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(out1, "divergence.json")));
        JsonElement models = json.RootElement.GetProperty("models");
        Assert.Equal((2, 0.0), (models.GetArrayLength(), models[1].GetProperty("mean_divergence").GetDouble()));
        Assert.True(models[0].GetProperty("mean_divergence").GetDouble() > 0);
        Assert.Equal(5, models[0].GetProperty("layer_errors").GetArrayLength());
        Assert.True(models[0].GetProperty("bits_per_weight").GetDouble() > models[1].GetProperty("bits_per_weight").GetDouble());
    }

    private static async Task<long> LeastAsync(string[] command)
    {
        FathomProcess.Result result = await FathomProcess.RunAsync([.. command, "--memory", "10MB"]);
        Assert.Equal(1, result.ExitCode);
        return MemorySize.Parse(result.Error.Split(" is the least that works")[0].Split(": ")[^1]);
    }

    private string Synthetic(string name, int experts, int width, int seed = 1)
    {
        SyntheticCheckpoint.Write(folder[name], new SyntheticOptions { Layers = [4], Experts = experts, ExpertWidth = width, Vocabulary = 1920, HasMultiTokenPrediction = false, Seed = seed }, Repository.PathOf("models", "builtin", "tokenizer.json"), cancellation: TestContext.Current.CancellationToken);
        return folder[name];
    }
}
