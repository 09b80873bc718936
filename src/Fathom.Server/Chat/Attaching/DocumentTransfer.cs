using System.Text.Json.Nodes;
using Fathom.Documents;
using Fathom.Server.Errors;
using Fathom.Server.Requests;

namespace Fathom.Server.Chat.Attaching;

/// <summary>Documents with their texts as JSON: in exported conversations, and for the page.</summary>
internal static class DocumentTransfer
{
    /// <summary>A document with its text.</summary>
    public static JsonObject Of(ChatDocument head, SourceDocument document)
    {
        JsonObject json = ChatJsonForms.Of(head);
        json["pieces"] = new JsonArray([.. document.Pieces.Select(piece => (JsonNode)Of(piece))]);
        return json;
    }

    /// <summary>A piece of a document.</summary>
    public static JsonObject Of(SourcePiece piece)
    {
        var json = new JsonObject { ["text"] = piece.Text, ["line"] = piece.Line };
        if (piece.Page is { } page) json["page"] = page;
        if (piece.Part is { } part) json["part"] = part;
        if (piece.IsContinuation) json["goes_on"] = true;
        return json;
    }

    /// <summary>Reads a document that comes from outside.</summary>
    /// <exception cref="ApiException">It is none.</exception>
    public static SourceDocument Read(JsonFields fields)
    {
        // Its name is for prompts and pages; it goes to no disk.
        string path = string.Join('/', UploadNames.Parts(fields.Text("path") ?? throw ApiException.BadField(fields.NameOf("path"), $"'{fields.NameOf("path")}' is missing.")));
        DocumentKind kind = Enum.GetValues<DocumentKind>().FirstOrDefault(one => ChatJsonForms.Word(one) == fields.Text("kind"));
        SourcePiece[] pieces = [.. fields.Items("pieces").Select(Piece)];
        return new SourceDocument(path, kind, pieces) { Pages = fields.Whole("pages", 0) ?? 0 };
    }

    private static SourcePiece Piece(JsonFields fields) =>
        new((fields.Text("text") ?? string.Empty).ReplaceLineEndings(" "), fields.Whole("line", 1) ?? 1, fields.Whole("page", 1), fields.Text("part")?.ReplaceLineEndings(" ")) { IsContinuation = fields.Flag("goes_on") ?? false };
}
