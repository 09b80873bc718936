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
    public void The_importance_matrix_is_never_written_over()
    {
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        (float[] sums, float[] counts) = ([.. Enumerable.Repeat(1f, 8 * 256)], [.. Enumerable.Repeat(1f, 8)]);
        string[] names = [.. Enumerable.Range(0, 2).SelectMany(layer => (string[])["gate", "up", "down"], (layer, kind) => $"blk.{layer}.ffn_{kind}_exps.weight")];
        new ImportanceMatrix(names.ToDictionary(name => name, _ => sums), names.ToDictionary(name => name, _ => counts)).Write(folder["x.gguf"], 1, 128);
        byte[] before = File.ReadAllBytes(folder["x.gguf"]);
        using ImportanceFile importance = ImportanceFile.Open(folder["x.gguf"]);
        Assert.Equal($"{folder["x.gguf"]} is read and cannot be written at the same time; name another file.", Assert.Throws<IOException>(() => ConversionSample.ToGguf(source, folder["x.gguf"], Q2 with { Importance = importance, MayReplace = true })).Message);
        Assert.Equal(before, File.ReadAllBytes(folder["x.gguf"]));
    }

    [Fact]
    public void Two_runs_at_once_are_told_of_each_other_and_the_first_goes_on()
    {
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        string file = folder["x.gguf"], place = folder["place"];
        string? second = null;
        ConversionSample.ToGguf(source, file, reports: new(0.3, _ => second = Assert.Throws<IOException>(() => ConversionSample.ToGguf(source, file)).Message));
        Assert.Equal($"Another process is writing {file}; wait until it is done, or name another place.", second);
        using Checkpoint gguf = Checkpoint.Open(file);
        ConversionSample.ToFolder(gguf, place, reports: new(0.3, _ => second = Assert.Throws<IOException>(() => ConversionSample.ToFolder(gguf, place)).Message));
        Assert.Equal($"Another process is writing {place}; wait until it is done, or name another place.", second);
        ConversionSample.ToGguf(source, folder["again.gguf"]);
        Assert.Equal(File.ReadAllBytes(folder["again.gguf"]), File.ReadAllBytes(file));
        Assert.Equal(["again.gguf", "model", "place", "x.gguf"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_file_needs_its_folder_and_room_that_is_said_in_words()
    {
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        Assert.Equal($"There is no folder {folder["none"]} to write x.gguf into; make it first.", Assert.Throws<DirectoryNotFoundException>(() => ConversionSample.ToGguf(source, Path.Combine(folder["none"], "x.gguf"))).Message);
        string refused = Assert.Throws<IOException>(() => FreeSpace.Check(folder.Path, 1L << 60, "The file")).Message;
        Assert.Matches($@"^The file takes 1152921504\.6 GB and {System.Text.RegularExpressions.Regex.Escape(folder.Path)} has \d+(\.\d)? [GM]B left, of which 67 MB are for others; free some space\.$", refused);
    }

    [Fact]
    public void A_link_to_a_folder_stays_and_what_it_leads_to_is_made()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Links need a privilege here.");
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        ConversionSample.ToGguf(source, folder["x.gguf"]);
        using Checkpoint gguf = Checkpoint.Open(folder["x.gguf"]);
        Directory.CreateDirectory(folder["disk"]);
        string target = Path.Combine(folder["disk"], "made");
        Directory.CreateSymbolicLink(folder["way"], target);
        foreach (bool isThere in (bool[])[false, true])
        {
            ConversionSample.ToFolder(gguf, folder["way"], mayReplace: isThere);
            Assert.Equal(target, new DirectoryInfo(folder["way"]).LinkTarget);
            Assert.True(File.Exists(Path.Combine(target, "config.json")));
            Assert.Equal(["made"], Directory.EnumerateFileSystemEntries(folder["disk"]).Select(Path.GetFileName));
        }

        Directory.CreateSymbolicLink(folder["to-model"], folder["model"]);
        SortedDictionary<string, byte[]> before = ConversionSample.Bytes(folder["model"]);
        Assert.Contains("holds what is read", Assert.Throws<IOException>(() => NamingConversion.Write(source, folder["to-model"], TensorNaming.Transformers, null, mayReplace: true, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.Equal(before, ConversionSample.Bytes(folder["model"]));
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
