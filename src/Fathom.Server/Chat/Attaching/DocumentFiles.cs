using System.Text.Json;
using System.Text.Json.Serialization;
using Fathom.Checkpoints;
using Fathom.Documents;

namespace Fathom.Server.Chat.Attaching;

/// <summary>
/// The folder beside the file of conversations: the text of each document in a file of its own, and files on their way in. Only its owner may read it. It knows ids, not conversations.
/// </summary>
internal sealed class DocumentFiles : IDisposable
{
    private const string Ending = ".json";
    private const string UploadPrefix = "upload_";
    private static readonly TimeSpan Young = TimeSpan.FromHours(1);
    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault };

    private readonly string folder;
    private readonly bool isTemporary;

    /// <summary>Takes the folder, which is made with its first file.</summary>
    /// <param name="chatsFile">The file of conversations; null for a folder that ends with this object.</param>
    public DocumentFiles(string? chatsFile)
    {
        isTemporary = chatsFile is null;
        folder = chatsFile is null ? Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()) : Path.GetFullPath(chatsFile) + ".documents";
    }

    /// <summary>Keeps a document.</summary>
    /// <returns>Bytes of its file.</returns>
    public long Write(string id, SourceDocument document)
    {
        MakePrivate(folder);
        AtomicFile.WritePrivate(PathOf(id), stream => JsonSerializer.Serialize(stream, document, Json));
        return new FileInfo(PathOf(id)).Length;
    }

    /// <summary>Reads a document.</summary>
    /// <exception cref="IOException">Its file is away or damaged.</exception>
    public SourceDocument Read(ChatDocument head)
    {
        try
        {
            using FileStream stream = File.OpenRead(PathOf(head.Id));
            return JsonSerializer.Deserialize<SourceDocument>(stream, Json)! with { Path = head.Path };
        }
        catch (Exception exception) when (exception is JsonException or UnauthorizedAccessException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new IOException($"The text of {head.Path} can no longer be read ({exception.GetType().Name}); attach it again in a new conversation.", exception);
        }
    }

    /// <summary>Forgets documents.</summary>
    public void Delete(IEnumerable<string> ids)
    {
        foreach (string id in ids) Quietly(() => File.Delete(PathOf(id)));
    }

    /// <summary>Makes an empty folder for files on their way in. An empty <c>.git</c> beside it keeps the rules of repositories that lie above from counting.</summary>
    public string NewUpload(string id)
    {
        string upload = Path.Combine(folder, UploadPrefix + id), files = Path.Combine(upload, "files");
        MakePrivate(folder);
        MakePrivate(upload);
        MakePrivate(files);
        MakePrivate(Path.Combine(upload, ".git"));
        return files;
    }

    /// <summary>Forgets files on their way in.</summary>
    public void DeleteUpload(string id) => Quietly(() => Directory.Delete(Path.Combine(folder, UploadPrefix + id), recursive: true));

    /// <summary>Removes what a server that ended in the middle has left: uploads, and documents that nobody knows.</summary>
    public void Sweep(IReadOnlySet<string> known)
    {
        if (!Directory.Exists(folder)) return;
        Quietly(() =>
        {
            foreach (string upload in Directory.GetDirectories(folder, UploadPrefix + "*"))
            {
                if (IsOld(upload)) Quietly(() => Directory.Delete(upload, recursive: true));
            }

            foreach (string file in Directory.GetFiles(folder))
            {
                bool isKnown = file.EndsWith(Ending, StringComparison.Ordinal) && known.Contains(Path.GetFileNameWithoutExtension(file));
                if (!isKnown && IsOld(file)) File.Delete(file);
            }
        });
    }

    /// <summary>Removes the folder when it was for this time only.</summary>
    public void Dispose()
    {
        if (isTemporary) Quietly(() => Directory.Delete(folder, recursive: true));
    }

    /// <summary>Makes a folder that only its owner may read; those above it are as the system makes them.</summary>
    public static void MakePrivate(string path)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    // Another server with the same file may be about to write its row.
    private static bool IsOld(string path) => DateTime.UtcNow - File.GetLastWriteTimeUtc(path) > Young;

    private string PathOf(string id) => Path.Combine(folder, id + Ending);

    // What cannot be removed now is removed by the next sweep.
    private static void Quietly(Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _ = exception;
        }
    }
}
