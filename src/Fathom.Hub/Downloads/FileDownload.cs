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
    private bool isWhole;

    /// <summary>Fetches the file unless it is here, checks it, and returns its SHA-256.</summary>
    /// <exception cref="HubException">It cannot be had, or is not what the hub announced.</exception>
    public async Task<string> RunAsync(CancellationToken cancellation)
    {
        using StoreLock held = await StoreLock.TakeAsync(store.LockPath(file.Key), holder => counter.Say($"waiting for {holder}, which fetches {file.Path}"), cancellation).ConfigureAwait(false);
        if (store.FindBlob(file) is { } present)
        {
            counter.Had(file.Bytes);
            held.Forget();
            counter.FileDone(null);
            return present;
        }

        string path = store.PartialPath(file);
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
        Directory.CreateDirectory(store.BlobFolder);
        File.Move(path, store.BlobPath(sha256), overwrite: true);
        if (file.GitSha1 is { } name) StoreWriter.Write(store.GitNamePath(name), sha256);
        PartialFile.Delete(path);
    }

    private async Task FetchAsync(string path, CancellationToken cancellation)
    {
        using PartialFile partial = PartialFile.Open(path, file.Bytes, client.Options.PartBytes);
        counter.Had(partial.DoneBytes);
        int[] open = [.. Enumerable.Range(0, partial.Parts).Where(part => !partial.IsDone(part))];
        if (open.Length > 0)
        {
            using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

            // The first part shows whether the server knows ranges and which version it has; only then the others begin.
            var knowsRanges = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            var running = new List<Task> { FetchPartAsync(partial, open[0], knowsRanges, others.Token) };
            await Task.WhenAny(running[0], knowsRanges.Task).ConfigureAwait(false);
            if (knowsRanges.Task.IsCompletedSuccessfully && await knowsRanges.Task.ConfigureAwait(false))
                running.AddRange(open[1..].Select(part => FetchPartAsync(partial, part, knowsRanges, others.Token)));
            await AllOrFirstErrorAsync(running, others).ConfigureAwait(false);
        }

        partial.Flush();
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

    private async Task FetchPartAsync(PartialFile partial, int part, TaskCompletionSource<bool> knowsRanges, CancellationToken cancellation)
    {
        var budget = new RetryBudget(client.Options);
        while (isWhole ? partial.DoneBytes < partial.Bytes : !partial.IsDone(part))
        {
            long before = partial.Next(part);
            try
            {
                await connections.WaitAsync(cancellation).ConfigureAwait(false);
                try
                {
                    await FetchOnceAsync(partial, part, knowsRanges, cancellation).ConfigureAwait(false);
                }
                finally
                {
                    connections.Release();
                }
            }
            catch (TransientException failure)
            {
                if (!isWhole && partial.Next(part) > before) budget.Reset();
                await budget.WaitAsync(failure, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task FetchOnceAsync(PartialFile partial, int part, TaskCompletionSource<bool> knowsRanges, CancellationToken cancellation)
    {
        long from = partial.Next(part), end = partial.End(part);
        using HttpResponseMessage response = await client.OpenAsync(listing, file, new RangeHeaderValue(from, end - 1), knowsRanges.Task.IsCompleted ? version : null, cancellation).ConfigureAwait(false);
        bool isPart = response.StatusCode == HttpStatusCode.PartialContent;
        if (isPart) CheckRange(response.Content.Headers.ContentRange, from, end);
        else if (response.Content.Headers.ContentLength is { } length && length != file.Bytes) throw HubAnswer.Changed(what, $"{length} bytes instead of {file.Bytes}");
        if (knowsRanges.Task.IsCompleted)
        {
            if (!isPart && !isWhole) throw HubAnswer.Changed(what, "another version is sent");
            if (isPart && version is not null && response.Headers.ETag is { } tag && tag.Tag != version.Tag) throw HubAnswer.Changed(what, "its ETag is another one");
        }

        version = response.Headers.ETag;
        isWhole = !isPart;
        if (isWhole)
        {
            counter.Had(-partial.DoneBytes);
            partial.Restart();
        }

        knowsRanges.TrySetResult(isPart);
        using Stream body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var buffer = new byte[BufferBytes];
        for (int current = isWhole ? 0 : part; current < (isWhole ? partial.Parts : part + 1); current++)
        {
            while (!partial.IsDone(current))
            {
                int wanted = (int)Math.Min(buffer.Length, partial.End(current) - partial.Next(current));
                int count = await client.ReadAsync(body, buffer.AsMemory(0, wanted), what, cancellation).ConfigureAwait(false);
                if (count == 0) throw new TransientException($"The connection ended early at {what}");
                partial.Write(current, buffer.AsSpan(0, count));
                counter.Fetched(count);
            }
        }
    }

    private void CheckRange(ContentRangeHeaderValue? range, long from, long end)
    {
        if (range?.Length is { } length && length != file.Bytes) throw HubAnswer.Changed(what, $"{length} bytes instead of {file.Bytes}");
        if (range is null || range.From != from || range.To >= end)
            throw new HubException(HubProblem.BadAnswer, $"{client.Options.Endpoint.Host} sends other bytes of {what} than were asked for; try another --endpoint.");
    }
}
