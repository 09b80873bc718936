using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Fathom.Compute.Memory;
using Fathom.Compute.Numbers;
using Fathom.Compute.Workers;

namespace Fathom.Compute.Cpu.Integers;

/// <summary>One input row as <see cref="IntegerRounding"/> makes it.</summary>
/// <param name="Values">The integers, [columns].</param>
/// <param name="Scales">A scale for each group, [columns / 32].</param>
/// <param name="Offsets">
/// What undoes an offset of 16 that makes stored weights unsigned: for each group −16 times the sum of its integers, in two
/// 16-bit halves, the lower one for columns 0 and 1 of every four and the upper one for columns 2 and 3, [columns / 32].
/// </param>
/// <param name="Sums">The sums of the first and of the last sixteen integers of each group, in the lower and the upper 16 bits, [columns / 32].</param>
/// <param name="Wide">The integers once more with 16 bits, where the input was rounded for weights that need them, [columns].</param>
internal readonly unsafe record struct IntegerRow(nint Values, nint Scales, nint Offsets, nint Sums, nint Wide)
{
    /// <summary>The integers.</summary>
    public sbyte* X => (sbyte*)Values;

    /// <summary>The scales.</summary>
    public float* S => (float*)Scales;

    /// <summary>The integers with 16 bits.</summary>
    public short* W => (short*)Wide;

    /// <summary>The offsets.</summary>
    public int* O => (int*)Offsets;

    /// <summary>The sum of the first sixteen integers of a group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FirstSum(int group) => (short)((int*)Sums)[group];

    /// <summary>The sum of the last sixteen integers of a group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int LastSum(int group) => ((int*)Sums)[group] >> 16;

    /// <summary>−16 times the sum of a group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Offset(int group) => (short)O[group] + (O[group] >> 16);

    /// <summary>The row from a group on.</summary>
    public IntegerRow From(long group) => new(Values + (nint)(group * IntegerRounding.Group), Scales + (nint)(group * sizeof(float)), Offsets + (nint)(group * sizeof(int)), Sums + (nint)(group * sizeof(int)), Wide + (nint)(group * IntegerRounding.Group * sizeof(short)));
}

/// <summary>The rows of an input as integers. All values come first, then all scales, all offsets, all sums, and the wide values if there are any.</summary>
/// <param name="data">Memory of <see cref="FloatsPerRow"/> floats a row.</param>
/// <param name="count">Rows.</param>
/// <param name="width">Integers a row, a multiple of 32.</param>
/// <param name="isWide">Whether there are 16-bit values.</param>
internal readonly unsafe struct IntegerInputs(float* data, int count, int width, bool isWide)
{
    private readonly float* data = data;

    public int Count { get; } = count;

    public int Width { get; } = width;

    public bool IsWide { get; } = isWide;

    /// <summary>Floats of memory that a row takes.</summary>
    public static int FloatsPerRow(int width, bool isWide) => (width / 4) + (3 * (width / IntegerRounding.Group)) + (isWide ? width / 2 : 0);

    public IntegerRow this[int row]
    {
        get
        {
            long groups = Width / IntegerRounding.Group;
            var values = (sbyte*)data;
            float* scales = (float*)(values + ((long)Count * Width));
            int* offsets = (int*)(scales + (Count * groups));
            int* sums = offsets + (Count * groups);
            short* wide = (short*)(sums + (Count * groups));
            return new IntegerRow((nint)(values + ((long)row * Width)), (nint)(scales + (row * groups)), (nint)(offsets + (row * groups)), (nint)(sums + (row * groups)), IsWide ? (nint)(wide + ((long)row * Width)) : 0);
        }
    }
}

/// <summary>Rounds input rows, one an item.</summary>
internal unsafe struct IntegerRoundingJob : IParallelJob
{
    public Rows Input;
    public IntegerInputs Output;

    public readonly void Execute(int item, int worker)
    {
        float* x = Input.At(item);
        IntegerRow row = Output[item];
        sbyte* values = row.X;
        for (int group = 0; group < Input.Width / IntegerRounding.Group; group++, x += IntegerRounding.Group, values += IntegerRounding.Group)
        {
            Vector512<float> a = Vector512.Load(x), b = Vector512.Load(x + Lanes.Count);
            float max = Largest(Vector512.Max(Vector512.Abs(a), Vector512.Abs(b)));
            Vector512<float> inverse = Vector512.Create(max > 0f ? IntegerRounding.Largest / max : 0f);
            Vector512<int> i = Vector512.ConvertToInt32(Vector512.Round(a * inverse)), j = Vector512.ConvertToInt32(Vector512.Round(b * inverse));
            Vector512<short> both = Vector512.Narrow(i, j);
            Vector256.Narrow(both.GetLower(), both.GetUpper()).Store(values);
            if (Output.IsWide) both.Store(row.W + (group * IntegerRounding.Group));
            row.S[group] = max / IntegerRounding.Largest;
            int first = Vector512.Sum(i), last = Vector512.Sum(j), all = first + last, lower = Vector512.Sum((i + j) & Vector512.Create(-1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 0));
            row.O[group] = ((-16 * lower) & 0xFFFF) | ((-16 * (all - lower)) << 16);
            ((int*)row.Sums)[group] = (first & 0xFFFF) | (last << 16);
        }
    }

    private static float Largest(Vector512<float> values)
    {
        Vector256<float> eight = Vector256.Max(values.GetLower(), values.GetUpper());
        Vector128<float> four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        return MathF.Max(MathF.Max(four[0], four[1]), MathF.Max(four[2], four[3]));
    }
}
