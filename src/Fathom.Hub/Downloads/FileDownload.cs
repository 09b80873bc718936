using System.Net;
using System.Net.Http.Headers;
using Fathom.Hub.Store;

namespace Fathom.Hub.Downloads;

/// <summary>Fetches one file into the store: parts on many connections, or in one piece from a server that knows no ranges.</summary>
internal sealed class FileDownload(HubClient client, ModelStore store, HubListing listing, HubFile file, SemaphoreSlim connections, PullCounter counter)
{
    private const int BufferBytes = 128 << 10;

    private readonly string what = $"{file.Path} of {listing.Name}";
    private EntityTagHeaderValue? version;
    private bool versionsDiffer;

    // Of a round: whether its parts run at once, and that the server has shown whether they may.
    private volatile bool isParallel;
    private TaskCompletionSource firstAnswer = new();

    /// <summary>Fetches the file unless it is here, checks it, and returns its SHA-256.</summary>
    /// <exception cref="HubException">It cannot be had, or is not what the hub announced.</exception>
    public async Task<string> RunAsync(CancellationToken cancellation)
    {
        using StoreLock held = await StoreLock.TakeAsync(store.LockPath(file.Key), () => counter.Say($"waiting for another process, which fetches {file.Path}"), cancellation).ConfigureAwait(false);
        string path = store.PartialPath(file);
        if (store.FindBlob(file) is { } present)
        {
            // Whoever moved it here may have been killed before the rest was deleted.
            PartialFile.Delete(path);
            counter.Had(file.Bytes);
            held.Forget();
            counter.FileDone(null);
            return present;
        }

        for (bool isSecond = false; ; isSecond = true)
        {
            await FetchAsync(path, cancellation).ConfigureAwait(false);
            counter.Checking(file.Bytes);
            FileHashes hashes = await FileHashes.OfAsync(path, file.Sha256 is null, counter.Checked, cancellation).ConfigureAwait(false);
            if (file.Sha256 is { } sha256 ? sha256 == hashes.Sha256 : file.GitSha1 == hashes.GitSha1)
            {
                Keep(path, hashes.Sha256);
                held.Forget();
                counter.FileDone($"{file.Path} is here");
                return hashes.Sha256;
            }

            // Nobody can tell which bytes are wrong, so none of them may stay; a second look is for bits that fell over on the way.
            PartialFile.Delete(path);
            counter.Had(-file.Bytes);
            if (versionsDiffer) throw HubAnswer.Changed(what, "its ETag is another one");
            if (isSecond)
            {
                string expected = file.Sha256 is { } large ? $"SHA-256 {large}" : $"git hash {file.GitSha1}", found = file.Sha256 is null ? hashes.GitSha1 : hashes.Sha256;
                throw new HubException(HubProblem.WrongBytes, $"What {client.Options.Endpoint.Host} sends as {what} is not what it announces: expected {expected}, found {found}, twice; try again later or from another --endpoint.");
            }

            counter.Say($"{file.Path} arrived damaged and is fetched again");
        }
    }

    private void Keep(string path, string sha256)
    {
        // The name comes first: by it a blob is known as claimed by this pull.
        if (file.GitSha1 is { } name) StoreWriter.Write(store.GitNamePath(name), sha256);
        Directory.CreateDirectory(store.BlobFolder);
        File.Move(path, store.BlobPath(sha256), overwrite: true);
        PartialFile.Delete(path);
    }

    private async Task FetchAsync(string path, CancellationToken cancellation)
    {
        using PartialFile partial = PartialFile.Open(path, file.Bytes, client.Options.PartBytes);
        counter.Had(partial.DoneBytes);
        (version, versionsDiffer) = (null, false);
        var budget = new RetryBudget(client);
        while (OpenParts(partial) is { Length: > 0 } open)
        {
            long before = partial.DoneBytes;
            try
            {
                await FetchRoundAsync(partial, open, cancellation).ConfigureAwait(false);
            }
            catch (RangesLostException failure)
            {
                if (partial.DoneBytes > before) budget.Reset();
                await budget.WaitAsync(failure, cancellation).ConfigureAwait(false);
            }
        }

        partial.Flush();
    }

    private static int[] OpenParts(PartialFile partial) => [.. Enumerable.Range(0, partial.Parts).Where(part => !partial.IsDone(part))];

    // The first part shows whether the server knows ranges; only then the others begin. A server that knows none fills all parts by one answer.
    private async Task FetchRoundAsync(PartialFile partial, int[] open, CancellationToken cancellation)
    {
        using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        (isParallel, firstAnswer) = (false, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var running = new List<Task> { FetchPartAsync(partial, open[0], others.Token) };
        await Task.WhenAny(running[0], firstAnswer.Task).ConfigureAwait(false);
        if (isParallel) running.AddRange(open[1..].Select(part => FetchPartAsync(partial, part, others.Token)));
        await AllOrFirstErrorAsync(running, others).ConfigureAwait(false);
    }

    private static async Task AllOrFirstErrorAsync(List<Task> running, CancellationTokenSource others)
    {
        Task? failed = null;
        await foreach (Task task in Task.WhenEach(running).ConfigureAwait(false))
        {
            if (task.IsCompletedSuccessfully || failed is not null) continue;
            failed = task;
            await others.CancelAsync().ConfigureAwait(false);
        }

        if (failed is not null) await failed.ConfigureAwait(false);
    }

    private async Task FetchPartAsync(PartialFile partial, int part, CancellationToken cancellation)
    {
        var budget = new RetryBudget(client);
        while (!partial.IsDone(part))
        {
            long before = partial.Next(part);
            try
            {
                await connections.WaitAsync(cancellation).ConfigureAwait(false);
                try
                {
                    await FetchOnceAsync(partial, part, cancellation).ConfigureAwait(false);
                }
                finally
                {
                    connections.Release();
                }
            }
            catch (TransientException failure) when (failure is not RangesLostException)
            {
                if (partial.Next(part) > before) budget.Reset();
                await budget.WaitAsync(failure, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task FetchOnceAsync(PartialFile partial, int part, CancellationToken cancellation)
    {
        long from = partial.Next(part), end = partial.End(part);
        using HttpResponseMessage response = await client.OpenAsync(listing, file, new RangeHeaderValue(from, end - 1), cancellation).ConfigureAwait(false);
        bool isPart = response.StatusCode == HttpStatusCode.PartialContent;
        if (isPart) CheckRange(response.Content.Headers.ContentRange, from, end);
        else if (response.Content.Headers.ContentLength is { } length && length != file.Bytes) throw HubAnswer.Changed(what, $"{length} bytes instead of {file.Bytes}");
        else if (isParallel) throw new RangesLostException($"{client.Options.Endpoint.Host} sent all of {what} instead of a part");

        // The hash says what the file is. Mirrors may have an ETag each; where the hash is wrong, two of them say why.
        versionsDiffer |= version is not null && response.Headers.ETag is { } tag && tag.Tag != version.Tag;
        version = response.Headers.ETag ?? version;
        if (isPart) isParallel = true;
        firstAnswer.TrySetResult();
        using Stream body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var buffer = new byte[BufferBytes];
        if (isPart) await FillAsync(partial, part, body, buffer, cancellation).ConfigureAwait(false);
        else await FillAllAsync(partial, body, buffer, cancellation).ConfigureAwait(false);
    }

    private async Task FillAllAsync(PartialFile partial, Stream body, byte[] buffer, CancellationToken cancellation)
    {
        long place = 0;
        for (int part = 0; part < partial.Parts; part++)
        {
            // What is here is sent once more, and stays as it is.
            while (place < partial.Next(part)) place += await ReadAsync(body, buffer, partial.Next(part) - place, cancellation).ConfigureAwait(false);
            await FillAsync(partial, part, body, buffer, cancellation).ConfigureAwait(false);
            place = partial.End(part);
        }
    }

    private async Task FillAsync(PartialFile partial, int part, Stream body, byte[] buffer, CancellationToken cancellation)
    {
        while (!partial.IsDone(part))
        {
            int count = await ReadAsync(body, buffer, partial.End(part) - partial.Next(part), cancellation).ConfigureAwait(false);
            partial.Write(part, buffer.AsSpan(0, count));
            counter.Fetched(count);
        }
    }

    private async Task<int> ReadAsync(Stream body, byte[] buffer, long most, CancellationToken cancellation)
    {
        int count = await client.ReadAsync(body, buffer.AsMemory(0, (int)Math.Min(buffer.Length, most)), what, cancellation).ConfigureAwait(false);
        return count > 0 ? count : throw new TransientException($"The connection ended early at {what}");
    }

    private void CheckRange(ContentRangeHeaderValue? range, long from, long end)
    {
        if (range?.Length is { } length && length != file.Bytes) throw HubAnswer.Changed(what, $"{length} bytes instead of {file.Bytes}");
        if (range is null || range.From != from || range.To >= end)
            throw new HubException(HubProblem.BadAnswer, $"{client.Options.Endpoint.Host} sends other bytes of {what} than were asked for; try another --endpoint.");
    }

    // Servers behind one address need not know the same.
    private sealed class RangesLostException(string message) : TransientException(message);
}
