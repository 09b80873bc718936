using System.Diagnostics;
using System.Globalization;
using Fathom.Checkpoints;

namespace Fathom.Cli.Tests;

/// <summary>Conversions as processes of their own: what a kill leaves, and how much memory they take.</summary>
public sealed class ConversionProcessTests : IDisposable
{
    private const long MostBytesOverIdle = 150L << 20;

    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(null)]
    [InlineData("20MB")]
    public async Task A_killed_quantisation_goes_on_and_ends_in_the_same_bytes(string? splitSize)
    {
        string model = Synthetic(experts: 4, width: 256, hasPrediction: true);
        string[] split = splitSize is null ? [] : ["--split-size", splitSize];
        string[] Quantize(string name) => ["quantize", model, Path.Combine(folder, name), "--experts", "q2_k", "--mtp", .. split];
        FathomProcess.Result whole = await FathomProcess.RunAsync(Quantize("whole.gguf"));
        Assert.True(whole.ExitCode == 0, whole.Error);

        using (Process process = FathomProcess.Start(Quantize("killed.gguf")))
        {
            // Killed when it has said of some tensors that they are whole.
            while (!process.HasExited && Directory.EnumerateFiles(folder, "killed*.partial.done").Sum(ReadNumber) < 12) await Task.Delay(2, TestContext.Current.CancellationToken);
            Assert.False(process.HasExited);
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.DoesNotContain(Directory.EnumerateFiles(folder, "killed*"), file => file.EndsWith(".gguf", StringComparison.Ordinal));
        string torn = Directory.EnumerateFiles(folder, "killed*.partial").Order(StringComparer.Ordinal).Last();
        int before = ReadNumber(Directory.EnumerateFiles(folder, "killed*.partial.done").Order(StringComparer.Ordinal).Last());
        await using (var stream = new FileStream(torn, FileMode.Append)) stream.Write(new byte[100_001]);
        Assert.True(before >= 1);

        FathomProcess.Result second = await FathomProcess.RunAsync(Quantize("killed.gguf"));
        Assert.True(second.ExitCode == 0, second.Error);
        string[] wanted = [.. Directory.EnumerateFiles(folder, "whole*").Order(StringComparer.Ordinal)], found = [.. Directory.EnumerateFiles(folder, "killed*").Order(StringComparer.Ordinal)];
        Assert.Equal(wanted.Select(file => Path.GetFileName(file).Replace("whole", "killed", StringComparison.Ordinal)), found.Select(Path.GetFileName));
        Assert.Equal(splitSize is not null, wanted.Length > 1);
        foreach ((string left, string right) in wanted.Zip(found)) Assert.True(File.ReadAllBytes(left).AsSpan().SequenceEqual(File.ReadAllBytes(right)), right);
        using Checkpoint checkpoint = Checkpoint.Open(found[0]);
        Assert.True(checkpoint.HasMultiTokenPrediction);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_killed_conversion_leaves_no_name_but_its_own_and_ends_in_the_same_bytes(bool isToFolder)
    {
        string model = Synthetic(experts: 16, width: 512), name = isToFolder ? "killed" : "killed.gguf", whole = Path.Combine(folder, name.Replace("killed", "whole", StringComparison.Ordinal));
        if (isToFolder)
        {
            Assert.Equal(0, (await FathomProcess.RunAsync(["convert", model, Path.Combine(folder, "source.gguf")])).ExitCode);
            model = Path.Combine(folder, "source.gguf");
        }

        FathomProcess.Result first = await FathomProcess.RunAsync(["convert", model, whole]);
        Assert.True(first.ExitCode == 0, first.Error);
        string killed = Path.Combine(folder, name);
        using (Process process = FathomProcess.Start("convert", model, killed))
        {
            while (!process.HasExited && (UnfinishedBytes(killed) < 10 << 20 || (isToFolder && !File.Exists(Path.Combine(killed + ".partial", "unfinished.shard"))))) await Task.Delay(2, TestContext.Current.CancellationToken);
            Assert.False(process.HasExited);
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.False(Path.Exists(killed));
        Assert.All(Directory.EnumerateFileSystemEntries(folder, "killed*"), left => Assert.Contains(Path.GetFileName(left), (string[])[name + ".partial", name + ".partial.done"]));
        if (isToFolder)
        {
            await using var torn = new FileStream(Path.Combine(killed + ".partial", "model.safetensors.tmp"), FileMode.Append);
            torn.Write(new byte[100_001]);
        }

        FathomProcess.Result second = await FathomProcess.RunAsync(["convert", model, killed]);
        Assert.True(second.ExitCode == 0, second.Error);
        if (isToFolder) Assert.Contains("Going on at ", second.Error, StringComparison.Ordinal);
        Assert.Equal([name], Directory.EnumerateFileSystemEntries(folder, "killed*").Select(Path.GetFileName));
        foreach (string file in isToFolder ? Directory.EnumerateFiles(whole).Select(file => Path.GetFileName(file)) : [string.Empty])
            Assert.True(File.ReadAllBytes(Path.Combine(whole, file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(killed, file))), file);
        Assert.Equal(isToFolder ? Directory.EnumerateFiles(whole).Count() : 0, isToFolder ? Directory.EnumerateFiles(killed).Count() : 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_source_that_is_cut_off_meanwhile_is_one_sentence_and_no_crash(bool isToFolder)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Mapped files cannot be cut off there.");
        string model = Synthetic(experts: 16, width: 512), source = Path.Combine(model, "model.safetensors"), killed = Path.Combine(folder, isToFolder ? "killed" : "killed.gguf");
        if (isToFolder)
        {
            source = Path.Combine(folder, "source.gguf");
            Assert.Equal(0, (await FathomProcess.RunAsync(["convert", model, source])).ExitCode);
            model = source;
        }

        Task<FathomProcess.Result> running = FathomProcess.RunAsync(["convert", model, killed]);
        while (!running.IsCompleted && UnfinishedBytes(killed) < 1 << 20) await Task.Delay(1, TestContext.Current.CancellationToken);
        await using (var stream = new FileStream(source, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) stream.SetLength(stream.Length / 2);
        FathomProcess.Result result = await running;
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(Path.GetFileName(source), Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Matches("was cut off while it was read|written meanwhile", result.Error);
        Assert.False(Path.Exists(killed));
    }

    [Fact]
    public async Task A_conversion_needs_little_memory()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The peak of resident memory is read from /proc.");
        string model = Synthetic(experts: 32, width: 512), file = Path.Combine(folder, "x.gguf"), back = Path.Combine(folder, "back"), few = Path.Combine(folder, "few.gguf"), named = Path.Combine(folder, "named");
        long bytes = new DirectoryInfo(model).EnumerateFiles().Sum(part => part.Length), idle = await PeakAsync("inspect", model);
        Assert.InRange(bytes, 200L << 20, 400L << 20);
        foreach (string[] command in (string[][])[["convert", model, file], ["convert", file, back], ["convert", model, named, "--names", "transformers"], ["convert", named, back + "2"], ["quantize", model, few, "--experts", "q2_k"]])
        {
            long peak = await PeakAsync(command);
            TestContext.Current.TestOutputHelper?.WriteLine($"{command[0]}: {peak >> 20} MB, idle {idle >> 20} MB, file {bytes >> 20} MB");
            Assert.True(peak - idle < MostBytesOverIdle, $"{command[0]} of {bytes >> 20} MB took {peak >> 20} MB, {idle >> 20} MB of them idle");
        }
    }

    // Of a file, or of the shards of a folder.
    private static long UnfinishedBytes(string path)
    {
        try
        {
            return Directory.Exists(path + ".partial") ? new DirectoryInfo(path + ".partial").EnumerateFiles().Sum(file => file.Length) : File.Exists(path + ".partial") ? new FileInfo(path + ".partial").Length : 0;
        }
        catch (IOException)
        {
            // It was renamed meanwhile.
            return 0;
        }
    }

    private string Synthetic(int experts, int width, bool hasPrediction = false)
    {
        string path = Path.Combine(folder, "model");
        SyntheticCheckpoint.Write(path, new SyntheticOptions { Layers = [4], Experts = experts, ExpertWidth = width, Vocabulary = 2048, HasMultiTokenPrediction = hasPrediction }, Repository.PathOf("models", "builtin", "tokenizer.json"), cancellation: TestContext.Current.CancellationToken);
        return path;
    }

    private static async Task<long> PeakAsync(params string[] arguments)
    {
        (int exitCode, long peak) = await FathomProcess.PeakAsync(arguments);
        Assert.Equal(0, exitCode);
        return peak;
    }

    // The file is replaced while it is looked at.
    private static int ReadNumber(string file)
    {
        try
        {
            return int.Parse(File.ReadLines(file).First(), CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
