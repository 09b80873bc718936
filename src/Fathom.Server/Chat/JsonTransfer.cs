using System.Text.Json;
using System.Text.Json.Nodes;
using Fathom.Documents;
using Fathom.Server.Chat.Attaching;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Fathom.Text;

namespace Fathom.Server.Chat;

/// <summary>A conversation with all its branches as JSON.</summary>
internal static class JsonTransfer
{
    private const string Format = "fathom-chat";
    private const int Version = 2;

    /// <summary>Writes it.</summary>
    /// <param name="head">The conversation.</param>
    /// <param name="nodes">Its messages.</param>
    /// <param name="documents">Its documents with their texts.</param>
    public static string Write(ChatHead head, IEnumerable<ChatNode> nodes, IEnumerable<JsonObject> documents)
    {
        JsonObject json = ChatJsonForms.Of(head, nodes);
        json.Insert(0, "format", Format);
        json.Insert(1, "version", Version);
        json["documents"] = new JsonArray([.. documents]);
        return json.ToJsonString(new JsonSerializerOptions(Streams.EventStream.Json) { WriteIndented = true });
    }

    /// <summary>Reads it.</summary>
    /// <exception cref="ApiException">It is no conversation that was written here.</exception>
    public static ImportedChat Read(string text)
    {
        JsonFields fields;
        try
        {
            fields = new JsonFields(ChatJson.Parse(text.TrimStart('\uFEFF'), "The conversation"), string.Empty);
        }
        catch (ChatFormatException exception)
        {
            throw ApiException.BadRequest(exception.Message);
        }

        if (fields.Value.ValueKind != JsonValueKind.Object || fields.Text("format") != Format) throw ApiException.BadRequest($"This JSON is no conversation that Fathom exported; its 'format' must be '{Format}'.");
        if (fields.Whole("version", 1) is not (1 or Version)) throw ApiException.BadRequest($"This conversation was exported by another version of Fathom; its 'version' must be 1 or {Version}.");
        var documents = new Dictionary<string, SourceDocument>();
        foreach (JsonFields item in fields.Items("documents"))
        {
            SourceDocument document = DocumentTransfer.Read(item);
            string path = ChatDocument.FreeName(document.Path, name => documents.Values.Any(one => one.Path == name));
            if (!documents.TryAdd(IdOf(item), document with { Path = path })) throw ApiException.BadField(item.NameOf("id"), $"'{item.NameOf("id")}' is an earlier document's.");
        }

        var nodes = new List<ChatNode>();
        var known = new HashSet<string>();
        foreach (JsonFields item in fields.Items("messages"))
        {
            ChatNode node = Node(item);
            if (node.Parent is not null && !known.Contains(node.Parent)) throw ApiException.BadField(item.NameOf("parent"), $"'{item.NameOf("parent")}' is '{node.Parent}', and no message before it has that id.");
            if (!known.Add(node.Id)) throw ApiException.BadField(item.NameOf("id"), $"'{item.NameOf("id")}' is '{node.Id}', as an earlier message's.");
            nodes.Add(node);
        }

        string? leaf = fields.Text("leaf");
        return new ImportedChat(fields.Text("title") ?? string.Empty, fields.Text("system") ?? string.Empty, nodes, leaf is not null && known.Contains(leaf) ? leaf : null) { Documents = documents };
    }

    private static string IdOf(JsonFields item) => item.Text("id") ?? throw ApiException.BadField(item.NameOf("id"), $"'{item.NameOf("id")}' is missing.");

    private static ChatNode Node(JsonFields item)
    {
        string role = item.Text("role") is "user" or "assistant" ? item.Text("role")! : throw ApiException.BadField(item.NameOf("role"), $"'{item.NameOf("role")}' must be user or assistant.");
        return new ChatNode
        {
            Id = IdOf(item),
            Parent = item.Text("parent"),
            Role = role,
            Content = item.Text("content") ?? string.Empty,
            Reasoning = item.Text("reasoning") ?? string.Empty,
            Files = ChatFields.Files(item),

            // Only the ids count; the documents themselves stand beside the messages.
            Documents = [.. item.Items("documents").Select(one => new ChatDocument(IdOf(one), string.Empty, DocumentKind.Text, 0, 0))],
            Notes = item.Text("notes") ?? string.Empty,
            State = item.Text("state") switch { "stopped" or "writing" => ChatState.Stopped, "failed" => ChatState.Failed, _ => ChatState.Done },
            Error = item.Text("error"),
            Numbers = item.Object("numbers") is { } numbers ? Numbers(numbers) : null,
            Created = DateTimeOffset.TryParse(item.Text("created"), System.Globalization.CultureInfo.InvariantCulture, out DateTimeOffset created) ? created : DateTimeOffset.UtcNow,
        };
    }

    private static ChatNumbers Numbers(JsonFields numbers)
    {
        int Count(string field) => numbers.Whole(field, 0) ?? 0;
        double Measure(string field) => numbers.Number(field, 0, double.MaxValue) ?? 0;
        return new ChatNumbers(Count("prompt_tokens"), Count("cached_tokens"), Count("answer_tokens"), Count("reasoning_tokens"), Measure("prefill_rate"), Measure("decode_rate"), Measure("thinking_seconds"), Measure("seconds"), numbers.Text("finish_reason") ?? "stop");
    }
}
