using System.Text;
using System.Text.Json.Nodes;
using Fathom.Server.Access;
using Fathom.Server.Chat.Attaching;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fathom.Server.Chat;

/// <summary>The paths of the web chat's conversations and answers.</summary>
internal sealed class ChatEndpoints(AnswerService service, ChatStore store, ChatAnswers answers, ChatDocuments documents)
{
    private const int MostListed = 500;

    /// <summary>Adds them to a server.</summary>
    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/web/conversations", ListAsync);
        app.MapPost("/web/conversations", CreateAsync);
        app.MapPost("/web/conversations/import", ImportAsync);
        app.MapGet("/web/conversations/{id}", GetAsync);
        app.MapPatch("/web/conversations/{id}", ChangeAsync);
        app.MapDelete("/web/conversations/{id}", DeleteAsync);
        app.MapGet("/web/conversations/{id}/export", ExportAsync);
        app.MapPost("/web/conversations/{id}/answer", AnswerAsync);
        app.MapGet("/web/answers/{id}", FollowAsync);
        app.MapPost("/web/answers/{id}/stop", StopAsync);
    }

    /// <summary>Whose conversations a request may see: those of its key, so that they outlive sessions.</summary>
    public static string OwnerOf(HttpContext context) => KeyRing.KeyOf(context)?.Name ?? string.Empty;

    /// <summary>The error for what is not there, or not the asker's.</summary>
    public static ApiException NotFound(string what) => new(404, ApiException.InvalidRequest, $"There is no such {what}; it may have been deleted.") { Code = "not_found" };

    private Task ListAsync(HttpContext context)
    {
        string search = context.Request.Query["search"].ToString().Trim();
        int most = int.TryParse(context.Request.Query["limit"], out int limit) ? Math.Clamp(limit, 1, MostListed) : MostListed;
        return Write(context, new JsonObject { ["conversations"] = new JsonArray([.. store.List(OwnerOf(context), search, most).Select(head => (JsonNode)ChatJsonForms.Of(head))]) });
    }

    private async Task CreateAsync(HttpContext context)
    {
        JsonFields fields = await service.ReadBodyAsync(context).ConfigureAwait(false);
        ChatHead head = store.Create(OwnerOf(context), ChatFields.Short(fields, "title") ?? string.Empty, fields.Text("system") ?? string.Empty);
        await Write(context, ChatJsonForms.Of(head, [])).ConfigureAwait(false);
    }

    private Task GetAsync(HttpContext context)
    {
        ChatHead head = Find(context);
        return Write(context, ChatJsonForms.Of(head, store.Nodes(head.Id)));
    }

    private async Task ChangeAsync(HttpContext context)
    {
        ChatHead head = Find(context);
        JsonFields fields = await service.ReadBodyAsync(context).ConfigureAwait(false);
        string? leaf = fields.Text("leaf");
        if (leaf is not null && store.Nodes(head.Id).All(node => node.Id != leaf)) throw NotFound("message");
        head = head with { Title = ChatFields.Short(fields, "title") ?? head.Title, System = fields.Text("system") ?? head.System, Leaf = leaf ?? head.Leaf };
        store.Update(head);
        await Write(context, ChatJsonForms.Of(head)).ConfigureAwait(false);
    }

    private Task DeleteAsync(HttpContext context)
    {
        ChatHead head = Find(context);
        documents.Store.DeleteOf(head.Id);
        store.Delete(OwnerOf(context), head.Id);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private Task ExportAsync(HttpContext context)
    {
        ChatHead head = Find(context);
        IReadOnlyList<ChatNode> nodes = store.Nodes(head.Id);
        bool isJson = context.Request.Query["format"] == "json";
        context.Response.ContentType = isJson ? "application/json; charset=utf-8" : "text/markdown; charset=utf-8";
        string text = isJson ? JsonTransfer.Write(head, nodes, documents.Store.Of(head.Id).Select(one => DocumentTransfer.Of(one, documents.TextOf(one)))) : MarkdownTransfer.Write(head, ChatTree.PathTo(nodes, head.Leaf));
        return context.Response.WriteAsync(text, Encoding.UTF8, context.RequestAborted);
    }

    private async Task ImportAsync(HttpContext context)
    {
        JsonFields fields = await service.ReadBodyAsync(context).ConfigureAwait(false);
        string text = fields.Text("text") ?? throw ApiException.BadField("text", "'text' is missing; send the exported conversation in it.");
        ImportedChat chat = text.TrimStart('\uFEFF').TrimStart().StartsWith('{') ? JsonTransfer.Read(text) : MarkdownTransfer.Read(text);

        // Ids are new, so that a conversation can be imported beside itself.
        Dictionary<string, string> ids = chat.Nodes.ToDictionary(node => node.Id, _ => RequestIds.New("msg_"));
        documents.Store.CheckRoom(OwnerOf(context));
        ChatHead head = store.Create(OwnerOf(context), chat.Title.Length > 200 ? chat.Title[..200] : chat.Title, chat.System);
        IReadOnlyDictionary<string, ChatDocument> added = documents.Import(OwnerOf(context), head.Id, chat.Documents);
        ChatNode[] nodes = [.. chat.Nodes.Select(node => node with
        {
            Id = ids[node.Id],
            Parent = node.Parent is null ? null : ids[node.Parent],
            Documents = [.. node.Documents.Select(one => added.GetValueOrDefault(one.Id)).OfType<ChatDocument>()],
        })];
        store.Add(head.Id, [.. nodes.Select(node => node.Role != "assistant" ? node : node with { Sources = documents.Check(ChatTree.PathTo(nodes, node.Id), node.Content) })]);
        if (chat.Leaf is not null) store.Update(head with { Leaf = ids[chat.Leaf] });
        head = store.Find(OwnerOf(context), head.Id)!;
        await Write(context, ChatJsonForms.Of(head, store.Nodes(head.Id))).ConfigureAwait(false);
    }

    // With a text it is a new question below 'parent'; without one, 'parent' is a question that gets another answer.
    private async Task AnswerAsync(HttpContext context)
    {
        ChatHead head = Find(context);
        JsonFields fields = await service.ReadBodyAsync(context).ConfigureAwait(false);
        IReadOnlyList<ChatNode> nodes = store.Nodes(head.Id);
        string? parent = fields.Text("parent"), text = fields.Text("text");
        if (parent is not null && nodes.All(node => node.Id != parent)) throw NotFound("message");
        IReadOnlyList<ChatNode> path = ChatTree.PathTo(nodes, parent);
        ChatNode? question = text is null ? null : new ChatNode
        {
            Id = RequestIds.New("msg_"), Parent = parent, Role = "user", Content = text, Files = ChatFields.Files(fields),
            Documents = documents.Store.Named(head.Id, documents.Store.Wanted(OwnerOf(context), head.Id, fields.Texts("documents", int.MaxValue))),
        };
        if (question is null && (path.Count == 0 || path[^1].Role != "user")) throw ApiException.BadField("parent", "'parent' must be a question when there is no 'text'.");

        if (question is not null) path = [.. path, question];
        AnswerWork work = documents.WorkOf(head.System, path, ChatFields.Call(fields, service.Requests, []));
        var answer = new ChatNode { Id = RequestIds.New("msg_"), Parent = path[^1].Id, Role = "assistant", State = ChatState.Writing };
        if (question is not null) documents.Store.Attach(head.Id, question.Documents);
        store.Add(head.Id, question is null ? [answer] : [question, answer]);
        if (head.Title.Length == 0) store.Update(head with { Title = ChatFields.TitleOf(path[0].Content), Leaf = answer.Id });
        await answers.AnswerAsync(context, question, answer, work).ConfigureAwait(false);
    }

    private async Task FollowAsync(HttpContext context)
    {
        string id = OwnAnswer(context);
        if (!await answers.FollowAsync(context, id).ConfigureAwait(false)) throw NotFound("answer in the making");
    }

    private Task StopAsync(HttpContext context)
    {
        bool wasRunning = answers.Stop(OwnAnswer(context));
        return Write(context, new JsonObject { ["stopped"] = wasRunning });
    }

    private string OwnAnswer(HttpContext context)
    {
        string id = (string)context.Request.RouteValues["id"]!;
        return store.IsOwner(OwnerOf(context), id) ? id : throw NotFound("answer");
    }

    private ChatHead Find(HttpContext context) => store.Find(OwnerOf(context), (string)context.Request.RouteValues["id"]!) ?? throw NotFound("conversation");

    private static Task Write(HttpContext context, JsonObject body) => context.Response.WriteAsJsonAsync(body, context.RequestAborted);
}
