using System.Text;
using System.Text.Json.Nodes;
using CsCheck;

namespace Fathom.Text.Tests;

/// <summary>Damaged tokenizer files: one clear error, or a tokenizer that works.</summary>
public sealed class HostileTokenizerTests
{
    private static readonly string Sound = BuildSmall();

    [Fact]
    public void A_small_tokenizer_loads() => Assert.Equal("abc", Load(Sound).Decode(Load(Sound).Encode("abc", true)));

    [Fact]
    public void Any_damage_gives_a_clear_error_or_a_working_tokenizer()
    {
        Gen<byte[]> bytes = Gen.Select(Gen.Int[0, Sound.Length - 1].Array[1, 4], Gen.Byte.Array[4], Gen.Int[0, 3]).Select(DamageBytes);
        bytes.Sample(damaged => LoadOrRefuse(damaged), iter: 1_500);
    }

    [Fact]
    public void Values_of_the_wrong_kind_give_a_clear_error_or_a_working_tokenizer()
    {
        string[] values = ["null", "0", "-1", "1e99", "2147483648", "\"x\"", "[]", "{}", "true", "[[\"a\",\"b\"]]", "{\"a\":{}}"];
        string[] paths = ["model", "model.vocab", "model.merges", "model.type", "model.unk_token", "added_tokens", "added_tokens.0", "added_tokens.0.id", "added_tokens.0.content", "pre_tokenizer", "pre_tokenizer.pretokenizers", "pre_tokenizer.pretokenizers.1", "normalizer", "model.vocab.a", "model.merges.0", "model.byte_fallback"];
        foreach (string path in paths)
        {
            foreach (string value in values) LoadOrRefuse(Encoding.UTF8.GetBytes(With(path, value)));
        }
    }

    [Theory]
    [InlineData("model.type", "\"Unigram\"", "BPE")]
    [InlineData("model.merges.0", "\"q zz\"", "merge 0")]
    [InlineData("model.byte_fallback", "true", "byte_fallback")]
    [InlineData("added_tokens.0.id", "4000000", "ids below")]
    [InlineData("pre_tokenizer.pretokenizers.1.behavior", "\"Removed\"", "pre-tokenizer")]
    public void The_error_names_the_defect(string path, string value, string expected)
    {
        TokenizerException error = Assert.Throws<TokenizerException>(() => Load(With(path, value)));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("tokenizer.json: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains("nowhere.json", Assert.Throws<TokenizerException>(() => Tokenizer.Load("nowhere.json")).Message, StringComparison.Ordinal);

    private static Tokenizer Load(string json) => Tokenizer.Parse(Encoding.UTF8.GetBytes(json), "tokenizer.json");

    private static void LoadOrRefuse(byte[] json)
    {
        try
        {
            Tokenizer tokenizer = Tokenizer.Parse(json, "tokenizer.json");
            tokenizer.Decode(tokenizer.Encode("abc <x> 12\n", true));
        }
        catch (TokenizerException error)
        {
            Assert.DoesNotContain('\n', error.Message);
            Assert.True(error.Message.Length < 600, error.Message);
        }
    }

    private static byte[] DamageBytes(int[] places, byte[] values, int kind)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Sound);
        for (int i = 0; i < places.Length; i++)
        {
            int place = Math.Min(places[i], bytes.Length - 1);
            switch (kind)
            {
                case 0: bytes[place] = values[i]; break;
                case 1: bytes[place] ^= (byte)(1 << (values[i] % 8)); break;
                case 2: bytes = bytes[..Math.Max(1, place)]; break;
                default: bytes = [.. bytes[..place], .. bytes.AsSpan(place, Math.Min(values[i], bytes.Length - place)), .. bytes[place..]]; break;
            }
        }

        return bytes;
    }

    private static string With(string path, string value)
    {
        JsonNode root = JsonNode.Parse(Sound)!;
        JsonNode node = root;
        string[] steps = path.Split('.');
        foreach (string step in steps[..^1]) node = int.TryParse(step, out int index) ? node[index]! : node[step]!;
        if (int.TryParse(steps[^1], out int last)) node[last] = JsonNode.Parse(value);
        else node[steps[^1]] = JsonNode.Parse(value);
        return root.ToJsonString();
    }

    // The official file with its vocabulary cut to the bytes and a few merges.
    private static string BuildSmall()
    {
        JsonNode root = JsonNode.Parse(File.ReadAllText(Repository.PathOf("models", "deepseek-v4", "tokenizer.json")))!;
        JsonNode model = root["model"]!;
        var vocabulary = new JsonObject();
        int next = 3;
        foreach ((string piece, JsonNode? _) in model["vocab"]!.AsObject().OrderBy(entry => (int)entry.Value!).Skip(3).Take(256 + 8)) vocabulary[piece] = next++;
        model["vocab"] = vocabulary;
        var merges = new JsonArray();
        foreach (JsonNode? merge in model["merges"]!.AsArray())
        {
            string[] halves = ((string)merge!).Split(' ');
            if (vocabulary.ContainsKey(halves[0]) && vocabulary.ContainsKey(halves[1]) && vocabulary.ContainsKey(halves[0] + halves[1])) merges.Add((string)merge!);
        }

        model["merges"] = merges;
        root["added_tokens"] = new JsonArray([.. root["added_tokens"]!.AsArray().Take(3).Select(token => token!.DeepClone())]);
        return root.ToJsonString();
    }
}
