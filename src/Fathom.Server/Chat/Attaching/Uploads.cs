using System.Collections.Concurrent;
using Fathom.Checkpoints;
using Fathom.Documents;
using Fathom.Server.Errors;

namespace Fathom.Server.Chat.Attaching;

/// <summary>Takes files from browsers, piece by piece into files of this machine, and reads them as documents. What is not read in time is forgotten.</summary>
internal sealed class Uploads(DocumentFiles files, DocumentStore documents, ServerOptions options) : IDisposable
{
    private const int MostOpen = 8;
    private const int MostFiles = 50_000;
    private const int PieceBytes = 1 << 16;

    // A large PDF takes some hundred megabytes while it is read.
    private const int ReadAtOnce = 2;
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Upload> open = [];
    private readonly SemaphoreSlim readers = new(ReadAtOnce);

    /// <summary>Begins.</summary>
    /// <exception cref="ApiException">The owner has too many open.</exception>
    public Upload Begin(string owner)
    {
        foreach (Upload old in open.Values.Where(one => one.Idle > Forgotten)) End(old);
        if (open.Values.Count(one => one.Owner == owner) >= MostOpen) throw new ApiException(429, "rate_limit_error", $"{MostOpen} uploads are under way already; wait until one is done, or cancel one.") { RetryAfter = 5 };
        string id = RequestIds.New("up_");
        return open[id] = new Upload(id, owner, files.NewUpload(id));
    }

    /// <summary>One that was begun; null when the owner has no such.</summary>
    public Upload? Find(string owner, string id) => open.TryGetValue(id, out Upload? upload) && upload.Owner == owner ? upload : null;

    /// <summary>Takes a file.</summary>
    /// <param name="upload">Where it belongs.</param>
    /// <param name="path">Its name, or its path within a folder that is attached.</param>
    /// <param name="body">Its bytes; only a piece of them is ever in memory.</param>
    /// <param name="declared">How many were announced; null for nothing.</param>
    /// <param name="cancellation">The browser went away.</param>
    /// <exception cref="ApiException">It is too large, or its name will not do.</exception>
    public async Task TakeAsync(Upload upload, string path, Stream body, long? declared, CancellationToken cancellation)
    {
        string[] parts = UploadNames.Parts(path);
        string name = string.Join('/', parts);
        if (declared > options.MaxUploadFileBytes) throw TooLarge(name);
        if (upload.AddFile() > MostFiles) throw Full(name, $"{MostFiles:n0} files");
        string folder = Path.Combine([upload.Folder, .. parts[..^1]]);
        long taken = 0;
        string? written = null;
        try
        {
            DocumentFiles.MakePrivate(folder);
            await using FileStream file = Create(folder, parts[^1]);
            written = file.Name;
            var piece = new byte[PieceBytes];
            int read;
            while ((read = await body.ReadAsync(piece, cancellation).ConfigureAwait(false)) > 0)
            {
                taken += read;
                if (taken > options.MaxUploadFileBytes) throw TooLarge(name);
                if (upload.Add(read) > options.MaxUploadBytes) throw Full(name, $"{options.MaxUploadBytes >> 20} MiB");
                await file.WriteAsync(piece.AsMemory(0, read), cancellation).ConfigureAwait(false);
            }
        }
        catch (Exception exception)
        {
            upload.Add(-taken);
            if (written is not null) File.Delete(written);
            if (exception is UnauthorizedAccessException || (exception is IOException and not Microsoft.AspNetCore.Http.BadHttpRequestException && !cancellation.IsCancellationRequested))
                throw new ApiException(507, "server_error", $"'{name}' cannot be kept on this server ({exception.Message}); make room on its disk, or name another file with --chats.");
            throw;
        }
    }

    /// <summary>Reads what has come, and keeps the documents until their question is asked.</summary>
    /// <returns>The documents, and what was left out.</returns>
    /// <exception cref="ApiException">It is being read already.</exception>
    public async Task<(IReadOnlyList<ChatDocument> Documents, IReadOnlyList<SkippedFile> Skipped)> ReadAsync(Upload upload, IProgress<ReadProgress> progress, CancellationToken cancellation)
    {
        if (!upload.BeginReading()) throw new ApiException(409, ApiException.InvalidRequest, "These files are being read already.");
        var kept = new List<ChatDocument>();
        bool isIn = false;
        try
        {
            documents.CheckRoom(upload.Owner);
            await readers.WaitAsync(cancellation).ConfigureAwait(false);
            isIn = true;
            var reader = new DocumentReader(new ReadOptions
            {
                MaxFileBytes = options.MaxUploadFileBytes,
                MaxTotalBytes = Math.Max(options.MaxUploadBytes, new ReadOptions().MaxTotalBytes),
                MaxTotalCharacters = options.MaxDocumentCharacters,
            });
            string[] paths = [.. Directory.GetFileSystemEntries(upload.Folder).Order(StringComparer.Ordinal)];
            DocumentSet set = await Task.Run(() => reader.Read(paths, progress, cancellation), cancellation).ConfigureAwait(false);
            foreach (SourceDocument document in set.Documents)
            {
                cancellation.ThrowIfCancellationRequested();
                upload.Touch();
                kept.Add(documents.Add(upload.Owner, document));
            }

            return (kept, set.Skipped);
        }
        catch
        {
            foreach (ChatDocument one in kept) documents.DeleteWaiting(upload.Owner, one.Id);
            throw;
        }
        finally
        {
            if (isIn) readers.Release();
            End(upload);
        }
    }

    /// <summary>Forgets it.</summary>
    public void End(Upload upload)
    {
        if (open.TryRemove(upload.Id, out _)) files.DeleteUpload(upload.Id);
    }

    /// <summary>Forgets all.</summary>
    public void Dispose()
    {
        foreach (Upload upload in open.Values) End(upload);
        readers.Dispose();
    }

    // A second file of the same name gets a number, also where the file system takes "A" for "a".
    private static FileStream Create(string folder, string name)
    {
        while (true)
        {
            string path = Path.Combine(folder, ChatDocument.FreeName(name, one => Path.Exists(Path.Combine(folder, one))));
            try
            {
                return new FileStream(path, AtomicFile.PrivateOptions(FileMode.CreateNew));
            }
            catch (IOException) when (Path.Exists(path))
            {
                // Another request took the name in between.
            }
        }
    }

    private ApiException TooLarge(string name) => new(413, ApiException.InvalidRequest, $"'{name}' is larger than the {options.MaxUploadFileBytes >> 20} MiB that one file may have here; cut it, or raise the limit (--max-upload-mb).");

    private static ApiException Full(string name, string limit) => new(413, ApiException.InvalidRequest, $"'{name}' was not taken: more than {limit} would come together; attach fewer at a time.");
}
