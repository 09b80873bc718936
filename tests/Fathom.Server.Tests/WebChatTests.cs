using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Fathom.Server.Access;
using static Fathom.Server.Tests.TestServer;

namespace Fathom.Server.Tests;

/// <summary>The web chat's paths: conversations, answers, presets, who may come in.</summary>
public sealed class WebChatTests
{
    [Fact]
    public async Task Browsers_get_the_page_and_others_the_plain_answer()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        Assert.Equal("Fathom is running.\n", await server.Http.GetStringAsync("/"));
        using HttpResponseMessage page = await server.Http.SendAsync(Asking("/"));
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        string policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'", policy);
        Assert.Contains("frame-ancestors 'none'", policy);
        Assert.DoesNotContain("unsafe", policy);
        Assert.Equal("nosniff", page.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-referrer", page.Headers.GetValues("Referrer-Policy").Single());
        HttpRequestMessage again = Asking("/");
        again.Headers.IfNoneMatch.Add(page.Headers.ETag!);
        using HttpResponseMessage unchanged = await server.Http.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);

        // Whatever the page names is there, with a type that browsers accept.
        string html = await page.Content.ReadAsStringAsync();
        foreach (string path in html.Split('"').Where(part => part.StartsWith("/web/files/", StringComparison.Ordinal)))
        {
            using HttpResponseMessage file = await server.Http.GetAsync(path);
            Assert.True(file.IsSuccessStatusCode, path);
            Assert.True(file.Headers.Contains("Content-Security-Policy"), path);
        }

        foreach (string path in (string[])["/web/files/index.html", "/web/files/none.js", "/web/files/../FathomServer.cs", "/web/none"])
        {
            using HttpResponseMessage file = await server.Http.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, file.StatusCode);
        }
    }

    [Fact]
    public async Task Conversations_are_made_listed_searched_changed_and_deleted()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        string first = await CreateAsync(server, """{"title": "Straße", "system": "Be brief."}"""), second = await CreateAsync(server, "{}");
        await AnswerAsync(server, second, """{"text": "Über den Äquator\nund weiter"}""");
        Assert.Equal(["Über den Äquator", "Straße"], await TitlesAsync(server, string.Empty));
        Assert.Equal(["Über den Äquator"], await TitlesAsync(server, "?search=%C3%84QUATOR"));
        Assert.Equal(["Über den Äquator"], await TitlesAsync(server, "?search=hello%20THERE"));
        Assert.Equal(["Straße"], await TitlesAsync(server, "?search=STRA"));
        Assert.Empty(await TitlesAsync(server, "?search=%25"));
        Assert.Equal("Be brief.", (await server.GetAsync($"/web/conversations/{first}"))["system"]!.GetValue<string>());
        await SendAsync(server, HttpMethod.Patch, $"/web/conversations/{first}", """{"title": "Road"}""");
        Assert.Equal(["Über den Äquator", "Road"], await TitlesAsync(server, string.Empty));
        await SendAsync(server, HttpMethod.Patch, $"/web/conversations/{first}", $$"""{"title": "{{new string('x', 300)}}"}""", 400);
        await SendAsync(server, HttpMethod.Patch, $"/web/conversations/{first}", """{"leaf": "msg_none"}""", 404);
        await SendAsync(server, HttpMethod.Delete, $"/web/conversations/{second}", null, 204);
        await SendAsync(server, HttpMethod.Delete, $"/web/conversations/{second}", null, 404);
        Assert.Equal(["Road"], await TitlesAsync(server, string.Empty));
    }

    [Fact]
    public async Task An_answer_streams_and_both_sides_are_kept()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        string id = await CreateAsync(server, "{}");
        List<(string? Name, string Data)> events = await server.CollectAsync($"/web/conversations/{id}/answer", """{"text": "hi", "thinking": {"type": "enabled"}, "files": [{"name": "a.txt", "text": "A"}]}""");
        Assert.Equal("start", events[0].Name);
        Assert.Equal("I think about it.", Joined(events, "reasoning"));
        Assert.Equal("Hello there, friend.", Joined(events, "content"));
        Assert.True(JsonNode.Parse(events.Single(one => one.Name == "usage").Data)!["prompt_tokens"]!.GetValue<int>() > 0);
        Assert.Equal("done", events[^1].Name);
        JsonArray messages = (await server.GetAsync($"/web/conversations/{id}"))["messages"]!.AsArray();
        Assert.Equal(["user", "assistant"], messages.Select(message => message!["role"]!.GetValue<string>()));
        Assert.Equal("A", messages[0]!["files"]![0]!["text"]!.GetValue<string>());
        Assert.Equal(("Hello there, friend.", "I think about it.", "done"), (messages[1]!["content"]!.GetValue<string>(), messages[1]!["reasoning"]!.GetValue<string>(), messages[1]!["state"]!.GetValue<string>()));
    }

    [Fact]
    public async Task The_model_reads_the_branch_below_which_it_is_asked()
    {
        var prompts = new List<string>();
        await using TestServer server = await StartAsync(prompt =>
        {
            prompts.Add(prompt);
            return $"reply {prompts.Count}";
        });
        string id = await CreateAsync(server, """{"system": "Sys"}""");
        JsonNode first = await AnswerAsync(server, id, """{"text": "one"}""");
        await AnswerAsync(server, id, $$"""{"text": "two", "parent": "{{first["id"]}}"}""");
        Assert.Contains("one<｜Assistant｜>", prompts[1]);
        Assert.Contains("reply 1", prompts[1]);
        await AnswerAsync(server, id, """{"text": "other"}""");
        Assert.DoesNotContain("one", prompts[2]);
        Assert.StartsWith("<｜begin▁of▁sentence｜>Sys", prompts[2]);
        JsonNode again = await AnswerAsync(server, id, $$"""{"parent": "{{first["parent"]}}"}""");
        Assert.Equal(first["parent"]!.GetValue<string>(), again["parent"]!.GetValue<string>());
        await server.PostAsync($"/web/conversations/{id}/answer", $$"""{"parent": "{{first["id"]}}"}""", 400);
        await server.PostAsync($"/web/conversations/{id}/answer", """{"parent": "msg_none", "text": "x"}""", 404);
        await server.PostAsync($"/web/conversations/{id}/answer", """{"text": "x", "temperature": 9}""", 400);
        Assert.Equal(7, (await server.GetAsync($"/web/conversations/{id}"))["messages"]!.AsArray().Count);
    }

    [Fact]
    public async Task An_answer_is_kept_when_the_browser_goes_away_and_can_be_followed_and_stopped()
    {
        await using TestServer server = await StartAsync(_ => string.Join(' ', Enumerable.Range(1, 30_000)));
        string id = await CreateAsync(server, "{}"), answer = string.Empty;
        using (var leaving = new CancellationTokenSource())
        {
            try
            {
                await foreach ((string? name, string data) in server.StreamAsync($"/web/conversations/{id}/answer", """{"text": "count"}""", cancellation: leaving.Token))
                {
                    if (name == "start") answer = JsonNode.Parse(data)!["answer"]!["id"]!.GetValue<string>();
                    if (name == "content") await leaving.CancelAsync();
                }
            }
            catch (OperationCanceledException)
            {
            }
        }

        await Task.Delay(100);
        Assert.Equal(1, server.Model.Status.Running);
        string text = string.Empty;
        using HttpResponseMessage following = await server.Http.GetAsync($"/web/answers/{answer}", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await following.Content.ReadAsStreamAsync());
        bool isStopped = false;
        while (await reader.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal)) continue;
            JsonNode data = JsonNode.Parse(line[6..])!;
            if (data["answer"] is { } start) text = start["content"]!.GetValue<string>();
            if (data["text"] is { } more) text += more.GetValue<string>();
            if (!isStopped && text.Length > 200) await server.PostAsync($"/web/answers/{answer}/stop", "{}");
            isStopped |= text.Length > 200;
        }

        JsonNode kept = (await server.GetAsync($"/web/conversations/{id}"))["messages"]![1]!;
        Assert.Equal("stopped", kept["state"]!.GetValue<string>());
        Assert.Equal(text, kept["content"]!.GetValue<string>());
        Assert.StartsWith("1 2 3 4 5 6 7 8 9 10 ", text);
        Assert.False((await server.PostAsync($"/web/answers/{answer}/stop", "{}"))["stopped"]!.GetValue<bool>());
    }

    [Fact]
    public async Task What_was_said_is_there_after_a_restart()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fathom-chats");
        try
        {
            var options = new ServerOptions { ChatsFile = Path.Combine(folder.FullName, "deep", "chats.db"), ThinksByDefault = false };
            string id;
            await using (TestServer server = await StartAsync(_ => string.Join(' ', Enumerable.Range(1, 30_000)), options))
            {
                id = await CreateAsync(server, "{}");
                await foreach ((string? name, _) in server.StreamAsync($"/web/conversations/{id}/answer", """{"text": "count"}"""))
                {
                    if (name == "content") break;
                }
            }

            await using TestServer next = await StartAsync(Scripts.Client, options);
            JsonArray messages = (await next.GetAsync($"/web/conversations/{id}"))["messages"]!.AsArray();
            Assert.Equal("stopped", messages[1]!["state"]!.GetValue<string>());
            Assert.StartsWith("1", messages[1]!["content"]!.GetValue<string>());
            if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(options.ChatsFile));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_an_error_that_names_it()
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, new string('x', 5000));
        IOException error = await Assert.ThrowsAsync<IOException>(() => StartAsync(Scripts.Client, new ServerOptions { ChatsFile = file }));
        Assert.Contains(file, error.Message);
        Assert.Contains("--chats", error.Message);
        File.Delete(file);
    }

    [Theory]
    [InlineData("json")]
    [InlineData("markdown")]
    public async Task Exported_conversations_come_back_as_they_were(string format)
    {
        const string Awkward = "# no title\n\n<!-- fathom:user -->\n\\<!-- fathom:text -->\n\n## Answer\n\n```\ncode\n```\n\n  end\n";
        await using TestServer server = await StartAsync(_ => Awkward);
        string id = await CreateAsync(server, $$"""{"title": "A title", "system": {{Quote(Awkward)}} }""");
        await AnswerAsync(server, id, $$"""{"text": {{Quote(Awkward)}}, "thinking": {"type": "disabled"}, "files": [{"name": "a -->.txt", "text": {{Quote(Awkward)}} }]}""");
        await AnswerAsync(server, id, """{"text": ""}""");
        string text = await server.Http.GetStringAsync($"/web/conversations/{id}/export?format={format}");
        JsonObject back = await server.PostAsync("/web/conversations/import", $$"""{"text": {{Quote(text)}} }""");
        Assert.NotEqual(id, back["id"]!.GetValue<string>());
        string again = await server.Http.GetStringAsync($"/web/conversations/{back["id"]}/export?format={format}");
        if (format == "markdown") Assert.Equal(text, again);
        JsonObject first = await server.GetAsync($"/web/conversations/{id}");
        Assert.Equal((first["title"]!.ToString(), first["system"]!.ToString()), (back["title"]!.ToString(), back["system"]!.ToString()));
        JsonNode[] said = [.. first["messages"]!.AsArray().Skip(format == "json" ? 0 : 2).Select(message => message!)], read = [.. back["messages"]!.AsArray().Select(message => message!)];
        Assert.Equal(said.Select(message => message["content"]!.ToString()), read.Select(message => message["content"]!.ToString()));
        Assert.Equal(said.Select(message => message["files"]?.ToJsonString()), read.Select(message => message["files"]?.ToJsonString()));
        int Parent(JsonNode[] all, JsonNode one) => Array.FindIndex(all, other => other["id"]!.ToString() == one["parent"]?.ToString());
        Assert.Equal(said.Select(one => Parent(said, one)), read.Select(one => Parent(read, one)));
    }

    [Theory]
    [InlineData("hello")]
    [InlineData("{}")]
    [InlineData("{\"format\": \"fathom-chat\", \"version\": 3}")]
    [InlineData("{\"format\": \"fathom-chat\", \"version\": 1, \"messages\": [{\"id\": \"a\", \"parent\": \"b\", \"role\": \"user\"}]}")]
    [InlineData("{\"format\": \"fathom-chat\", \"version\": 1, \"messages\": [{\"id\": \"a\", \"role\": \"user\"}, {\"id\": \"a\", \"role\": \"user\"}]}")]
    [InlineData("{\"format\": \"fathom-chat\", \"version\": 1, \"messages\": [{\"id\": \"a\", \"role\": \"system\"}]}")]
    [InlineData("{\"format\": \"fathom-chat\", ")]
    [InlineData("<!-- fathom:chat 1 -->\n\n<!-- fathom:text -->\n\nx\n")]
    [InlineData("<!-- fathom:chat 1 -->\n\n<!-- fathom:user -->\n\n<!-- fathom:strange -->\n")]
    public async Task What_was_not_exported_here_is_refused(string text)
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        await server.PostAsync("/web/conversations/import", $$"""{"text": {{Quote(text)}} }""", 400);
        Assert.Empty(await TitlesAsync(server, string.Empty));
    }

    [Fact]
    public async Task Presets_are_kept_changed_and_deleted()
    {
        await using TestServer server = await StartAsync(Scripts.Client);
        string id = (await server.PostAsync("/web/presets", """{"name": "B", "text": "b"}"""))["id"]!.GetValue<string>();
        await server.PostAsync("/web/presets", """{"name": "A", "text": "a"}""");
        await server.PostAsync("/web/presets", """{"name": " ", "text": "a"}""", 400);
        await SendAsync(server, HttpMethod.Put, $"/web/presets/{id}", """{"name": "0", "text": "zero"}""");
        Assert.Equal(["zero", "a"], (await server.GetAsync("/web/presets"))["presets"]!.AsArray().Select(preset => preset!["text"]!.GetValue<string>()));
        await SendAsync(server, HttpMethod.Delete, $"/web/presets/{id}", null, 204);
        await SendAsync(server, HttpMethod.Delete, $"/web/presets/{id}", null, 404);
        await SendAsync(server, HttpMethod.Put, $"/web/presets/{id}", """{"name": "0", "text": "zero"}""", 404);
    }

    [Fact]
    public async Task Status_and_model_have_their_numbers()
    {
        await using TestServer server = await StartBuiltInAsync();
        JsonObject model = await server.GetAsync("/web/model");
        Assert.Equal(["Window", "Window", "CSA", "HCA", "CSA"], model["layout"]!["layers"]!.AsArray().Select(layer => layer!["kind"]!.GetValue<string>()));
        Assert.True(model["memory_bytes"]!.GetValue<long>() > 1 << 20);
        Assert.Equal(131_072, (await server.GetAsync("/web/status"))["context_length"]!.GetValue<int>());
    }

    [Fact]
    public async Task Other_pages_may_not_use_conversations_even_if_they_may_ask_the_model()
    {
        await using TestServer server = await StartAsync(Scripts.Client, new ServerOptions { CorsOrigins = ["https://friend.example"] });
        foreach ((string header, string value, HttpStatusCode status) in new[]
        {
            ("Origin", "https://friend.example", HttpStatusCode.Forbidden), ("Origin", "https://foe.example", HttpStatusCode.Forbidden), ("Origin", "null", HttpStatusCode.Forbidden), ("Sec-Fetch-Site", "cross-site", HttpStatusCode.Forbidden),
            ("Origin", server.Address.ToString().TrimEnd('/'), HttpStatusCode.OK), ("Sec-Fetch-Site", "same-origin", HttpStatusCode.OK),
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/web/conversations");
            request.Headers.Add(header, value);
            using HttpResponseMessage response = await server.Http.SendAsync(request);
            Assert.Equal(status, response.StatusCode);
        }

        using var rebound = new HttpRequestMessage(HttpMethod.Get, "/web/conversations");
        rebound.Headers.Host = "evil.example";
        using HttpResponseMessage refused = await server.Http.SendAsync(rebound);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task With_keys_everybody_signs_in_and_sees_only_their_own()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fathom-keys");
        try
        {
            string file = Path.Combine(folder.FullName, "keys.json"), ada = KeyFile.Add(file, new ApiKey { Name = "Ada", Sha256 = string.Empty }), ben = KeyFile.Add(file, new ApiKey { Name = "Ben", Sha256 = string.Empty });
            string narrow = KeyFile.Add(file, new ApiKey { Name = "Narrow", Sha256 = string.Empty, Paths = ["/chat"] });
            await using TestServer server = await StartAsync(Scripts.Client, new ServerOptions { KeysFile = file, ThinksByDefault = false });
            using HttpResponseMessage page = await server.Http.SendAsync(Asking("/"));
            Assert.True(page.IsSuccessStatusCode);
            using HttpResponseMessage closed = await server.Http.GetAsync("/web/conversations");
            Assert.Equal(HttpStatusCode.Unauthorized, closed.StatusCode);
            await server.PostAsync("/web/login", """{"key": "wrong"}""", 401);
            await server.PostAsync("/web/login", $$"""{"key": "{{narrow}}"}""", 403);

            using HttpClient first = await SignInAsync(server, ada), second = await SignInAsync(server, ben);
            using HttpResponseMessage made = await first.PostAsJsonAsync("/web/conversations", new { title = "Secret" });
            string id = JsonNode.Parse(await made.Content.ReadAsStringAsync())!["id"]!.GetValue<string>();
            Assert.Contains("Secret", await first.GetStringAsync("/web/conversations"));
            Assert.DoesNotContain("Secret", await second.GetStringAsync("/web/conversations"));
            foreach (string path in (string[])[$"/web/conversations/{id}", $"/web/conversations/{id}/export"])
            {
                using HttpResponseMessage foreign = await second.GetAsync(path);
                Assert.Equal(HttpStatusCode.NotFound, foreign.StatusCode);
            }

            using HttpResponseMessage deleted = await second.DeleteAsync($"/web/conversations/{id}");
            Assert.Equal(HttpStatusCode.NotFound, deleted.StatusCode);
            using HttpResponseMessage left = await first.PostAsJsonAsync("/web/logout", new { });
            Assert.Equal(HttpStatusCode.NoContent, left.StatusCode);
            using HttpResponseMessage after = await first.GetAsync("/web/conversations");
            Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);

            // The cookie is for the page's own paths, and no key for the dialects.
            using HttpResponseMessage dialect = await second.GetAsync("/v1/models");
            Assert.Equal(HttpStatusCode.Unauthorized, dialect.StatusCode);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<HttpClient> SignInAsync(TestServer server, string key)
    {
        var client = new HttpClient(new HttpClientHandler { CookieContainer = new CookieContainer() }) { BaseAddress = server.Address };
        using HttpResponseMessage response = await client.PostAsJsonAsync("/web/login", new { key });
        string cookie = response.Headers.GetValues("Set-Cookie").Single().ToLowerInvariant();
        Assert.Contains("httponly", cookie);
        Assert.Contains("samesite=strict", cookie);
        Assert.DoesNotContain(key.ToLowerInvariant(), cookie);
        return client;
    }

    private static HttpRequestMessage Asking(string path) => new(HttpMethod.Get, path) { Headers = { { "Accept", "text/html,application/xhtml+xml,*/*;q=0.8" } } };

    private static async Task<string> CreateAsync(TestServer server, string json) => (await server.PostAsync("/web/conversations", json))["id"]!.GetValue<string>();

    private static async Task<string[]> TitlesAsync(TestServer server, string query) => [.. (await server.GetAsync("/web/conversations" + query))["conversations"]!.AsArray().Select(one => one!["title"]!.GetValue<string>())];

    // The whole answer as a message.
    private static async Task<JsonNode> AnswerAsync(TestServer server, string id, string json) => JsonNode.Parse((await server.CollectAsync($"/web/conversations/{id}/answer", json))[^1].Data)!["message"]!;

    private static string Joined(List<(string? Name, string Data)> events, string name) => string.Concat(events.Where(one => one.Name == name).Select(one => JsonNode.Parse(one.Data)!["text"]!.GetValue<string>()));

    private static async Task SendAsync(TestServer server, HttpMethod method, string path, string? json, int status = 200)
    {
        using var request = new HttpRequestMessage(method, path) { Content = json is null ? null : Body(json) };
        using HttpResponseMessage response = await server.Http.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
    }
}
