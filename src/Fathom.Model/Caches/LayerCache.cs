using Fathom.Checkpoints;
using Fathom.Model.Weights;

namespace Fathom.Model.Caches;

/// <summary>What one layer remembers of one session (specification section 10.1).</summary>
internal sealed class LayerCache
{
    public LayerCache(LayerWeights layer, V4Config config, CacheLayouts layouts)
        : this(
            new TailRing(config.HeadDim, config.Window),
            layer.Attention.Compressor is { } main ? new CompressorCache(main, layouts.Main) : null,
            layer.Attention.Indexer is { } indexer ? new CompressorCache(indexer.Compressor, layouts.Index) : null)
    {
    }

    private LayerCache(TailRing window, CompressorCache? main, CompressorCache? index)
    {
        Window = window;
        Main = main;
        Index = index;
    }

    /// <summary>Raw keys of the last tokens, by position.</summary>
    public TailRing Window { get; }

    /// <summary>The compressor of CSA and HCA layers.</summary>
    public CompressorCache? Main { get; }

    /// <summary>The indexer's compressor in CSA layers.</summary>
    public CompressorCache? Index { get; }

    public long Bytes => Window.Bytes + (Main?.Bytes ?? 0) + (Index?.Bytes ?? 0);

    /// <summary>Bytes of the compressed entries alone: what grows with the sequence.</summary>
    public long EntryBytes => (Main?.Entries.Bytes ?? 0) + (Index?.Entries.Bytes ?? 0);

    public void Commit()
    {
        Window.Commit();
        Main?.Commit();
        Index?.Commit();
    }

    public void Discard()
    {
        Window.Discard();
        Main?.Discard();
        Index?.Discard();
    }

    /// <summary>Drops pages of entries that a sequence of this length cannot have.</summary>
    public void Trim(int length)
    {
        Main?.Entries.Trim(length / Main.Ratio);
        Index?.Entries.Trim(length / Index.Ratio);
    }

    public LayerCache Fork() => new(Window.Fork(), Main?.Fork(), Index?.Fork());
}
