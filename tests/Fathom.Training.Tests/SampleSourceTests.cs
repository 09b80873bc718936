using Fathom.Text;
using Fathom.Training.Data;
using Fathom.Training.Run;

namespace Fathom.Training.Tests;

/// <summary>Texts, documents and conversations as training data.</summary>
public sealed class SampleSourceTests : IDisposable
{
    private static readonly Tokenizer Tokenizer = Tokenizer.Load(Repository.PathOf("training", "minnow", "tokenizer.json"));

    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Texts_of_a_folder_are_cut_into_pieces_that_all_come_once_a_round()
    {
        Directory.CreateDirectory(Path.Combine(folder, "books", "old"));
        string first = string.Concat(Enumerable.Range(0, 200).Select(i => $"Sentence {i}. "));
        File.WriteAllText(Path.Combine(folder, "books", "a.txt"), first);
        File.WriteAllText(Path.Combine(folder, "books", "old", "b.md"), "\uFEFFA short one.");
        File.WriteAllText(Path.Combine(folder, "books", "c.bin"), "not read");
        var source = new TextSamples(Tokenizer, TextFiles.Texts(Path.Combine(folder, "books")), "books", 7);
        int pieces = (Tokenizer.Encode(first, false).Length + 2 + 127) / 128;
        string[] round = [.. Enumerable.Range(0, pieces + 1).Select(i => Tokenizer.Decode(source.Create(i, Stage(128)).Tokens))];
        Assert.Contains($"{Markup.Bos}A short one.{Markup.Eos}", round);
        Assert.Equal(first.Length + (Markup.Bos + Markup.Eos).Length, round.Where(piece => !piece.Contains("short", StringComparison.Ordinal)).Sum(piece => piece.Length));
        string[] next = [.. Enumerable.Range(pieces + 1, pieces + 1).Select(i => Tokenizer.Decode(source.Create(i, Stage(128)).Tokens))];
        Assert.Equal(round.Order(StringComparer.Ordinal), next.Order(StringComparer.Ordinal));
        Assert.NotEqual(round, next);
        Assert.All(source.Create(0, Stage(128)).Weights, weight => Assert.Equal(1f, weight));
    }

    [Fact]
    public void Only_what_the_assistant_says_is_learnt()
    {
        Sample sample = Conversation("""{"messages":[{"role":"system","content":"Be short."},{"role":"user","content":"One?"},{"role":"assistant","content":"Yes."},{"role":"user","content":"Two?"},{"role":"assistant","content":"No."}]}""").Create(0, Stage(256));
        Assert.Equal($"{Markup.Bos}Be short.{Markup.User}One?{Markup.Assistant}{Markup.ThinkEnd}Yes.{Markup.Eos}{Markup.User}Two?{Markup.Assistant}{Markup.ThinkEnd}No.{Markup.Eos}", Tokenizer.Decode(sample.Tokens));
        Assert.Equal($"Yes.{Markup.Eos}No.{Markup.Eos}", Tokenizer.Decode([.. sample.Tokens.Where((_, i) => sample.Weights[i] > 0)]));
        Assert.EndsWith($"Two?{Markup.Assistant}{Markup.ThinkEnd}", Tokenizer.Decode(sample.Prompt), StringComparison.Ordinal);
    }

    [Fact]
    public void A_prompt_has_no_reasoning_that_a_chat_would_have_left_out()
    {
        ConversationSamples source = Conversation("""{"messages":[{"role":"user","content":"One?"},{"role":"assistant","reasoning_content":"Think.","content":"Yes."},{"role":"user","content":"Two?"},{"role":"assistant","reasoning_content":"Again.","content":"No."}]}""");
        string[] texts = [.. Enumerable.Range(0, 2).Select(i => Tokenizer.Decode(source.Create(i, Stage(256)).Tokens)).Order(StringComparer.Ordinal)];
        string start = $"{Markup.Bos}{Markup.User}One?{Markup.Assistant}";
        Assert.Contains($"{start}{Markup.ThinkStart}Think.{Markup.ThinkEnd}Yes.{Markup.Eos}", texts);
        Assert.Contains($"{start}{Markup.ThinkEnd}Yes.{Markup.Eos}{Markup.User}Two?{Markup.Assistant}{Markup.ThinkStart}Again.{Markup.ThinkEnd}No.{Markup.Eos}", texts);
    }

    [Fact]
    public void Sources_are_mixed_in_their_shares_and_each_is_gone_through_in_order()
    {
        var a = new Numbered(100_000);
        var b = new Numbered(200_000);
        var mixed = new MixedSamples([(a, 3), (b, 1)], 5);
        int[] drawn = [.. Enumerable.Range(0, 640).Select(i => mixed.Create(i, Stage(128)).Tokens[0])];
        Assert.Equal(Enumerable.Range(100_000, 480), drawn.Where(number => number < 200_000).Order());
        Assert.Equal(Enumerable.Range(200_000, 160), drawn.Where(number => number >= 200_000).Order());
        Assert.Equal(drawn[333], mixed.Create(333, Stage(128)).Tokens[0]);
    }

    [Theory]
    [InlineData("conversations", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\"}]}\n\n{\"messages\":", "line 3 is no JSON")]
    [InlineData("conversations", "{\"text\":\"a\"}", "line 1 has no messages")]
    [InlineData("conversations", "[1]", "line 1 has no messages")]
    [InlineData("conversations", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", "line 1 has no message of the assistant")]
    [InlineData("conversations", "{\"messages\":[{\"role\":\"king\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\"}]}", "line 1: ")]
    [InlineData("conversations", "", "no conversation to train on")]
    [InlineData("documents", "{\"text\":1}", "line 1 has no text")]
    [InlineData("documents", "", "no text to train on")]
    [InlineData("text", null, "no file or folder")]
    public void Bad_data_is_named_with_its_place(string kind, string? content, string expected)
    {
        string path = Path.Combine(folder, "data");
        if (content is not null) File.WriteAllText(path, content);
        string message = Assert.Throws<InvalidDataException>(() => SampleSources.Open(Run(new DataSource { Kind = Enum.Parse<DataKind>(kind, ignoreCase: true), Path = path }), Tokenizer)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains(path, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused_and_long_conversations_are_told_of()
    {
        string path = Path.Combine(folder, "x.txt");
        File.WriteAllBytes(path, [0x41, 0xFF, 0xFE]);
        Assert.Contains("no UTF-8", Assert.Throws<InvalidDataException>(() => SampleSources.Open(Run(new DataSource { Kind = DataKind.Text, Path = folder }), Tokenizer)).Message, StringComparison.Ordinal);

        string talk = Path.Combine(folder, "talk.jsonl");
        string Line(string answer) => $"{{\"messages\":[{{\"role\":\"user\",\"content\":\"a\"}},{{\"role\":\"assistant\",\"content\":\"{answer}\"}}]}}\n";
        File.WriteAllText(talk, Line("short") + Line(string.Concat(Enumerable.Repeat("long ", 300))));
        var notices = new List<string>();
        ISampleSource source = SampleSources.Open(Run(new DataSource { Kind = DataKind.Conversations, Path = talk }), Tokenizer, notices.Add);
        Assert.Contains("1 of 2 conversations", Assert.Single(notices), StringComparison.Ordinal);
        Assert.All(Enumerable.Range(0, 5), i => Assert.True(source.Create(i, Stage(128)).Tokens.Length < 128));
    }

    private static TrainStage Stage(int length) => new() { Steps = 1, Length = length, BatchTokens = length };

    private static TrainConfig Run(DataSource data) => new() { Model = "m", Tokenizer = "t", Output = "o", Stages = [Stage(256)], Data = [data] };

    private ConversationSamples Conversation(string line)
    {
        string path = Path.Combine(folder, "talk.jsonl");
        File.WriteAllText(path, line + "\n");
        return new ConversationSamples(Tokenizer, ChatFormat.Release, TextFiles.Conversations(path), path, 1);
    }

    private sealed class Numbered(int first) : ISampleSource
    {
        public Sample Create(long number, TrainStage stage) => new([first + (int)number], [1f]);
    }
}
