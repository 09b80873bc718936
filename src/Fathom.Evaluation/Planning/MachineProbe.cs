using Fathom.Checkpoints;
using Fathom.Compute.Workers;
using Fathom.Evaluation.Speed;
using Fathom.Model;

namespace Fathom.Evaluation.Planning;

/// <summary>
/// Measures everything that a prediction needs, in rounds: memory, disk and each kind of layer a little, then all over again, and the median of each counts. A machine that is fast for a second and
/// slow for the next, as virtual ones are, is met at several times, and everything at the same ones.
/// </summary>
public static class MachineProbe
{
    private const int Rounds = 5;
    private static readonly TimeSpan MemoryTime = TimeSpan.FromSeconds(0.2), DiskTime = TimeSpan.FromSeconds(0.4);

    /// <summary>Measures memory, disk and layers; half a minute to a minute for V4-Flash.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="rows">Rows of a prompt's chunk.</param>
    /// <param name="modelFiles">The model's files, for the disk's speed; when there are none, the disk of <paramref name="folder"/> is measured.</param>
    /// <param name="folder">Where temporary files may lie; some 600 MB for V4-Flash, and 256 MB when there are no model files.</param>
    /// <param name="options">Profile and threads.</param>
    /// <param name="matrices">Format of the model's matrices outside the experts: F8E4M3, BF16 or F32 (<see cref="StoredBytes.Matrices"/>).</param>
    /// <param name="progress">Receives what is being measured.</param>
    /// <param name="cancellation">Stops between measurements.</param>
    /// <exception cref="IOException">The folder cannot be written, or a file not read.</exception>
    public static MachineSpeed Measure(V4Config config, int rows, IReadOnlyList<string> modelFiles, string folder, V4ModelOptions options, StoredType matrices = StoredType.F8E4M3, IProgress<string>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(modelFiles);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        int threads = options.Workers ?? ThreadMeasurement.Here.Threads;
        progress?.Report("preparing measurements");
        using DiskProbe? disk = modelFiles.Count > 0 ? DiskProbe.Open(modelFiles) : DiskProbe.OpenFolder(folder, cancellation);
        using var memory = new MemoryReaders(threads);
        var layers = new List<LayerProbe>();
        try
        {
            foreach (IGrouping<LayerKind, int> kind in Enumerable.Range(0, config.LayerCount).GroupBy(config.KindOf)) layers.Add(LayerProbe.Open(config, kind.First(), kind.Count(), rows, folder, options, matrices, cancellation));
            List<double> alone = [], disks = [], busyDisks = [], besideDisk = [];
            for (int round = 1; round <= Rounds; round++)
            {
                progress?.Report($"measuring memory and the disk, {round} of {Rounds}");
                alone.Add(memory.RateDuring(() => cancellation.WaitHandle.WaitOne(MemoryTime)));
                cancellation.ThrowIfCancellationRequested();
                if (disk is not null)
                {
                    disks.Add(disk.Measure(DiskTime, cancellation));
                    besideDisk.Add(memory.RateDuring(() => busyDisks.Add(disk.Measure(DiskTime, cancellation))) / alone[^1]);
                }

                foreach (LayerProbe layer in layers)
                {
                    progress?.Report($"measuring a {layer.Kind} layer, {round} of {Rounds}");
                    layer.Measure(cancellation);
                }
            }

            var times = new SortedDictionary<LayerKind, LayerTime>(layers.ToDictionary(layer => layer.Kind, layer => layer.Time));
            return new MachineSpeed(
                threads,
                Median(alone),
                disk is null ? null : new DiskSpeed(Median(disks), Median(busyDisks), Math.Clamp(Median(besideDisk), 0.01, 1)),
                new LayerTimes(rows, layers[0].Depth, layers.Max(layer => layer.WorkspaceBytes), times) { DenseShare = layers[0].DenseShare });
        }
        finally
        {
            foreach (LayerProbe layer in layers) layer.Dispose();
        }
    }

    /// <summary>The middle one of some values.</summary>
    internal static double Median(IEnumerable<double> values)
    {
        double[] ordered = [.. values.Order()];
        return ordered[ordered.Length / 2];
    }
}
