using System.Text.Json.Nodes;
using Fathom.Server.Access;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fathom.Server.Chat;

/// <summary>The paths by which the web chat's readers sign in and out, where keys are needed.</summary>
internal sealed class SessionEndpoints(AnswerService service, WebAccess access)
{
    /// <summary>Adds them to a server.</summary>
    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/web/session", TellAsync);
        app.MapPost("/web/login", SignInAsync);
        app.MapPost("/web/logout", SignOutAsync);
    }

    private Task TellAsync(HttpContext context)
    {
        string? name = KeyRing.KeyOf(context)?.Name;
        return context.Response.WriteAsJsonAsync(new JsonObject { ["needs_key"] = access.NeedsKey, ["signed_in"] = !access.NeedsKey || name is not null, ["name"] = name }, context.RequestAborted);
    }

    private async Task SignInAsync(HttpContext context)
    {
        JsonFields fields = await service.ReadBodyAsync(context).ConfigureAwait(false);
        string key = fields.Text("key") ?? throw ApiException.BadField("key", "'key' is missing; send the API key in it.");
        if (access.NeedsKey) access.SignIn(context, key);
        await TellAsync(context).ConfigureAwait(false);
    }

    private async Task SignOutAsync(HttpContext context)
    {
        // Read, so that only JSON is good for it.
        await service.ReadBodyAsync(context).ConfigureAwait(false);
        access.SignOut(context);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}
