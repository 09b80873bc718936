using CsCheck;
using Fathom.Checkpoints.Gguf;

namespace Fathom.Checkpoints.Tests;

/// <summary>The container: what it says is read, and damage is one clear error.</summary>
public sealed class GgufFileTests : IDisposable
{
    private const long MostBytesAllocated = 64 << 20;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public unsafe void Values_of_all_kinds_and_tensors_are_read()
    {
        using GgufFile file = Open(Sound().ToArray());
        Assert.Equal(7L, file.Metadata["number"]);
        Assert.Equal(-7L, file.Metadata["negative"]);
        Assert.Equal(1.5, file.Metadata["real"]);
        Assert.Equal(true, file.Metadata["flag"]);
        Assert.Equal("grün", file.Metadata["text"]);
        Assert.Equal((string[])["a", "b"], file.Metadata["texts"]);
        Assert.Equal((long[])[1, 2, 3], file.Metadata["numbers"]);
        StoredTensor tensor = file.Tensors["blocks"];
        Assert.Equal((long[])[2, 64], tensor.Shape);
        Assert.Equal(StoredType.Q80, tensor.Type);
        Assert.Equal(4 * 34, tensor.ByteLength);
        Assert.Equal(9, tensor.Bytes[5]);
        Assert.Equal([1f, 2f], file.Tensors["floats"].ToFloats());
    }

    [Fact]
    public void Shapes_that_do_not_fit_their_blocks_or_the_file_are_refused()
    {
        Assert.Contains("whole blocks of Q8_0", Refused(new GgufBytes().Tensor("x", 8, [2, 33], new byte[68]).ToArray()), StringComparison.Ordinal);
        Assert.Contains("cut off", Refused(new GgufBytes().Tensor("x", 0, [1000], new byte[64]).ToArray()), StringComparison.Ordinal);
        Assert.Contains("fits into memory", Refused(new GgufBytes().Tensor("x", 0, [long.MaxValue, long.MaxValue], []).ToArray()), StringComparison.Ordinal);
        Assert.Contains("each tensor once", Refused(new GgufBytes().Tensor("x", 0, [1], new byte[4]).Tensor("x", 0, [1], new byte[4]).ToArray()), StringComparison.Ordinal);
        Assert.Contains("no GGUF file", Refused(new byte[64]), StringComparison.Ordinal);
        Assert.Contains("24 bytes", Refused(new byte[5]), StringComparison.Ordinal);
        byte[] old = Sound().ToArray();
        old[4] = 1;
        Assert.Contains("2 or 3", Refused(old), StringComparison.Ordinal);
    }

    [Fact]
    public void Headers_with_random_damage()
    {
        byte[] sound = Sound().ToArray();
        Gen.Select(Gen.Int[0, sound.Length - 1].Array[1, 4], Gen.Byte.Array[4], Gen.Int[0, 3]).Sample(
            (places, values, kind) =>
            {
                byte[] damaged = [.. sound];
                for (int i = 0; i < places.Length; i++) damaged[places[i]] = kind == 1 ? (byte)255 : values[i];
                if (kind == 2) damaged = damaged[..places[0]];
                File.WriteAllBytes(folder["x.gguf"], damaged);
                long before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    GgufFile.Open(folder["x.gguf"]).Dispose();
                }
                catch (CheckpointException exception)
                {
                    Assert.DoesNotContain('\n', exception.Message);
                }

                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytesAllocated);
            },
            iter: 2_000,
            threads: 1);
    }

    private static GgufBytes Sound() => new GgufBytes()
        .Add("number", 7u).Add("negative", -7).Add("real", 1.5f).Add("flag", true).Add("text", "grün").Add("texts", (string[])["a", "b"]).Add("numbers", (int[])[1, 2, 3])
        .Tensor("floats", 0, [2], [0, 0, 128, 63, 0, 0, 0, 64])
        .Tensor("blocks", 8, [2, 64], [.. Enumerable.Repeat((byte)9, 4 * 34)]);

    private GgufFile Open(byte[] bytes)
    {
        File.WriteAllBytes(folder["x.gguf"], bytes);
        return GgufFile.Open(folder["x.gguf"]);
    }

    private string Refused(byte[] bytes) => Assert.Throws<CheckpointException>(() => Open(bytes).Dispose()).Message;
}
