using Fathom.Model;

namespace Fathom.Inference;

/// <summary>
/// Sessions that hold the beginning of prompts to come: forks at the end of earlier prompts and answers. A prompt
/// that shares a beginning with one of them skips that part.
/// </summary>
internal sealed class PromptCache(ILanguageModel model, int capacity = 6) : IDisposable
{
    // The most recent entry is the last.
    private readonly List<Entry> entries = [];

    /// <summary>Bytes of the caches that are kept, shared parts counted once for each.</summary>
    public long CacheBytes => entries.Sum(entry => entry.Session.CacheBytes);

    /// <summary>A session that holds as much of the prompt as possible, but never all of it: the last token must still give logits.</summary>
    public ISession Take(int[] prompt)
    {
        Entry? best = null;
        int bestLength = 0;
        foreach (Entry entry in entries)
        {
            int common = entry.Tokens.AsSpan().CommonPrefixLength(prompt);
            int usable = Math.Min(common, prompt.Length - 1);
            bool isReachable = entry.Tokens.Length - usable <= entry.Session.MaxRollback;
            if (isReachable && usable >= bestLength && usable > 0) (best, bestLength) = (entry, usable);
        }

        if (best is null) return model.CreateSession();
        ISession session = best.Session.Fork();
        session.Rollback(session.Length - bestLength);
        return session;
    }

    /// <summary>Keeps a session that holds exactly these tokens. It becomes the cache's own.</summary>
    public void Keep(int[] tokens, ISession session)
    {
        entries.RemoveAll(entry =>
        {
            bool isSame = entry.Tokens.AsSpan().SequenceEqual(tokens);
            if (isSame) entry.Session.Dispose();
            return isSame;
        });
        entries.Add(new Entry(tokens, session));
        if (entries.Count <= capacity) return;
        entries[0].Session.Dispose();
        entries.RemoveAt(0);
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        foreach (Entry entry in entries) entry.Session.Dispose();
        entries.Clear();
    }

    public void Dispose() => Clear();

    private sealed record Entry(int[] Tokens, ISession Session);
}
