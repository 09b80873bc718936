using Fathom.Checkpoints.Conversion;

namespace Fathom.Checkpoints.Tests;

/// <summary>What a conversion may write over, and what never.</summary>
public sealed class ConversionOutputTests : IDisposable
{
    private static readonly QuantizationOptions Q2 = new() { Experts = StoredType.Q2K };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_source_is_never_written_over()
    {
        using Checkpoint original = ConversionSample.Synthesize(folder["model"]);
        ConversionSample.ToGguf(original, folder["x.gguf"]);
        byte[] before = File.ReadAllBytes(folder["x.gguf"]);
        File.CreateSymbolicLink(folder["link.gguf"], folder["x.gguf"]);
        Directory.CreateSymbolicLink(folder["here"], folder.Path);
        foreach (string from in (string[])["x.gguf", "link.gguf"])
        {
            using Checkpoint source = Checkpoint.Open(folder[from]);
            foreach (string to in (string[])["x.gguf", "link.gguf", "here/x.gguf", "./x.gguf"])
                Assert.Contains("cannot be written at the same time", Assert.Throws<IOException>(() => ConversionSample.ToGguf(source, folder[to], Q2 with { MayReplace = true })).Message, StringComparison.Ordinal);
        }

        Assert.Equal(before, File.ReadAllBytes(folder["x.gguf"]));
        Assert.NotNull(new FileInfo(folder["link.gguf"]).LinkTarget);
    }

    [Fact]
    public void Parts_of_the_source_are_never_written_over()
    {
        using Checkpoint original = ConversionSample.Synthesize(folder["model"]);
        IReadOnlyList<string> parts = ConversionSample.ToGguf(original, folder["x.gguf"], new GgufOptions { PartBytes = 1_000_000 }).Places;
        Assert.InRange(parts.Count, 2, 20);
        byte[][] before = [.. parts.Select(File.ReadAllBytes)];
        using Checkpoint source = Checkpoint.Open(parts[0]);
        Assert.Contains("cannot be written", Assert.Throws<IOException>(() => ConversionSample.ToGguf(source, folder["x.gguf"], new GgufOptions { PartBytes = 1_000_000, MayReplace = true })).Message, StringComparison.Ordinal);

        // One file of all parts has another name and stands beside them.
        ConversionSample.ToGguf(source, folder["x.gguf"], new GgufOptions { MayReplace = true });
        Assert.Equal(before, parts.Select(File.ReadAllBytes));
        Assert.True(File.Exists(folder["x.gguf"]));
    }

    [Fact]
    public void A_file_is_replaced_only_when_asked_and_with_all_parts_of_its_name()
    {
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        IReadOnlyList<string> parts = ConversionSample.ToGguf(source, folder["x.gguf"], new GgufOptions { PartBytes = 1_000_000 }).Places;
        File.WriteAllText(folder["x-more.gguf"], "of another name");
        Assert.Contains("exists already", Assert.Throws<IOException>(() => ConversionSample.ToGguf(source, folder["x.gguf"])).Message, StringComparison.Ordinal);
        Assert.Equal(parts.Count + 2, Directory.EnumerateFileSystemEntries(folder.Path).Count());
        ConversionSample.ToGguf(source, folder["x.gguf"], new GgufOptions { MayReplace = true });
        Assert.Equal(["model", "x-more.gguf", "x.gguf"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains("--force", Assert.Throws<IOException>(() => ConversionSample.ToGguf(source, folder["x.gguf"], Q2)).Message, StringComparison.Ordinal);
        using Checkpoint gguf = Checkpoint.Open(folder["x.gguf"]);
        Assert.Equal(StoredType.Mxfp4, gguf["layers.0.ffn.experts.0.w1.weight"].Type);
    }

    [Fact]
    public void A_folder_is_replaced_only_when_asked_and_when_nothing_else_is_in_it()
    {
        using Checkpoint original = ConversionSample.Synthesize(folder["model"]);
        ConversionSample.ToGguf(original, folder["x.gguf"]);
        using Checkpoint source = Checkpoint.Open(folder["x.gguf"]);
        ConversionSample.ToFolder(source, folder["back"]);
        SortedDictionary<string, byte[]> before = ConversionSample.Bytes(folder["back"]);
        Assert.Contains("not empty", Assert.Throws<IOException>(() => ConversionSample.ToFolder(source, folder["back"])).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["back/notes.txt"], "mine");
        Assert.Contains("notes.txt", Assert.Throws<IOException>(() => ConversionSample.ToFolder(source, folder["back"], mayReplace: true)).Message, StringComparison.Ordinal);
        File.Delete(folder["back/notes.txt"]);
        Assert.Equal(before, ConversionSample.Bytes(folder["back"]));
        File.WriteAllText(folder["back/model.safetensors"], "old");
        ConversionSample.ToFolder(source, folder["back"], mayReplace: true);
        Assert.Equal(before, ConversionSample.Bytes(folder["back"]));

        Directory.CreateDirectory(folder["inside"]);
        File.Copy(folder["x.gguf"], folder["inside/x.gguf"]);
        using Checkpoint within = Checkpoint.Open(folder["inside/x.gguf"]);
        Assert.Contains("holds what is read", Assert.Throws<IOException>(() => ConversionSample.ToFolder(within, folder["inside"], mayReplace: true)).Message, StringComparison.Ordinal);
        Assert.True(File.Exists(folder["inside/x.gguf"]));
        Directory.CreateDirectory(folder["other.partial"]);
        File.WriteAllText(folder["other.partial/config.json"], "{}");
        Assert.Contains("no unfinished conversion", Assert.Throws<IOException>(() => ConversionSample.ToFolder(source, folder["other"])).Message, StringComparison.Ordinal);
        Assert.True(File.Exists(folder["other.partial/config.json"]));
    }

    [Fact]
    public void What_appears_meanwhile_is_not_written_over()
    {
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        Assert.Throws<IOException>(() => ConversionSample.ToGguf(source, folder["x.gguf"], reports: new(0.5, _ => File.WriteAllText(folder["x.gguf"], "mine"))));
        Assert.Equal("mine", File.ReadAllText(folder["x.gguf"]));
    }
}
