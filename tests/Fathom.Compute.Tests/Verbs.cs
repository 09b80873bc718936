using Fathom.Compute.Memory;

namespace Fathom.Compute.Tests;

/// <summary>Every verb of the device interface on random operands: runs <c>rows</c> rows and returns what it wrote, row after row.</summary>
internal static unsafe class Verbs
{
    public delegate float[] Run(IDevice device, TestRows data, int rows);

    /// <summary>Name, run, and the tolerance against the plain device, relative to the largest result; 0 asks for the same bits.</summary>
    public static IReadOnlyDictionary<string, (Run Run, float Tolerance)> All { get; } = Build();

    private static Dictionary<string, (Run, float)> Build()
    {
        var verbs = new Dictionary<string, (Run, float)>
        {
            ["RmsNorm 100"] = (RmsNorm(100), 1e-5f),
            ["RmsNorm 17"] = (RmsNorm(17), 1e-5f),
            ["NormalizeHeads 3x64"] = (NormalizeHeads(3, 64), 1e-5f),
            ["NormalizeHeads 2x20"] = (NormalizeHeads(2, 20), 1e-5f),
            ["Rotate"] = (Rotate(false), 1e-6f),
            ["Rotate back"] = (Rotate(true), 1e-6f),
            ["RoundToFp8"] = (RoundToFp8, 0f),
            ["HadamardAndRoundToFp4"] = (HadamardAndRoundToFp4, 0f),
            ["AddPositionBias"] = (AddPositionBias, 0f),
            ["MixStreams 4x24"] = (MixStreams(24), 2e-5f),
            ["MixStreams 4x33"] = (MixStreams(33), 2e-5f),
            ["SpreadStreams 4x24"] = (SpreadStreams(24), 1e-5f),
            ["SpreadStreams 4x33"] = (SpreadStreams(33), 1e-5f),
            ["ReduceStreams"] = (ReduceStreams, 1e-5f),
            ["Compress 8 candidates"] = (Compress(8, 48), 1e-5f),
            ["Compress 128 candidates"] = (Compress(128, 20), 1e-5f),
            ["PickEntries"] = (PickEntries(64, 6, 5), 0f),
            ["PickEntries few"] = (PickEntries(32, 40, 5), 0f),
            ["PickEntries with 20 heads"] = (PickEntries(64, 200, 20), 0f),
            ["PickEntries in FP4"] = (PickEntries(128, 300, 6, RowFormat.Fp4), 0f),
            ["PickEntries in FP4, many"] = (PickEntries(32, 2100, 3, RowFormat.Fp4), 0f),
            ["PickEntries in FP4, one head of 8"] = (PickEntries(8, 70, 1, RowFormat.Fp4), 0f),
            ["PickEntries in FP4, heads of 100"] = (PickEntries(100, 200, 9, RowFormat.Fp4), 0f),
            ["Attend 64"] = (Attend(5, 64, 20), 2e-5f),
            ["Attend 128"] = (Attend(16, 128, 150), 2e-5f),
            ["Attend one key"] = (Attend(3, 32, 1), 2e-5f),
            ["Attend to Fp8 entries"] = (Attend(20, 128, 150, RowFormat.Fp8, 64), 2e-5f),
            ["Attend to Fp8 entries of odd width"] = (Attend(3, 72, 5, RowFormat.Fp8, 6), 2e-5f),
            ["Attend to BF16 entries"] = (Attend(70, 64, 20, RowFormat.BF16, 0), 2e-5f),
            ["RouteByScore"] = (RouteByScore, 1e-5f),
            ["WeighHashed"] = (WeighHashed, 1e-5f),
            ["SwiGlu"] = (SwiGlu(0.5f, true), 1e-5f),
            ["SwiGlu without a limit"] = (SwiGlu(0f, false), 1e-5f),
            ["Gather and ScatterAdd"] = (GatherAndScatter, 1e-6f),
        };
        foreach (WeightFormat format in Enum.GetValues<WeightFormat>())
        {
            foreach ((int output, int input) in ((int, int)[])[(1, 32), (7, 64), (130, 200), (64, 256), (33, 96), (19, 1024), (72, 320)])
            {
                if (GgufBlocks.IsBlock(format) && input % GgufBlocks.ValuesOf(format) != 0) continue;
                verbs.Add($"Linear {format} {output}x{input}", (Linear(format, output, input, false), 2e-5f));
            }

            verbs.Add($"GroupedLinear {format}", (GroupedLinear(format), 2e-5f));
            verbs.Add($"Embed {format}", (Embed(format), 0f));
        }

        verbs.Add("Linear Fp8 with float scales", (Linear(WeightFormat.Fp8, 140, 260, true), 2e-5f));
        verbs.Add("Linear Fp4 with float scales", (Linear(WeightFormat.Fp4, 12, 96, true), 2e-5f));
        return verbs;
    }

    private static Run Linear(WeightFormat format, int outputs, int inputs, bool floatScales) => (device, data, rows) =>
    {
        Rows output = data.New(rows, outputs);
        device.Linear(data.Random(1, rows, inputs), data.Matrix(2, format, outputs, inputs, floatScales), output);
        return TestRows.Read(output);
    };

    private static Run GroupedLinear(WeightFormat format) => (device, data, rows) =>
    {
        const int Groups = 3, Inputs = 256, Outputs = 128;
        Rows output = data.New(rows, Groups * Outputs);
        device.GroupedLinear(data.Random(1, rows, Groups * Inputs), data.Matrix(2, format, Groups * Outputs, Inputs), Groups, output);
        return TestRows.Read(output);
    };

    private static Run Embed(WeightFormat format) => (device, data, rows) =>
    {
        Rows output = data.New(rows, 256);
        int[] tokens = [.. Enumerable.Range(0, rows).Select(i => (i * 37) % 50)];
        device.Embed(tokens, data.Matrix(3, format, 50, 256), output);
        return TestRows.Read(output);
    };

    private static Run RmsNorm(int width) => (device, data, rows) =>
    {
        Rows output = data.New(rows, width);
        device.RmsNorm(data.Random(1, rows, width, 3f), TestRows.Values(2, width), 1e-6f, output);
        return TestRows.Read(output);
    };

    private static Run NormalizeHeads(int heads, int headDim) => InPlace(heads * headDim, (device, _, values) => device.NormalizeHeads(values, headDim, 1e-6f));

    private static Run Rotate(bool inverse) => InPlace(3 * 64, (device, data, values) => device.Rotate(values, 64, data.Random(5, values.Count, 32), inverse));

    private static float[] RoundToFp8(IDevice device, TestRows data, int rows) => InPlace(2 * 128, (target, _, values) => target.RoundToFp8(values, 128, 96, 64))(device, data, rows);

    private static float[] HadamardAndRoundToFp4(IDevice device, TestRows data, int rows) => InPlace(2 * 64, (target, _, values) => target.HadamardAndRoundToFp4(values, 64, 32))(device, data, rows);

    private static float[] AddPositionBias(IDevice device, TestRows data, int rows) => InPlace(40, (target, _, values) =>
        target.AddPositionBias(values, [.. Enumerable.Range(0, values.Count).Select(i => i + 6)], TestRows.Values(2, 4 * 40)))(device, data, rows);

    private static Run InPlace(int width, Action<IDevice, TestRows, Rows> act) => (device, data, rows) =>
    {
        Rows values = data.Random(1, rows, width, 2f);
        act(device, data, values);
        return TestRows.Read(values);
    };

    private static HyperConnectionWeights Connection(TestRows data, int outputs, int hidden) =>
        new(data.Matrix(4, WeightFormat.F32, outputs, 4 * hidden), outputs == 4 ? [0.7f] : [0.7f, 0.5f, 1.3f], TestRows.Values(6, outputs), 4, 20, 1e-6f, 1e-6f);

    private static Run MixStreams(int hidden) => (device, data, rows) =>
    {
        Rows mixed = data.New(rows, hidden), post = data.New(rows, 4), comb = data.New(rows, 16);
        device.MixStreams(data.Random(1, rows, 4 * hidden), Connection(data, 24, hidden), mixed, post, comb);
        return Join(rows, mixed, post, comb);
    };

    private static Run SpreadStreams(int hidden) => (device, data, rows) =>
    {
        Rows streams = data.Random(1, rows, 4 * hidden);
        device.SpreadStreams(data.Random(2, rows, hidden), data.Random(3, rows, 4), data.Random(4, rows, 16), streams);
        return TestRows.Read(streams);
    };

    private static float[] ReduceStreams(IDevice device, TestRows data, int rows)
    {
        Rows reduced = data.New(rows, 40);
        device.ReduceStreams(data.Random(1, rows, 160), Connection(data, 4, 40), reduced);
        return TestRows.Read(reduced);
    }

    private static Run Compress(int candidates, int width) => (device, data, rows) =>
    {
        Rows output = data.New(rows, width);
        device.Compress(Lists(data, 1, rows, candidates, width), Lists(data, 2, rows, candidates, width, 4f), output);
        return TestRows.Read(output);
    };

    private static Run PickEntries(int headDim, int entries, int heads, RowFormat format = RowFormat.F32) => (device, data, rows) =>
    {
        const int Picks = 8;
        var keys = new PagedRows[rows];
        var visible = new int[rows];
        for (int i = 0; i < rows; i++)
        {
            // Three neighbours share a session, like the rows of a chunk.
            bool isNew = i % 3 == 0;
            keys[i] = isNew ? new PagedRows(new RowLayout(format, headDim)) : keys[i - 1];
            visible[i] = Math.Max(0, entries - i);
            for (int e = 0; isNew && e < entries; e++) keys[i].Write(e, TestRows.Values((i * 1000) + e, headDim));
        }

        var picks = new int[rows * Picks];
        device.PickEntries(data.Random(1, rows, heads * headDim), data.Random(2, rows, heads), keys, visible, picks, Picks);
        return Array.ConvertAll(picks, pick => (float)pick);
    };

    private static Run Attend(int heads, int headDim, int keys) => (device, data, rows) =>
    {
        Rows output = data.New(rows, heads * headDim);
        device.Attend(data.Random(1, rows, heads * headDim, 3f), headDim, Lists(data, 2, rows, keys, headDim), TestRows.Values(3, heads, 2f), 0.25f, output);
        return TestRows.Read(output);
    };

    // Rows of a window as floats, then entries of a cache in its format.
    private static Run Attend(int heads, int headDim, int keys, RowFormat format, int tail) => (device, data, rows) =>
    {
        var entries = new PagedRows(new RowLayout(format, headDim, tail));
        AddressLists lists = new() { EntryLayout = entries.Layout };
        for (int i = 0; i < rows * keys; i++) entries.Write(i, TestRows.Values(i, headDim));
        Rows window = data.Random(2, rows + 3, headDim);
        for (int i = 0; i < rows; i++)
        {
            for (int w = 0; w < 4; w++) lists.Add(window.At(i + w));
            lists.BeginEntries();
            for (int k = 0; k < keys - (i % 3); k++) lists.Add(entries.At((i * keys) + k));
            lists.EndList();
        }

        Rows output = data.New(rows, heads * headDim);
        device.Attend(data.Random(1, rows, heads * headDim, 3f), headDim, lists, TestRows.Values(3, heads, 2f), 0.25f, output);
        GC.KeepAlive(entries);
        return TestRows.Read(output);
    };

    private static float[] RouteByScore(IDevice device, TestRows data, int rows)
    {
        Rows logits = data.Random(1, rows, 11, 6f);
        int[] experts = new int[rows * 3];
        float[] weights = new float[rows * 3];
        device.RouteByScore(logits, TestRows.Values(2, 11), 1.5f, experts, weights, 3);
        return Interleave(rows, TestRows.Read(logits), weights, Array.ConvertAll(experts, expert => (float)expert));
    }

    private static float[] WeighHashed(IDevice device, TestRows data, int rows)
    {
        Rows logits = data.Random(1, rows, 11, 6f);
        int[] experts = [.. Enumerable.Range(0, rows * 3).Select(i => (i * 5) % 11)];
        float[] weights = new float[rows * 3];
        device.WeighHashed(logits, 1.5f, experts, weights, 3);
        return Interleave(rows, TestRows.Read(logits), weights);
    }

    private static Run SwiGlu(float limit, bool isWeighted) => (device, data, rows) =>
    {
        Rows gate = data.Random(1, rows, 50, 2f);
        float[] weights = isWeighted ? [.. Enumerable.Range(0, rows).Select(i => 0.1f * (i + 1))] : [];
        device.SwiGlu(gate, data.Random(2, rows, 50, 2f), limit, weights);
        return TestRows.Read(gate);
    };

    private static float[] GatherAndScatter(IDevice device, TestRows data, int rows)
    {
        int[] indices = [.. Enumerable.Range(0, rows)];
        Rows gathered = data.New(rows, 30), sums = data.Random(2, rows, 30);
        device.Gather(data.Random(1, rows, 30), indices, gathered);
        device.ScatterAdd(gathered, indices, sums);
        return TestRows.Read(sums);
    }

    private static AddressLists Lists(TestRows data, int seed, int rows, int count, int width, float scale = 1f)
    {
        var lists = new AddressLists();
        lists.Clear();
        for (int i = 0; i < rows; i++)
        {
            Rows values = data.Random((seed * 100) + i, count, width, scale);
            for (int k = 0; k < count; k++) lists.Add(values.At(k));
            lists.EndList();
        }

        return lists;
    }

    private static float[] Join(int rows, params Rows[] parts) => Interleave(rows, Array.ConvertAll(parts, TestRows.Read));

    private static float[] Interleave(int rows, params float[][] parts) =>
        [.. Enumerable.Range(0, rows).SelectMany(row => parts.SelectMany(part => part.Skip(row * (part.Length / rows)).Take(part.Length / rows)))];
}
