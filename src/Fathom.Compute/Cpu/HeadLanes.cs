using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu;

/// <summary>Dot products of sixteen heads with listed keys: heads lie in lanes, a key's channel is broadcast to all of them.</summary>
internal static unsafe class HeadLanes
{
    /// <summary>Lays heads out as lanes: target[c·16 + h] = queries[h·headDim + c]; lanes without a head hold zero.</summary>
    public static void Transpose(float* queries, int heads, int headDim, float* target)
    {
        for (int c = 0; c < headDim; c++)
        {
            for (int h = 0; h < Lanes.Count; h++)
                target[(c * Lanes.Count) + h] = h < heads ? queries[((long)h * headDim) + c] : 0f;
        }
    }

    /// <summary>scores[n·16 + h] = Σ_c q_h[c] · key_n[c], channels in rising order.</summary>
    /// <param name="transposed">Sixteen heads as laid out by <see cref="Transpose"/>.</param>
    /// <param name="headDim">Channels.</param>
    /// <param name="keys">Addresses of the keys.</param>
    /// <param name="keyCount">Number of keys.</param>
    /// <param name="scores">Receives keyCount · 16 products.</param>
    public static void Dot(float* transposed, int headDim, float** keys, int keyCount, float* scores)
    {
        int n = 0;
        for (; n <= keyCount - 8; n += 8) EightKeys(transposed, headDim, keys + n, scores + (n * Lanes.Count));
        for (; n < keyCount; n++) OneKey(transposed, headDim, keys[n], scores + (n * Lanes.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightKeys(float* q, int headDim, float** keys, float* scores)
    {
        float* k0 = keys[0], k1 = keys[1], k2 = keys[2], k3 = keys[3], k4 = keys[4], k5 = keys[5], k6 = keys[6], k7 = keys[7];
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        for (int c = 0; c < headDim; c++)
        {
            Vector512<float> v = Vector512.Load(q + (c * Lanes.Count));
            s0 = Vector512.FusedMultiplyAdd(v, Vector512.Create(k0[c]), s0);
            s1 = Vector512.FusedMultiplyAdd(v, Vector512.Create(k1[c]), s1);
            s2 = Vector512.FusedMultiplyAdd(v, Vector512.Create(k2[c]), s2);
            s3 = Vector512.FusedMultiplyAdd(v, Vector512.Create(k3[c]), s3);
            s4 = Vector512.FusedMultiplyAdd(v, Vector512.Create(k4[c]), s4);
            s5 = Vector512.FusedMultiplyAdd(v, Vector512.Create(k5[c]), s5);
            s6 = Vector512.FusedMultiplyAdd(v, Vector512.Create(k6[c]), s6);
            s7 = Vector512.FusedMultiplyAdd(v, Vector512.Create(k7[c]), s7);
        }

        s0.Store(scores);
        s1.Store(scores + Lanes.Count);
        s2.Store(scores + (2 * Lanes.Count));
        s3.Store(scores + (3 * Lanes.Count));
        s4.Store(scores + (4 * Lanes.Count));
        s5.Store(scores + (5 * Lanes.Count));
        s6.Store(scores + (6 * Lanes.Count));
        s7.Store(scores + (7 * Lanes.Count));
    }

    private static void OneKey(float* q, int headDim, float* key, float* scores)
    {
        Vector512<float> sum = default;
        for (int c = 0; c < headDim; c++)
            sum = Vector512.FusedMultiplyAdd(Vector512.Load(q + (c * Lanes.Count)), Vector512.Create(key[c]), sum);
        sum.Store(scores);
    }
}
