using System.Text.Json;
using Fathom.Server.Errors;
using Fathom.Text.Grammars;

namespace Fathom.Server.Requests;

/// <summary>The form that a reply must have.</summary>
/// <param name="Grammar">What the reply is held to; null for any form.</param>
/// <param name="Told">What the model is told of it; null for nothing.</param>
internal sealed record OutputForm(OutputGrammar? Grammar, JsonElement? Told)
{
    /// <summary>Any form.</summary>
    public static OutputForm Any { get; } = new(null, null);
}

/// <summary>Reads the form that a reply must have, in all spellings (interface specification, section 1.6).</summary>
internal static class OutputForms
{
    private static readonly GrammarCache Grammars = new();
    private static readonly JsonElement JsonObject = JsonDocument.Parse("""{"type": "json_object"}""").RootElement;

    /// <summary>Chat completions: OpenAI's <c>response_format</c>, and the fields of vLLM and llama.cpp.</summary>
    public static OutputForm ReadOpenAI(JsonFields fields)
    {
        if (fields.Object("response_format") is { } format) return ReadFormat(format);
        JsonFields guides = fields.Object("structured_outputs") ?? fields;
        bool isNested = guides != fields;
        if (guides.Any(isNested ? "json" : "guided_json") is { } schema) return OfSchema(SchemaOf(schema), isStrict: true);
        if (guides.Text(isNested ? "regex" : "guided_regex") is { } regex) return new OutputForm(Grammar(() => OutputGrammar.FromRegex(regex)), null);
        if (guides.Texts(isNested ? "choice" : "guided_choice", 10_000) is { Count: > 0 } choices) return new OutputForm(Grammar(() => OutputGrammar.FromChoices(choices)), null);
        if ((guides.Text(isNested ? "grammar" : "guided_grammar") ?? fields.Text("grammar")) is { Length: > 0 } gbnf) return new OutputForm(Grammar(() => OutputGrammar.FromGbnf(gbnf)), null);
        return fields.Object("json_schema") is { } plain ? OfSchema(plain.Value, isStrict: true) : OutputForm.Any;
    }

    /// <summary>A format object: <c>text</c>, <c>json_object</c> or <c>json_schema</c>, with the schema inside or beside its name.</summary>
    public static OutputForm ReadFormat(JsonFields format)
    {
        switch (format.Text("type"))
        {
            case null or "text":
                return OutputForm.Any;
            case "json_object":
                return new OutputForm(Grammars.Get("json_object", OutputGrammar.JsonObject), JsonObject);
            case "json_schema":
                JsonFields described = format.Object("json_schema") ?? format;
                JsonElement schema = described.Any("schema") ?? throw ApiException.BadField(described.NameOf("schema"), $"'{described.NameOf("schema")}' is missing.");
                return OfSchema(schema, described.Flag("strict") ?? false);
            case { } other:
                throw ApiException.BadField(format.NameOf("type"), $"'{format.NameOf("type")}' must be text, json_object or json_schema, not '{other}'.");
        }
    }

    private static OutputForm OfSchema(JsonElement schema, bool isStrict) => new(Grammar(() => Grammars.Get($"schema {isStrict} {schema.GetRawText()}", () => OutputGrammar.FromJsonSchema(schema, isStrict))), schema);

    // vLLM takes a schema as text too.
    private static JsonElement SchemaOf(JsonElement schema) => schema.ValueKind == JsonValueKind.String ? Text.ChatJson.Parse(schema.GetString()!, "guided_json") : schema;

    private static OutputGrammar Grammar(Func<OutputGrammar> make)
    {
        try
        {
            return make();
        }
        catch (GrammarException exception)
        {
            throw ApiException.BadField("response_format", exception.Message);
        }
    }
}
