using System.Text.Json;

namespace Fathom.Hub.Store;

/// <summary>
/// The models on this machine. <c>blobs/</c> has the content under its SHA-256, each once; <c>models/owner/name/commit/</c> has
/// a model's files as links to it, beside a manifest and the names of revisions. Reading needs no lock: whatever is there is whole.
/// </summary>
public sealed class ModelStore
{
    private const string ManifestExtension = ".json";
    private const string RevisionsFile = "revisions.json";

    /// <summary>Names a store; nothing is made on disk before something is kept.</summary>
    /// <param name="root">Its folder; null for FATHOM_HOME, or Fathom's place in the local application data.</param>
    public ModelStore(string? root = null) => Root = Path.GetFullPath(root ?? DefaultRoot());

    /// <summary>The store's folder.</summary>
    public string Root { get; }

    internal string StoreLockPath => Path.Combine(Root, "locks", "store.lock");

    internal string BlobFolder => Path.Combine(Root, "blobs");

    internal string PartialFolder => Path.Combine(Root, "partial");

    private string ModelsFolder => Path.Combine(Root, "models");

    /// <summary>The folder with a model's files.</summary>
    public string FolderOf(StoredModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Path.Combine(ModelsFolder, model.Owner, model.Name, model.Commit);
    }

    /// <summary>Where a file of a model is.</summary>
    public string PathOf(StoredModel model, StoredFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Path.Combine(FolderOf(model), file.Path.Replace('/', Path.DirectorySeparatorChar));
    }

    /// <summary>All models, by name.</summary>
    public IReadOnlyList<StoredModel> List()
    {
        if (!Directory.Exists(ModelsFolder)) return [];
        return
        [
            .. from owner in Directory.EnumerateDirectories(ModelsFolder).Order(StringComparer.OrdinalIgnoreCase)
               from name in Directory.EnumerateDirectories(owner).Order(StringComparer.OrdinalIgnoreCase)
               from model in CommitsOf(Path.GetFileName(owner), Path.GetFileName(name))
               select model,
        ];
    }

    /// <summary>The model of a name: by a revision that was pulled, a commit, or the beginning of one; null when it is not here.</summary>
    public StoredModel? Find(ModelName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        IReadOnlyList<StoredModel> commits = CommitsOf(name.Owner, name.Name);
        if (RevisionsOf(name.Owner, name.Name).TryGetValue(name.Revision, out string? commit))
            return commits.FirstOrDefault(model => model.Commit == commit);
        StoredModel[] found = name.Revision.Length >= 7 ? [.. commits.Where(model => model.Commit.StartsWith(name.Revision, StringComparison.Ordinal))] : [];
        return found.Length == 1 ? found[0] : null;
    }

    /// <summary>The revisions of a repository that were pulled, and the commits that they stood for.</summary>
    public IReadOnlyDictionary<string, string> RevisionsOf(string owner, string name)
    {
        string path = Path.Combine(ModelsFolder, owner, name, RevisionsFile);
        return File.Exists(path) ? Read(path, StoreJson.Default.DictionaryStringString) : new Dictionary<string, string>();
    }

    /// <summary>Files of a model that are gone or have another length than they should; reads no content.</summary>
    public IReadOnlyList<StoredFile> MissingFiles(StoredModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return [.. model.Files.Where(file => LengthOf(PathOf(model, file)) != file.Bytes)];
    }

    internal string BlobPath(string sha256) => Path.Combine(BlobFolder, sha256);

    internal string PartialPath(HubFile file) => Path.Combine(PartialFolder, file.Key + ".part");

    internal string LockPath(string key) => Path.Combine(Root, "locks", key + ".lock");

    internal string ManifestPath(string owner, string name, string commit) => Path.Combine(ModelsFolder, owner, name, commit + ManifestExtension);

    internal string RevisionsPath(string owner, string name) => Path.Combine(ModelsFolder, owner, name, RevisionsFile);

    /// <summary>The blob of a file, when its content is here already.</summary>
    internal string? FindBlob(HubFile file)
    {
        string? sha256 = file.Sha256 ?? NamedByGit(file.GitSha1!);
        return sha256 is not null && LengthOf(BlobPath(sha256)) == file.Bytes ? sha256 : null;
    }

    /// <summary>Where the SHA-256 of content stands that a hub names by its git hash.</summary>
    internal string GitNamePath(string gitSha1) => Path.Combine(Root, "git", gitSha1);

    /// <summary>All commits of a repository that are here.</summary>
    internal IReadOnlyList<StoredModel> CommitsOf(string owner, string name)
    {
        string folder = Path.Combine(ModelsFolder, owner, name);
        if (!Directory.Exists(folder)) return [];
        return
        [
            .. from path in Directory.EnumerateFiles(folder, "*" + ManifestExtension).Order(StringComparer.Ordinal)
               where Path.GetFileName(path) != RevisionsFile
               select ReadManifest(path, owner, name),
        ];
    }

    private string? NamedByGit(string gitSha1)
    {
        string path = GitNamePath(gitSha1);
        string? sha256 = File.Exists(path) ? File.ReadAllText(path) : null;
        return HubListingReader.IsHex(sha256, 64) ? sha256 : null;
    }

    private static StoredModel ReadManifest(string path, string owner, string name)
    {
        StoredModel model = Read(path, StoreJson.Default.StoredModel);
        bool isSound = model.Owner == owner && model.Name == name && model.Commit + ManifestExtension == Path.GetFileName(path)
            && model.Files.All(file => HubListingReader.IsSafe(file.Path) && HubListingReader.IsHex(file.Sha256, 64));
        return isSound ? model : throw Damaged(path, null);
    }

    private static T Read<T>(string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), type) ?? throw Damaged(path, null);
        }
        catch (JsonException exception)
        {
            throw Damaged(path, exception);
        }
    }

    private static HubException Damaged(string path, Exception? inner) =>
        new(HubProblem.Store, $"{path} is damaged; delete it and pull the model again, its content is kept.", inner);

    private static long LengthOf(string path)
    {
        var info = new FileInfo(path);
        if (!info.Exists) return -1;

        // A symbolic link has a length of its own.
        return info.LinkTarget is null ? info.Length : info.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } target ? target.Length : -1;
    }

    private static string DefaultRoot()
    {
        if (Environment.GetEnvironmentVariable("FATHOM_HOME") is { Length: > 0 } home) return home;
        string data = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return data.Length > 0 ? Path.Combine(data, "fathom") : throw new HubException(HubProblem.Store, "There is no folder for application data; set FATHOM_HOME to a folder for models.");
    }
}
