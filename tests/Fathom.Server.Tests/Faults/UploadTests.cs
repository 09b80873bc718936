using System.Text.Json.Nodes;
using Fathom.Documents.Tests;
using static Fathom.Server.Tests.Attaching;

namespace Fathom.Server.Tests.Faults;

/// <summary>Files that are too large, called strangely, broken, cut off, or sent by a client that means no good.</summary>
public sealed class UploadTests
{
    [Fact]
    public async Task Files_that_cannot_be_read_are_named_and_the_others_are_read()
    {
        await using TestServer server = await FaultServer.StartAsync();
        byte[] docx = Files.Docx();
        JsonNode read = await AttachAsync(
            server,
            ("good.txt", Files.Utf8("Good.")), ("cut.docx", docx[..(docx.Length / 2)]), ("bomb.zip", Files.Zip(("zeros.txt", new byte[64 << 20]))), ("photo.png", [0x89, 0x50, 0x4E, 0x47, 0, 0, 0, 0]),
            ("proj/.gitignore", Files.Utf8("*.log\n")), ("proj/a.cs", Files.Utf8("class A;")), ("proj/x.log", Files.Utf8("noise")), ("proj/node_modules/b.js", Files.Utf8("b")), ("empty.txt", []));
        Assert.Equal(["good.txt", "proj/a.cs"], read["documents"]!.AsArray().Select(one => one!["path"]!.GetValue<string>()).Where(path => path != "proj/.gitignore"));
        Dictionary<string, string> skipped = read["skipped"]!.AsArray().ToDictionary(one => one!["path"]!.GetValue<string>(), one => one!["reason"]!.GetValue<string>());
        Assert.Equal(("damaged", "binary", "ignored", "vendored", "empty"), (skipped["cut.docx"], skipped["photo.png"], skipped["proj/x.log"], skipped["proj/node_modules"], skipped["empty.txt"]));
        Assert.Contains(skipped, one => one.Key.StartsWith("bomb.zip", StringComparison.Ordinal) && one.Value == "unsafe");
        Assert.All(read["skipped"]!.AsArray(), one => Assert.NotEmpty(one!["message"]!.GetValue<string>()));
        await FaultServer.AssertAnswersAsync(server);
    }

    [Theory]
    [InlineData("../../x.txt")]
    [InlineData("a/../../x.txt")]
    [InlineData(@"..\..\x.txt")]
    [InlineData("/etc/x.txt")]
    [InlineData(@"C:\x.txt")]
    [InlineData("a//b.txt")]
    [InlineData("a/./b.txt")]
    [InlineData("..")]
    public async Task Names_that_point_elsewhere_are_refused(string path)
    {
        using var folder = new TemporaryFolder();
        await using TestServer server = await FaultServer.StartAsync(options => options with { ChatsFile = Path.Combine(folder.Path, "inner", "chats.db") });
        string upload = await BeginAsync(server);
        (int status, string text) = await PutAsync(server, upload, path, new ByteArrayContent("x"u8.ToArray()));
        Assert.Equal(400, status);
        Assert.Contains("rename it", text, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder.Path, "x.txt*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Strange_names_become_harmless_ones()
    {
        await using TestServer server = await FaultServer.StartAsync();
        string longName = new string('ä', 300) + ".txt";
        JsonNode read = await AttachAsync(server, ("<img src=x onerror=evil()>.txt", "A"u8.ToArray()), ("a\u202Etxt.exe\n.md", "B"u8.ToArray()), (longName, "C"u8.ToArray()), ("same.txt", "D"u8.ToArray()), ("same.txt", "E"u8.ToArray()));
        string[] paths = [.. read["documents"]!.AsArray().Select(one => one!["path"]!.GetValue<string>())];
        Assert.Equal(5, paths.Length);
        Assert.Contains("same (2).txt", paths);
        Assert.Contains("a\uFFFDtxt.exe\uFFFD.md", paths);
        Assert.All(paths, path => Assert.True(path.Length <= 200 && !path.Any(char.IsControl) && !path.Contains('\u202E')));
        Assert.EndsWith("….txt", paths.Single(path => path.StartsWith('ä')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_hold_for_a_file_and_for_all_together()
    {
        using var folder = new TemporaryFolder();
        await using TestServer server = await FaultServer.StartAsync(options => options with { MaxUploadFileBytes = 1 << 20, MaxUploadBytes = 2 << 20, ChatsFile = Path.Combine(folder.Path, "chats.db") });
        string upload = await BeginAsync(server);
        (int status, string text) = await PutAsync(server, upload, "large.txt", new ByteArrayContent(new byte[(1 << 20) + 1]));
        Assert.Equal(413, status);
        Assert.Contains("'large.txt' is larger than the 1 MiB", text, StringComparison.Ordinal);

        // Without a length the bytes are counted as they come, and what came of the file is removed.
        (status, _) = await PutAsync(server, upload, "endless.txt", new StreamContent(new UnknownLength(2 << 20)));
        Assert.Equal(413, status);
        Assert.Equal(204, (await PutAsync(server, upload, "a.txt", new ByteArrayContent(new byte[1 << 20]))).Status);
        Assert.Equal(204, (await PutAsync(server, upload, "b.txt", new ByteArrayContent(new byte[(1 << 20) - 5]))).Status);
        (status, text) = await PutAsync(server, upload, "c.txt", new ByteArrayContent(new byte[10]));
        Assert.Equal(413, status);
        Assert.Contains("more than 2 MiB would come together", text, StringComparison.Ordinal);
        Assert.Equal(["a.txt", "b.txt"], Directory.GetFiles(folder.Path, "*.txt", SearchOption.AllDirectories).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        for (int i = 1; i < 8; i++) await BeginAsync(server);
        await server.PostAsync("/web/uploads", "{}", 429);
    }

    [Fact]
    public async Task More_text_than_a_conversation_may_hold_is_refused_with_the_limit()
    {
        await using TestServer server = await FaultServer.StartAsync(options => options with { MaxDocumentCharacters = 1_000 });
        JsonNode read = await AttachAsync(server, ("a.txt", Files.Utf8(new string('a', 800))), ("b.txt", Files.Utf8(new string('b', 800))));
        Assert.Equal("too_large", Assert.Single(read["skipped"]!.AsArray())!["reason"]!.GetValue<string>());
        JsonNode more = await AttachAsync(server, ("c.txt", Files.Utf8(new string('c', 300))));
        string both = new JsonArray([.. new[] { read, more }.SelectMany(one => one["documents"]!.AsArray()).Select(one => (JsonNode)one!["id"]!.GetValue<string>())]).ToJsonString();
        JsonObject error = await server.PostAsync($"/web/conversations/{await ConversationAsync(server)}/answer", $$"""{"text": "x", "documents": {{both}}}""", 413);
        Assert.Contains("1,100 characters, more than the 1,000", error["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Forms_packed_bodies_and_missing_names_are_refused()
    {
        await using TestServer server = await FaultServer.StartAsync();
        string upload = await BeginAsync(server);
        using var form = new MultipartFormDataContent { { new ByteArrayContent([65]), "file", "../../x.txt" } };
        (int status, string text) = await PutAsync(server, upload, "x.txt", form);
        Assert.Equal(415, status);
        Assert.Contains("forms are not read", text, StringComparison.Ordinal);
        var packed = new ByteArrayContent([0x1F, 0x8B]);
        packed.Headers.ContentEncoding.Add("gzip");
        Assert.Equal(415, (await PutAsync(server, upload, "x.txt", packed)).Status);
        Assert.Equal(400, (await PutAsync(server, upload, string.Empty, new ByteArrayContent([65]))).Status);
        Assert.Equal(404, (await PutAsync(server, "up_none", "x.txt", new ByteArrayContent([65]))).Status);
        JsonNode read = await ReadAsync(server, upload);
        Assert.Empty(read["documents"]!.AsArray());
        await server.PostAsync($"/web/uploads/{upload}/read", "{}", 404);
    }

    [Fact]
    public async Task Ten_gigabytes_that_are_only_announced_cost_nothing()
    {
        await using TestServer server = await FaultServer.StartAsync();
        string upload = await BeginAsync(server);
        using RawClient client = await RawClient.ConnectAsync(server);
        await client.SendAsync(Head(server, upload, 10_737_418_240));
        string answer = await client.ReadUntilAsync("128 MiB");
        Assert.StartsWith("HTTP/1.1 413", answer, StringComparison.Ordinal);
        await FaultServer.AssertAnswersAsync(server);
    }

    [Fact]
    public async Task A_client_that_goes_away_leaves_no_file_behind()
    {
        using var folder = new TemporaryFolder();
        await using TestServer server = await FaultServer.StartAsync(options => options with { ChatsFile = Path.Combine(folder.Path, "chats.db") });
        string upload = await BeginAsync(server);
        using (RawClient client = await RawClient.ConnectAsync(server))
        {
            await client.SendAsync(Head(server, upload, 1_000_000) + new string('x', 100_000));
            await FaultServer.UntilAsync(() => Directory.GetFiles(folder.Path, "big.txt", SearchOption.AllDirectories).Length == 1, "the file begins");
        }

        await FaultServer.UntilAsync(() => Directory.GetFiles(folder.Path, "big.txt", SearchOption.AllDirectories).Length == 0, "the file is removed");
        await FaultServer.UntilAsync(() => server.Server.OpenRequests == 0, "nobody is inside");
    }

    [Fact]
    public async Task A_client_that_sends_a_byte_now_and_then_is_let_go_of()
    {
        Assert.SkipUnless(FaultServer.IsLong, "Takes ten seconds; set FATHOM_LONG_TESTS=1.");
        await using TestServer server = await FaultServer.StartAsync();
        string upload = await BeginAsync(server);
        using RawClient client = await RawClient.ConnectAsync(server);
        await client.SendAsync(Head(server, upload, 1_000));
        string answer = await client.ReadUntilAsync("\r\n\r\n");
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 408", StringComparison.Ordinal), answer);
        await FaultServer.UntilAsync(() => server.Server.OpenRequests == 0, "nobody is inside");
    }

    [Fact]
    public async Task What_a_killed_server_left_is_swept_away()
    {
        using var folder = new TemporaryFolder();
        string chats = Path.Combine(folder.Path, "chats.db"), upload = Path.Combine(chats + ".documents", "upload_up_old"), orphan = Path.Combine(chats + ".documents", "doc_nobody.json");
        Directory.CreateDirectory(upload);
        File.WriteAllText(orphan, "{}");
        foreach (string path in (string[])[orphan]) File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(-2));
        Directory.SetLastWriteTimeUtc(upload, DateTime.UtcNow.AddHours(-2));
        await using TestServer server = await FaultServer.StartAsync(options => options with { ChatsFile = chats });
        Assert.False(Directory.Exists(upload));
        Assert.False(File.Exists(orphan));
    }

    private static string Head(TestServer server, string upload, long length) =>
        $"PUT /web/uploads/{upload}/files HTTP/1.1\r\nHost: {server.Address.Authority}\r\nContent-Type: application/octet-stream\r\nx-fathom-path: big.txt\r\nContent-Length: {length}\r\n\r\n";

    // A stream whose length nobody knows.
    private sealed class UnknownLength(int length) : Stream
    {
        private int left = length;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int some = Math.Min(left, count);
            Array.Fill(buffer, (byte)'x', offset, some);
            left -= some;
            return some;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
