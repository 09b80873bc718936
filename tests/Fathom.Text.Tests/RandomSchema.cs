using System.Text.Json.Nodes;

namespace Fathom.Text.Tests;

/// <summary>Random schemas of everything that the grammars understand.</summary>
internal sealed class RandomSchema(Random random)
{
    private static readonly string[] Names = ["a", "ab", "b", "ä😀", "x\"y", "", "type", "name"];
    private static readonly string[] Patterns = ["^[a-z]{1,5}$", "\\d", "^(foo|bar)+", "x$", "^\\S+@\\S+$", "^[^\"]{2,80}$", "^a|b$", "[\\\\\"]"];
    private static readonly string[] Formats = ["date", "time", "date-time", "email", "hostname", "ipv4", "ipv6", "uuid"];
    private readonly List<string> definitions = [];

    public JsonNode Next()
    {
        definitions.AddRange(Enumerable.Range(0, random.Next(3)).Select(index => $"d{index}"));
        JsonNode schema = random.Next(4) == 0 ? Schema(3) : Object(3);
        if (schema is JsonObject named && definitions.Count > 0)
            named["$defs"] = new JsonObject(definitions.Select(name => KeyValuePair.Create(name, (JsonNode?)Schema(2))));
        return schema;
    }

    private JsonNode Schema(int depth)
    {
        int kind = random.Next(depth > 0 ? 15 : 8);
        return kind switch
        {
            0 => random.Next(4) == 0 ? true : new JsonObject { ["title"] = "anything" },
            1 => new JsonObject { ["type"] = random.Next(2) == 0 ? "null" : "boolean" },
            2 => Number("integer"),
            3 => Number("number"),
            4 or 5 => Text(),
            6 => new JsonObject { ["enum"] = new JsonArray([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Value(2))]) },
            7 => random.Next(2) == 0 ? new JsonObject { ["const"] = Value(2) } : new JsonObject { ["type"] = new JsonArray("null", "integer", "string") },
            8 or 9 => Array(depth - 1),
            10 or 11 => Object(depth - 1),
            12 => new JsonObject { [random.Next(2) == 0 ? "anyOf" : "oneOf"] = List(depth - 1) },
            13 => AllOf(depth - 1),
            _ => Reference(depth),
        };
    }

    private JsonObject Reference(int depth)
    {
        // Optional or one of several, so that most recursion has an end.
        string target = definitions.Count == 0 || random.Next(3) == 0 ? "#" : $"#/$defs/{definitions[random.Next(definitions.Count)]}";
        var reference = new JsonObject { ["$ref"] = target };
        return random.Next(2) == 0 ? new JsonObject { ["type"] = "array", ["items"] = reference } : new JsonObject { ["anyOf"] = new JsonArray(Text(), new JsonObject { ["type"] = "array", ["items"] = Schema(depth - 1) }, new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["next"] = reference } }) };
    }

    private JsonObject AllOf(int depth)
    {
        JsonObject first = Object(depth), second = Object(depth);
        return random.Next(2) == 0 ? new JsonObject { ["allOf"] = new JsonArray(first) } : new JsonObject { ["allOf"] = new JsonArray(first, second) };
    }

    private JsonArray List(int depth) => [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Schema(depth))];

    private JsonObject Number(string type)
    {
        var schema = new JsonObject { ["type"] = type };
        decimal Bound() => type == "integer" && random.Next(3) > 0 ? random.Next(-300, 300) : random.Next(-30_000, 30_000) / 100m;
        decimal low = Bound(), high = low + Math.Abs(Bound()) + 1;
        if (random.Next(2) == 0) schema[random.Next(2) == 0 ? "minimum" : "exclusiveMinimum"] = low;
        if (random.Next(2) == 0) schema[random.Next(2) == 0 ? "maximum" : "exclusiveMaximum"] = high;
        return schema;
    }

    private JsonObject Text()
    {
        var schema = new JsonObject { ["type"] = "string" };
        switch (random.Next(5))
        {
            case 0: schema["pattern"] = Patterns[random.Next(Patterns.Length)]; break;
            case 1: schema["format"] = Formats[random.Next(Formats.Length)]; break;
            case 2:
                int least = random.Next(5);
                schema["minLength"] = least;
                if (random.Next(2) == 0) schema["maxLength"] = least + random.Next(40);
                break;
        }

        return schema;
    }

    private JsonObject Array(int depth)
    {
        var schema = new JsonObject { ["type"] = "array" };
        if (random.Next(3) > 0) schema["items"] = random.Next(8) == 0 ? false : Schema(depth);
        if (random.Next(3) == 0) schema["prefixItems"] = List(depth);
        int least = random.Next(4);
        if (random.Next(3) == 0) schema["minItems"] = least;
        if (random.Next(3) == 0) schema["maxItems"] = least + random.Next(3);
        return schema;
    }

    private JsonObject Object(int depth)
    {
        var schema = new JsonObject { ["type"] = "object" };
        string[] names = [.. Names.Where(_ => random.Next(3) == 0)];
        if (random.Next(6) > 0) schema["properties"] = new JsonObject(names.Select(name => KeyValuePair.Create(name, (JsonNode?)Schema(depth))));
        if (random.Next(2) == 0) schema["required"] = new JsonArray([.. names.Where(_ => random.Next(2) == 0).Select(name => (JsonNode?)name)]);
        if (random.Next(2) == 0) schema["additionalProperties"] = random.Next(3) switch { 0 => false, 1 => true, _ => Schema(depth) };
        return schema;
    }

    private JsonNode? Value(int depth) => random.Next(depth > 0 ? 7 : 5) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => random.Next(-50, 50),
        3 => random.Next(-50, 50) / 4m,
        4 => Names[random.Next(Names.Length)],
        5 => new JsonArray(Value(depth - 1), Value(depth - 1)),
        _ => new JsonObject { [Names[random.Next(Names.Length)]] = Value(depth - 1) },
    };
}
