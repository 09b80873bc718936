namespace Fathom.Hub.Store;

/// <summary>Reads a stored model's files again and compares their hashes.</summary>
public sealed class StoreCheck(ModelStore store)
{
    /// <summary>Checks every file; damaged ones are taken out of the store, so that a pull fetches them again.</summary>
    /// <param name="model">The model.</param>
    /// <param name="progress">Told the bytes that were read.</param>
    /// <param name="cancellation">Stops.</param>
    /// <returns>The files that are missing or were damaged.</returns>
    public async Task<IReadOnlyList<StoredFile>> RunAsync(StoredModel model, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        var bad = new List<StoredFile>();
        long done = 0;
        foreach (StoredFile file in model.Files)
        {
            if (File.Exists(store.PathOf(model, file)) && await IsSoundAsync(store.PathOf(model, file), file).ConfigureAwait(false)) continue;
            bad.Add(file);
            await new StoreWriter(store).DropAsync(model, file, cancellation).ConfigureAwait(false);
        }

        return bad;

        async Task<bool> IsSoundAsync(string path, StoredFile file)
        {
            FileHashes found = await FileHashes.OfAsync(path, withGit: false, count => progress?.Report(done += count), cancellation).ConfigureAwait(false);
            return found.Sha256 == file.Sha256;
        }
    }
}
