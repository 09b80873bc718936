using System.Collections.Concurrent;
using Fathom.Inference.Caching;
using Fathom.Model;
using Fathom.Text.Grammars;

namespace Fathom.Inference.Scheduling;

/// <summary>
/// Works on many answers at once, step by step: each step is one forward over the next token of every answer and pieces of the prompts that are being read.
/// New requests join between steps; what one gets does not depend on the others. All of it happens on one thread of its own.
/// </summary>
internal sealed class Scheduler : IDisposable
{
    /// <summary>Tokens that a session can take back at most.</summary>
    public const int RollbackReach = 16;

    // A shorter common beginning is not worth waiting for, or reading from disk.
    private const int WorthSharing = 128;

    private readonly ILanguageModel model;
    private readonly EngineOptions options;
    private readonly PrefixCache memory;
    private readonly PrefixFolder? folder;
    private readonly ConcurrentQueue<Action> inbox = [];
    private readonly AutoResetEvent wake = new(false);
    private readonly WaitingLine waiting = new();
    private readonly List<Generation> running = [];
    private readonly HashSet<Generation> loading = [], askedFolder = [];
    private readonly Thread thread;
    private readonly Lock cancelLock = new();
    private List<Generation> inStep = [];
    private CancellationTokenSource? stepCancellation;
    private int queued;
    private volatile bool isClosing;
    private volatile EngineStatus status = new();
    private long steps, tokensRead, tokensCached;

    /// <summary>Starts working; the model is this scheduler's own.</summary>
    /// <param name="model">Runs the forwards.</param>
    /// <param name="options">How.</param>
    /// <param name="folder">Kept beginnings on disk; null for none. This scheduler's own.</param>
    public Scheduler(ILanguageModel model, EngineOptions options, PrefixFolder? folder = null)
    {
        options.Validate();
        this.model = model;
        this.options = options;
        this.folder = folder;
        memory = new PrefixCache(model, options.CacheBytes);
        thread = new Thread(Run) { IsBackground = true, Name = "fathom scheduler" };
        thread.Start();
    }

    /// <summary>The model.</summary>
    public ILanguageModel Model => model;

    /// <summary>What is going on; renewed after every step.</summary>
    public EngineStatus Status => status with { Waiting = Volatile.Read(ref queued), Streaming = model.Streaming, FolderBytes = folder?.Bytes ?? 0, FolderEntries = folder?.Count ?? 0 };

    /// <summary>How many tokens of a prompt the folder holds.</summary>
    public int LengthInFolder(string space, int[] prompt) => folder?.LengthFor(space, prompt) ?? 0;

    /// <summary>Puts a request in the line.</summary>
    /// <exception cref="QueueFullException">Too many wait.</exception>
    /// <exception cref="ObjectDisposedException">The model was closed.</exception>
    public void Submit(Generation generation)
    {
        ObjectDisposedException.ThrowIf(isClosing, typeof(FathomModel));
        int now = Interlocked.Increment(ref queued);
        if (now > options.MaxQueued + Math.Max(0, options.MaxConcurrent - status.Running))
        {
            Interlocked.Decrement(ref queued);
            throw new QueueFullException(now - 1);
        }

        Post(() => waiting.Add(generation));
    }

    /// <summary>Lets go of a request before the next step; what was computed for it stays in the cache.</summary>
    public void Cancel(Generation generation)
    {
        generation.Cancel();
        lock (cancelLock)
        {
            // A forward that nobody waits for any more ends between two layers.
            if (inStep.Count > 0 && inStep.TrueForAll(one => one.IsCancelled)) stepCancellation?.Cancel();
        }

        Post(() => { });
    }

    /// <summary>Forgets kept beginnings in memory, of one space or of all.</summary>
    public void ClearCache(string? space = null) => Post(() => memory.Clear(space));

    /// <summary>Ends the running step, lets go of all requests, writes what should outlive the program, and closes the model.</summary>
    public void Dispose()
    {
        if (isClosing) return;
        isClosing = true;
        Post(() => { });
        thread.Join();
        folder?.Dispose();
        memory.Dispose();
        model.Dispose();
    }

    private void Post(Action action)
    {
        inbox.Enqueue(action);
        wake.Set();
    }

    private void Run()
    {
        while (!isClosing)
        {
            try
            {
                Turn();
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // A defect must not leave everybody waiting for ever.
                foreach (Generation generation in running) generation.Fail(exception);
            }
        }

        while (inbox.TryDequeue(out Action? action)) action();
        foreach (Generation generation in running.Concat(waiting.RemoveAll(_ => true)))
        {
            generation.Fail(new ObjectDisposedException(nameof(FathomModel), "The model was closed while this answer was being made."));
            generation.Release();
        }
    }

    private void Turn()
    {
        while (inbox.TryDequeue(out Action? action)) action();
        LetGo();
        Admit();
        Report([]);
        List<StepPlanner.Part> parts = StepPlanner.Plan(running, model.MaxBatchRows, options.InterleavedRows, options.PieceSpacing);
        if (parts.Count > 0) Step(parts);
        else wake.WaitOne(running.Count > 0 ? TimeSpan.FromMilliseconds(20) : Timeout.InfiniteTimeSpan);
    }

    // Answers that are complete, failed or unwanted leave; their sessions stay in the cache.
    private void LetGo()
    {
        foreach (Generation generation in waiting.RemoveAll(generation => generation.IsCancelled))
        {
            Interlocked.Decrement(ref queued);
            Forget(generation);
        }

        for (int i = running.Count - 1; i >= 0; i--)
        {
            Generation generation = running[i];
            if (!generation.IsOver && !generation.IsCancelled) continue;
            running.RemoveAt(i);
            if (generation.Session.Length > generation.CachedTokens) Keep(generation, generation.Session, generation.Held(), isEnd: true);
            else generation.Session.Dispose();
            Forget(generation);
        }
    }

    private void Forget(Generation generation)
    {
        askedFolder.Remove(generation);
        generation.Release();
    }

    private void Admit()
    {
        if (waiting.Count == 0) return;
        foreach (Generation generation in waiting.InOrder(running))
        {
            // A beginning that is being loaded takes the memory of a session already.
            if (running.Count + loading.Count >= options.MaxConcurrent) return;
            int length = memory.LengthFor(generation.Prompt.Space, generation.Prompt.Tokens);
            if (WaitsForFolder(generation, length) || WaitsForOther(generation, length)) continue;
            waiting.Remove(generation);
            Interlocked.Decrement(ref queued);
            generation.Start(memory.Take(generation.Prompt.Space, generation.Prompt.Tokens));
            tokensCached += generation.CachedTokens;
            running.Add(generation);
        }
    }

    // A longer beginning on disk is loaded first, away from this thread.
    private bool WaitsForFolder(Generation generation, int length)
    {
        if (folder is null || loading.Contains(generation)) return folder is not null;
        if (!askedFolder.Add(generation)) return false;
        (string space, int[] prompt) = (generation.Prompt.Space, generation.Prompt.Tokens);
        if (folder.LengthFor(space, prompt) < length + WorthSharing) return false;
        loading.Add(generation);
        _ = Task.Run(() =>
        {
            (ISession Session, int[] Tokens)? loaded = folder.Load(space, prompt, model.CreateSession);
            Post(() =>
            {
                loading.Remove(generation);
                if (loaded is { } found) memory.Keep(space, found.Tokens, found.Session, isFromDisk: true);
            });
        });
        return true;
    }

    // Somebody is reading the same beginning just now: it is read once.
    private bool WaitsForOther(Generation generation, int length)
    {
        foreach (Generation other in running)
        {
            if (!other.IsPrefilling || other.IsCancelled || other.Prompt.Space != generation.Prompt.Space) continue;
            int common = Math.Min(other.Prompt.Tokens.AsSpan().CommonPrefixLength(generation.Prompt.Tokens), generation.Prompt.Tokens.Length - 1);
            if (common < length + WorthSharing || other.Session.Length >= common) continue;
            other.KeepAt(Math.Min(common, other.Prompt.Tokens.Length - 1));
            return true;
        }

        return false;
    }

    private void Step(List<StepPlanner.Part> parts)
    {
        using var cancellation = new CancellationTokenSource();
        lock (cancelLock)
        {
            inStep = [.. parts.Select(part => part.Generation)];
            stepCancellation = cancellation;
        }

        try
        {
            List<StepPlanner.Part> pieces = [.. parts.Where(part => part.Generation.IsPrefilling)];
            Logits logits = model.Forward(BatchOf(parts), cancellation.Token);
            steps++;
            foreach (StepPlanner.Part piece in pieces)
            {
                tokensRead += piece.Rows;
                AfterPiece(piece.Generation);
            }

            Advance(parts, logits);
            Report(parts);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Everybody in this step was gone.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Nobody pays for another's trouble: each goes on alone, and whose forward fails hears of it.
            if (parts.Count == 1) parts[0].Generation.Fail(exception);
            else foreach (StepPlanner.Part part in parts) Step([part]);
        }
        finally
        {
            lock (cancelLock)
            {
                inStep = [];
                stepCancellation = null;
            }
        }

        // Who was served goes to the end, so that all prompts advance in turn.
        foreach ((Generation generation, _) in parts)
        {
            if (running.Remove(generation)) running.Add(generation);
        }
    }

    private static Batch BatchOf(List<StepPlanner.Part> parts)
    {
        var batch = new Batch();
        foreach ((Generation generation, int rows) in parts)
        {
            bool isLast = generation.Session.Length + rows >= generation.Prompt.Tokens.Length;
            batch.Add(generation.Session, generation.Next(rows), isLast ? LogitRows.Last : LogitRows.None);
        }

        return batch;
    }

    private static void Advance(List<StepPlanner.Part> parts, Logits logits)
    {
        List<Generation> picking = [.. parts.Select(part => part.Generation).Where(generation => !generation.IsPrefilling)];
        void Pick(int row)
        {
            try
            {
                picking[row].Advance(logits[row]);
            }
            catch (Exception exception) when (exception is InvalidDataException or ArgumentException or InvalidOperationException or GrammarException)
            {
                picking[row].Fail(exception);
            }
        }

        // Each touches its own state only.
        if (picking.Count * (long)logits.Width > 100_000) Parallel.For(0, picking.Count, Pick);
        else for (int i = 0; i < picking.Count; i++) Pick(i);
    }

    private void AfterPiece(Generation generation)
    {
        generation.TellProgress();
        if (options.CacheBytes == 0 && folder is null) return;
        ISession session = generation.Session;
        if (!generation.IsPrefilling)
        {
            // The last token of a chat's prompt says whether the model thinks: the next prompt may say otherwise.
            ISession end = session.Fork();
            end.Rollback(Math.Min(1, end.MaxRollback));
            Keep(generation, end, generation.Prompt.Tokens.AsMemory(0, end.Length), isEnd: true);
            generation.LastKept = session.Length;
        }
        else if (session.Length - generation.LastKept >= options.MemorySpacing || generation.Prompt.Boundaries.Contains(session.Length))
        {
            Keep(generation, session.Fork(), generation.Prompt.Tokens.AsMemory(0, session.Length), generation.Prompt.Boundaries.Contains(session.Length));
            generation.LastKept = session.Length;
        }
    }

    private void Keep(Generation generation, ISession session, ReadOnlyMemory<int> tokens, bool isEnd)
    {
        folder?.Offer(generation.Prompt.Space, tokens, session, isEnd);
        memory.Keep(generation.Prompt.Space, tokens, session);
    }

    private void Report(List<StepPlanner.Part> parts) => status = new EngineStatus
    {
        Running = running.Count,
        Answers = [.. running.Select(generation => generation.Describe())],
        Steps = steps,
        LastRows = parts.Count > 0 ? parts.Sum(part => part.Rows) : status.LastRows,
        LastSequences = parts.Count > 0 ? parts.Count : running.Count == 0 ? 0 : status.LastSequences,
        ContextTokens = running.Sum(generation => (long)generation.Session.Length),
        CacheBytes = memory.Bytes,
        CacheEntries = memory.Count,
        CacheEvictions = memory.Evictions,
        PromptTokensRead = tokensRead,
        PromptTokensCached = tokensCached,
    };
}
