using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

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
    /// <exception cref="HubException">A file has that name.</exception>
    public ModelStore(string? root = null)
    {
        Root = Path.GetFullPath(root ?? DefaultRoot());
        if (File.Exists(Root)) throw new HubException(HubProblem.Store, $"{Root} is a file, and models go into a folder; name another place with --store or FATHOM_HOME.");
    }

    /// <summary>The store's folder.</summary>
    public string Root { get; }

    internal string LockFolder => Path.Combine(Root, "locks");

    internal string StoreLockPath => LockPath("store");

    internal string BlobFolder => Path.Combine(Root, "blobs");

    internal string PartialFolder => Path.Combine(Root, "partial");

    internal string GitFolder => Path.Combine(Root, "git");

    private string ModelsFolder => Path.Combine(Root, "models");

    /// <summary>The folder with a model's files.</summary>
    public string FolderOf(StoredModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Path.Combine(RepositoryFolder(model.Owner, model.Name), model.Commit);
    }

    /// <summary>Where a file of a model is.</summary>
    public string PathOf(StoredModel model, StoredFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Path.Combine(FolderOf(model), file.Path.Replace('/', Path.DirectorySeparatorChar));
    }

    /// <summary>All models, by name.</summary>
    public IReadOnlyList<StoredModel> List() => [.. Repositories().SelectMany(repository => CommitsOf(repository.Owner, repository.Name))];

    /// <summary>As <see cref="List()"/>, but one damaged model does not hide the others.</summary>
    /// <param name="damaged">Receives a sentence for each.</param>
    public IReadOnlyList<StoredModel> List(ICollection<HubException> damaged)
    {
        ArgumentNullException.ThrowIfNull(damaged);
        var models = new List<StoredModel>();
        foreach ((string owner, string name) in Repositories())
        {
            foreach (string path in ManifestsOf(owner, name))
            {
                try
                {
                    if (ReadManifest(path, owner, name) is { } model) models.Add(model);
                }
                catch (HubException exception)
                {
                    damaged.Add(exception);
                }
            }
        }

        return models;
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
        return Read(RevisionsPath(owner, name), StoreJson.Default.DictionaryStringString) ?? [];
    }

    /// <summary>Files of a model that are gone or have another length than they should; reads no content.</summary>
    public IReadOnlyList<StoredFile> MissingFiles(StoredModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return [.. model.Files.Where(file => LengthOf(PathOf(model, file)) != file.Bytes)];
    }

    /// <summary>The folder of a repository's commits, whatever the case that its name was pulled or is asked for in.</summary>
    internal string RepositoryFolder(string owner, string name) => FolderIn(FolderIn(ModelsFolder, owner), name);

    /// <summary>For tests: a disk that knows no links.</summary>
    internal bool AvoidsLinks { get; init; }

    /// <summary>Gives a file a second name; false where the disk or the system does not allow one.</summary>
    internal bool TryLink(string existing, string path) => !AvoidsLinks && FileLinks.TryLink(existing, path);

    /// <summary>Makes a hard link; false where the disk or the system does not allow one.</summary>
    internal bool TryHardLink(string existing, string path) => !AvoidsLinks && FileLinks.TryHardLink(existing, path);

    internal string BlobPath(string sha256) => Path.Combine(BlobFolder, sha256);

    internal string PartialPath(HubFile file) => Path.Combine(PartialFolder, file.Key + ".part");

    internal string LockPath(string key) => Path.Combine(LockFolder, key + ".lock");

    internal string ManifestPath(string owner, string name, string commit) => Path.Combine(RepositoryFolder(owner, name), commit + ManifestExtension);

    internal string RevisionsPath(string owner, string name) => Path.Combine(RepositoryFolder(owner, name), RevisionsFile);

    /// <summary>The blob of a file, when its content is here already.</summary>
    internal string? FindBlob(HubFile file)
    {
        string? sha256 = Sha256Of(file.Key);
        return sha256 is not null && LengthOf(BlobPath(sha256)) == file.Bytes ? sha256 : null;
    }

    /// <summary>Where the SHA-256 of content stands that a hub names by its git hash.</summary>
    internal string GitNamePath(string gitSha1) => Path.Combine(GitFolder, gitSha1);

    /// <summary>The SHA-256 of content by its key (<see cref="HubFile.Key"/>); null where nobody has named it yet.</summary>
    internal string? Sha256Of(string key)
    {
        if (!key.StartsWith(HubFile.GitPrefix, StringComparison.Ordinal)) return key;
        string? sha256 = BytesOf(GitNamePath(key[HubFile.GitPrefix.Length..])) is { } text ? Encoding.ASCII.GetString(text) : null;
        return HubListingReader.IsHex(sha256, 64) ? sha256 : null;
    }

    /// <summary>All repositories that have a folder here, by name.</summary>
    internal IEnumerable<(string Owner, string Name)> Repositories() =>
        from owner in FoldersIn(ModelsFolder)
        from name in FoldersIn(owner)
        select (Path.GetFileName(owner), Path.GetFileName(name));

    /// <summary>All commits of a repository that are here.</summary>
    internal IReadOnlyList<StoredModel> CommitsOf(string owner, string name) =>
        [.. ManifestsOf(owner, name).Select(path => ReadManifest(path, owner, name)).OfType<StoredModel>()];

    private IEnumerable<string> ManifestsOf(string owner, string name)
    {
        string folder = RepositoryFolder(owner, name);
        return Directory.Exists(folder) ? Directory.GetFiles(folder, "*" + ManifestExtension).Where(path => Path.GetFileName(path) != RevisionsFile).Order(StringComparer.Ordinal) : [];
    }

    // Null when somebody has just removed the model.
    private static StoredModel? ReadManifest(string path, string owner, string name)
    {
        if (Read(path, StoreJson.Default.StoredModel) is not { } model) return null;
        bool isSound = string.Equals(model.Repository, $"{owner}/{name}", StringComparison.OrdinalIgnoreCase) && model.Commit + ManifestExtension == Path.GetFileName(path)
            && model.Files.All(file => RepositoryPath.IsInside(file.Path) && RepositoryPath.Objection(file.Path, OperatingSystem.IsWindows()) is null && HubListingReader.IsHex(file.Sha256, 64));
        return isSound ? model : throw Damaged(path, null);
    }

    private static T? Read<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        if (BytesOf(path) is not { } text) return null;
        try
        {
            return JsonSerializer.Deserialize(text, type) ?? throw Damaged(path, null);
        }
        catch (JsonException exception)
        {
            throw Damaged(path, exception);
        }
    }

    // Null where nothing is: others may remove at any moment.
    private static byte[]? BytesOf(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static string FolderIn(string parent, string name)
    {
        string exact = Path.Combine(parent, name);
        return Directory.Exists(exact) ? exact : FoldersIn(parent).FirstOrDefault(folder => string.Equals(Path.GetFileName(folder), name, StringComparison.OrdinalIgnoreCase)) ?? exact;
    }

    private static IEnumerable<string> FoldersIn(string folder)
    {
        try
        {
            return Directory.GetDirectories(folder).Order(StringComparer.OrdinalIgnoreCase);
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    private static HubException Damaged(string path, Exception? inner) =>
        new(HubProblem.Store, $"{path} is damaged; delete it and pull the model again, its content is kept.", inner);

    /// <summary>A file's length, or that of what a link leads to; -1 when it is not there.</summary>
    internal static long LengthOf(string path)
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
