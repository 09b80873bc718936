namespace Fathom.Hub.Store;

/// <summary>
/// What a running pull or import keeps in the store before a manifest names it; pruning and removing leave it alone. It is two
/// files: a lock, which the system frees when the process ends, and the keys, which others read meanwhile.
/// </summary>
internal sealed class StoreClaim : IDisposable
{
    private const string Prefix = "claim-";
    private const string KeysExtension = ".keys";

    private readonly ModelStore store;
    private readonly StoreLock held;
    private readonly string keysPath;

    private StoreClaim(ModelStore store, StoreLock held, string keysPath)
    {
        this.store = store;
        this.held = held;
        this.keysPath = keysPath;
    }

    /// <summary>Claims content.</summary>
    /// <param name="store">The store.</param>
    /// <param name="keys">Keys of files (<see cref="HubFile.Key"/>), here already or not.</param>
    /// <param name="cancellation">Stops waiting for the store's lock.</param>
    public static async Task<StoreClaim> TakeAsync(ModelStore store, IEnumerable<string> keys, CancellationToken cancellation)
    {
        using StoreLock taken = await StoreLock.TakeAsync(store.StoreLockPath, null, cancellation).ConfigureAwait(false);
        string name = Prefix + Guid.NewGuid().ToString("N"), keysPath = Path.Combine(store.LockFolder, name + KeysExtension);
        await File.WriteAllLinesAsync(keysPath, keys, cancellation).ConfigureAwait(false);
        return new StoreClaim(store, await StoreLock.TakeAsync(store.LockPath(name), null, cancellation).ConfigureAwait(false), keysPath);
    }

    /// <summary>Claims more; to be called before the content is kept.</summary>
    public async Task AddAsync(string key, CancellationToken cancellation)
    {
        using StoreLock taken = await StoreLock.TakeAsync(store.StoreLockPath, null, cancellation).ConfigureAwait(false);
        await File.AppendAllLinesAsync(keysPath, [key], cancellation).ConfigureAwait(false);
    }

    /// <summary>All keys that running pulls and imports claim, and the SHA-256s of them that are known; forgets claims of ended processes. The caller holds the store's lock.</summary>
    public static HashSet<string> KeysOf(ModelStore store)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (string keysPath in Directory.EnumerateFiles(store.LockFolder, Prefix + "*" + KeysExtension))
        {
            using StoreLock? ended = StoreLock.TryTake(store.LockPath(Path.GetFileNameWithoutExtension(keysPath)));
            if (ended is null)
            {
                keys.UnionWith(LinesOf(keysPath));
                continue;
            }

            File.Delete(keysPath);
            ended.Forget();
        }

        keys.UnionWith(keys.Select(store.Sha256Of).OfType<string>().ToArray());
        return keys;
    }

    /// <summary>Gives the claim up.</summary>
    public void Dispose()
    {
        File.Delete(keysPath);
        held.Forget();
        held.Dispose();
    }

    private static string[] LinesOf(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (FileNotFoundException)
        {
            // It was given up just now.
            return [];
        }
    }
}
