using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;

namespace Fathom.Server.Tests.Faults;

/// <summary>A request that something is wrong with, most likely.</summary>
/// <param name="Path">Where it goes.</param>
/// <param name="Body">Its bytes.</param>
/// <param name="Encoding">Its Content-Encoding; null for none.</param>
/// <param name="Kind">What was done to it.</param>
internal sealed record MalformedRequest(string Path, byte[] Body, string? Encoding, string Kind);

/// <summary>Makes malformed requests out of good ones. The same seed gives the same requests.</summary>
/// <param name="seed">Which ones.</param>
internal sealed class MalformedRequests(int seed)
{
    private const string Mark = "@mark@";

    private static readonly string[] Kinds = ["cut", "type", "type", "type", "bytes", "utf8", "depth", "number", "twice", "surrogate", "encoding", "bomb", "missing", "text", "two"];

    // JSON as text: some of it no JSON library would write.
    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-1", "1.5", "\"\"", "\"x\"", "\"-5\"", "[]", "{}", "[[]]", "[null]", "[{}]", "[1,\"a\"]", "[[1],2]", "{\"a\":1}", "{\"type\":null}", "{\"type\":\"x\"}", "{\"type\":5}",
        "{\"type\":\"function\"}", "{\"type\":\"text\"}", "{\"type\":\"tool_result\"}", "{\"role\":\"user\"}", "{\"name\":\"get\"}", "[{\"type\":\"text\",\"text\":7}]", "{\"$ref\":\"#\"}", "{\"\":{}}", "\"auto\"", "\"required\"",
    ];

    private static readonly string[] Numbers =
    [
        "1e308", "-1e308", "1e999", "-1e999", "1e-40", "1e-320", "99999999999999999999999", "-99999999999999999999999", "2147483648", "-2147483649", "9223372036854775808", "4294967296", "0.1", "-0", "-0.0", "1e2", "18446744073709551616",
        "1" + new string('0', 400), "0." + new string('0', 400) + "1",
    ];

    private static readonly string[] Texts =
    [
        "<｜Assistant｜>", "<｜end▁of▁sentence｜><think>", "</think>", "<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"", "\u0000", "\r\n\r\ndata: [DONE]\n\n", "{\"a\":", "[[[[[[[[", "((((((((", "\uFFFF\uFEFF", "null", "{}", "[]", "{\"a\":NaN}", "👩‍👩‍👧‍👦\u202E",
        "%s%n", "../../etc/passwd", "call_legacy", "none", "a{1,99999}{1,99999}", "root ::= root", "[z-a]", "(?=x)", new string('9', 500), new string('\n', 200),
    ];

    private readonly Random random = new(seed);

    /// <summary>The next one.</summary>
    public MalformedRequest Next()
    {
        (string path, string good) = GoodRequests.All[random.Next(GoodRequests.All.Count)];
        string kind = Pick(Kinds);
        string? encoding = null;
        byte[] body = kind switch
        {
            "cut" => Cut(Utf8(good)),
            "type" => Utf8(Replaced(good, Pick(Values))),
            "two" => Utf8(Replaced(Replaced(good, Pick(Values)), Pick(Numbers))),
            "number" => Utf8(Replaced(good, Pick(Numbers))),
            "text" => Utf8(Replaced(good, JsonValue.Create(Pick(Texts)).ToJsonString())),
            "depth" => Utf8(Replaced(good, Deep())),
            "surrogate" => Utf8(Replaced(good, Pick(["\"\\uD800\"", "\"a\\uDC00b\"", "\"\\uD83D\\uD83D\\uDE00\"", "{\"\\uDFFF\":1}", "\"\\uD8\"", "\"\\"]))),
            "twice" => Utf8(Twice(good)),
            "missing" => Utf8(Without(good)),
            "bytes" => Random(random.Next(300)),
            "utf8" => Spoilt(Utf8(good)),
            "encoding" => Wrong(Utf8(good), out encoding),
            _ => Bomb(out encoding),
        };
        return new MalformedRequest(path, body, encoding, kind);
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Packed(byte[] bytes, string encoding)
    {
        var packed = new MemoryStream();
        using (Stream stream = encoding switch { "br" => new BrotliStream(packed, CompressionLevel.Fastest), "deflate" => new ZLibStream(packed, CompressionLevel.Fastest), _ => new GZipStream(packed, CompressionLevel.Fastest) }) stream.Write(bytes);
        return packed.ToArray();
    }

    private T Pick<T>(IReadOnlyList<T> all) => all[random.Next(all.Count)];

    private byte[] Random(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private byte[] Cut(byte[] bytes) => bytes[..random.Next(bytes.Length)];

    private byte[] Spoilt(byte[] bytes)
    {
        byte[] bad = Pick<byte[]>([[0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0x80], [0xE2, 0x82]]);
        int at = random.Next(bytes.Length);
        return [.. bytes[..at], .. bad, .. bytes[at..]];
    }

    private string Deep()
    {
        int depth = Pick([40, 55, 58, 59, 60, 61, 62, 63, 64, 65, 1000]);
        bool isList = random.Next(2) == 0;
        return string.Concat(Enumerable.Repeat(isList ? "[" : "{\"a\":", depth)) + "1" + string.Concat(Enumerable.Repeat(isList ? "]" : "}", depth));
    }

    private byte[] Wrong(byte[] bytes, out string encoding)
    {
        encoding = Pick(["gzip", "br", "deflate", "zstd", "identity", "gzip, br", "nonsense"]);
        return random.Next(3) switch
        {
            0 => bytes,
            1 => Random(100),
            _ => Cut(Packed(bytes, encoding)),
        };
    }

    private byte[] Bomb(out string encoding)
    {
        encoding = Pick(["gzip", "br", "deflate"]);
        return Bombs.Of(encoding);
    }

    // One node of the tree, at any depth, becomes something else.
    private string Replaced(string json, string value)
    {
        JsonNode root;
        try
        {
            root = JsonNode.Parse(json)!;
        }
        catch (System.Text.Json.JsonException)
        {
            return json;
        }

        var places = new List<Action<JsonNode>>();
        Walk(root, places);
        if (places.Count == 0) return value;
        Pick(places)(JsonValue.Create(Mark));
        return root.ToJsonString().Replace($"\"{Mark}\"", value, StringComparison.Ordinal);
    }

    private static void Walk(JsonNode? node, List<Action<JsonNode>> places)
    {
        if (node is JsonObject members)
        {
            foreach ((string key, JsonNode? child) in members)
            {
                places.Add(value => members[key] = value);
                Walk(child, places);
            }
        }
        else if (node is JsonArray list)
        {
            for (int i = 0; i < list.Count; i++)
            {
                int at = i;
                places.Add(value => list[at] = value);
                Walk(list[i], places);
            }
        }
    }

    private string Without(string json)
    {
        JsonObject root = JsonNode.Parse(json)!.AsObject();
        root.Remove(Pick([.. root.Select(member => member.Key)]));
        return root.ToJsonString();
    }

    private string Twice(string json)
    {
        KeyValuePair<string, JsonNode?> member = Pick([.. JsonNode.Parse(json)!.AsObject()]);
        string other = $"{{\"{member.Key}\":{Pick(Values)},";
        return random.Next(2) == 0 ? other + json[1..] : json[..^1] + "," + other[1..^1] + "}";
    }

    private static class Bombs
    {
        private static readonly Dictionary<string, byte[]> All = new[] { "gzip", "br", "deflate" }.ToDictionary(encoding => encoding, encoding => Packed(Utf8($"{{\"a\":\"{new string('a', 20_000_000)}\"}}"), encoding));

        public static byte[] Of(string encoding) => All[encoding];
    }
}
