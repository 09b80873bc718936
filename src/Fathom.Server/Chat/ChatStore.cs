using System.Globalization;
using System.Text.Json;
using Fathom.Server.Chat.Attaching;
using Microsoft.Data.Sqlite;

namespace Fathom.Server.Chat;

/// <summary>Conversations, their messages and the presets, each with an owner who alone sees them. It knows no requests and no model.</summary>
internal sealed class ChatStore(ChatDatabase database)
{
    private const string HeadColumns = "id, title, system, leaf, created, updated";
    private const string NodeColumns = "id, parent, role, content, reasoning, files, state, numbers, error, created, documents, notes, sources";
    private const int SnippetLength = 90;

    /// <summary>An owner's conversations, the newest first.</summary>
    /// <param name="owner">Whose.</param>
    /// <param name="search">What titles or messages must hold; empty for anything.</param>
    /// <param name="most">How many at most.</param>
    public IReadOnlyList<ChatHead> List(string owner, string search, int most)
    {
        if (search.Length == 0)
            return database.Read($"SELECT {HeadColumns} FROM conversations WHERE owner = $owner ORDER BY updated DESC, rowid DESC LIMIT $most", Head, ("$owner", owner), ("$most", most));
        const string Found = "SELECT content FROM messages WHERE conversation = c.id AND holds(content, $search) ORDER BY number LIMIT 1";
        return database.Read(
            $"SELECT * FROM (SELECT {HeadColumns}, ({Found}) AS found FROM conversations c WHERE owner = $owner) WHERE holds(title, $search) OR found IS NOT NULL ORDER BY updated DESC LIMIT $most",
            row => Head(row) with { Snippet = row.IsDBNull(6) ? null : Snippet(row.GetString(6), search) },
            ("$owner", owner),
            ("$search", search),
            ("$most", most));
    }

    /// <summary>One conversation; null when the owner has no such.</summary>
    public ChatHead? Find(string owner, string id) =>
        database.Read($"SELECT {HeadColumns} FROM conversations WHERE owner = $owner AND id = $id", Head, ("$owner", owner), ("$id", id)).FirstOrDefault();

    /// <summary>Begins a conversation.</summary>
    public ChatHead Create(string owner, string title, string system)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        var head = new ChatHead(RequestIds.New("conv_"), title, system, null, now, now);
        database.Change("INSERT INTO conversations VALUES ($id, $owner, $title, $system, NULL, $now, $now)", ("$id", head.Id), ("$owner", owner), ("$title", title), ("$system", system), ("$now", Time(now)));
        return head;
    }

    /// <summary>Changes title, system prompt and shown branch; the last message's time stays what it was.</summary>
    public void Update(ChatHead head) =>
        database.Change("UPDATE conversations SET title = $title, system = $system, leaf = $leaf WHERE id = $id", ("$title", head.Title), ("$system", head.System), ("$leaf", head.Leaf), ("$id", head.Id));

    /// <summary>Forgets a conversation.</summary>
    /// <returns>Whether the owner had it.</returns>
    public bool Delete(string owner, string id) => database.Change("DELETE FROM conversations WHERE owner = $owner AND id = $id", ("$owner", owner), ("$id", id)) > 0;

    /// <summary>The messages of a conversation in the order in which they were said.</summary>
    public IReadOnlyList<ChatNode> Nodes(string conversation) =>
        database.Read($"SELECT {NodeColumns} FROM messages WHERE conversation = $conversation ORDER BY number", Node, ("$conversation", conversation));

    /// <summary>Whether a message is in one of an owner's conversations.</summary>
    public bool IsOwner(string owner, string message) =>
        database.Read("SELECT 1 FROM messages m JOIN conversations c ON c.id = m.conversation WHERE m.id = $message AND c.owner = $owner", row => row.GetInt64(0), ("$message", message), ("$owner", owner)).Count > 0;

    /// <summary>Adds messages; the last of them ends the branch that is shown.</summary>
    public void Add(string conversation, params IReadOnlyList<ChatNode> nodes) => database.Together(() =>
    {
        foreach (ChatNode node in nodes)
        {
            database.Change(
                $"INSERT INTO messages (conversation, {NodeColumns}) VALUES ($conversation, $id, $parent, $role, $content, $reasoning, $files, $state, $numbers, $error, $created, $documents, $notes, $sources)",
                [("$conversation", conversation), ("$parent", node.Parent), ("$role", node.Role), ("$files", JsonSerializer.Serialize(node.Files)), ("$created", Time(node.Created)), ("$documents", JsonSerializer.Serialize(node.Documents)), ("$notes", node.Notes), .. Written(node)]);
        }

        if (nodes.Count > 0)
            database.Change("UPDATE conversations SET leaf = $leaf, updated = $now WHERE id = $conversation", ("$leaf", nodes[^1].Id), ("$now", Time(DateTimeOffset.UtcNow)), ("$conversation", conversation));
    });

    /// <summary>Writes what an answer has become.</summary>
    public void Write(ChatNode node) =>
        database.Change("UPDATE messages SET content = $content, reasoning = $reasoning, state = $state, numbers = $numbers, error = $error, sources = $sources WHERE id = $id", Written(node));

    /// <summary>Writes what stands in the prompt in place of a question's documents.</summary>
    public void WriteNotes(string question, string notes) => database.Change("UPDATE messages SET notes = $notes WHERE id = $id", ("$id", question), ("$notes", notes));

    /// <summary>An owner's presets by name.</summary>
    public IReadOnlyList<ChatPreset> Presets(string owner) =>
        database.Read("SELECT id, name, text FROM presets WHERE owner = $owner ORDER BY name, rowid", row => new ChatPreset(row.GetString(0), row.GetString(1), row.GetString(2)), ("$owner", owner));

    /// <summary>Keeps a preset.</summary>
    public ChatPreset AddPreset(string owner, string name, string text)
    {
        var preset = new ChatPreset(RequestIds.New("preset_"), name, text);
        database.Change("INSERT INTO presets VALUES ($id, $owner, $name, $text)", ("$id", preset.Id), ("$owner", owner), ("$name", name), ("$text", text));
        return preset;
    }

    /// <summary>Changes a preset.</summary>
    /// <returns>Whether the owner has it.</returns>
    public bool ChangePreset(string owner, ChatPreset preset) =>
        database.Change("UPDATE presets SET name = $name, text = $text WHERE owner = $owner AND id = $id", ("$name", preset.Name), ("$text", preset.Text), ("$owner", owner), ("$id", preset.Id)) > 0;

    /// <summary>Forgets a preset.</summary>
    /// <returns>Whether the owner had it.</returns>
    public bool DeletePreset(string owner, string id) => database.Change("DELETE FROM presets WHERE owner = $owner AND id = $id", ("$owner", owner), ("$id", id)) > 0;

    private static (string, object?)[] Written(ChatNode node) =>
    [
        ("$id", node.Id),
        ("$content", node.Content),
        ("$reasoning", node.Reasoning),
        ("$state", Word(node.State)),
        ("$numbers", node.Numbers is null ? null : JsonSerializer.Serialize(node.Numbers)),
        ("$error", node.Error),
        ("$sources", node.Sources),
    ];

    private static ChatHead Head(SqliteDataReader row) => new(row.GetString(0), row.GetString(1), row.GetString(2), TextAt(row, 3), TimeAt(row, 4), TimeAt(row, 5));

    private static ChatNode Node(SqliteDataReader row) => new()
    {
        Id = row.GetString(0),
        Parent = TextAt(row, 1),
        Role = row.GetString(2),
        Content = row.GetString(3),
        Reasoning = row.GetString(4),
        Files = JsonSerializer.Deserialize<ChatAttachment[]>(row.GetString(5))!,
        State = Enum.Parse<ChatState>(row.GetString(6), ignoreCase: true),
        Numbers = TextAt(row, 7) is { } numbers ? JsonSerializer.Deserialize<ChatNumbers>(numbers) : null,
        Error = TextAt(row, 8),
        Created = TimeAt(row, 9),
        Documents = JsonSerializer.Deserialize<ChatDocument[]>(row.GetString(10))!,
        Notes = row.GetString(11),
        Sources = TextAt(row, 12),
    };

    /// <summary>The word of a state, in the file and for the page.</summary>
    public static string Word(ChatState state) => state switch
    {
        ChatState.Writing => "writing",
        ChatState.Stopped => "stopped",
        ChatState.Failed => "failed",
        _ => "done",
    };

    private static string Snippet(string text, string search)
    {
        int at = Math.Max(0, text.IndexOf(search, StringComparison.OrdinalIgnoreCase));
        int from = Math.Max(0, at - (SnippetLength / 3)), length = Math.Min(SnippetLength, text.Length - from);
        return $"{(from > 0 ? "…" : string.Empty)}{text.Substring(from, length).ReplaceLineEndings(" ")}{(from + length < text.Length ? "…" : string.Empty)}";
    }

    private static string? TextAt(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static DateTimeOffset TimeAt(SqliteDataReader row, int column) => DateTimeOffset.Parse(row.GetString(column), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}
