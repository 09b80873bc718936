using Fathom.Checkpoints;
using Fathom.Compute.Memory;

namespace Fathom.Model.Caches;

/// <summary>How a model's sessions store compressed entries.</summary>
/// <param name="Main">Entries that attention reads.</param>
/// <param name="Index">Keys of the indexer.</param>
internal readonly record struct CacheLayouts(RowLayout Main, RowLayout Index)
{
    // FP4 keys lie in quads of channels.
    private const int SmallestFp4Width = 4;

    /// <summary>Whether index queries and keys are rounded to FP4 and stored so.</summary>
    public bool RoundsIndex => Index.Format == RowFormat.Fp4;

    /// <summary>Bytes of an entry and of a row, for formulas.</summary>
    public CacheFormat Format => new($"{Main.Format}, {Index.Format} index", Main.RowBytes, Index.RowBytes, sizeof(float) * Main.Width);

    /// <summary>The layouts that the options ask for.</summary>
    public static CacheLayouts For(V4Config config, V4ModelOptions options)
    {
        RowFormat main = options.CacheStorage switch
        {
            CacheStorage.F32 => RowFormat.F32,
            CacheStorage.BF16 => RowFormat.BF16,
            CacheStorage.Compact => RowFormat.Fp8,
            _ => throw new ArgumentException($"There is no cache format {options.CacheStorage}.", nameof(options)),
        };
        bool roundsIndex = (options.Profile != NumericProfile.Plain || options.CacheStorage == CacheStorage.Compact) && config.IndexHeadDim >= SmallestFp4Width;
        return new CacheLayouts(
            new RowLayout(main, config.HeadDim, config.RotaryDim),
            new RowLayout(roundsIndex ? RowFormat.Fp4 : RowFormat.F32, config.IndexHeadDim));
    }
}
