using Fathom.Compute.Cpu;
using Fathom.Compute.Memory;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Tests;

/// <summary>Formats of cached rows: bytes, losslessness on values that are rounded already, forks, and the same entries from both ways of picking.</summary>
public sealed unsafe class CacheRowTests
{
    [Theory]
    [InlineData(RowFormat.F32, 512, 64, 2048)]
    [InlineData(RowFormat.BF16, 512, 64, 1024)]
    [InlineData(RowFormat.Fp8, 512, 64, 584)]
    [InlineData(RowFormat.Fp8, 72, 6, 66 + 12 + 2 + 1)]
    [InlineData(RowFormat.Fp4, 128, 0, 68)]
    [InlineData(RowFormat.Fp4, 8, 0, 5)]
    public void A_row_takes_the_bytes_of_the_specification(RowFormat format, int width, int tail, int bytes)
    {
        var rows = new PagedRows(new RowLayout(format, width, tail));
        rows.Write(64, new float[width]);
        Assert.Equal(bytes, rows.Layout.RowBytes);
        Assert.Equal(2L * PagedRows.RowsPerPage * bytes, rows.Bytes);
    }

    [Theory]
    [InlineData(512, 64)]
    [InlineData(72, 6)]
    public void What_is_rounded_to_fp8_already_is_stored_without_loss(int width, int tail)
    {
        var rows = new PagedRows(new RowLayout(RowFormat.Fp8, width, tail));
        var found = new float[width];
        var fast = new float[width];
        for (int i = 0; i < 70; i++)
        {
            float[] values = TestRows.Values(i, width, MathF.ScaleB(1f, (i % 41) - 20));
            BlockRounding.RoundToFp8(values.AsSpan(0, width - tail), 64);
            for (int c = width - tail; c < width; c++) values[c] = BFloat16.Round(values[c]);
            rows.Write(i, values);
            rows.Layout.Decode(rows.PageOf(i), i % PagedRows.RowsPerPage, found);
            Assert.Equal(TestRows.Bits(values), TestRows.Bits(found));
            fixed (float* target = fast) CompactRows.Decode(rows.At(i), rows.Layout, target);
            Assert.Equal(TestRows.Bits(values), TestRows.Bits(fast));
        }
    }

    [Theory]
    [InlineData(128)]
    [InlineData(36)]
    public void What_is_rounded_to_fp4_already_is_stored_without_loss_and_its_bytes_can_be_moved(int width)
    {
        var rows = new PagedRows(new RowLayout(RowFormat.Fp4, width));
        var other = new PagedRows(rows.Layout);
        var found = new float[width];
        var bytes = new byte[rows.Layout.RowBytes];
        for (int i = 0; i < 130; i++)
        {
            float[] values = TestRows.Values(i, width, MathF.ScaleB(1f, (i % 41) - 20));
            BlockRounding.RoundToFp4(values, 32);
            rows.Write(i, values);
            rows.Load(i, bytes);
            other.Store(i, bytes);
            other.Layout.Decode(other.PageOf(i), i % PagedRows.RowsPerPage, found);
            Assert.Equal(TestRows.Bits(values), TestRows.Bits(found));
        }
    }

    [Fact]
    public void A_fork_keeps_its_rows_when_the_other_writes()
    {
        var rows = new PagedRows(new RowLayout(RowFormat.Fp4, 32));
        float[] ones = [.. Enumerable.Repeat(1f, 32)], found = new float[32];
        rows.Write(3, ones);
        PagedRows fork = rows.Fork();
        rows.Write(3, new float[32]);
        fork.Layout.Decode(fork.PageOf(3), 3, found);
        Assert.Equal(ones, found);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(200)]
    public void The_best_entries_of_a_scan_are_the_top_entries(int k)
    {
        var random = new Random(k);
        float[] scores = [.. Enumerable.Range(0, 5000).Select(i => i % 97 == 0 ? float.NaN : random.Next(300))];
        var expected = new int[k];
        TopEntries.Pick(scores, expected);
        int[] memory = new int[BestEntries.WordsFor(k)], found = new int[k];
        var foundScores = new float[k];
        fixed (int* words = memory, target = found)
        fixed (float* all = scores, targetScores = foundScores)
        {
            var best = new BestEntries(k, words);
            for (int i = 0; i < 4992; i += 64) best.Add(all + i, i, 64);
            for (int i = 4992; i < 5000; i++) best.Add([i], [scores[i]]);
            Assert.Equal(k, best.Finish(target, targetScores));
        }

        Assert.Equal(expected, found);
    }
}
