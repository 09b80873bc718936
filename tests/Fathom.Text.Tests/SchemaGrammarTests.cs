using System.Text.Json;
using Fathom.Text.Grammars;
using static Fathom.Text.Tests.GrammarTesting;

namespace Fathom.Text.Tests;

public sealed class SchemaGrammarTests
{
    // Texts are parted by blanks; none of them holds one.
    [Theory]
    [InlineData("true", "1 \"a\" null [] {\"a\":[true]}", "x")]
    [InlineData("{}", "1 \"a\" null [] {\"a\":[true]}", "x")]
    [InlineData("""{"type":"null"}""", "null", "0 {}")]
    [InlineData("""{"type":"boolean"}""", "true false", "null 1")]
    [InlineData("""{"type":["string","null"]}""", "\"\" \"a\" null", "1")]
    [InlineData("""{"type":"integer"}""", "0 -1 12345678901234567890", "-0 01 1.0 1e3 123456789012345678901")]
    [InlineData("""{"type":"number"}""", "0 -1.5 1e-9 2E+10", ". 1. \"1\"")]
    [InlineData("""{"type":"integer","minimum":-12,"maximum":105}""", "-12 -9 0 9 99 105", "-13 -20 106 110 1000 -0")]
    [InlineData("""{"type":"integer","minimum":98}""", "98 99 100 1000000000000", "97 9 -100")]
    [InlineData("""{"type":"integer","maximum":-7}""", "-7 -8 -10 -99999", "-6 0 5")]
    [InlineData("""{"type":"integer","exclusiveMinimum":1,"exclusiveMaximum":4}""", "2 3", "1 4")]
    [InlineData("""{"type":"integer","minimum":0.5,"maximum":2.5}""", "1 2", "0 3")]
    [InlineData("""{"type":"integer","minimum":0,"exclusiveMinimum":true}""", "1 20", "0")]
    [InlineData("""{"type":"integer","minimum":9223372036854775807}""", "9223372036854775807 9999999999999999999", "9223372036854775806")]
    [InlineData("""{"type":"number","minimum":1.25,"maximum":3.5}""", "1.25 1.250 1.3 2 2.999 3 3.5 3.500", "1.24 1 1.2 3.51 4 0 1e0")]
    [InlineData("""{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1}""", "0.5 0.01 0.999", "0 0.0 1 1.0 -0.5")]
    [InlineData("""{"type":"number","minimum":-2.5,"exclusiveMaximum":-0.5}""", "-2.5 -1 -0.51 -2.49", "-0.5 -2.51 0 -3 0.6")]
    [InlineData("""{"type":"number","minimum":0}""", "0 0.0 7.25 1234567890", "-1 -0.1")]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"ab\" \"äé😀\" \"\\n\\ud83d\\ude00\"", "\"a\" \"abcd\" \"\\\\\"")]
    [InlineData("""{"type":"string","maxLength":1000000000}""", "\"\" \"abc\"", "1")]
    [InlineData("""{"type":"string","pattern":"^[a-c]{2}$"}""", "\"ab\"", "\"a\" \"abc\" \"xab\"")]
    [InlineData("""{"type":"string","pattern":"b\""}""", "\"b\\\"\" \"abb\\\"x\"", "\"b\" \"b\"\"")]
    [InlineData("""{"type":"string","pattern":"^a|z$"}""", "\"abc\" \"xyz\" \"a\"", "\"xa\" \"zx\"")]
    [InlineData("""{"type":"string","pattern":"^\\S\\\\\\n$"}""", "\"x\\\\\\n\"", "\"x\\n\"")]
    [InlineData("""{"type":"string","pattern":"^\\d{3}$","maxLength":10,"minLength":1}""", "\"123\"", "\"12\"")]
    [InlineData("""{"type":"string","format":"date"}""", "\"2024-02-29\" \"2000-02-29\" \"2023-12-31\" \"2023-04-30\"", "\"2023-02-29\" \"1900-02-29\" \"2023-04-31\" \"2023-13-01\" \"23-01-01\"")]
    [InlineData("""{"type":"string","format":"time"}""", "\"23:59:59Z\" \"00:00:00.123+02:00\"", "\"24:00:00Z\" \"12:60:00Z\" \"12:00:00\"")]
    [InlineData("""{"type":"string","format":"date-time"}""", "\"2024-02-29T12:00:00Z\"", "\"2024-02-29\" \"2024-02-30T12:00:00Z\"")]
    [InlineData("""{"type":"string","format":"email"}""", "\"a.b+c@example.org\"", "\"a@b\" \"@example.org\" \"a..b@c.de\"")]
    [InlineData("""{"type":"string","format":"hostname"}""", "\"localhost\" \"a-b.example.org\"", "\"-a\" \"a..b\" \"a_b\"")]
    [InlineData("""{"type":"string","format":"ipv4"}""", "\"0.0.0.0\" \"255.249.199.9\"", "\"256.0.0.0\" \"1.2.3\" \"01.2.3.4\"")]
    [InlineData("""{"type":"string","format":"ipv6"}""", "\"::\" \"::1\" \"2001:db8::ff00:42:8329\" \"1:2:3:4:5:6:7:8\" \"1::\"", "\"1:2:3\" \":::\" \"1::2::3\" \"12345::\"")]
    [InlineData("""{"type":"string","format":"uuid"}""", "\"123e4567-e89b-12d3-A456-426614174000\"", "\"123e4567e89b12d3a456426614174000\"")]
    [InlineData("""{"enum":["a\"b",1.50,null,{"x":[1,{}]},true,[]]}""", "\"a\\\"b\" 1.50 null {\"x\":[1,{}]} true []", "\"a\" 1.5 {} [1]")]
    [InlineData("""{"const":"ä/😀"}""", "\"ä/😀\"", "\"a\" \"\\u00e4/😀\"")]
    [InlineData("""{"type":"string","enum":["a",1,"bb"],"minLength":2}""", "\"bb\"", "\"a\" 1")]
    [InlineData("""{"type":"string","enum":["a1","b"],"pattern":"\\d"}""", "\"a1\"", "\"b\"")]
    [InlineData("""{"enum":[1,5,9],"minimum":4,"allOf":[{"enum":[5,1]}]}""", "5", "1 9")]
    [InlineData("""{"enum":[[1],["a"],[1,2,3],{"a":1},{"b":1},{"a":"x"}],"items":{"type":"integer"},"maxItems":2,"properties":{"a":{"type":"integer"}},"required":["a"]}""", "[1] {\"a\":1}", "[\"a\"] [1,2,3] {\"b\":1} {\"a\":\"x\"}")]
    [InlineData("""{"type":"array","items":{"type":"integer"}}""", "[] [1] [1,2,3] [1\n,\n2]", "[1,] [a] [\"a\"] [,1]")]
    [InlineData("""{"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":3}""", "[true,true] [true,false,true]", "[] [true] [true,true,true,true]")]
    [InlineData("""{"type":"array","maxItems":0}""", "[] [\n]", "[1]")]
    [InlineData("""{"type":"array","minItems":1}""", "[1] [\"a\",{}]", "[]")]
    [InlineData("""{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"items":false}""", "[] [1] [1,\"a\"]", "[\"a\"] [1,\"a\",1]")]
    [InlineData("""{"type":"array","prefixItems":[{"type":"integer"}],"items":{"type":"boolean"},"minItems":2,"maxItems":3}""", "[1,true] [1,true,false]", "[1] [1,1] [1,true,true,true]")]
    [InlineData("""{"type":"array","prefixItems":[{"const":1},{"const":2},{"const":3}],"minItems":1,"maxItems":2}""", "[1] [1,2]", "[] [1,2,3]")]
    [InlineData("""{"type":"array","prefixItems":[{"const":1}]}""", "[] [1]", "[1,2]")]
    [InlineData("""{"type":"array","prefixItems":[{"const":1}],"minItems":2}""", "[1,2] [1,\"a\"]", "[1]")]
    [InlineData("""{"type":"array","items":[{"const":1},{"const":2}],"additionalItems":{"const":3}}""", "[] [1,2] [1,2,3,3]", "[1,3]")]
    [InlineData("""{"type":"object","properties":{"a":{"const":1},"b":{"const":2},"c":{"const":3}},"required":["b"]}""", "{\"b\":2} {\"a\":1,\"b\":2} {\"b\":2,\"c\":3} {\"a\":1,\"b\":2,\"c\":3} {\n\"b\"\n:\n2\n}", "{} {\"a\":1} {\"b\":2,\"a\":1} {\"b\":2,} {\"b\":2,\"b\":2} {\"b\":2,\"d\":1} {,\"b\":2} {\n\n\"b\":2}")]
    [InlineData("""{"type":"object","properties":{"a":{"const":1}},"additionalProperties":{"type":"integer"}}""", "{} {\"a\":1} {\"b\":5} {\"a\":1,\"ab\":5,\"\":0} {\"ä\":1}", "{\"a\":2} {\"b\":\"x\"} {\"b\":1,\"a\":2} {\"\\u0061\":2}")]
    [InlineData("""{"type":"object","properties":{"a":{"const":1},"ab":{"const":2},"":{"const":3}},"additionalProperties":true}""", "{\"b\":[]} {\"a\":1,\"ab\":2,\"\":3,\"abc\":null} {\"aé\":1}", "{\"ab\":1} {\"\":1} {\"x\":1,\"a\":2}")]
    [InlineData("""{"type":"object","properties":{"a":{"const":1}},"additionalProperties":false}""", "{} {\"a\":1}", "{\"b\":1}")]
    [InlineData("""{"type":"object","additionalProperties":false}""", "{} {\n}", "{\"b\":1}")]
    [InlineData("""{"type":"object","properties":{"a":false,"b":{"const":1}}}""", "{} {\"b\":1}", "{\"a\":1}")]
    [InlineData("""{"type":"object","required":["x"]}""", "{\"x\":1} {\"x\":[],\"y\":2}", "{} {\"y\":1}")]
    [InlineData("""{"required":["x"],"properties":{"a":{"const":1}}}""", "{\"x\":1} {\"a\":1,\"x\":2}", "{} {\"a\":1}")]
    [InlineData("""{"anyOf":[{"type":"integer"},{"type":"null"}]}""", "1 null", "true")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"const":"a"}],"title":"t"}""", "1 \"a\"", "true")]
    [InlineData("""{"type":"object","properties":{"a":{"const":1},"b":{"const":2}},"anyOf":[{"required":["a"]},{"required":["b"]}]}""", "{\"a\":1} {\"b\":2} {\"a\":1,\"b\":2}", "{}")]
    [InlineData("""{"anyOf":[{"minimum":3},{"maximum":1}],"oneOf":[{"const":0},{"const":2},{"const":4}],"type":"integer"}""", "0 4", "2 1")]
    [InlineData("""{"allOf":[{"properties":{"a":{"const":1}},"required":["a"]},{"properties":{"b":{"type":"integer"},"a":{"type":"integer"}},"required":["b"]}]}""", "{\"a\":1,\"b\":2}", "{\"a\":1} {\"b\":2} {\"a\":2,\"b\":2}")]
    [InlineData("""{"allOf":[{"minimum":1,"type":"integer"}],"maximum":3}""", "1 3", "0 4")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"type":"array","items":{"$ref":"#/$defs/b~1c%25"}},"b/c%":{"const":7}}}""", "[] [7,7]", "[1]")]
    [InlineData("""{"definitions":{"n":{"type":"object","properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/definitions/n"},{"type":"null"}]}},"required":["v","next"]}},"$ref":"#/definitions/n"}""", "{\"v\":1,\"next\":null} {\"v\":1,\"next\":{\"v\":2,\"next\":null}}", "{\"v\":1} {\"v\":1,\"next\":1}")]
    [InlineData("""{"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#"}}}}""", "{} {\"children\":[{},{\"children\":[]}]}", "{\"children\":[1]}")]
    [InlineData("""{"anyOf":[{"type":"array","items":{"$ref":"#/anyOf/1"}},{"const":1}]}""", "1 [1,1]", "[[1]]")]
    [InlineData("""{"properties":{"a":{"const":1}}}""", "{} {\"a\":1}", "1 []")]
    [InlineData("""{"items":{"const":1}}""", "[1]", "{} 1")]
    public void A_schema_accepts_and_refuses(string schema, string accepted, string refused)
    {
        OutputGrammar grammar = Schema(schema);
        Accepts(grammar, accepted.Split(' '));
        Refuses(grammar, refused.Split(' '));
    }

    [Theory]
    [InlineData("false", "$ is false")]
    [InlineData("""{"enum":[]}""", "$.enum")]
    [InlineData("""{"anyOf":[]}""", "$.anyOf")]
    [InlineData("""{"type":[]}""", "$")]
    [InlineData("""{"properties":{"a":{"type":"array","minItems":3,"maxItems":2}},"required":["a"]}""", "$.properties.a.m")]
    [InlineData("""{"properties":{"a":{"type":"integer","minimum":3,"maximum":2}},"required":["a"]}""", "$.properties.a.m")]
    [InlineData("""{"type":"integer","minimum":0.2,"maximum":0.8}""", "$.m")]
    [InlineData("""{"type":"number","exclusiveMinimum":3,"maximum":3}""", "$.m")]
    [InlineData("""{"type":"string","minLength":3,"maxLength":2}""", "$.m")]
    [InlineData("""{"type":"string","minLength":3,"pattern":"^a$"}""", "$.minLength")]
    [InlineData("""{"properties":{"a":false},"required":["a"]}""", "$.properties.a is false")]
    [InlineData("""{"properties":{},"additionalProperties":false,"required":["a"]}""", "$.additionalProperties")]
    [InlineData("""{"properties":{"a":{"$ref":"#"}},"required":["a"],"type":"object"}""", "without an end")]
    [InlineData("""{"$ref":"#"}""", "without an end")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"allOf":[{"$ref":"#/$defs/a"}]}}}""", "without an end")]
    [InlineData("""{"type":"string","enum":[1]}""", "$.enum")]
    [InlineData("""{"allOf":[{"type":"string"},{"type":"integer"}]}""", "no type")]
    [InlineData("""{"type":"array","prefixItems":[{}],"items":false,"minItems":2}""", "$.items")]
    public void What_is_impossible_is_refused_before_anything_is_written(string schema, string reason) =>
        Assert.Contains(reason, Refusal(() => Schema(schema)), StringComparison.Ordinal);

    [Theory]
    [InlineData("1", "$ is neither")]
    [InlineData("""{"type":"text"}""", "$.type")]
    [InlineData("""{"type":1}""", "$.type")]
    [InlineData("""{"properties":[]}""", "$.properties")]
    [InlineData("""{"properties":{"a":3}}""", "$.properties.a")]
    [InlineData("""{"required":"a"}""", "$.required")]
    [InlineData("""{"required":[1]}""", "$.required")]
    [InlineData("""{"enum":1}""", "$.enum")]
    [InlineData("""{"anyOf":{}}""", "$.anyOf")]
    [InlineData("""{"type":"string","minLength":-1}""", "$.minLength")]
    [InlineData("""{"type":"string","minLength":1.5}""", "$.minLength")]
    [InlineData("""{"type":"string","pattern":"("}""", "$.pattern")]
    [InlineData("""{"type":"string","pattern":1}""", "$.pattern")]
    [InlineData("""{"type":"integer","minimum":"1"}""", "$.minimum")]
    [InlineData("""{"type":"integer","minimum":1e300}""", "$.minimum")]
    [InlineData("""{"$ref":"http://example.org"}""", "$.$ref")]
    [InlineData("""{"$ref":"#/nowhere"}""", "$.$ref")]
    [InlineData("""{"$ref":1}""", "$.$ref")]
    [InlineData("""{"const":"\ud800"}""", "surrogate")]
    public void A_broken_schema_is_refused_with_its_place(string schema, string reason) =>
        Assert.Contains(reason, Refusal(() => OutputGrammar.FromJsonSchema(Json(schema), isStrict: false)), StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"properties":{"a":{"type":"integer","multipleOf":2}}}""", "$.properties.a.multipleOf")]
    [InlineData("""{"not":{}}""", "$.not")]
    [InlineData("""{"type":"array","uniqueItems":true}""", "$.uniqueItems")]
    [InlineData("""{"type":"object","patternProperties":{}}""", "$.patternProperties")]
    [InlineData("""{"type":"string","format":"uri"}""", "$.format")]
    [InlineData("""{"anyOf":[{"if":true}]}""", "$.anyOf[0].if")]
    [InlineData("""{"type":"string","pattern":"a","maxLength":9}""", "$.maxLength")]
    [InlineData("""{"type":"string","pattern":"a","format":"date"}""", "$.format")]
    public void An_unknown_keyword_is_an_error_or_is_passed_over(string schema, string place)
    {
        Assert.StartsWith(place, Refusal(() => Schema(schema)), StringComparison.Ordinal);
        var ignored = new List<string>();
        OutputGrammar.FromJsonSchema(Json(schema), isStrict: false, ignored.Add);
        Assert.Equal([place], ignored);
        OutputGrammar.FromJsonSchema(Json(schema), isStrict: false);
    }

    [Fact]
    public void Annotations_are_never_errors() => Accepts(
        Schema("""{"$schema":"x","$id":"y","$comment":"c","title":"t","description":"d","default":1,"examples":[1],"deprecated":true,"readOnly":true,"writeOnly":false,"const":1}"""), "1");

    [Fact]
    public void Hostile_schemas_are_refused_or_cheap()
    {
        string Deep(int depth) => string.Concat(Enumerable.Repeat("{\"items\":", depth)) + "{\"const\":1}" + new string('}', depth);
        using JsonDocument deep = JsonDocument.Parse(Deep(5000), new JsonDocumentOptions { MaxDepth = 6000 });
        Assert.True(Matches(OutputGrammar.FromJsonSchema(deep.RootElement, true), "[[[]]]"));

        // Each level has twice the branches of the one below.
        string wide = "{\"allOf\":[" + string.Join(',', Enumerable.Range(0, 24).Select(i => $"{{\"anyOf\":[{{\"minLength\":{i}}},{{\"maxLength\":{100 + i}}}]}}")) + "],\"type\":\"string\"}";
        Assert.Contains("too large", Refusal(() => Schema(wide)), StringComparison.Ordinal);

        string chain = "{\"$ref\":\"#/$defs/d0\",\"$defs\":{" + string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"d{i}\":{{\"$ref\":\"#/$defs/d{i + 1}\"}}")) + ",\"d5000\":{}}}";
        Assert.Contains("drawn together", Refusal(() => Schema(chain)), StringComparison.Ordinal);

        string many = "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":1000000000},\"minItems\":900000000,\"maxItems\":1000000000}";
        Refuses(Schema(many), "[]", "[\"a\"]");

        string huge = "{\"enum\":[\"" + new string('x', 300_000) + "\"]}";
        Assert.Contains("too large", Refusal(() => Schema(huge)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bounded_string_is_held_to_its_bound_token_by_token()
    {
        OutputGrammar grammar = Schema("""{"type":"string","minLength":150,"maxLength":400}""");
        var random = new Random(2);
        var allowed = new bool[Trie.VocabularySize];
        for (int start = 0; start < 410; start += 7)
        {
            var matcher = new GrammarMatcher(grammar, Trie);
            byte[] text = [(byte)'"', .. Enumerable.Repeat((byte)'a', Math.Min(start, 400))];
            Assert.True(matcher.Accept(text));
            matcher.Allow(allowed);
            for (int id = 0; id < allowed.Length; id++)
            {
                var other = new GrammarMatcher(grammar, Trie);
                Assert.True(other.Accept(text));
                Assert.Equal(!SmallTokenizer.IsSpecial(id) && SmallTokenizer.BytesOf(id).Length > 0 && other.Accept(SmallTokenizer.BytesOf(id)), allowed[id]);
            }
        }
    }
}
