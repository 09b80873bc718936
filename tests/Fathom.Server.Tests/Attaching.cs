using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using static Fathom.Server.Tests.TestServer;

namespace Fathom.Server.Tests;

/// <summary>What the page does to attach documents, step by step.</summary>
internal static class Attaching
{
    /// <summary>Begins an upload.</summary>
    public static async Task<string> BeginAsync(TestServer server) => (await server.PostAsync("/web/uploads", "{}"))["id"]!.GetValue<string>();

    /// <summary>Sends a file; the answer's status and text come back.</summary>
    public static async Task<(int Status, string Text)> PutAsync(TestServer server, string upload, string path, HttpContent content)
    {
        content.Headers.ContentType ??= new MediaTypeHeaderValue("application/octet-stream");
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/web/uploads/{upload}/files") { Content = content };
        request.Headers.Add("x-fathom-path", Uri.EscapeDataString(path));
        using HttpResponseMessage response = await server.Http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Has them read: what became of them.</summary>
    public static async Task<JsonNode> ReadAsync(TestServer server, string upload)
    {
        List<(string? Name, string Data)> events = await server.CollectAsync($"/web/uploads/{upload}/read", "{}");
        Assert.Equal("done", events[^1].Name);
        return JsonNode.Parse(events[^1].Data)!;
    }

    /// <summary>All steps for files that are taken.</summary>
    public static async Task<JsonNode> AttachAsync(TestServer server, params (string Path, byte[] Content)[] files)
    {
        string upload = await BeginAsync(server);
        foreach ((string path, byte[] content) in files) Assert.Equal((204, string.Empty), await PutAsync(server, upload, path, new ByteArrayContent(content)));
        return await ReadAsync(server, upload);
    }

    /// <summary>Ids of what was read, as JSON.</summary>
    public static string Ids(JsonNode read) => new JsonArray([.. read["documents"]!.AsArray().Select(one => (JsonNode)one!["id"]!.GetValue<string>())]).ToJsonString();

    /// <summary>A conversation, which is empty.</summary>
    public static async Task<string> ConversationAsync(TestServer server) => (await server.PostAsync("/web/conversations", "{}"))["id"]!.GetValue<string>();

    /// <summary>Asks, and waits for the whole answer as a message.</summary>
    public static async Task<JsonNode> AskAsync(TestServer server, string conversation, string text, string documents = "[]", string? parent = null, string more = "") =>
        JsonNode.Parse((await server.CollectAsync($"/web/conversations/{conversation}/answer", $$"""{"text": {{Quote(text)}}, "documents": {{documents}}, "parent": {{(parent is null ? "null" : Quote(parent))}}{{more}}}"""))[^1].Data)!["message"]!;
}
