using System.Globalization;
using Fathom.Documents;
using Fathom.Server.Errors;
using Microsoft.Data.Sqlite;

namespace Fathom.Server.Chat.Attaching;

/// <summary>
/// The documents of conversations: rows in the database, texts in files. A document that was read waits without a conversation until its question is asked; when none comes, it is forgotten.
/// </summary>
internal sealed class DocumentStore(ChatDatabase database, DocumentFiles files, ServerOptions options)
{
    private const string Columns = "id, path, kind, pages, characters";
    private static readonly TimeSpan Waiting = TimeSpan.FromHours(24);

    /// <summary>Forgets what waited in vain and what belongs to nobody; called when a server starts.</summary>
    public void Sweep()
    {
        string before = Time(DateTimeOffset.UtcNow - Waiting);
        files.Delete(database.Read("SELECT id FROM documents WHERE conversation IS NULL AND created < $before", row => row.GetString(0), ("$before", before)));
        database.Change("DELETE FROM documents WHERE conversation IS NULL AND created < $before", ("$before", before));
        files.Sweep(database.Read("SELECT id FROM documents", row => row.GetString(0)).ToHashSet());
    }

    /// <summary>Makes sure that an owner may keep more.</summary>
    /// <exception cref="ApiException">He keeps too many.</exception>
    public void CheckRoom(string owner)
    {
        long kept = database.Read("SELECT coalesce(sum(bytes), 0) FROM documents WHERE owner = $owner", row => row.GetInt64(0), ("$owner", owner))[0];
        if (kept > options.MaxKeptDocumentBytes)
            throw new ApiException(507, ApiException.InvalidRequest, $"The documents of your conversations take {Mebi(kept)} MiB, and {Mebi(options.MaxKeptDocumentBytes)} MiB is what this server keeps; delete conversations with documents that you no longer need.");
    }

    /// <summary>Keeps a document.</summary>
    /// <param name="owner">Whose.</param>
    /// <param name="document">Its text.</param>
    /// <param name="conversation">Where it belongs; null while it waits for its question.</param>
    public ChatDocument Add(string owner, SourceDocument document, string? conversation = null)
    {
        var head = new ChatDocument(RequestIds.New("doc_"), document.Path, document.Kind, document.Pages, document.Characters);
        long bytes = files.Write(head.Id, document);
        database.Change(
            $"INSERT INTO documents (owner, conversation, bytes, created, {Columns}) VALUES ($owner, $conversation, $bytes, $created, $id, $path, $kind, $pages, $characters)",
            ("$owner", owner), ("$conversation", conversation), ("$bytes", bytes), ("$created", Time(DateTimeOffset.UtcNow)),
            ("$id", head.Id), ("$path", head.Path), ("$kind", head.Kind.ToString()), ("$pages", head.Pages), ("$characters", head.Characters));
        return head;
    }

    /// <summary>A document; null when the owner has no such.</summary>
    public ChatDocument? Find(string owner, string id) =>
        database.Read($"SELECT {Columns} FROM documents WHERE owner = $owner AND id = $id", Head, ("$owner", owner), ("$id", id)).FirstOrDefault();

    /// <summary>The documents of a conversation.</summary>
    public IReadOnlyList<ChatDocument> Of(string conversation) =>
        database.Read($"SELECT {Columns} FROM documents WHERE conversation = $conversation ORDER BY rowid", Head, ("$conversation", conversation));

    /// <summary>Documents by their ids, which wait or are in this conversation already.</summary>
    /// <exception cref="ApiException">One is not there, or is another conversation's; or they are too many together.</exception>
    public IReadOnlyList<ChatDocument> Wanted(string owner, string? conversation, IReadOnlyList<string> ids)
    {
        var found = new List<ChatDocument>();
        foreach (string id in ids.Distinct())
        {
            found.AddRange(database.Read(
                $"SELECT {Columns} FROM documents WHERE owner = $owner AND id = $id AND (conversation IS NULL OR conversation = $conversation)", Head, ("$owner", owner), ("$id", id), ("$conversation", conversation)));
        }

        if (found.Count < ids.Distinct().Count()) throw ApiException.BadField("documents", "A document is no longer there; remove it from the question and attach it again.");
        long characters = (conversation is null ? [] : Of(conversation)).Concat(found).DistinctBy(one => one.Id).Sum(one => one.Characters);
        return Fits(characters) ? found : throw TooLong(characters);
    }

    /// <summary>Documents as they will be called in a conversation: one whose name is taken there gets a number.</summary>
    public IReadOnlyList<ChatDocument> Named(string conversation, IReadOnlyList<ChatDocument> wanted)
    {
        if (wanted.Count == 0) return [];
        Dictionary<string, string> names = Of(conversation).ToDictionary(one => one.Path, one => one.Id);
        var named = new List<ChatDocument>();
        foreach (ChatDocument head in wanted)
        {
            string path = ChatDocument.FreeName(head.Path, name => names.TryGetValue(name, out string? id) && id != head.Id);
            names[path] = head.Id;
            named.Add(head with { Path = path });
        }

        return named;
    }

    /// <summary>Gives waiting documents to a conversation.</summary>
    public void Attach(string conversation, IReadOnlyList<ChatDocument> named) => database.Together(() =>
    {
        foreach (ChatDocument head in named)
            database.Change("UPDATE documents SET conversation = $conversation, path = $path WHERE id = $id", ("$conversation", conversation), ("$path", head.Path), ("$id", head.Id));
    });

    /// <summary>Forgets the documents of a conversation.</summary>
    public void DeleteOf(string conversation)
    {
        string[] ids = [.. Of(conversation).Select(one => one.Id)];
        database.Change("DELETE FROM documents WHERE conversation = $conversation", ("$conversation", conversation));
        files.Delete(ids);
    }

    /// <summary>Forgets a document that waits.</summary>
    /// <returns>Whether the owner had it.</returns>
    public bool DeleteWaiting(string owner, string id)
    {
        if (database.Change("DELETE FROM documents WHERE owner = $owner AND id = $id AND conversation IS NULL", ("$owner", owner), ("$id", id)) == 0) return false;
        files.Delete([id]);
        return true;
    }

    /// <summary>Whether a conversation may hold so much text.</summary>
    public bool Fits(long characters) => characters <= options.MaxDocumentCharacters;

    /// <summary>The error for more text than a conversation may hold.</summary>
    public ApiException TooLong(long characters) => new(
        413, ApiException.InvalidRequest, FormattableString.Invariant($"The documents of this conversation would have {characters:n0} characters, more than the {options.MaxDocumentCharacters:n0} that one may hold; attach fewer, or begin a new conversation."));

    private static long Mebi(long bytes) => bytes >> 20;

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static ChatDocument Head(SqliteDataReader row) => new(row.GetString(0), row.GetString(1), Enum.Parse<DocumentKind>(row.GetString(2)), row.GetInt32(3), row.GetInt64(4));
}
