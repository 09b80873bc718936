using System.Globalization;
using Fathom.Checkpoints.Conversion;

namespace Fathom.Checkpoints.Tests;

/// <summary>Stopped conversions: what stays, what is gone on with, and what begins anew.</summary>
public sealed class ConversionResumeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<GgufOptions> Kinds => [new GgufOptions(), new GgufOptions { PartBytes = 1_000_000 }, new QuantizationOptions { Experts = StoredType.Q2K }];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_stopped_run_to_GGUF_is_gone_on_with_and_ends_in_the_same_bytes(GgufOptions options)
    {
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        IReadOnlyList<string> whole = ConversionSample.ToGguf(source, folder[Made("whole") + "x.gguf"], options).Places;
        Made("other");
        ConversionSample.Reports first = new(0.5);
        Assert.ThrowsAny<OperationCanceledException>(() => ConversionSample.ToGguf(source, folder["other/x.gguf"], options, first));
        Assert.All(Directory.EnumerateFiles(folder["other"]), file => Assert.Contains(".gguf.partial", file, StringComparison.Ordinal));

        ConversionSample.Reports second = new();
        ConversionSample.ToGguf(source, folder["other/x.gguf"], options, second);
        Assert.InRange(second.Shares[0], 0.3, 0.7);
        Assert.Matches("^Going on at [3-7][0-9] %", Assert.Single(second.News));
        Assert.Empty(first.News);
        Assert.Equal(ConversionSample.Bytes(folder["whole"]), ConversionSample.Bytes(folder["other"]));
        Assert.Equal(whole.Count, Directory.EnumerateFileSystemEntries(folder["other"]).Count());
    }

    [Fact]
    public void A_stopped_run_to_a_folder_is_gone_on_with_and_ends_in_the_same_bytes()
    {
        using Checkpoint original = ConversionSample.Synthesize(folder["model"]);
        ConversionSample.ToGguf(original, folder["x.gguf"]);
        using Checkpoint source = Checkpoint.Open(folder["x.gguf"]);
        ConversionSample.Reports whole = new(), first = new(0.8), second = new();
        ConversionSample.ToFolder(source, folder["whole"], reports: whole);
        Assert.ThrowsAny<OperationCanceledException>(() => ConversionSample.ToFolder(source, folder["back"], reports: first));
        Assert.False(Directory.Exists(folder["back"]));
        ConversionSample.ToFolder(source, folder["back"], reports: second);
        Assert.StartsWith("Going on at", Assert.Single(second.News), StringComparison.Ordinal);
        Assert.Equal(ConversionSample.Bytes(folder["whole"]), ConversionSample.Bytes(folder["back"]));
        Assert.Equal(["back", "model", "whole", "x.gguf"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        // Looking at matrices is part of the work, and is heard of before the first shard.
        Assert.Equal(whole.Shares.Order(), whole.Shares);
        Assert.InRange(whole.Shares[0], 0, 0.2);
        Assert.Equal(1, whole.Shares[^1]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100_001)]
    [InlineData(-1)]
    public void A_stopped_run_to_a_folder_of_one_shard_is_gone_on_with_inside_the_shard(int tornBytes)
    {
        using Checkpoint original = ConversionSample.Synthesize(folder["model"]);
        ConversionSample.ToGguf(original, folder["x.gguf"]);
        using Checkpoint source = Checkpoint.Open(folder["x.gguf"]);
        ConversionSample.ToFolder(source, folder["whole"], shardBytes: long.MaxValue);
        Assert.ThrowsAny<OperationCanceledException>(() => ConversionSample.ToFolder(source, folder["back"], reports: new(0.8), shardBytes: long.MaxValue));
        Assert.True(File.Exists(folder["back.partial/model.safetensors.tmp"]));

        // What comes after the last mark is torn, or some of what comes before it is missing.
        using (var torn = new FileStream(folder["back.partial/model.safetensors.tmp"], FileMode.Open)) torn.SetLength(tornBytes > 0 ? torn.Length + tornBytes : long.Parse(File.ReadAllLines(folder["back.partial/unfinished.shard"])[1], CultureInfo.InvariantCulture));
        ConversionSample.Reports second = new();
        ConversionSample.ToFolder(source, folder["back"], reports: second, shardBytes: long.MaxValue);
        if (tornBytes > 0) Assert.Matches("^Going on at [5-8][0-9] %", Assert.Single(second.News));
        else Assert.Empty(second.News);
        Assert.Equal(ConversionSample.Bytes(folder["whole"]), ConversionSample.Bytes(folder["back"]));
    }

    [Fact]
    public void A_stopped_change_of_names_is_gone_on_with_inside_a_stack_of_experts()
    {
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        void Write(string name, ConversionSample.Reports reports) => NamingConversion.Write(source, folder[name], TensorNaming.Transformers, progress: reports, news: reports, cancellation: reports.Stop.Token);
        Write("whole", new());
        using (SafetensorsFile whole = SafetensorsFile.Open(folder["whole/model.safetensors"])) Assert.Contains(whole.Tensors, tensor => tensor.Shape.Count == 3 && 10 * tensor.ByteLength > whole.Tensors.Sum(other => other.ByteLength));
        ConversionSample.Reports first = new(0.5), second = new();
        Assert.ThrowsAny<OperationCanceledException>(() => Write("other", first));
        Write("other", second);
        Assert.StartsWith("Going on at", Assert.Single(second.News), StringComparison.Ordinal);
        Assert.Equal(first.Shares[^1], second.Shares[0], 3);
        Assert.Equal(ConversionSample.Bytes(folder["whole"]), ConversionSample.Bytes(folder["other"]));
    }

    [Fact]
    public void A_mark_that_lies_inside_a_part_is_refused_and_nothing_is_written_wrong()
    {
        using Checkpoint original = ConversionSample.Synthesize(folder["model"]);
        ConversionSample.ToGguf(original, folder["x.gguf"]);
        using Checkpoint source = Checkpoint.Open(folder["x.gguf"]);
        Assert.ThrowsAny<OperationCanceledException>(() => ConversionSample.ToFolder(source, folder["back"], reports: new(0.8), shardBytes: long.MaxValue));
        File.WriteAllText(folder["back.partial/unfinished.shard"], "model.safetensors\n3\n");
        IOException error = Assert.ThrowsAny<IOException>(() => ConversionSample.ToFolder(source, folder["back"], shardBytes: long.MaxValue));
        Assert.Contains("remove the folder and begin anew", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["back"]));
    }

    [Fact]
    public void A_repaired_source_begins_anew()
    {
        using Checkpoint good = ConversionSample.Synthesize(folder["model"]);
        ConversionSample.ToGguf(good, folder["whole.gguf"]);
        string file = folder["model/model.safetensors"];
        byte[] sound = File.ReadAllBytes(file), damaged = [.. sound];
        StoredTensor tensor = good["layers.0.ffn.experts.1.w1.weight"];
        damaged[tensor.FileOffset + tensor.ByteLength - 1] ^= 0x11;
        File.WriteAllBytes(file, damaged);
        using (Checkpoint source = Checkpoint.Open(folder["model"])) Assert.ThrowsAny<OperationCanceledException>(() => ConversionSample.ToGguf(source, folder["x.gguf"], reports: new(0.8)));
        File.WriteAllBytes(file, sound);
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(1));
        using Checkpoint repaired = Checkpoint.Open(folder["model"]);
        ConversionSample.Reports second = new();
        ConversionSample.ToGguf(repaired, folder["x.gguf"], reports: second);
        Assert.Equal("Beginning anew and not where an earlier run stopped, because the source is another one, or has changed.", Assert.Single(second.News));
        Assert.Equal(File.ReadAllBytes(folder["whole.gguf"]), File.ReadAllBytes(folder["x.gguf"]));
    }

    [Fact]
    public void Other_options_and_another_importance_begin_anew_and_say_so()
    {
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        var options = new QuantizationOptions { Experts = StoredType.Q2K };
        string Anew(QuantizationOptions next)
        {
            ConversionSample.Reports reports = new(0.5);
            Assert.ThrowsAny<OperationCanceledException>(() => ConversionSample.ToGguf(source, folder["x.gguf"], next, reports));
            Assert.InRange(reports.Shares[0], 0, 0.1);
            return string.Concat(reports.News);
        }

        Assert.Empty(Anew(options));
        Assert.Contains("because the options are others", Anew(options with { Matrices = MatrixFormat.BF16 }), StringComparison.Ordinal);
        Assert.Contains("because the options are others", Anew(options), StringComparison.Ordinal);
        (string Name, float[] Sums, float[] Counts)[] even = [.. ((string[])["up", "gate", "down"]).SelectMany(kind => ((int[])[0, 1]).Select(layer => ($"blk.{layer}.ffn_{kind}_exps.weight", Enumerable.Repeat(1f, 8 * 256).ToArray(), Enumerable.Repeat(1f, 8).ToArray())))];
        var importance = new ImportanceMatrix(even.ToDictionary(item => item.Name, item => item.Sums), even.ToDictionary(item => item.Name, item => item.Counts));
        Assert.Contains("because the importance matrix is another one", Anew(options with { Importance = importance }), StringComparison.Ordinal);
        Assert.Equal(["model", "x.gguf.partial", "x.gguf.partial.done"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Unfinished_parts_of_another_size_are_removed()
    {
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        Assert.ThrowsAny<OperationCanceledException>(() => ConversionSample.ToGguf(source, folder["x.gguf"], new GgufOptions { PartBytes = 1_000_000 }, new(0.5)));
        Assert.InRange(Directory.EnumerateFiles(folder.Path, "x-*.partial").Count(), 1, 20);
        File.WriteAllText(folder["y-00001-of-00002.gguf.partial"], "of another name");
        ConversionSample.Reports second = new();
        ConversionSample.ToGguf(source, folder["x.gguf"], reports: second);
        Assert.Contains("because the parts have another size", Assert.Single(second.News), StringComparison.Ordinal);
        Assert.Equal(["model", "x.gguf", "y-00001-of-00002.gguf.partial"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_run_that_is_stopped_while_it_names_its_files_is_finished_by_the_next()
    {
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        ConversionSample.ToGguf(source, folder["whole.gguf"]);
        Assert.Throws<IOException>(() => ConversionSample.ToGguf(source, folder["x.gguf"], reports: new(0.5, _ => File.WriteAllText(folder["x.gguf"], "in the way"))));
        File.Move(folder["x.gguf.partial"], folder["x.gguf"], overwrite: true);
        ConversionSample.Reports second = new();
        ConversionSample.ToGguf(source, folder["x.gguf"], reports: second);
        Assert.StartsWith("Going on at 100 %", Assert.Single(second.News), StringComparison.Ordinal);
        Assert.Equal(["model", "whole.gguf", "x.gguf"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Two_runs_at_the_same_time_are_one_too_many()
    {
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        ConversionSample.ToGguf(source, folder["x.gguf"], reports: new(0.5, _ =>
            Assert.ThrowsAny<IOException>(() => ConversionSample.ToGguf(source, folder["x.gguf"]))));
        using Checkpoint gguf = Checkpoint.Open(folder["x.gguf"]);
        ConversionSample.ToFolder(gguf, folder["back"], reports: new(0.8, _ => Assert.ThrowsAny<IOException>(() => ConversionSample.ToFolder(gguf, folder["back"]))));
        Checkpoint.Open(folder["back"]).Dispose();
    }

    private string Made(string name)
    {
        Directory.CreateDirectory(folder[name]);
        return name + "/";
    }
}
