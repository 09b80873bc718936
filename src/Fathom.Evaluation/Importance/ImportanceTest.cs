using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Fathom.Checkpoints.Conversion;
using Fathom.Evaluation.Predictions;
using Fathom.Model;

namespace Fathom.Evaluation.Importance;

/// <summary>Finds out which input columns of routed experts matter in a text.</summary>
public static class ImportanceTest
{
    /// <summary>Reads a text, with unrounded activations. Memory for the sums is part of the budget.</summary>
    /// <param name="path">The model.</param>
    /// <param name="text">Token ids.</param>
    /// <param name="options">How; the profile is always <see cref="NumericProfile.Plain"/>. Null for the defaults.</param>
    /// <param name="unfinished">A file that keeps what was read so far, now and then after a window; the same call goes on there and ends in the same sums. It is left to the caller to delete it when the result is safe. Null to keep nothing.</param>
    /// <param name="notes">Receives a sentence when a stopped run is gone on with, or cannot be.</param>
    /// <param name="progress">Receives the share that was read.</param>
    /// <param name="cancellation">Looked at between layers.</param>
    /// <exception cref="ArgumentException">The windows are longer than the model allows, or there is too little memory.</exception>
    /// <exception cref="IOException">The unfinished file cannot be read or written.</exception>
    /// <exception cref="InvalidDataException">The model's activations are not finite.</exception>
    public static ImportanceMatrix Measure(string path, int[] text, MeasurementOptions? options = null, string? unfinished = null, IProgress<string>? notes = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        options = (options ?? new MeasurementOptions()) with { Profile = NumericProfile.Plain };
        ImportanceDevice? watcher = null;
        using V4Model model = MeasuredModel.Open(path, options, config => ImportanceDevice.BytesFor(config) + ((long)text.Length * sizeof(int)), device => watcher = new ImportanceDevice(device));
        watcher!.Watch(model.Checkpoint);
        UnfinishedImportance? file = unfinished is null ? null : new UnfinishedImportance(unfinished, RunOf(model, text, options.Context));
        (int before, string? problem) = file?.Load(watcher.Sums) ?? (0, null);
        int windows = TextWindows.CountOf(text, options.Context), done = 0, read = 0;
        if (before > 0) notes?.Report($"Going on after {before} of {windows} windows, from {unfinished}.");
        if (problem is not null) notes?.Report($"{unfinished} {problem}; beginning anew.");
        foreach (int[] window in TextWindows.Of(text, options.Context, model.Config.BosTokenId))
        {
            read += window.Length - 1;
            if (done++ < before) continue;
            using ISession session = model.CreateSession();
            model.Read(session, window, cancellation);
            Check(model, watcher, read);
            if (done < windows) file?.SaveNowAndThen(watcher.Sums, done);
            progress?.Report((double)read / text.Length);
        }

        return watcher.Result;
    }

    // Sums of numbers never become finite again, so a look after each window finds the first of the others.
    private static void Check(V4Model model, ImportanceDevice watcher, int read)
    {
        foreach (ImportanceSums of in watcher.Sums)
        {
            if (!float.IsFinite(System.Numerics.Tensors.TensorPrimitives.Sum<float>(of.Sums)))
                throw new InvalidDataException($"{model.Checkpoint.Location} does not compute with finite numbers within the first {read} tokens of the text. Its weights are damaged, or were rounded to a format that does not hold them; make or fetch the model again.");
        }
    }

    // Model, text and windows. The model's identity does not look at experts, so the files' sizes and times stand for them.
    private static byte[] RunOf(V4Model model, int[] text, int context)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(model.Identity.Span);
        foreach (string file in model.Checkpoint.Tensors.Select(tensor => tensor.File).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            using FileStream opened = File.OpenRead(file);
            hash.AppendData(Encoding.UTF8.GetBytes($"{opened.Length} {File.GetLastWriteTimeUtc(opened.SafeFileHandle).Ticks}\n"));
        }

        hash.AppendData(BitConverter.GetBytes(context));
        hash.AppendData(MemoryMarshal.AsBytes<int>(text));
        return hash.GetHashAndReset();
    }
}
