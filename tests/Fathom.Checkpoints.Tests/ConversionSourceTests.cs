using Fathom.Checkpoints.Conversion;

namespace Fathom.Checkpoints.Tests;

/// <summary>Sources that are cut off, written or removed while they are read: one sentence, and never a fault of the process.</summary>
public sealed class ConversionSourceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_source_that_is_cut_off_ends_the_work_with_one_sentence(bool isQuantized)
    {
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        string file = folder["model/model.safetensors"];
        var options = isQuantized ? new QuantizationOptions { Experts = StoredType.Q2K } : new GgufOptions();
        CheckpointException error = Assert.Throws<CheckpointException>(() => ConversionSample.ToGguf(source, folder["x.gguf"], options, new(0.1, _ => Mutations.CutOff(file))));
        Assert.Equal(file, error.File);
        Assert.Contains("was cut off while it was read", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["x.gguf"]));
    }

    [Theory]
    [InlineData(0.001)]
    [InlineData(0.5)]
    public void A_GGUF_file_that_is_cut_off_ends_the_work_with_one_sentence(double share)
    {
        using Checkpoint original = ConversionSample.Synthesize(folder["model"]);
        ConversionSample.ToGguf(original, folder["x.gguf"]);
        using Checkpoint source = Checkpoint.Open(folder["x.gguf"]);
        CheckpointException error = Assert.Throws<CheckpointException>(() => ConversionSample.ToFolder(source, folder["back"], reports: new(share, _ => Mutations.CutOff(folder["x.gguf"]))));
        Assert.Contains("was cut off while it was read", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["back"]));
    }

    [Fact]
    public void A_source_that_is_written_meanwhile_becomes_nothing()
    {
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        string file = folder["model/model.safetensors"];
        CheckpointException error = Assert.Throws<CheckpointException>(() => ConversionSample.ToGguf(source, folder["x.gguf"], reports: new(0.9, _ => File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours(1)))));
        Assert.Contains("was written meanwhile", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["x.gguf"]));
    }

    [Fact]
    public void A_source_that_is_removed_meanwhile_is_read_to_its_end()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Open files cannot be removed there.");
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        ConversionSample.ToGguf(source, folder["whole.gguf"]);
        ConversionSample.ToGguf(source, folder["x.gguf"], reports: new(0.1, _ => File.Delete(folder["model/model.safetensors"])));
        Assert.Equal(File.ReadAllBytes(folder["whole.gguf"]), File.ReadAllBytes(folder["x.gguf"]));
    }

    [Fact]
    public void A_source_that_is_removed_before_is_one_sentence()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Mapped files cannot be removed there.");
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        File.Delete(folder["model/model.safetensors"]);
        Assert.Contains("expected a readable file", Assert.Throws<CheckpointException>(() => ConversionSample.ToGguf(source, folder["x.gguf"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_of_more_files_than_are_held_open_is_read_too()
    {
        using Checkpoint original = ConversionSample.Synthesize(folder["model"], 0, 4, 128);
        ConversionSample.ToGguf(original, folder["whole.gguf"]);
        Directory.CreateDirectory(folder["parts"]);
        IReadOnlyList<string> parts = ConversionSample.ToGguf(original, folder["parts/whole.gguf"], new GgufOptions { PartBytes = 1 }).Places;
        Assert.InRange(parts.Count, 65, 200);
        using Checkpoint source = Checkpoint.Open(parts[3]);
        ConversionSample.ToGguf(source, folder["x.gguf"]);
        using Checkpoint whole = Checkpoint.Open(folder["whole.gguf"]);
        ConversionSample.ToGguf(whole, folder["y.gguf"]);
        Assert.Equal(File.ReadAllBytes(folder["y.gguf"]), File.ReadAllBytes(folder["x.gguf"]));
        Assert.Contains("written meanwhile", Assert.Throws<CheckpointException>(() => ConversionSample.ToGguf(source, folder["z.gguf"], reports: new(0.1, _ => File.SetLastWriteTimeUtc(parts[^1], DateTime.UtcNow.AddHours(1))))).Message, StringComparison.Ordinal);
    }
}
