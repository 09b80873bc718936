using Fathom.Checkpoints.Conversion;
using Fathom.Evaluation.Predictions;
using Fathom.Model;

namespace Fathom.Evaluation.Importance;

/// <summary>Finds out which input columns of routed experts matter in a text.</summary>
public static class ImportanceTest
{
    /// <summary>Reads a text, with unrounded activations.</summary>
    /// <param name="path">The model.</param>
    /// <param name="text">Token ids.</param>
    /// <param name="context">Tokens of a window; each begins anew.</param>
    /// <param name="workers">Threads; null for all.</param>
    /// <param name="progress">Receives the share that was read.</param>
    /// <param name="cancellation">Looked at between layers.</param>
    public static ImportanceMatrix Measure(string path, int[] text, int context, int? workers = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ImportanceDevice? watcher = null;
        using V4Model model = V4Model.Open(path, new V4ModelOptions { Profile = NumericProfile.Plain, Workers = workers, WrapDevice = device => watcher = new ImportanceDevice(device) });
        watcher!.Watch(model.Checkpoint);
        int done = 0;
        foreach (int[] window in TextWindows.Of(text, context, model.Config.BosTokenId))
        {
            using ISession session = model.CreateSession();
            model.Read(session, window, cancellation);
            progress?.Report((double)(done += window.Length - 1) / text.Length);
        }

        return watcher.Result;
    }
}
