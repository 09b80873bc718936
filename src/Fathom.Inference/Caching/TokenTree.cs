namespace Fathom.Inference.Caching;

/// <summary>Values at the ends of token sequences, in a tree whose branches share their common beginnings. Not safe for use by two threads at once.</summary>
/// <typeparam name="T">What is kept at the end of a sequence.</typeparam>
internal sealed class TokenTree<T>
    where T : class
{
    private readonly Node root = new(ReadOnlyMemory<int>.Empty, null);

    /// <summary>A place of the tree that has a value.</summary>
    internal sealed class Node(ReadOnlyMemory<int> edge, Node? parent)
    {
        /// <summary>The tokens between the parent and here.</summary>
        public ReadOnlyMemory<int> Edge { get; set; } = edge;

        public Node? Parent { get; set; } = parent;

        /// <summary>Branches by their first token.</summary>
        public Dictionary<int, Node> Children { get; } = [];

        public T? Value { get; set; }

        /// <summary>Tokens from the root to here.</summary>
        public int Depth { get; set; } = (parent?.Depth ?? 0) + edge.Length;

        /// <summary>The nearest place above that has a value.</summary>
        public Node? Above
        {
            get
            {
                Node? node = Parent;
                while (node is { Value: null }) node = node.Parent;
                return node;
            }
        }

        /// <summary>All tokens from the root to here.</summary>
        public int[] Tokens()
        {
            var tokens = new int[Depth];
            for (Node? node = this; node is not null; node = node.Parent) node.Edge.Span.CopyTo(tokens.AsSpan(node.Depth - node.Edge.Length));
            return tokens;
        }
    }

    /// <summary>The place where a sequence ends; made when it is not there yet.</summary>
    public Node At(ReadOnlyMemory<int> tokens)
    {
        Node node = root;
        int depth = 0;
        while (depth < tokens.Length)
        {
            if (!node.Children.TryGetValue(tokens.Span[depth], out Node? child))
            {
                // The edge is copied: the caller's array may be much longer and live long.
                child = new Node(tokens[depth..].ToArray(), node);
                node.Children.Add(tokens.Span[depth], child);
                return child;
            }

            int common = child.Edge.Span.CommonPrefixLength(tokens.Span[depth..]);
            node = common == child.Edge.Length ? child : Split(child, common);
            depth += common;
        }

        return node;
    }

    /// <summary>Places with values whose sequences begin as <paramref name="tokens"/> do, all but their last <paramref name="beyond"/> tokens at most.</summary>
    /// <returns>Each place with the number of its tokens that agree.</returns>
    public List<(Node Node, int Common)> Along(ReadOnlySpan<int> tokens, int beyond)
    {
        var found = new List<(Node, int)>();
        Node node = root;
        int depth = 0;
        while (true)
        {
            if (node.Value is not null) found.Add((node, depth));
            Node? child = depth < tokens.Length ? node.Children.GetValueOrDefault(tokens[depth]) : null;
            foreach (Node other in node.Children.Values)
            {
                if (other != child) Below(other, depth, beyond, found);
            }

            if (child is null) return found;
            int common = child.Edge.Span.CommonPrefixLength(tokens[depth..]);
            depth += common;
            if (common < child.Edge.Length)
            {
                Below(child, depth, beyond, found);
                return found;
            }

            node = child;
        }
    }

    /// <summary>Takes a value away, and the branches that only led to it.</summary>
    public static void Remove(Node node)
    {
        node.Value = null;
        while (node.Value is null && node.Parent is { } parent && node.Children.Count <= 1)
        {
            if (node.Children.Count == 1)
            {
                Join(node);
                return;
            }

            parent.Children.Remove(node.Edge.Span[0]);
            node = parent;
        }
    }

    /// <summary>All values below a place, not its own.</summary>
    public static IEnumerable<Node> Descendants(Node node)
    {
        foreach (Node child in node.Children.Values)
        {
            if (child.Value is not null) yield return child;
            foreach (Node further in Descendants(child)) yield return further;
        }
    }

    // Values at most `beyond` tokens behind the place where the sequences part.
    private static void Below(Node node, int common, int beyond, List<(Node, int)> found)
    {
        if (node.Depth - node.Edge.Length - common >= beyond) return;
        if (node.Value is not null && node.Depth - common <= beyond) found.Add((node, common));
        foreach (Node child in node.Children.Values) Below(child, common, beyond, found);
    }

    private static Node Split(Node child, int at)
    {
        Node parent = child.Parent!;
        var middle = new Node(child.Edge[..at], parent);
        parent.Children[child.Edge.Span[0]] = middle;
        child.Edge = child.Edge[at..];
        child.Parent = middle;
        middle.Children.Add(child.Edge.Span[0], child);
        return middle;
    }

    // A place without a value and with a single branch is no place of its own.
    private static void Join(Node node)
    {
        Node child = node.Children.Values.First();
        child.Edge = (int[])[.. node.Edge.Span, .. child.Edge.Span];
        child.Parent = node.Parent;
        node.Parent!.Children[child.Edge.Span[0]] = child;
    }
}
