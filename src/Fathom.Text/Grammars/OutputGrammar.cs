using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Fathom.Text.Grammars;

/// <summary>
/// A form that an output must have: an automaton over bytes, so it fits any vocabulary. Immutable; threads may share
/// it. What it costs to follow is remembered per vocabulary for as long as grammar and trie live.
/// </summary>
public sealed class OutputGrammar
{
    private readonly Automaton automaton;
    private readonly ConditionalWeakTable<TokenTrie, MaskCache> caches = [];

    private OutputGrammar(RuleForm root) => automaton = AutomatonBuilder.Build(root);

    /// <summary>
    /// Any JSON object. Between its parts stands at most one blank or one line feed; numbers have at most 20 digits
    /// before and after the point; values nest at most 32 levels deep. It begins with the brace and ends with it.
    /// </summary>
    public static OutputGrammar JsonObject() => new(Named("$", new JsonForms(CharacterSet.None).AnyObject()));

    /// <summary>JSON of a schema: a large subset of drafts 7 to 2020-12. Spelled as by <see cref="JsonObject"/>; properties come in the schema's order.</summary>
    /// <param name="schema">The schema: an object or a boolean.</param>
    /// <param name="isStrict">Whether a keyword that is not understood is an error; otherwise it is passed over, and the output may violate it.</param>
    /// <param name="ignored">Hears the place of each keyword that is passed over.</param>
    /// <exception cref="GrammarException">The schema is broken, impossible, too large, or says what is not understood.</exception>
    public static OutputGrammar FromJsonSchema(JsonElement schema, bool isStrict, Action<string>? ignored = null)
    {
        var compiler = new SchemaCompiler(schema, "$", isStrict, ignored, new JsonForms(CharacterSet.None));
        RuleForm root = compiler.Compile(ValueShape.Json);
        compiler.Finish();
        return new OutputGrammar(root);
    }

    /// <summary>All of the output matches a regular expression: literals, classes, groups, alternatives, repetitions, anchors at the ends.</summary>
    /// <param name="pattern">In the ECMAScript spelling; laziness makes no difference.</param>
    /// <exception cref="GrammarException">The pattern is broken, too large, or has what is no regular expression, such as look-around.</exception>
    public static OutputGrammar FromRegex(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return new OutputGrammar(Named("The pattern", new RegexParser(pattern, "The pattern", Utf8Forms.Of).ParseWhole()));
    }

    /// <summary>The output is one of some texts.</summary>
    /// <param name="choices">At least one; an empty text is one too.</param>
    /// <exception cref="GrammarException">There are no choices, or they are too large.</exception>
    public static OutputGrammar FromChoices(IReadOnlyList<string> choices)
    {
        ArgumentNullException.ThrowIfNull(choices);
        if (choices.Count == 0) throw new GrammarException("The list of choices is empty; give at least one.");
        return new OutputGrammar(Named("The choice", Form.Choice([.. choices.Select(Form.Literal)])));
    }

    /// <summary>A grammar in llama.cpp's GBNF: rules, literals, classes, groups, alternatives, repetitions, comments; it begins at <c>root</c>.</summary>
    /// <param name="grammar">The text.</param>
    /// <exception cref="GrammarException">The grammar is broken, impossible, too large, or left-recursive.</exception>
    public static OutputGrammar FromGbnf(string grammar)
    {
        ArgumentNullException.ThrowIfNull(grammar);
        return new OutputGrammar(new GbnfParser(grammar).Parse());
    }

    /// <summary>
    /// A block of tool calls in V4's markup, from the two line feeds before its opening tag to its closing tag.
    /// Arguments have the form of the tool's schema; a tool without one has no arguments.
    /// </summary>
    /// <param name="format">How the tags are spelled.</param>
    /// <param name="tools">At least one.</param>
    /// <param name="isStrict">As for <see cref="FromJsonSchema"/>.</param>
    /// <param name="allowsSeveral">Whether the block may hold more than one call.</param>
    /// <exception cref="GrammarException">There is no tool, a name cannot stand in a tag, or a schema is refused.</exception>
    public static OutputGrammar FromToolCalls(ChatFormat format, IReadOnlyList<ChatTool> tools, bool isStrict, bool allowsSeveral)
    {
        ArgumentNullException.ThrowIfNull(tools);
        return new OutputGrammar(Named("The block of calls", new ToolCallForms(format, isStrict).Block(tools, allowsSeveral)));
    }

    internal MaskCache CacheFor(TokenTrie trie) => caches.GetValue(trie, key => new MaskCache(automaton, key));

    private static RuleForm Named(string name, Form body) => new(name) { Body = body };
}
