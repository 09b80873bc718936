using System.Text.Json;

namespace Fathom.Text.Tests;

public sealed class ChatEncoderTests
{
    public static TheoryData<string> EncodeCases => GoldenText.Names("encode.json");

    public static TheoryData<string> OfficialCases => GoldenText.Names("official.json");

    [Fact]
    public void All_cases_are_there()
    {
        Assert.Equal(122, GoldenText.Cases("encode.json").Count());
        Assert.Equal(4, GoldenText.Cases("official.json").Count());
    }

    [Theory]
    [MemberData(nameof(EncodeCases))]
    public void Golden_messages_give_the_golden_prompt(string name) => Check(GoldenText.Case("encode.json", name));

    [Theory]
    [MemberData(nameof(OfficialCases))]
    public void Official_messages_give_the_official_prompt(string name) => Check(GoldenText.Case("official.json", name));

    [Fact]
    public void Markup_in_user_text_stays_text_in_literal_mode()
    {
        ChatPrompt prompt = new ChatEncoder(ChatFormat.Release).Encode([ChatMessage.Of("user", $"hi{Markup.Eos}{Markup.User}"), ChatMessage.Of("tool", Markup.Dsml)]);
        int[] ids = GoldenText.Tokenizer.Encode(prompt.Spans);
        Assert.Single(ids, 128803);
        Assert.DoesNotContain(1, ids);
        Assert.DoesNotContain(128825, ids);
        Assert.Equal(prompt.Text, GoldenText.Tokenizer.Decode(ids));
    }

    [Fact]
    public void Open_reasoning_is_continued()
    {
        ChatPrompt prompt = new ChatEncoder(ChatFormat.Release).Encode(
            [ChatMessage.Of("user", "q"), new ChatMessage { Role = "assistant", ReasoningContent = "Well,", IsOpenEnded = true }],
            new ChatEncodingOptions { ThinkingMode = ThinkingMode.Thinking });
        Assert.EndsWith("<think>Well,", prompt.Text, StringComparison.Ordinal);
        Assert.True(prompt.OpensThinking);
    }

    [Fact]
    public void Parts_are_joined_and_images_refused()
    {
        var encoder = new ChatEncoder(ChatFormat.Release);
        var message = new ChatMessage { Role = "user", Parts = [new ChatContentPart("text", "a"), new ChatContentPart("text", "b")] };
        Assert.Contains("a\n\nb", encoder.Encode([message]).Text, StringComparison.Ordinal);
        var image = new ChatMessage { Role = "user", Parts = [new ChatContentPart("image_url", null)] };
        Assert.Throws<ChatFormatException>(() => encoder.Encode([image]));
        Assert.Contains(Markup.Image, new ChatEncoder(ChatFormat.V41).Encode([image]).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\\ud800b", "a\uFFFDb")]
    [InlineData("\\udc00", "\uFFFD")]
    [InlineData("\\ud83c\\udf0d", "🌍")]
    [InlineData("\\ud83c\\ud83c\\udf0d", "\uFFFD🌍")]
    [InlineData("\\\\ud800 \\\\", "\\ud800 \\")]
    public void Lone_surrogates_in_json_count_as_the_replacement_character(string escaped, string expected) =>
        Assert.Equal(expected, ChatJson.Parse($"\"{escaped}\"", "test").GetString());

    [Fact]
    public void Tools_of_a_request_go_on_the_first_system_message_or_on_an_empty_one_in_front()
    {
        IReadOnlyList<ChatTool> tools = ChatJson.ReadTools(ChatJson.Parse("""[{"type":"function","function":{"name":"f"}}]""", "tools"));
        var encoder = new ChatEncoder(ChatFormat.Release);
        string without = encoder.Encode(ChatJson.WithTools([ChatMessage.Of("user", "q")], tools)).Text;
        Assert.StartsWith($"{Markup.Bos}\n\n## Tools", without, StringComparison.Ordinal);
        string with = encoder.Encode(ChatJson.WithTools([ChatMessage.Of("system", "s"), ChatMessage.Of("user", "q")], tools)).Text;
        Assert.Equal(without.Replace(Markup.Bos, Markup.Bos + "s", StringComparison.Ordinal), with);
    }

    [Theory]
    [InlineData("""{"model_type":"deepseek_v4","dspark_block_size":5}""", ChatFormat.Release)]
    [InlineData("""{"model_type":"deepseek_v4"}""", ChatFormat.Preview)]
    [InlineData("""{"model_type":"deepseek_v41"}""", ChatFormat.V41)]
    public void The_config_tells_the_format(string config, ChatFormat format) =>
        Assert.Equal(format, ChatFormats.Of(System.Text.Encoding.UTF8.GetBytes(config)));

    [Fact]
    public void Messages_survive_their_own_json()
    {
        foreach (JsonElement entry in GoldenText.Cases("encode.json").Where(entry => entry.TryGetProperty("prompt", out _)))
        {
            IReadOnlyList<ChatMessage> messages = ChatJson.ReadMessages(entry.GetProperty("messages"));
            using var stream = new MemoryStream();
            using (var writer = new Utf8JsonWriter(stream))
            {
                writer.WriteStartArray();
                foreach (ChatMessage message in messages) ChatJson.Write(writer, message);
                writer.WriteEndArray();
            }

            JsonElement again = ChatJson.Parse(System.Text.Encoding.UTF8.GetString(stream.ToArray()), "test");
            Assert.Equal(Render(entry, messages).Text, Render(entry, ChatJson.ReadMessages(again)).Text);
        }
    }

    private static void Check(JsonElement entry)
    {
        if (entry.TryGetProperty("error", out _))
        {
            Assert.Throws<ChatFormatException>(() => Render(entry, ChatJson.ReadMessages(entry.GetProperty("messages"))));
            return;
        }

        ChatPrompt prompt = Render(entry, ChatJson.ReadMessages(entry.GetProperty("messages")));
        Assert.Equal(entry.GetProperty("prompt").GetString(), prompt.Text);
        string[] ids = entry.GetProperty("prompt_ids").GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Tokenizer tokenizer = entry.TryGetProperty("encoder", out JsonElement encoder) && encoder.ValueEquals("v41") ? GoldenText.V41Tokenizer : GoldenText.Tokenizer;
        Assert.Equal(ids, tokenizer.Encode(prompt.Text, matchAddedTokens: true).Select(id => $"{id}"));
    }

    private static ChatPrompt Render(JsonElement entry, IReadOnlyList<ChatMessage> messages)
    {
        JsonElement given = entry.GetProperty("options");
        ChatFormat format = (entry.TryGetProperty("encoder", out JsonElement encoder) ? encoder.GetString() : "ga") switch
        {
            "preview" => ChatFormat.Preview,
            "v41" => ChatFormat.V41,
            _ => ChatFormat.Release,
        };
        var options = new ChatEncodingOptions
        {
            ThinkingMode = GoldenText.ModeOf(given),
            DropsThinking = !given.TryGetProperty("drop_thinking", out JsonElement drop) || drop.GetBoolean(),
            AddsBos = !given.TryGetProperty("add_default_bos_token", out JsonElement bos) || bos.GetBoolean(),
            ReasoningEffort = given.TryGetProperty("reasoning_effort", out JsonElement effort) && effort.ValueKind != JsonValueKind.Null ? effort.ToString() : null,
            Context = given.TryGetProperty("context", out JsonElement context) ? ChatJson.ReadMessages(context) : [],
        };
        return new ChatEncoder(format).Encode(messages, options);
    }
}
