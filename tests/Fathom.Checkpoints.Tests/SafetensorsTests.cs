using System.Runtime.InteropServices;
using Fathom.Checkpoints.Conversion;

namespace Fathom.Checkpoints.Tests;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_resumable_file_goes_on_after_its_last_whole_part_and_survives_a_name_that_is_taken()
    {
        (string Name, StoredType Type, long[] Shape)[] tensors = [("a", StoredType.U8, [4]), ("b", StoredType.U8, [6])];
        string path = folder["x.safetensors"];
        var mark = new ShardMark(folder.Path);
        using (var first = new SafetensorsWriter(path, tensors, mark))
        {
            first.Write([1, 2, 3, 4]);
            first.EndPart();
            first.Write([9, 9]);
        }

        Assert.Equal(4, mark.Before("x.safetensors"));
        Assert.Equal(0, mark.Before("y.safetensors"));
        using (var second = new SafetensorsWriter(path, tensors, mark))
        {
            Assert.Equal(4, second.Written);
            second.Write([5, 6, 7, 8, 9, 10]);
            Directory.CreateDirectory(path);
            Assert.ThrowsAny<IOException>(second.Complete);
        }

        Directory.Delete(path);
        using (var third = new SafetensorsWriter(path, tensors, mark))
        {
            Assert.Equal(10, third.Written);
            third.Complete();
        }

        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal<byte>([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [.. file.Tensors.SelectMany(tensor => tensor.Bytes.ToArray())]);
        Assert.Equal(["x.safetensors"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void A_resumable_file_that_is_begun_anew_forgets_what_an_older_mark_said()
    {
        (string Name, StoredType Type, long[] Shape)[] tensors = [("a", StoredType.U8, [4]), ("b", StoredType.U8, [6])];
        var mark = new ShardMark(folder.Path);
        mark.Set("x.safetensors", 4);
        File.WriteAllText(folder["x.safetensors.tmp"], "too short");
        using (var first = new SafetensorsWriter(folder["x.safetensors"], tensors, mark)) first.Write([1, 2, 3, 4, 5]);
        Assert.Equal(0, mark.Before("x.safetensors"));
        using var second = new SafetensorsWriter(folder["x.safetensors"], tensors, mark);
        Assert.Equal(0, second.Written);
    }

    [Fact]
    public void A_sound_file_gives_its_tensors()
    {
        using SafetensorsFile file = Open(SmallFile.Build(SmallFile.SoundHeader));
        Assert.Equal(["a", "b", "c", "d"], file.Tensors.Select(tensor => tensor.Name).Order());
        Assert.True(file.TryGet("a", out StoredTensor a));
        Assert.Equal((StoredType.F32, 24L), (a.Type, a.ByteLength));
        Assert.Equal([2L, 3L], a.Shape);
    }

    [Fact]
    public void Types_that_are_not_ours_are_named() =>
        Refused(SmallFile.Build(SmallFile.SoundHeader.Replace("\"F32\"", "\"F64\"", StringComparison.Ordinal)), "'a'", "F64");

    [Fact]
    public void A_header_longer_than_the_file_is_refused() => Refused(SmallFile.Build(SmallFile.SoundHeader, headerLength: 1_000_000), "header");

    [Fact]
    public void A_negative_or_endless_header_is_refused()
    {
        Refused(SmallFile.Build(SmallFile.SoundHeader, headerLength: -1), "header");
        Refused(SmallFile.Build(SmallFile.SoundHeader, headerLength: long.MaxValue), "header");
    }

    [Fact]
    public void A_truncated_file_is_refused() => Refused(SmallFile.Build(SmallFile.SoundHeader, dataBytes: 20), "'");

    [Fact]
    public void An_empty_file_and_one_of_a_few_bytes_are_refused()
    {
        Refused([], "bytes");
        Refused([1, 2, 3], "bytes");
    }

    [Theory]
    [InlineData("[0,24]", "[0,23]", "a")]
    [InlineData("[24,32]", "[20,28]", "b")]
    [InlineData("[24,32]", "[32,24]", "b")]
    [InlineData("[24,32]", "[-8,0]", "b")]
    [InlineData("[24,32]", "[9223372036854775800,9223372036854775807]", "b")]
    [InlineData("[36,37]", "[37,38]", "d")]
    [InlineData("[2,3]", "[-2,-3]", "a")]
    [InlineData("[2,3]", "[4294967296,4294967296]", "a")]
    [InlineData("[2,3]", "[2,3,1,1,1,1,1,1,1,1,1,1,1,1,1]", null)]
    [InlineData("\"c\":", "\"a\":", "a")]
    public void Wrong_places_and_shapes_are_refused_by_name(string right, string wrong, string? tensor)
    {
        byte[] file = SmallFile.Build(SmallFile.SoundHeader.Replace(right, wrong, StringComparison.Ordinal));
        if (tensor is null) OpenOrRefuse(file);
        else Refused(file, $"'{tensor}'");
    }

    [Fact]
    public void What_is_written_can_be_read_and_an_unfinished_file_never_appears()
    {
        string path = folder["out.safetensors"];
        using (var writer = new SafetensorsWriter(path, [("x", StoredType.F32, [2, 2]), ("y", StoredType.I64, [1])]))
        {
            writer.Write(MemoryMarshal.AsBytes<float>([1f, 2f, 3f, 4f]));
            writer.Write(MemoryMarshal.AsBytes<long>([5L]));
            Assert.False(File.Exists(path));
            writer.Complete();
        }

        using (SafetensorsFile file = SafetensorsFile.Open(path))
        {
            Assert.True(file.TryGet("x", out StoredTensor x));
            Assert.Equal([1f, 2f, 3f, 4f], MemoryMarshal.Cast<byte, float>(x.Bytes).ToArray());
        }

        using (new SafetensorsWriter(folder["half.safetensors"], [("x", StoredType.F32, [2])]))
        {
        }

        Assert.Equal(["out.safetensors"], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
    }

    private SafetensorsFile Open(byte[] bytes)
    {
        File.WriteAllBytes(folder["f.safetensors"], bytes);
        return SafetensorsFile.Open(folder["f.safetensors"]);
    }

    private void OpenOrRefuse(byte[] bytes)
    {
        try
        {
            Open(bytes).Dispose();
        }
        catch (CheckpointException)
        {
        }
    }

    private void Refused(byte[] bytes, params string[] expected)
    {
        CheckpointException error = Assert.Throws<CheckpointException>(() => Open(bytes).Dispose());
        Assert.Contains("f.safetensors", error.Message, StringComparison.Ordinal);
        foreach (string part in expected) Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }
}
