using System.Runtime.InteropServices;

namespace Fathom.Checkpoints;

/// <summary>A small generator (SplitMix64) whose sequence is fixed by a name and a seed, on every platform and version.</summary>
internal sealed class SyntheticRandom
{
    private ulong state;

    public SyntheticRandom(string name, int seed)
    {
        // FNV-1a over the name: string hash codes of the runtime change from process to process.
        state = 0xCBF29CE484222325UL ^ (uint)seed;
        foreach (char c in name) state = (state ^ c) * 0x100000001B3UL;
    }

    public ulong Next()
    {
        ulong z = state += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    /// <summary>Fills bytes evenly.</summary>
    public void Fill(Span<byte> target)
    {
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(target);
        for (int i = 0; i < words.Length; i++) words[i] = Next();
        ulong last = Next();
        for (int i = words.Length * 8; i < target.Length; i++, last >>= 8) target[i] = (byte)last;
    }

    /// <summary>A number with mean 0 and variance 1, close to normal: the sum of four even ones.</summary>
    public float NextNormal()
    {
        ulong bits = Next();
        float sum = (ushort)bits + (ushort)(bits >> 16) + (ushort)(bits >> 32) + (ushort)(bits >> 48);
        return ((sum / 65536f) - 2f) * 1.7320508f;
    }
}
