using System.Text;

namespace Fathom.Text;

/// <summary>
/// V4's tokenizer: byte-level BPE over the pieces of <see cref="PreTokenizer"/>, with added tokens for markup (chat
/// specification, part 1). It knows bytes and ids; which markup a conversation needs is the chat encoder's business.
/// Safe for use by several threads.
/// </summary>
public sealed class Tokenizer
{
    // Pieces repeat: most of a text comes out of this table. It stops growing at a size that fits a few megabytes.
    private const int MostCachedPieces = 65_536;
    private const int LongestCachedPiece = 48;

    private readonly byte[]?[] bytesById;
    private readonly int[] idOfByte;
    private readonly BytePairMerger merger;
    private readonly Dictionary<int, AddedToken> addedById;
    private readonly Dictionary<string, AddedToken> addedByText;
    private readonly AddedTokenMatcher[] matchers;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, int[]> cache = new(StringComparer.Ordinal);
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> cacheBySpan;

    // Asking the table for its count takes all its locks: a long text of rare pieces would spend most of its time there.
    private int cachedPieces;

    internal Tokenizer(byte[]?[] bytesById, int[] idOfByte, Dictionary<long, (int Rank, int Joined)> merges, IReadOnlyList<AddedToken> added)
    {
        this.bytesById = bytesById;
        this.idOfByte = idOfByte;
        merger = new BytePairMerger(merges);
        addedById = added.ToDictionary(token => token.Id);
        addedByText = added.ToDictionary(token => token.Content, StringComparer.Ordinal);
        AddedTokens = added;

        // Tokens that are not normalized are cut out first, the others from what is left.
        matchers = [.. added.GroupBy(token => token.IsNormalized).OrderBy(group => group.Key).Select(group => new AddedTokenMatcher(group))];
        cacheBySpan = cache.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>One more than the highest token id.</summary>
    public int VocabularySize => bytesById.Length;

    /// <summary>All added tokens, by id.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; }

    /// <summary>Reads a tokenizer.json.</summary>
    /// <exception cref="TokenizerException">The file is missing, damaged, or not of V4's kind.</exception>
    public static Tokenizer Load(string path) => TokenizerReader.Read(path);

    /// <summary>Makes a tokenizer from the lists that a GGUF file carries.</summary>
    /// <param name="tokens">Pieces in the byte alphabet, and markup as it is, by id.</param>
    /// <param name="kinds">For each id 3 for markup, 4 for text that a user added, anything else for a piece.</param>
    /// <param name="merges">Two pieces each with a blank between, in order.</param>
    /// <param name="file">Where the lists are from, for messages.</param>
    /// <exception cref="TokenizerException">The lists do not go together.</exception>
    public static Tokenizer FromLists(IReadOnlyList<string> tokens, IReadOnlyList<long> kinds, IReadOnlyList<string> merges, string file)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(kinds);
        ArgumentNullException.ThrowIfNull(merges);
        if (kinds.Count != tokens.Count) throw new ArgumentException($"{tokens.Count} tokens have {kinds.Count} kinds.", nameof(kinds));
        return TokenizerReader.FromLists(tokens, kinds, merges, file);
    }

    /// <summary>Reads the text of a tokenizer.json.</summary>
    /// <param name="json">UTF-8 text.</param>
    /// <param name="file">Name for messages.</param>
    /// <exception cref="TokenizerException">As for <see cref="Load"/>.</exception>
    public static Tokenizer Parse(ReadOnlyMemory<byte> json, string file) => TokenizerReader.Parse(json, file);

    /// <summary>Encodes text. Nothing is added before or after it.</summary>
    /// <param name="text">Any text; lone surrogates count as U+FFFD.</param>
    /// <param name="matchAddedTokens">Whether the spelling of an added token becomes that token. Off for text that is not the program's own.</param>
    public int[] Encode(string text, bool matchAddedTokens)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Encode([new PromptSpan(text, matchAddedTokens)]);
    }

    /// <summary>Encodes a prompt: pieces are found in the joined text, added tokens only inside markup spans.</summary>
    public int[] Encode(IReadOnlyList<PromptSpan> spans)
    {
        ArgumentNullException.ThrowIfNull(spans);
        var ids = new List<int>();
        var plain = new StringBuilder();
        foreach (PromptSpan span in spans)
        {
            if (span.Ids is not null)
            {
                FlushPlain(plain, ids);
                ids.AddRange(span.Ids);
            }
            else if (!span.IsMarkup) plain.Append(span.Text);
            else AppendMarkup(span.Text, 0, plain, ids);
        }

        FlushPlain(plain, ids);
        return [.. ids];
    }

    /// <summary>The bytes of a token; empty for an id that the vocabulary leaves out.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public ReadOnlySpan<byte> BytesOf(int id)
    {
        if ((uint)id >= (uint)bytesById.Length)
            throw new ArgumentOutOfRangeException(nameof(id), id, $"Token ids of this tokenizer go from 0 to {bytesById.Length - 1}.");
        return bytesById[id];
    }

    /// <summary>Decodes ids to text; ill-formed bytes become U+FFFD.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecial">Whether tokens flagged as special are left out.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false)
    {
        var decoder = new StreamingDecoder(this);
        var text = new StringBuilder();
        foreach (int id in ids)
        {
            if (!skipSpecial || !IsSpecial(id)) text.Append(decoder.Push(id));
        }

        return text.Append(decoder.Flush()).ToString();
    }

    /// <summary>A digest of all tokens, 32 bytes, that tells tokenizers apart.</summary>
    public byte[] Identity()
    {
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        foreach (byte[]? bytes in bytesById)
        {
            hash.AppendData(BitConverter.GetBytes(bytes?.Length ?? -1));
            hash.AppendData(bytes ?? []);
        }

        return hash.GetHashAndReset();
    }

    /// <summary>The id of an added token by its literal text, or null.</summary>
    public int? FindAddedToken(string content) => addedByText.TryGetValue(content, out AddedToken? token) ? token.Id : null;

    /// <summary>Whether an id is an added token.</summary>
    public bool IsAdded(int id) => addedById.ContainsKey(id);

    /// <summary>Whether an id is an added token that decoding may hide.</summary>
    public bool IsSpecial(int id) => addedById.TryGetValue(id, out AddedToken? token) && token.IsSpecial;

    // Cuts added tokens out of markup, one class of tokens after the other; the text between them joins what came before.
    private void AppendMarkup(string text, int matcher, StringBuilder plain, List<int> ids)
    {
        if (matcher == matchers.Length)
        {
            plain.Append(text);
            return;
        }

        int position = 0;
        while (matchers[matcher].Find(text, position, out int start) is { } token)
        {
            AppendMarkup(text[position..start], matcher + 1, plain, ids);
            FlushPlain(plain, ids);
            ids.Add(token.Id);
            position = start + token.Content.Length;
        }

        AppendMarkup(position == 0 ? text : text[position..], matcher + 1, plain, ids);
    }

    private void FlushPlain(StringBuilder plain, List<int> ids)
    {
        if (plain.Length == 0) return;
        string text = WellFormed(plain.ToString());
        plain.Clear();
        var ends = new List<int>();
        PreTokenizer.Split(text, ends);
        int start = 0;
        foreach (int end in ends)
        {
            AppendPiece(text.AsSpan(start, end - start), ids);
            start = end;
        }
    }

    private void AppendPiece(ReadOnlySpan<char> piece, List<int> ids)
    {
        if (cacheBySpan.TryGetValue(piece, out int[]? known))
        {
            ids.AddRange(known);
            return;
        }

        int byteCount = Encoding.UTF8.GetByteCount(piece);
        byte[] bytes = new byte[byteCount];
        Encoding.UTF8.GetBytes(piece, bytes);
        var tokens = new int[byteCount];
        for (int i = 0; i < byteCount; i++) tokens[i] = idOfByte[bytes[i]];
        Span<int> merged = tokens.AsSpan(0, merger.Merge(tokens));
        ids.AddRange(merged);
        if (piece.Length <= LongestCachedPiece && cachedPieces < MostCachedPieces && cacheBySpan.TryAdd(piece, merged.ToArray())) Interlocked.Increment(ref cachedPieces);
    }

    // Each lone surrogate becomes U+FFFD before anything else looks at the text.
    private static string WellFormed(string text)
    {
        ReadOnlySpan<char> rest = text;
        int bad = IndexOfLoneSurrogate(rest, 0);
        if (bad < 0) return text;
        char[] copy = text.ToCharArray();
        for (; bad >= 0; bad = IndexOfLoneSurrogate(rest, bad + 1)) copy[bad] = '\uFFFD';
        return new string(copy);
    }

    private static int IndexOfLoneSurrogate(ReadOnlySpan<char> text, int from)
    {
        while (from < text.Length)
        {
            int ahead = text[from..].IndexOfAnyInRange('\uD800', '\uDFFF');
            if (ahead < 0) return -1;
            from += ahead;
            bool isPair = char.IsHighSurrogate(text[from]) && from + 1 < text.Length && char.IsLowSurrogate(text[from + 1]);
            if (!isPair) return from;
            from += 2;
        }

        return -1;
    }
}
