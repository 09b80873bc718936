using System.Threading.Channels;
using Fathom.Model;

namespace Fathom.Inference.Caching;

/// <summary>
/// Beginnings of prompts in a folder, so that they survive the program: a tree of <see cref="PrefixFile"/>s, each with what came since the one before. Files are written in the
/// background; what is damaged is dropped with a notice and counts as not there; files of another model, tokenizer, profile or version are never used.
/// When the folder takes more than its budget, the ends that were not used for longest go first. Safe for use by several threads.
/// </summary>
internal sealed class PrefixFolder : IDisposable
{
    // A beginning that is only this much longer than one already there is not worth a file.
    private const int LeastGain = 64;

    private readonly string path;
    private readonly byte[] identity;
    private readonly EngineOptions options;
    private readonly int maxPositions;
    private readonly Lock gate = new();
    private readonly Dictionary<string, TokenTree<Entry>> spaces = [];
    private readonly Dictionary<string, TokenTree<Entry>.Node> byKey = [];
    private readonly Channel<Offered> offers;
    private readonly Task writer;
    private long clock;
    private bool isFull;

    /// <summary>Opens a folder, which is made when it is not there, and looks at what it holds.</summary>
    /// <param name="options">Names the folder and its budget.</param>
    /// <param name="identity">32 bytes that tell model, profile and tokenizer from others.</param>
    /// <param name="maxPositions">Tokens of the model's context.</param>
    /// <exception cref="IOException">The folder cannot be used.</exception>
    public PrefixFolder(EngineOptions options, byte[] identity, int maxPositions)
    {
        this.options = options;
        this.identity = identity;
        this.maxPositions = maxPositions;
        offers = Channel.CreateBounded<Offered>(new BoundedChannelOptions(options.MostWaitingWrites) { SingleReader = true });
        path = options.CacheFolder ?? throw new ArgumentException("No cache folder is named.", nameof(options));
        Directory.CreateDirectory(path);
        Scan();
        writer = Task.Run(WriteOffersAsync);
    }

    /// <summary>Bytes of this model's files.</summary>
    public long Bytes { get; private set; }

    /// <summary>This model's files.</summary>
    public int Count => byKey.Count;

    /// <summary>How many tokens of a prompt could be loaded.</summary>
    public int LengthFor(string space, int[] prompt)
    {
        lock (gate) return Find(space, prompt)?.Depth ?? 0;
    }

    /// <summary>Loads the longest beginning of a prompt.</summary>
    /// <param name="space">Whose.</param>
    /// <param name="prompt">Token ids.</param>
    /// <param name="createSession">Makes the session to load into.</param>
    /// <returns>null when there is none, or none that is sound.</returns>
    public (ISession Session, int[] Tokens)? Load(string space, int[] prompt, Func<ISession> createSession)
    {
        while (true)
        {
            List<TokenTree<Entry>.Node> chain = [];
            lock (gate)
            {
                for (TokenTree<Entry>.Node? node = Find(space, prompt); node is not null; node = byKey.GetValueOrDefault(node.Value!.Parent)) chain.Insert(0, node);
                foreach (TokenTree<Entry>.Node node in chain) node.Value!.LastUse = ++clock;
            }

            if (chain.Count == 0) return null;
            ISession session = createSession();
            if (TryRestore(session, chain)) return (session, prompt[..session.Length]);
            session.Dispose();
        }
    }

    /// <summary>Offers a session to be written. It is forked here; the caller keeps its own.</summary>
    /// <param name="space">Whose.</param>
    /// <param name="tokens">The tokens that it holds.</param>
    /// <param name="session">The session.</param>
    /// <param name="isEnd">Whether other prompts are likely to go on from just here; other places are only written at some distance.</param>
    public void Offer(string space, ReadOnlyMemory<int> tokens, ISession session, bool isEnd)
    {
        lock (gate)
        {
            if (isFull || tokens.Length < LeastGain) return;
            int known = Written(space, tokens.Span)?.Depth ?? 0;
            if (tokens.Length - known < (isEnd ? LeastGain : options.FolderSpacing)) return;
        }

        ISession fork = session.Fork();
        if (!offers.Writer.TryWrite(new Offered(space, tokens.ToArray(), fork))) fork.Dispose();
    }

    /// <summary>Writes what is still waiting.</summary>
    public void Dispose()
    {
        offers.Writer.TryComplete();
        writer.Wait();
    }

    private async Task WriteOffersAsync()
    {
        while (await offers.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (offers.Reader.TryRead(out Offered? offered)) Write(offered);
        }
    }

    private void Write(Offered offered)
    {
        using ISession session = offered.Session;
        TokenTree<Entry>.Node? parent;
        lock (gate)
        {
            if (isFull) return;
            parent = Written(offered.Space, offered.Tokens);
            if (parent?.Depth == offered.Tokens.Length) return;
        }

        var header = new PrefixFile.Header(identity, PrefixFile.SpaceHash(offered.Space), parent?.Value!.Key ?? new byte[PrefixFile.KeyBytes], parent?.Depth ?? 0, offered.Tokens[(parent?.Depth ?? 0)..]);
        byte[] key = header.Key();
        string file = FileOf(key);
        try
        {
            PrefixFile.Write(file, header, session);
            lock (gate)
            {
                Add(SpaceName(header.Space), offered.Tokens, new Entry(key, header.Parent, new FileInfo(file).Length) { LastUse = ++clock });
                MakeRoom();
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            // The last is what .NET makes of a file that is larger than the system allows.
            lock (gate) isFull = true;
            options.Notice?.Invoke($"The cache folder {path} takes no more files ({exception.Message}); beginnings of prompts are kept in memory only from now on.");
        }
    }

    private bool TryRestore(ISession session, List<TokenTree<Entry>.Node> chain)
    {
        foreach (TokenTree<Entry>.Node node in chain)
        {
            string file = FileOf(node.Value!.Key);
            try
            {
                using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
                PrefixFile.Header header = PrefixFile.ReadHeader(stream, maxPositions);
                if (!header.Key().AsSpan().SequenceEqual(node.Value.Key)) throw new InvalidDataException("it is not what its name says");
                session.ReadSnapshot(stream);
                if (session.Length != node.Depth) throw new InvalidDataException("its snapshot has another length");
                File.SetLastWriteTimeUtc(file, DateTime.UtcNow);
            }
            catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                lock (gate) Drop(node, exception.Message);
                return false;
            }
        }

        return true;
    }

    // The longest beginning that is there and that is not the whole prompt.
    private TokenTree<Entry>.Node? Find(string space, int[] prompt) => Written(space, prompt.AsSpan(0, Math.Max(0, prompt.Length - 1)));

    private TokenTree<Entry>.Node? Written(string space, ReadOnlySpan<int> tokens)
    {
        TokenTree<Entry>.Node? best = null;
        if (!spaces.TryGetValue(SpaceName(PrefixFile.SpaceHash(space)), out TokenTree<Entry>? tree)) return null;
        foreach ((TokenTree<Entry>.Node node, int common) in tree.Along(tokens, 0))
        {
            if (node.Depth == common && common > (best?.Depth ?? 0)) best = node;
        }

        return best;
    }

    // Reads the heads of all files and puts the tree together again.
    private void Scan()
    {
        foreach (string leftover in Directory.EnumerateFiles(path, $"*{PrefixFile.Extension}.*.tmp"))
        {
            if (!IsBeingWritten(leftover)) TryDelete(leftover);
        }

        var found = new Dictionary<string, (PrefixFile.Header Header, FileInfo File)>();
        var foreign = new Queue<FileInfo>();
        foreach (FileInfo file in new DirectoryInfo(path).EnumerateFiles($"*{PrefixFile.Extension}").OrderBy(file => file.LastWriteTimeUtc))
        {
            try
            {
                using FileStream stream = file.OpenRead();
                PrefixFile.Header header = PrefixFile.ReadHeader(stream, int.MaxValue / 8);
                if (header.Identity.AsSpan().SequenceEqual(identity)) found[Convert.ToHexStringLower(header.Key())] = (header, file);
                else foreign.Enqueue(file);
            }
            catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                TryDelete(file.FullName);
                options.Notice?.Invoke($"{file.FullName} was dropped from the cache: {exception.Message}.");
            }
        }

        foreach ((string key, (PrefixFile.Header header, FileInfo file)) in found)
        {
            // One whose beginning is gone is of no use any more.
            if (TokensOf(header, found) is { } tokens) Add(SpaceName(header.Space), tokens, new Entry(Convert.FromHexString(key), header.Parent, file.Length) { LastUse = ++clock });
            else TryDelete(file.FullName);
        }

        // Files of other models are left alone while there is room.
        long foreignBytes = foreign.Sum(file => file.Length);
        while (Bytes + foreignBytes > options.CacheFolderBytes && foreign.TryDequeue(out FileInfo? oldest))
        {
            foreignBytes -= oldest.Length;
            TryDelete(oldest.FullName);
        }

        MakeRoom();
    }

    // Another program that shares the folder may be at it just now.
    private static bool IsBeingWritten(string temporary)
    {
        string number = Path.GetFileNameWithoutExtension(temporary);
        if (!int.TryParse(number.AsSpan(number.LastIndexOf('.') + 1), out int id) || id == Environment.ProcessId) return false;
        try
        {
            using var process = System.Diagnostics.Process.GetProcessById(id);
            return !process.HasExited && DateTime.UtcNow - File.GetLastWriteTimeUtc(temporary) < TimeSpan.FromMinutes(10);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    private static int[]? TokensOf(PrefixFile.Header header, Dictionary<string, (PrefixFile.Header Header, FileInfo File)> found)
    {
        var pieces = new List<int[]>();
        PrefixFile.Header? at = header;
        while (true)
        {
            pieces.Insert(0, at.Tokens);
            if (at.Since == 0) return [.. pieces.SelectMany(piece => piece)];
            if (!found.TryGetValue(Convert.ToHexStringLower(at.Parent), out (PrefixFile.Header Header, FileInfo) parent) || parent.Header.Since + parent.Header.Tokens.Length != at.Since) return null;
            at = parent.Header;
        }
    }

    private void Add(string space, int[] tokens, Entry entry)
    {
        if (!spaces.TryGetValue(space, out TokenTree<Entry>? tree)) spaces.Add(space, tree = new TokenTree<Entry>());
        TokenTree<Entry>.Node node = tree.At(tokens);
        if (node.Value is not null) return;
        node.Value = entry;
        byKey[Convert.ToHexStringLower(entry.Key)] = node;
        Bytes += entry.Bytes;
    }

    private void MakeRoom()
    {
        while (Bytes > options.CacheFolderBytes && byKey.Count > 0)
        {
            // An end of the tree; what others go on from stays.
            TokenTree<Entry>.Node oldest = byKey.Values.Where(node => !TokenTree<Entry>.Descendants(node).Any()).MinBy(node => node.Value!.LastUse)!;
            Remove(oldest);
        }
    }

    private void Drop(TokenTree<Entry>.Node node, string why)
    {
        if (node.Value is null) return;
        options.Notice?.Invoke($"{FileOf(node.Value.Key)} was dropped from the cache: {why}.");
        foreach (TokenTree<Entry>.Node further in TokenTree<Entry>.Descendants(node).ToList()) Remove(further);
        Remove(node);
    }

    private void Remove(TokenTree<Entry>.Node node)
    {
        Entry entry = node.Value!;
        byKey.Remove(Convert.ToHexStringLower(entry.Key));
        Bytes -= entry.Bytes;
        TryDelete(FileOf(entry.Key));
        TokenTree<Entry>.Remove(node);
    }

    private string FileOf(byte[] key) => Path.Combine(path, Convert.ToHexStringLower(key) + PrefixFile.Extension);

    private static string SpaceName(byte[] hash) => Convert.ToHexStringLower(hash);

    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It will be tried again when the folder is opened next.
        }
    }

    private sealed record Offered(string Space, int[] Tokens, ISession Session);

    private sealed class Entry(byte[] key, byte[] parent, long bytes)
    {
        public byte[] Key => key;

        /// <summary>The beginning that the file goes on from, as a name; others may have come between since.</summary>
        public string Parent { get; } = Convert.ToHexStringLower(parent);

        public long Bytes => bytes;

        public long LastUse { get; set; }
    }
}
