using System.Text.Json;
using Fathom.Hub.Downloads;

namespace Fathom.Hub.Store;

/// <summary>Changes a store. Every change holds the store's lock, for moments only; what a reader sees is always whole.</summary>
public sealed class StoreWriter(ModelStore store)
{
    /// <summary>Makes a model's folder from blobs, and its manifest last; adds to what is there of the same commit.</summary>
    /// <param name="model">The model; its files' blobs should be in the store.</param>
    /// <param name="revision">The revision that shall stand for this commit; null for none.</param>
    /// <param name="cancellation">Stops waiting for the store's lock.</param>
    /// <returns>False when a blob is missing because somebody removed it meanwhile; nothing is changed then.</returns>
    public async Task<bool> PublishAsync(StoredModel model, string? revision, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        using StoreLock taken = await StoreLock.TakeAsync(store.StoreLockPath, null, cancellation).ConfigureAwait(false);
        if (!model.Files.All(file => File.Exists(store.BlobPath(file.Sha256)))) return false;
        foreach (StoredFile file in model.Files) Link(store.BlobPath(file.Sha256), store.PathOf(model, file), file.Bytes);

        StoredModel? earlier = store.CommitsOf(model.Owner, model.Name).FirstOrDefault(other => other.Commit == model.Commit);
        var now = model.Files.Select(file => file.Path).ToHashSet(StringComparer.OrdinalIgnoreCase);
        IEnumerable<StoredFile> kept = earlier?.Files.Where(file => !now.Contains(file.Path)) ?? [];
        StoredModel whole = model with { IsWhole = model.IsWhole || earlier?.IsWhole == true, Files = [.. kept.Concat(model.Files).OrderBy(file => file.Path, StringComparer.Ordinal)] };
        Write(store.ManifestPath(model.Owner, model.Name, model.Commit), JsonSerializer.Serialize(whole, StoreJson.Default.StoredModel));
        if (revision is not null)
        {
            var revisions = new Dictionary<string, string>(store.RevisionsOf(model.Owner, model.Name)) { [revision] = model.Commit };
            Write(store.RevisionsPath(model.Owner, model.Name), JsonSerializer.Serialize(revisions, StoreJson.Default.DictionaryStringString));
        }

        return true;
    }

    /// <summary>Removes a model; content that another one shares stays.</summary>
    /// <returns>The bytes that became free.</returns>
    public async Task<long> RemoveAsync(StoredModel model, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        using StoreLock taken = await StoreLock.TakeAsync(store.StoreLockPath, null, cancellation).ConfigureAwait(false);

        // The manifest goes first: what is left after a crash is unnamed content, which prune finds.
        File.Delete(store.ManifestPath(model.Owner, model.Name, model.Commit));
        Dictionary<string, string> revisions = store.RevisionsOf(model.Owner, model.Name).Where(pair => pair.Value != model.Commit).ToDictionary(StringComparer.Ordinal);
        string revisionsPath = store.RevisionsPath(model.Owner, model.Name);
        if (revisions.Count > 0) Write(revisionsPath, JsonSerializer.Serialize(revisions, StoreJson.Default.DictionaryStringString));
        else File.Delete(revisionsPath);
        DeleteFolder(store.FolderOf(model));
        DeleteIfEmpty(Path.GetDirectoryName(revisionsPath)!);
        DeleteIfEmpty(Path.GetDirectoryName(Path.GetDirectoryName(revisionsPath)!)!);
        return DeleteUnnamed(model.Files.Select(file => file.Sha256));
    }

    /// <summary>Removes content that no model names, and unfinished downloads that no pull holds.</summary>
    /// <returns>The bytes that became free.</returns>
    public async Task<long> PruneAsync(CancellationToken cancellation = default)
    {
        using StoreLock taken = await StoreLock.TakeAsync(store.StoreLockPath, null, cancellation).ConfigureAwait(false);
        long freed = DeleteUnnamed(FilesIn(store.BlobFolder).Select(path => Path.GetFileName(path)));
        foreach (string path in FilesIn(Path.GetDirectoryName(store.GitNamePath("0"))!))
        {
            if (!File.Exists(store.BlobPath(File.ReadAllText(path)))) File.Delete(path);
        }

        foreach (string path in FilesIn(store.PartialFolder))
        {
            using StoreLock? held = StoreLock.TryTake(store.LockPath(Path.GetFileName(path).Split('.')[0]));
            if (held is null) continue;
            freed += path.EndsWith(".part", StringComparison.Ordinal) ? PartialFile.BytesIn(path) : 0;
            File.Delete(path);
        }

        return freed;
    }

    /// <summary>Takes damaged content out of the store, so that the next pull fetches it again.</summary>
    internal async Task DropAsync(StoredModel model, StoredFile file, CancellationToken cancellation)
    {
        using StoreLock taken = await StoreLock.TakeAsync(store.StoreLockPath, null, cancellation).ConfigureAwait(false);
        Delete(store.PathOf(model, file));

        // The blob may be sound: a pull of another model may have fetched it again.
        string blob = store.BlobPath(file.Sha256);
        if (File.Exists(blob) && (await FileHashes.OfAsync(blob, withGit: false, null, cancellation).ConfigureAwait(false)).Sha256 != file.Sha256) Delete(blob);
    }

    /// <summary>Writes a file under another name and renames it: it is whole or not there.</summary>
    internal static void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path + ".tmp", text);
        File.Move(path + ".tmp", path, overwrite: true);
    }

    private static void Link(string blob, string path, long bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var there = new FileInfo(path);
        if (there.Exists && there.LinkTarget is null && there.Length == bytes) return;
        Delete(path);
        FileLinks.Create(blob, path);
    }

    private long DeleteUnnamed(IEnumerable<string> sha256s)
    {
        HashSet<string> named = store.List().SelectMany(model => model.Files).Select(file => file.Sha256).ToHashSet(StringComparer.Ordinal);
        long freed = 0;
        foreach (string sha256 in sha256s.Distinct(StringComparer.Ordinal).Where(sha256 => !named.Contains(sha256)))
        {
            var blob = new FileInfo(store.BlobPath(sha256));
            if (!blob.Exists) continue;
            freed += blob.Length;
            Delete(blob.FullName);
        }

        return freed;
    }

    private static string[] FilesIn(string folder) => Directory.Exists(folder) ? Directory.GetFiles(folder) : [];

    private static void DeleteFolder(string folder)
    {
        if (!Directory.Exists(folder)) return;
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)) Delete(path);
        Directory.Delete(folder, recursive: true);
    }

    private static void DeleteIfEmpty(string folder)
    {
        if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any()) Directory.Delete(folder);
    }

    private static void Delete(string path)
    {
        if (OperatingSystem.IsWindows() && File.Exists(path)) File.SetAttributes(path, FileAttributes.Normal);
        if (Directory.Exists(Path.GetDirectoryName(path))) File.Delete(path);
    }
}
