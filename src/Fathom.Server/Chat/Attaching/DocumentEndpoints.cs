using System.Text.Json.Nodes;
using Fathom.Documents;
using Fathom.Server.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fathom.Server.Chat.Attaching;

/// <summary>The paths of the web chat's documents: their text, piece by piece, and how a question with them fits.</summary>
internal sealed class DocumentEndpoints(AnswerService service, ChatStore store, ChatDocuments documents)
{
    private const int MostPieces = 500;

    /// <summary>Adds them to a server.</summary>
    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/web/documents/{id}", GetAsync);
        app.MapDelete("/web/documents/{id}", DeleteAsync);
        app.MapPost("/web/fit", FitAsync);
    }

    /// <summary>A document's text, or as much of it as is asked for (<c>from</c>, <c>count</c>).</summary>
    private Task GetAsync(HttpContext context)
    {
        ChatDocument head = documents.Store.Find(ChatEndpoints.OwnerOf(context), (string)context.Request.RouteValues["id"]!) ?? throw ChatEndpoints.NotFound("document");
        SourceDocument document = documents.TextOf(head);
        int from = Math.Min(Number(context, "from", 0), document.Pieces.Count), count = Math.Min(Number(context, "count", MostPieces), MostPieces);
        JsonObject json = ChatJsonForms.Of(head);
        json["from"] = from;
        json["total"] = document.Pieces.Count;
        json["pieces"] = new JsonArray([.. document.Pieces.Skip(from).Take(count).Select(piece => (JsonNode)DocumentTransfer.Of(piece))]);
        return context.Response.WriteAsJsonAsync(json, context.RequestAborted);
    }

    private Task DeleteAsync(HttpContext context)
    {
        if (!documents.Store.DeleteWaiting(ChatEndpoints.OwnerOf(context), (string)context.Request.RouteValues["id"]!)) throw ChatEndpoints.NotFound("document that waits for its question");
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    /// <summary>How a question would fit if it were asked now.</summary>
    private async Task FitAsync(HttpContext context)
    {
        JsonFields fields = await service.ReadBodyAsync(context).ConfigureAwait(false);
        string owner = ChatEndpoints.OwnerOf(context);
        string? id = fields.Text("conversation");
        ChatHead? head = id is null ? null : store.Find(owner, id) ?? throw ChatEndpoints.NotFound("conversation");
        IReadOnlyList<ChatNode> path = head is null ? [] : ChatTree.PathTo(store.Nodes(head.Id), fields.Text("parent"));
        IReadOnlyList<ChatDocument> wanted = documents.Store.Wanted(owner, head?.Id, fields.Texts("documents", int.MaxValue));
        var question = new ChatNode { Id = "question", Role = "user", Content = fields.Text("text") ?? string.Empty, Documents = wanted };
        string system = head?.System ?? fields.Text("system") ?? string.Empty;
        FittedQuestion fitted = documents.Fit(system, [.. path, question], ChatFields.Call(fields, service.Requests, []).Options);
        await context.Response.WriteAsJsonAsync(
            new JsonObject
            {
                ["document_tokens"] = fitted.DocumentTokens,
                ["prompt_tokens"] = fitted.PromptTokens,
                ["budget_tokens"] = fitted.BudgetTokens,
                ["context_tokens"] = fitted.ContextTokens,
                ["parts"] = fitted.Parts?.Parts.Count ?? 1,
            },
            context.RequestAborted).ConfigureAwait(false);
    }

    private static int Number(HttpContext context, string name, int otherwise) => int.TryParse(context.Request.Query[name], out int number) && number >= 0 ? number : otherwise;
}
