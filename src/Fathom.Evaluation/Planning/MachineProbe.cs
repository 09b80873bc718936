using Fathom.Checkpoints;
using Fathom.Compute.Workers;
using Fathom.Evaluation.Speed;
using Fathom.Model;

namespace Fathom.Evaluation.Planning;

/// <summary>Measures everything that a prediction needs.</summary>
public static class MachineProbe
{
    /// <summary>Measures memory, disk and layers; a quarter of a minute for V4-Flash.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="rows">Rows of a prompt's chunk.</param>
    /// <param name="modelFiles">The model's files, for the disk's speed; when there are none, the disk of <paramref name="folder"/> is measured.</param>
    /// <param name="folder">Where temporary files may lie.</param>
    /// <param name="options">Profile and threads.</param>
    /// <param name="progress">Receives what is being measured.</param>
    /// <param name="cancellation">Stops between measurements.</param>
    /// <exception cref="IOException">The folder cannot be written, or a file not read.</exception>
    public static MachineSpeed Measure(V4Config config, int rows, IReadOnlyList<string> modelFiles, string folder, V4ModelOptions options, IProgress<string>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        int threads = options.Workers ?? ThreadMeasurement.Here.Threads;
        progress?.Report("measuring the disk");
        double? disk = modelFiles.Count > 0 ? DiskProbe.Measure(modelFiles, cancellation) : DiskProbe.MeasureFolder(folder, cancellation);
        LayerTimes layers = LayerProbe.Measure(config, rows, folder, options, progress, cancellation);
        progress?.Report("measuring memory");
        return new MachineSpeed(threads, MachinePeaks.Measure(threads).BytesPerSecond, disk, layers);
    }
}
