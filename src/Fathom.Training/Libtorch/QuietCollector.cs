using System.Runtime;

namespace Fathom.Training.Libtorch;

/// <summary>
/// Holds the garbage collector back while libtorch works. TorchSharp hands numbers to native code in objects that nothing
/// keeps alive during the call: a collection at the wrong moment frees a number that is being read (seen as a failed assertion
/// about scalars once in some thousand steps). Dispose lets the collector run again.
/// </summary>
internal readonly struct QuietCollector : IDisposable
{
    // Managed memory of a step is a few megabytes, and copies of the parameters while they are rounded.
    private const long Budget = 200 << 20;

    private readonly bool isQuiet;

    private QuietCollector(bool isQuiet) => this.isQuiet = isQuiet;

    /// <summary>Holds the collector back until the result is disposed; inside another such stretch it does nothing.</summary>
    public static QuietCollector Start() => new(GCSettings.LatencyMode != GCLatencyMode.NoGCRegion && GC.TryStartNoGCRegion(Budget));

    public void Dispose()
    {
        // A stretch that took more memory than its budget has ended by itself.
        if (isQuiet && GCSettings.LatencyMode == GCLatencyMode.NoGCRegion) GC.EndNoGCRegion();
    }
}
