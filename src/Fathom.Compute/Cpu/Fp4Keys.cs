using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Fathom.Compute.Memory;

namespace Fathom.Compute.Cpu;

/// <summary>
/// Index scores of FP4 queries against pages of FP4 keys, in integers: codes doubled are −12 to 12, so the sum of a group of 32 products
/// fits 16 bits. The 64 keys of a page lie in lanes; heads are added in rising order, each group's sum under the product of both scales.
/// <see cref="Reference.PlainDevice.PickEntries"/> is the formula, and has the same bits.
/// </summary>
internal static unsafe class Fp4Keys
{
    /// <summary>Heads that share the reading of a key.</summary>
    public const int HeadsAtOnce = 4;

    // Keys are made unsigned by adding this; the sum of the query's integers, times this, is taken off at the start.
    private const int Offset = 12;

    private const int QuadsPerGroup = RowLayout.Fp4Group / 4;

    /// <summary>32-bit words of four laid-out heads: for each group four starts and four scales; four weights; for each quad of channels the even and the odd pairs of four heads.</summary>
    public static int WordsOfFourHeads(int headDim) => (8 * Groups(headDim)) + HeadsAtOnce + (2 * headDim);

    /// <summary>Bytes of an unpacked page.</summary>
    public static int UnpackedBytes(int headDim) => headDim * PagedRows.RowsPerPage;

    /// <summary>Rounds up to four heads of a query to FP4 and lays them out for <see cref="AddHeads"/>.</summary>
    /// <param name="query">[heads·headDim].</param>
    /// <param name="weights">Their head weights.</param>
    /// <param name="heads">1 to 4; what is missing counts nothing.</param>
    /// <param name="headDim">Channels, a multiple of four.</param>
    /// <param name="target">[<see cref="WordsOfFourHeads"/>].</param>
    public static void LayOut(float* query, float* weights, int heads, int headDim, int* target)
    {
        int groups = Groups(headDim);
        int* integers = stackalloc int[RowLayout.Fp4Group];
        int* pairs = target + (8 * groups) + HeadsAtOnce;
        var scales = (float*)target;
        new Span<int>(target, WordsOfFourHeads(headDim)).Clear();
        for (int h = 0; h < heads; h++)
        {
            scales[(8 * groups) + h] = weights[h];
            for (int g = 0; g < groups; g++)
            {
                int first = g * RowLayout.Fp4Group, count = Math.Min(RowLayout.Fp4Group, headDim - first), sum = 0;
                float scale = FastFp4.RoundDoubled(query + ((long)h * headDim) + first, count, integers);
                for (int i = 0; i < count; i += 4)
                {
                    sum += integers[i] + integers[i + 1] + integers[i + 2] + integers[i + 3];
                    int* quad = pairs + ((first + i) * 2);
                    quad[h] = Pair(integers[i], integers[i + 2]);
                    quad[HeadsAtOnce + h] = Pair(integers[i + 1], integers[i + 3]);
                }

                target[(8 * g) + h] = (-Offset * sum & 0xFFFF) * 0x10001;
                scales[(8 * g) + HeadsAtOnce + h] = scale * 0.25f;
            }
        }

        static int Pair(int low, int high) => ((low & 0xFF) | ((high & 0xFF) << 8)) * 0x10001;
    }

    /// <summary>Unpacks a page: codes to unsigned bytes, for each quad of channels the even and odd ones of 32 keys twice; scales to floats, [groups][64].</summary>
    public static void Unpack(byte* page, int headDim, byte* keys, float* scales)
    {
        Vector128<byte> values = Vector128.Create(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, (byte)0);
        int vectors = headDim / 2;
        for (int v = 0; v < vectors; v++)
        {
            Vector512<byte> codes = Vector512.Load(page + (v * 64));
            Lookup(values, codes & Vector512.Create((byte)15)).Store(keys + (v * 128));
            Lookup(values, (codes.AsUInt16() >>> 4).AsByte() & Vector512.Create((byte)15)).Store(keys + (v * 128) + 64);
        }

        byte* stored = page + (headDim / 2 * PagedRows.RowsPerPage);
        for (int i = 0; i < Groups(headDim) * PagedRows.RowsPerPage; i += Lanes.Count)
        {
            // UE8M0 is an exponent field, but for its two ends.
            Vector512<int> code = Lanes.Widen(Vector128.Load(stored + i)), bits = code << 23;
            bits = Vector512.ConditionalSelect(Vector512.Equals(code, Vector512<int>.Zero), Vector512.Create(1 << 22), bits);
            Vector512.ConditionalSelect(Vector512.Equals(code, Vector512.Create(255)), Vector512.Create(0x7FC00000), bits).AsSingle().Store(scales + i);
        }
    }

    /// <summary>scores_i += Σ_h a_h · max(0, q_h · k_i) over four heads, for the 64 keys of an unpacked page.</summary>
    /// <param name="heads">Four heads of <see cref="LayOut"/>.</param>
    /// <param name="headDim">Channels.</param>
    /// <param name="keys">From <see cref="Unpack"/>.</param>
    /// <param name="scales">From <see cref="Unpack"/>.</param>
    /// <param name="sums">Scratch, [4 · 64].</param>
    /// <param name="scores">[64].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddHeads(int* heads, int headDim, byte* keys, float* scales, float* sums, float* scores)
    {
        int groups = Groups(headDim), quads = headDim / 4;
        int* q = heads + (8 * groups) + HeadsAtOnce;
        new Span<float>(sums, HeadsAtOnce * PagedRows.RowsPerPage).Clear();
        for (int g = 0; g < groups; g++)
        {
            int* start = heads + (8 * g);
            Vector512<short> a0 = Vector512.Create(start[0]).AsInt16(), a1 = a0;
            Vector512<short> b0 = Vector512.Create(start[1]).AsInt16(), b1 = b0;
            Vector512<short> c0 = Vector512.Create(start[2]).AsInt16(), c1 = c0;
            Vector512<short> d0 = Vector512.Create(start[3]).AsInt16(), d1 = d0;
            for (int last = Math.Min(quads, (g + 1) * QuadsPerGroup), quad = g * QuadsPerGroup; quad < last; quad++)
            {
                byte* k = keys + (quad * 256);
                Vector512<byte> k0 = Vector512.Load(k), k1 = Vector512.Load(k + 128);
                a0 += Multiply(k0, q[0]);
                a1 += Multiply(k1, q[0]);
                b0 += Multiply(k0, q[1]);
                b1 += Multiply(k1, q[1]);
                c0 += Multiply(k0, q[2]);
                c1 += Multiply(k1, q[2]);
                d0 += Multiply(k0, q[3]);
                d1 += Multiply(k1, q[3]);
                k0 = Vector512.Load(k + 64);
                k1 = Vector512.Load(k + 192);
                a0 += Multiply(k0, q[4]);
                a1 += Multiply(k1, q[4]);
                b0 += Multiply(k0, q[5]);
                b1 += Multiply(k1, q[5]);
                c0 += Multiply(k0, q[6]);
                c1 += Multiply(k1, q[6]);
                d0 += Multiply(k0, q[7]);
                d1 += Multiply(k1, q[7]);
                q += 8;
            }

            var scale = (float*)(start + HeadsAtOnce);
            AddGroup(a0, a1, scale[0], scales, sums);
            AddGroup(b0, b1, scale[1], scales, sums + 64);
            AddGroup(c0, c1, scale[2], scales, sums + 128);
            AddGroup(d0, d1, scale[3], scales, sums + 192);
            scales += PagedRows.RowsPerPage;
        }

        var weights = (float*)(heads + (8 * groups));
        for (int i = 0; i < PagedRows.RowsPerPage; i += Lanes.Count)
        {
            Vector512<float> score = Vector512.Load(scores + i);
            for (int h = 0; h < HeadsAtOnce; h++)
                score = Vector512.FusedMultiplyAdd(Vector512.Create(weights[h]), Vector512.Max(Vector512.Load(sums + (h * PagedRows.RowsPerPage) + i), Vector512<float>.Zero), score);
            score.Store(scores + i);
        }
    }

    private static int Groups(int headDim) => (headDim + RowLayout.Fp4Group - 1) / RowLayout.Fp4Group;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddGroup(Vector512<short> low, Vector512<short> high, float scale, float* scales, float* sums)
    {
        Vector512<float> s = Vector512.Create(scale);
        Add(Vector512.WidenLower(low), 0);
        Add(Vector512.WidenUpper(low), 16);
        Add(Vector512.WidenLower(high), 32);
        Add(Vector512.WidenUpper(high), 48);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void Add(Vector512<int> sum, int at) =>
            Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(sum), Vector512.Load(scales + at) * s, Vector512.Load(sums + at)).Store(sums + at);
    }

    // Neighbouring bytes times the pair, added: 16-bit sums of two products.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Multiply(Vector512<byte> keys, int pair)
    {
        Vector512<sbyte> q = Vector512.Create(pair).AsSByte();
        if (Avx512BW.IsSupported) return Avx512BW.MultiplyAddAdjacent(keys, q);
        if (Avx2.IsSupported) return Vector512.Create(Avx2.MultiplyAddAdjacent(keys.GetLower(), q.GetLower()), Avx2.MultiplyAddAdjacent(keys.GetUpper(), q.GetUpper()));
        Vector512<short> k = keys.AsInt16(), pairs = q.AsInt16();
        return ((k & Vector512.Create((short)0xFF)) * ((pairs << 8) >> 8)) + ((k >>> 8) * (pairs >> 8));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Lookup(Vector128<byte> table, Vector512<byte> indices)
    {
        if (Avx512BW.IsSupported) return Avx512BW.Shuffle(Vector512.Create(Vector256.Create(table, table), Vector256.Create(table, table)), indices);
        return Vector512.Create(
            Vector256.Create(Vector128.Shuffle(table, indices.GetLower().GetLower()), Vector128.Shuffle(table, indices.GetLower().GetUpper())),
            Vector256.Create(Vector128.Shuffle(table, indices.GetUpper().GetLower()), Vector128.Shuffle(table, indices.GetUpper().GetUpper())));
    }
}
