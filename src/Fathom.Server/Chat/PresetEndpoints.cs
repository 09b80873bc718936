using System.Text.Json.Nodes;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fathom.Server.Chat;

/// <summary>The paths of the web chat's presets of system prompts.</summary>
internal sealed class PresetEndpoints(AnswerService service, ChatStore store)
{
    /// <summary>Adds them to a server.</summary>
    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/web/presets", context => Write(context, new JsonObject { ["presets"] = new JsonArray([.. store.Presets(ChatEndpoints.OwnerOf(context)).Select(preset => (JsonNode)Of(preset))]) }));
        app.MapPost("/web/presets", CreateAsync);
        app.MapPut("/web/presets/{id}", ChangeAsync);
        app.MapDelete("/web/presets/{id}", DeleteAsync);
    }

    private async Task CreateAsync(HttpContext context)
    {
        (string name, string text) = await ReadAsync(context).ConfigureAwait(false);
        await Write(context, Of(store.AddPreset(ChatEndpoints.OwnerOf(context), name, text))).ConfigureAwait(false);
    }

    private async Task ChangeAsync(HttpContext context)
    {
        (string name, string text) = await ReadAsync(context).ConfigureAwait(false);
        var preset = new ChatPreset((string)context.Request.RouteValues["id"]!, name, text);
        if (!store.ChangePreset(ChatEndpoints.OwnerOf(context), preset)) throw ChatEndpoints.NotFound("preset");
        await Write(context, Of(preset)).ConfigureAwait(false);
    }

    private Task DeleteAsync(HttpContext context)
    {
        if (!store.DeletePreset(ChatEndpoints.OwnerOf(context), (string)context.Request.RouteValues["id"]!)) throw ChatEndpoints.NotFound("preset");
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private async Task<(string Name, string Text)> ReadAsync(HttpContext context)
    {
        JsonFields fields = await service.ReadBodyAsync(context).ConfigureAwait(false);
        string? name = ChatFields.Short(fields, "name");
        return string.IsNullOrEmpty(name) ? throw ApiException.BadField("name", "'name' is missing; give the preset one.") : (name, fields.Text("text") ?? string.Empty);
    }

    private static JsonObject Of(ChatPreset preset) => new() { ["id"] = preset.Id, ["name"] = preset.Name, ["text"] = preset.Text };

    private static Task Write(HttpContext context, JsonObject body) => context.Response.WriteAsJsonAsync(body, context.RequestAborted);
}
