using System.Text.Json.Nodes;
using Fathom.Documents.Tests;
using Fathom.Server.Tests.Faults;
using static Fathom.Server.Tests.Attaching;
using static Fathom.Server.Tests.TestServer;

namespace Fathom.Server.Tests;

/// <summary>Documents in the web chat: how they stand in prompts, how answers are checked, and where they go.</summary>
public sealed class DocumentChatTests
{
    private static readonly byte[] Lease = Files.Pdf(["The rent is 900 euros a month.", "It is paid on the first."], ["The notice period is three months."]);

    [Fact]
    public async Task Documents_stand_before_the_question_and_the_next_one_finds_them_in_the_cache()
    {
        var prompts = new List<string>();
        await using TestServer server = await StartAsync(prompt =>
        {
            lock (prompts) prompts.Add(prompt);
            return "It is \"900 euros a month\" [1].";
        });
        string id = await ConversationAsync(server), long_ = string.Join('\n', Enumerable.Range(0, 400).Select(n => $"Line {n} of a long document."));
        JsonNode read = await AttachAsync(server, ("lease.pdf", Lease), ("long.txt", Files.Utf8(long_)));
        JsonNode first = await AskAsync(server, id, "What is the rent?", Ids(read));
        Assert.Contains("=== lease.pdf ===\n--- page 1 ---\n[1] The rent is 900 euros a month.\nIt is paid on the first.\n--- page 2 ---\n[2] The notice", prompts[0], StringComparison.Ordinal);
        Assert.Contains("You answer from the documents", prompts[0], StringComparison.Ordinal);
        Assert.True(prompts[0].LastIndexOf("What is the rent?", StringComparison.Ordinal) > prompts[0].IndexOf("Line 399", StringComparison.Ordinal));
        JsonNode second = await AskAsync(server, id, "And the notice?", parent: first["id"]!.GetValue<string>());
        Assert.True(second["numbers"]!["cached_tokens"]!.GetValue<int>() >= first["numbers"]!["prompt_tokens"]!.GetValue<int>());

        // More documents go on with the numbers, and what stood there stays as it was.
        JsonNode more = await AttachAsync(server, ("lease.pdf", Files.Pdf(["A second lease."])));
        JsonNode third = await AskAsync(server, id, "And this one?", Ids(more), second["id"]!.GetValue<string>());
        Assert.StartsWith(prompts[1][..^"<think>".Length], prompts[2], StringComparison.Ordinal);
        int last = int.Parse(prompts[2].Split("=== lease (2).pdf ===\n--- page 1 ---\n[")[1].Split(']')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(last > 2);
        Assert.True(third["numbers"]!["cached_tokens"]!.GetValue<int>() >= second["numbers"]!["prompt_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task Quotations_and_citations_are_checked_and_lead_to_their_places()
    {
        await using TestServer server = await StartAsync(_ => "It is \"900 euros a month\" [1]. It says \"three months\" [1]. And \"nobody ever said this at all\" [2]. See [7].");
        string id = await ConversationAsync(server);
        JsonNode read = await AttachAsync(server, ("lease.pdf", Lease));
        JsonNode sources = (await AskAsync(server, id, "What?", Ids(read)))["sources"]!;
        Assert.Equal(["verified", "elsewhere", "not_found"], sources["quotations"]!.AsArray().Select(one => one!["status"]!.GetValue<string>()));
        JsonNode place = sources["quotations"]![1]!["places"]![0]!;
        Assert.Equal(("lease.pdf", 2, 1), (place["path"]!.GetValue<string>(), place["page"]!.GetValue<int>(), place["line"]!.GetValue<int>()));
        Assert.Equal(["[1]", "[1]", "[2]", "[7]"], sources["citations"]!.AsArray().Select(one => one!["text"]!.GetValue<string>()));
        Assert.Equal("""["7"]""", sources["citations"]![3]!["unknown"]!.ToJsonString());
        JsonObject document = await server.GetAsync($"/web/documents/{place["document"]}?from={place["from"]}&count=1");
        Assert.Equal("The notice period is three months.", document["pieces"]![0]!["text"]!.GetValue<string>());
        Assert.Equal(3, document["total"]!.GetValue<int>());
        JsonNode kept = (await server.GetAsync($"/web/conversations/{id}"))["messages"]![1]!["sources"]!;
        Assert.Equal(sources.ToJsonString(), kept.ToJsonString());
    }

    [Fact]
    public async Task Where_an_answer_cites_nothing_its_sources_are_found()
    {
        string answer = "900 euros a month.";
        await using TestServer server = await StartAsync(_ => answer);
        string id = await ConversationAsync(server);
        JsonNode read = await AttachAsync(server, ("lease.pdf", Lease));
        JsonNode first = await AskAsync(server, id, "What is the rent?", Ids(read));
        JsonNode place = Assert.Single(first["sources"]!["found"]!.AsArray())!;
        Assert.Equal(("lease.pdf", 1, 1, 1), (place["path"]!.GetValue<string>(), place["page"]!.GetValue<int>(), place["line"]!.GetValue<int>(), place["last_line"]!.GetValue<int>()));

        // The question counts: the same words about something else are no source. Nor is any looked for where the answer names its own.
        answer = "Yes.";
        JsonNode second = await AskAsync(server, id, "Is the flat yellow?", parent: first["id"]!.GetValue<string>());
        Assert.Empty(second["sources"]!["found"]!.AsArray());
        answer = "900 euros a month [1].";
        JsonNode third = await AskAsync(server, id, "And the rent?", parent: second["id"]!.GetValue<string>());
        Assert.Empty(third["sources"]!["found"]!.AsArray());
    }

    [Fact]
    public async Task Small_models_get_documents_as_their_text_alone()
    {
        string prompt = string.Empty;
        await using TestServer server = await StartAsync(
            text =>
            {
                prompt = text;
                return "Oslo.";
            },
            new ServerOptions { ThinksByDefault = false, PlainDocuments = true });
        string id = await ConversationAsync(server);
        JsonNode read = await AttachAsync(server, ("a.txt", Files.Utf8("Tom lives in Oslo.")), ("b.txt", Files.Utf8("Ana lives in Paris.")));
        JsonNode message = await AskAsync(server, id, "Where does Tom live?", Ids(read));
        Assert.Contains("Tom lives in Oslo.\n\nAna lives in Paris.\n\nWhere does Tom live?", prompt, StringComparison.Ordinal);
        Assert.DoesNotContain("===", prompt, StringComparison.Ordinal);
        Assert.DoesNotContain("You answer from the documents", prompt, StringComparison.Ordinal);
        Assert.Equal("a.txt", Assert.Single(message["sources"]!["found"]!.AsArray())!["path"]!.GetValue<string>());
    }

    [Fact]
    public async Task Documents_that_do_not_fit_are_read_in_parts_and_the_notes_stay()
    {
        var prompts = new List<string>();
        await using TestServer server = await StartAsync(
            prompt =>
            {
                lock (prompts) prompts.Add(prompt);
                return prompt.Contains("This is part", StringComparison.Ordinal) ? "Nothing here [1]." : "The answer.";
            },
            maxPositions: 4_000);
        string id = await ConversationAsync(server), text = string.Join('\n', Enumerable.Range(0, 900).Select(n => $"Line {n} says a thing."));
        JsonNode read = await AttachAsync(server, ("long.txt", Files.Utf8(text)));
        JsonObject fit = await server.PostAsync("/web/fit", $$"""{"conversation": "{{id}}", "text": "What?", "documents": {{Ids(read)}}}""");
        int parts = fit["parts"]!.GetValue<int>();
        Assert.True(parts > 1);
        Assert.True(fit["document_tokens"]!.GetValue<int>() > fit["budget_tokens"]!.GetValue<int>());
        List<(string? Name, string Data)> events = await server.CollectAsync($"/web/conversations/{id}/answer", $$"""{"text": "What?", "documents": {{Ids(read)}}}""");
        Assert.Equal(parts + 1, events.Count(one => one.Name == "part"));
        Assert.Equal(parts + 1, prompts.Count);
        Assert.Contains("Notes from part 1:\nNothing here [1].", prompts[^1], StringComparison.Ordinal);
        JsonNode message = JsonNode.Parse(events[^1].Data)!["message"]!;
        Assert.Equal("The answer.", message["content"]!.GetValue<string>());

        // Another answer to the same question needs no second reading.
        await server.CollectAsync($"/web/conversations/{id}/answer", $$"""{"parent": "{{message["parent"]}}", "seed": 2}""");
        Assert.Equal(parts + 1, prompts.Count);
        Assert.Contains("Notes from part 1", (await server.GetAsync($"/web/conversations/{id}"))["messages"]![0]!["notes"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_there_is_no_room_the_question_is_refused_before_it_is_kept()
    {
        await using TestServer server = await StartAsync(_ => "x", maxPositions: 4_000);
        string id = await ConversationAsync(server);
        JsonNode read = await AttachAsync(server, ("a.txt", Files.Utf8("A text.")));
        JsonObject error = await server.PostAsync($"/web/conversations/{id}/answer", $$"""{"text": "What?", "documents": {{Ids(read)}}, "max_tokens": 3990}""", 400);
        Assert.Contains("has no room for documents", error["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Empty((await server.GetAsync($"/web/conversations/{id}"))["messages"]!.AsArray());
    }

    [Fact]
    public async Task A_conversation_takes_its_files_along_when_it_goes()
    {
        using var folder = new TemporaryFolder();
        string chats = Path.Combine(folder.Path, "chats.db"), files = chats + ".documents";
        var options = new ServerOptions { ThinksByDefault = false, ChatsFile = chats };
        string id, export;
        await using (TestServer server = await StartAsync(_ => "It is \"900 euros a month\" [1].", options))
        {
            id = await ConversationAsync(server);
            await AskAsync(server, id, "What?", Ids(await AttachAsync(server, ("lease.pdf", Lease))));
            string file = Assert.Single(Directory.GetFiles(files));
            Assert.Empty(Directory.GetDirectories(files));
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(files));
            }

            export = await server.Http.GetStringAsync($"/web/conversations/{id}/export?format=json");
            Assert.Contains("- lease.pdf", await server.Http.GetStringAsync($"/web/conversations/{id}/export"), StringComparison.Ordinal);
        }

        await using (TestServer server = await StartAsync(_ => "x", options))
        {
            // Everything is still there after a restart, and goes with the conversation.
            Assert.Single((await server.GetAsync($"/web/conversations/{id}"))["messages"]![0]!["documents"]!.AsArray());
            using HttpResponseMessage gone = await server.Http.DeleteAsync($"/web/conversations/{id}");
            Assert.True(gone.IsSuccessStatusCode);
            Assert.Empty(Directory.GetFiles(files));

            // And it comes back from its export, with text and check.
            JsonObject back = await server.PostAsync("/web/conversations/import", $$"""{"text": {{Quote(export)}}}""");
            Assert.Equal("verified", back["messages"]![1]!["sources"]!["quotations"]![0]!["status"]!.GetValue<string>());
            JsonNode document = back["messages"]![0]!["documents"]![0]!;
            Assert.Equal("lease.pdf", document["path"]!.GetValue<string>());
            Assert.Equal("The rent is 900 euros a month.", (await server.GetAsync($"/web/documents/{document["id"]}"))["pieces"]![0]!["text"]!.GetValue<string>());
            Assert.Single(Directory.GetFiles(files));
        }
    }

    [Fact]
    public async Task Nobody_sees_the_documents_of_others()
    {
        using var folder = new TemporaryFolder();
        string keys = Path.Combine(folder.Path, "keys.json"), ada = Access.KeyFile.Add(keys, new Access.ApiKey { Name = "Ada", Sha256 = string.Empty }), bob = Access.KeyFile.Add(keys, new Access.ApiKey { Name = "Bob", Sha256 = string.Empty });
        await using TestServer server = await StartAsync(_ => "x", new ServerOptions { KeysFile = keys, ThinksByDefault = false });
        server.Http.DefaultRequestHeaders.Authorization = new("Bearer", ada);
        string upload = await BeginAsync(server), id = (await AttachAsync(server, ("a.txt", "A"u8.ToArray())))["documents"]![0]!["id"]!.GetValue<string>();
        await server.GetAsync($"/web/documents/{id}");
        server.Http.DefaultRequestHeaders.Authorization = new("Bearer", bob);
        using HttpResponseMessage document = await server.Http.GetAsync($"/web/documents/{id}");
        Assert.Equal(404, (int)document.StatusCode);
        Assert.Equal(404, (await PutAsync(server, upload, "b.txt", new ByteArrayContent([65]))).Status);
        string conversation = await ConversationAsync(server);
        await server.PostAsync($"/web/conversations/{conversation}/answer", $$"""{"text": "x", "documents": ["{{id}}"]}""", 400);
    }
}
