namespace Fathom.Server.Chat;

/// <summary>Finds ways through a conversation's tree of messages.</summary>
internal static class ChatTree
{
    /// <summary>The messages from the first one to a given one.</summary>
    public static IReadOnlyList<ChatNode> PathTo(IEnumerable<ChatNode> nodes, string? leaf)
    {
        Dictionary<string, ChatNode> byId = nodes.ToDictionary(node => node.Id);
        var path = new List<ChatNode>();
        while (leaf is not null && byId.Remove(leaf, out ChatNode? node))
        {
            path.Add(node);
            leaf = node.Parent;
        }

        path.Reverse();
        return path;
    }
}
