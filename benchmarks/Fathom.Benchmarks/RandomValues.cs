using Fathom.Compute.Memory;

namespace Fathom.Benchmarks;

/// <summary>Random rows for benchmarks, the same in each run.</summary>
internal static unsafe class RandomValues
{
    /// <summary>Fills rows with numbers between −0.5 and 0.5.</summary>
    public static Rows Fill(Rows rows)
    {
        var random = new Random(1);
        for (long i = 0; i < (long)rows.Count * rows.Width; i++) rows.Data[i] = random.NextSingle() - 0.5f;
        return rows;
    }

    /// <summary>Numbers between −0.5 and 0.5.</summary>
    public static float[] Of(int count)
    {
        var random = new Random(2);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }

    /// <summary>For each of some rows the same list of rows.</summary>
    public static AddressLists Lists(int count, Rows of)
    {
        var lists = new AddressLists();
        lists.Clear();
        for (int i = 0; i < count; i++)
        {
            for (int k = 0; k < of.Count; k++) lists.Add(of.At(k));
            lists.EndList();
        }

        return lists;
    }
}
