using Fathom.Model;

namespace Fathom.Inference.Caching;

/// <summary>A session to go on from.</summary>
/// <param name="Session">Holds the first tokens of a prompt; the caller's own.</param>
/// <param name="Source">Where they came from.</param>
internal readonly record struct CachedPrefix(ISession Session, PrefixSource Source);

/// <summary>
/// Sessions that hold the beginnings of prompts to come, in memory: forks at regular boundaries of earlier prompts, at their ends and at the ends of answers.
/// They share the pages of their compressed entries, so that one more boundary costs little more than its window. When they take more than the budget,
/// those go first that are cheap to compute again, large, old and little used. Used by the scheduler's thread only.
/// </summary>
internal sealed class PrefixCache(ILanguageModel model, long budgetBytes) : IDisposable
{
    private const int MaxEntries = 4096;

    private readonly Dictionary<string, TokenTree<Entry>> spaces = [];
    private readonly List<TokenTree<Entry>.Node> entries = [];
    private long clock;

    /// <summary>Bytes that the kept sessions take, shared pages counted once.</summary>
    public long Bytes { get; private set; }

    /// <summary>Sessions that are kept.</summary>
    public int Count => entries.Count;

    /// <summary>Sessions that were given up for room, since the start.</summary>
    public long Evictions { get; private set; }

    /// <summary>How many tokens of a prompt a session of this cache would bring.</summary>
    public int LengthFor(string space, int[] prompt) => Find(space, prompt) is { } best ? best.Length : 0;

    /// <summary>A session that holds as much of the prompt as possible, but never all of it: the last token must still give logits.</summary>
    /// <param name="space">Whose cache to look in: prompts of different spaces never meet.</param>
    /// <param name="prompt">Token ids.</param>
    public CachedPrefix Take(string space, int[] prompt)
    {
        if (Find(space, prompt) is not { } best) return new CachedPrefix(model.CreateSession(), PrefixSource.None);
        Entry entry = best.Node.Value!;
        entry.LastUse = ++clock;
        entry.Hits++;
        ISession session = entry.Session.Fork();
        session.Rollback(session.Length - best.Length);
        return new CachedPrefix(session, entry.IsFromDisk ? PrefixSource.Disk : PrefixSource.Memory);
    }

    /// <summary>Keeps a session that holds exactly these tokens. It becomes the cache's own.</summary>
    public void Keep(string space, ReadOnlyMemory<int> tokens, ISession session, bool isFromDisk = false)
    {
        if (tokens.Length == 0 || budgetBytes <= 0)
        {
            session.Dispose();
            return;
        }

        if (!spaces.TryGetValue(space, out TokenTree<Entry>? tree)) spaces.Add(space, tree = new TokenTree<Entry>());
        TokenTree<Entry>.Node node = tree.At(tokens);
        if (node.Value is { } known)
        {
            // The same tokens again: the newer session can be taken back further, as a restored one cannot.
            known.Session.Dispose();
            known.Replace(session);
            known.LastUse = ++clock;
        }
        else
        {
            node.Value = new Entry(tree, session) { LastUse = ++clock, IsFromDisk = isFromDisk };
            entries.Add(node);
        }

        MakeRoom();
    }

    /// <summary>Forgets everything, of one space or of all.</summary>
    public void Clear(string? space = null)
    {
        foreach (TokenTree<Entry>.Node node in entries.Where(node => space is null || (spaces.TryGetValue(space, out TokenTree<Entry>? tree) && tree == node.Value!.Tree)).ToList()) Drop(node);
        Bytes = entries.Sum(OwnBytes);
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();

    private (TokenTree<Entry>.Node Node, int Length)? Find(string space, int[] prompt)
    {
        if (!spaces.TryGetValue(space, out TokenTree<Entry>? tree)) return null;
        (TokenTree<Entry>.Node Node, int Length)? best = null;
        foreach ((TokenTree<Entry>.Node node, int common) in tree.Along(prompt, Scheduling.Scheduler.RollbackReach))
        {
            int usable = Math.Min(common, prompt.Length - 1);
            bool isReachable = usable > 0 && node.Depth - usable <= node.Value!.Session.MaxRollback;
            if (isReachable && (best is null || usable > best.Value.Length)) best = (node, usable);
        }

        return best;
    }

    private void MakeRoom()
    {
        Bytes = entries.Sum(OwnBytes);
        while (entries.Count > 1 && (Bytes > budgetBytes || entries.Count > MaxEntries))
        {
            Drop(entries.MinBy(Worth)!);
            Evictions++;
            Bytes = entries.Sum(OwnBytes);
        }

        // A single session that is larger than everything allowed is not kept either.
        if (entries.Count == 1 && Bytes > budgetBytes)
        {
            Drop(entries[0]);
            Evictions++;
            Bytes = 0;
        }
    }

    // Tokens that would have to be read again, by how likely and how costly that is.
    private double Worth(TokenTree<Entry>.Node node)
    {
        Entry entry = node.Value!;
        int gap = node.Depth - (node.Above?.Depth ?? 0);
        return (double)gap * (1 + entry.Hits) / ((1 + clock - entry.LastUse) * (double)(OwnBytes(node) + 1));
    }

    private static long OwnBytes(TokenTree<Entry>.Node node) => node.Value!.CacheBytes - (node.Above?.Value?.SharedBytes ?? 0);

    private void Drop(TokenTree<Entry>.Node node)
    {
        Entry entry = node.Value!;
        entries.Remove(node);
        entry.Session.Dispose();
        TokenTree<Entry>.Remove(node);
    }

    private sealed class Entry
    {
        public Entry(TokenTree<Entry> tree, ISession session)
        {
            Tree = tree;
            Replace(session);
        }

        public TokenTree<Entry> Tree { get; }

        public ISession Session { get; private set; } = null!;

        public long CacheBytes { get; private set; }

        public long SharedBytes { get; private set; }

        public long LastUse { get; set; }

        public int Hits { get; set; }

        public bool IsFromDisk { get; init; }

        public void Replace(ISession session)
        {
            // A kept session does not grow any more.
            Session = session;
            CacheBytes = session.CacheBytes;
            SharedBytes = session.SharedBytes;
        }
    }
}
