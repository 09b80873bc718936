namespace Fathom.Text;

/// <summary>Finds added tokens in text: leftmost, then longest.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly Node root = new();
    private readonly System.Buffers.SearchValues<char> firstCharacters;

    public AddedTokenMatcher(IEnumerable<AddedToken> tokens)
    {
        foreach (AddedToken token in tokens)
        {
            Node node = root;
            foreach (char c in token.Content) node = node.Child(c);
            node.Token = token;
        }

        firstCharacters = System.Buffers.SearchValues.Create([.. root.Characters]);
    }

    /// <summary>The first match in the text from <paramref name="from"/> on, or null.</summary>
    public AddedToken? Find(ReadOnlySpan<char> text, int from, out int start)
    {
        for (start = from; start < text.Length; start++)
        {
            int ahead = text[start..].IndexOfAny(firstCharacters);
            if (ahead < 0) break;
            start += ahead;
            AddedToken? longest = null;
            Node? node = root.Find(text[start]);
            for (int i = start + 1; node is not null; i++)
            {
                longest = node.Token ?? longest;
                node = i < text.Length ? node.Find(text[i]) : null;
            }

            if (longest is not null) return longest;
        }

        start = text.Length;
        return null;
    }

    private sealed class Node
    {
        private readonly Dictionary<char, Node> children = [];

        public AddedToken? Token { get; set; }

        public IEnumerable<char> Characters => children.Keys;

        public Node Child(char c)
        {
            if (!children.TryGetValue(c, out Node? child)) children.Add(c, child = new Node());
            return child;
        }

        public Node? Find(char c) => children.GetValueOrDefault(c);
    }
}
