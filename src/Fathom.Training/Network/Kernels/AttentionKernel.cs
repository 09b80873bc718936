using System.Runtime.InteropServices;

namespace Fathom.Training.Network.Kernels;

/// <summary>
/// Attention of <see cref="HybridAttention"/> query by query: scores of the window and of the visible or picked entries, one
/// softmax with the sink, the weighted sum. No tensor of all scores is made, and the gradient makes them anew:
/// with p the softmax and δ_h = dO_h · O_h, ds = p · (dO · k − δ), dq = Σ ds · k, dk = Σ_h ds · q + p · dO, dsink = −p_sink · δ.
/// </summary>
internal sealed unsafe class AttentionKernel : autograd.SingleTensorFunction<AttentionKernel>
{
    private const int QueriesAtOnce = 64;

    public override string Name => nameof(AttentionKernel);

    /// <summary>Heads [B, T, H, d].</summary>
    /// <param name="q">Queries [B, T, H, d].</param>
    /// <param name="kv">Window keys and values [B, T, d].</param>
    /// <param name="entries">Compressed entries [B, blocks, d], or null.</param>
    /// <param name="sink">[H].</param>
    /// <param name="starts">Where each place's document begins, int64 [B, T].</param>
    /// <param name="picks">Entries that a query may see among its visible ones, bool [B, T, blocks]; null for all.</param>
    /// <param name="mass">Receives the attention of each entry, summed over heads, [B, T, blocks] of zeros; null when nobody asks.</param>
    /// <param name="shape">Window, ratio and the factor of the scores.</param>
    public static Tensor Run(Tensor q, Tensor kv, Tensor? entries, Tensor sink, Tensor starts, Tensor? picks, Tensor? mass, AttentionShape shape) =>
        apply(q, kv, entries!, sink, starts, picks!, mass!, shape);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor q = ((Tensor)vars[0]).contiguous(), kv = ((Tensor)vars[1]).contiguous();
        Tensor? entries = (vars[2] as Tensor)?.contiguous(), picks = (vars[5] as Tensor)?.contiguous();
        Tensor sink = (Tensor)vars[3], starts = ((Tensor)vars[4]).contiguous();
        var shape = (AttentionShape)vars[7];
        Tensor result = empty_like(q), normalizers = empty(q.shape[0], q.shape[1], q.shape[2]);
        var saved = new List<Tensor> { q, kv, sink, starts, result, normalizers };
        if (entries is not null) saved.Add(entries);
        if (picks is not null) saved.Add(picks);
        ctx.save_for_backward(saved);
        ctx.save_data("shape", shape);

        var row = new Row(q, kv, entries, starts, picks, shape);
        float* output = Rows.Floats(result), sinks = Rows.Floats(sink), normals = Rows.Floats(normalizers);
        float* masses = vars[6] is Tensor mass ? Rows.Floats(mass) : null;
        long perRow = (row.Length + QueriesAtOnce - 1) / QueriesAtOnce;
        Rows.Parallelize(row.Count * perRow, 1, (part, _, _) =>
        {
            using var scratch = new Scratch(row);
            long b = part / perRow, first = part % perRow * QueriesAtOnce;
            for (long t = first; t < Math.Min(row.Length, first + QueriesAtOnce); t++)
            {
                int n = row.Keys(b, t, scratch, out int windowKeys);
                for (int h = 0; h < row.Heads; h++)
                {
                    long at = (((b * row.Length) + t) * row.Heads) + h;
                    float* p = scratch.Scores, o = output + (at * row.Width);
                    float most = row.Score(at, scratch, n, Math.Max(sinks[h], float.MinValue));
                    float sum = Rows.Exp(p, n, most) + MathF.Exp(sinks[h] - most);
                    normals[at] = most + MathF.Log(sum);
                    new Span<float>(o, row.Width).Clear();
                    for (int j = 0; j < n; j++) Rows.Add(p[j] / sum, scratch.Keys[j], o, row.Width);
                    for (int j = windowKeys; masses != null && j < n; j++) masses[(((b * row.Length) + t) * row.Blocks) + scratch.EntryOf[j]] += p[j] / sum;
                }
            }
        });
        return result;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var lent = new Lent(ctx, grad_output);
        IReadOnlyList<Tensor> saved = lent.Saved;
        var shape = (AttentionShape)ctx.get_data("shape");
        (Tensor q, Tensor kv, Tensor sink, Tensor starts, Tensor output, Tensor normalizers) = (saved[0], saved[1], saved[2], saved[3], saved[4], saved[5]);
        Tensor? entries = shape.Ratio > 0 ? saved[6] : null, picks = saved.Count > 7 ? saved[7] : null;
        var row = new Row(q, kv, entries, starts, picks, shape);
        Tensor ofQ = zeros_like(q), ofKv = zeros_like(kv), ofSink = zeros(row.Count, row.Heads);
        Tensor? ofEntries = entries is null ? null : zeros_like(entries);
        float* dOut = Rows.Floats(lent.Gradient), outputs = Rows.Floats(output), normals = Rows.Floats(normalizers), sinks = Rows.Floats(sink);
        float* dq = Rows.Floats(ofQ), dkv = Rows.Floats(ofKv), dSink = Rows.Floats(ofSink), dEntries = ofEntries is null ? null : Rows.Floats(ofEntries);

        // One thread for a row: its keys get their sums in the order of the queries.
        Rows.Parallelize(row.Count, 1, (b, _, _) =>
        {
            using var scratch = new Scratch(row);
            int width = row.Width;
            for (long t = 0; t < row.Length; t++)
            {
                int n = row.Keys(b, t, scratch, out int windowKeys);
                for (int h = 0; h < row.Heads; h++)
                {
                    long at = (((b * row.Length) + t) * row.Heads) + h;
                    float* p = scratch.Scores, dO = dOut + (at * width), query = row.Q + (at * width);
                    row.Score(at, scratch, n, 0);
                    Rows.Exp(p, n, normals[at]);
                    float delta = Rows.Dot(dO, outputs + (at * width), width);
                    dSink[(b * row.Heads) + h] -= MathF.Exp(sinks[h] - normals[at]) * delta;
                    for (int j = 0; j < n; j++)
                    {
                        float* key = scratch.Keys[j];
                        float* dKey = j < windowKeys ? dkv + (key - row.Kv) : dEntries + (key - row.Entries);
                        float ds = p[j] * (Rows.Dot(dO, key, width) - delta) * shape.Scale;
                        Rows.Add(ds, key, dq + (at * width), width);
                        Rows.Add(ds, query, dKey, width);
                        Rows.Add(p[j], dO, dKey, width);
                    }
                }
            }
        });
        return Lent.Give(ofQ, ofKv, ofEntries, ofSink.sum([0]), null, null, null, null);
    }

    /// <summary>The tensors of a call as memory.</summary>
    private sealed class Row(Tensor q, Tensor kv, Tensor? entries, Tensor starts, Tensor? picks, AttentionShape shape)
    {
        private readonly long* starts = (long*)Rows.Memory(starts);
        private readonly bool* picks = picks is null ? null : (bool*)Rows.Memory(picks);

        public long Count { get; } = q.shape[0];

        public long Length { get; } = q.shape[1];

        public int Heads { get; } = (int)q.shape[2];

        public int Width { get; } = (int)q.shape[3];

        public long Blocks { get; } = entries?.shape[1] ?? 0;

        public float* Q { get; } = Rows.Floats(q);

        public float* Kv { get; } = Rows.Floats(kv);

        public float* Entries { get; } = entries is null ? null : Rows.Floats(entries);

        public int MostKeys => shape.Window + (int)Blocks;

        /// <summary>Gathers what a query sees; returns how many keys.</summary>
        public int Keys(long b, long t, Scratch scratch, out int windowKeys)
        {
            long start = starts[(b * Length) + t];
            int n = 0;
            for (long key = Math.Max(start, t - shape.Window + 1); key <= t; key++) scratch.Keys[n++] = Kv + (((b * Length) + key) * Width);
            windowKeys = n;
            if (shape.Ratio == 0) return n;
            bool* picked = picks == null ? null : picks + (((b * Length) + t) * Blocks);
            for (long entry = start / shape.Ratio; entry < (t + 1) / shape.Ratio; entry++)
            {
                if (picked != null && !picked[entry]) continue;
                scratch.EntryOf[n] = (int)entry;
                scratch.Keys[n++] = Entries + (((b * Blocks) + entry) * Width);
            }

            return n;
        }

        /// <summary>Scores of one head; returns the largest, or <paramref name="least"/> when that is larger.</summary>
        public float Score(long at, Scratch scratch, int n, float least)
        {
            float* query = Q + (at * Width);
            for (int j = 0; j < n; j++)
            {
                float score = Rows.Dot(query, scratch.Keys[j], Width) * shape.Scale;
                scratch.Scores[j] = score;
                least = Math.Max(least, score);
            }

            return least;
        }
    }

    private sealed class Scratch(Row row) : IDisposable
    {
        public float* Scores { get; } = (float*)NativeMemory.Alloc((nuint)row.MostKeys, sizeof(float));

        public float** Keys { get; } = (float**)NativeMemory.Alloc((nuint)row.MostKeys, (nuint)sizeof(float*));

        public int* EntryOf { get; } = (int*)NativeMemory.Alloc((nuint)row.MostKeys, sizeof(int));

        public void Dispose()
        {
            NativeMemory.Free(Scores);
            NativeMemory.Free(Keys);
            NativeMemory.Free(EntryOf);
        }
    }
}

/// <summary>Sizes of an attention call.</summary>
/// <param name="Window">Window keys at most.</param>
/// <param name="Ratio">Tokens of an entry; 0 without entries.</param>
/// <param name="Scale">Factor of the scores.</param>
internal sealed record AttentionShape(int Window, int Ratio, float Scale);
