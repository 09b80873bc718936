using System.Text;
using System.Text.Json;
using Fathom.Text.Grammars;
using static Fathom.Text.Tests.GrammarTesting;

namespace Fathom.Text.Tests;

public sealed class RandomGrammarTests
{
    [Fact]
    public void Whatever_a_random_schema_lets_out_satisfies_it()
    {
        int followed = 0, impossible = 0;
        for (int seed = 0; followed < 1200; seed++)
        {
            var random = new Random(seed);
            string text = new RandomSchema(random).Next().ToJsonString();
            JsonElement schema = Json(text);
            OutputGrammar grammar;
            try
            {
                grammar = OutputGrammar.FromJsonSchema(schema, isStrict: true);
            }
            catch (GrammarException)
            {
                impossible++;
                continue;
            }

            followed++;
            for (int i = 0; i < 3; i++)
            {
                string output = Sample(grammar, random);
                using JsonDocument document = JsonDocument.Parse(output, new JsonDocumentOptions { MaxDepth = 1000 });
                Assert.True(new SmallSchemaValidator(schema).Allows(document.RootElement), $"seed {seed}: {text} lets out {output}");
            }
        }

        Assert.True(impossible < followed / 4, $"{impossible} schemas were refused.");
    }

    [Fact]
    public void Masks_of_random_schemas_are_what_each_token_alone_would_say()
    {
        var allowed = new bool[Trie.VocabularySize];
        for (int seed = 0, states = 0; states < 250; seed++)
        {
            var random = new Random(seed);
            OutputGrammar grammar;
            try
            {
                grammar = OutputGrammar.FromJsonSchema(Json(new RandomSchema(random).Next().ToJsonString()), isStrict: true);
            }
            catch (GrammarException)
            {
                continue;
            }

            byte[] whole = Encoding.UTF8.GetBytes(Sample(grammar, random));
            byte[] text = whole[..random.Next(whole.Length)];
            var matcher = new GrammarMatcher(grammar, Trie);
            Assert.True(matcher.Accept(text));
            matcher.Allow(allowed);
            for (int id = 0; id < allowed.Length; id++)
            {
                var other = new GrammarMatcher(grammar, Trie);
                Assert.True(other.Accept(text));
                bool fits = !SmallTokenizer.IsSpecial(id) && SmallTokenizer.BytesOf(id).Length > 0 && other.Accept(SmallTokenizer.BytesOf(id));
                Assert.True(fits == allowed[id], $"seed {seed}, after {Encoding.UTF8.GetString(text)}: token {id}");
            }

            states++;
        }
    }
}
