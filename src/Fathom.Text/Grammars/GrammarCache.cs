using System.Security.Cryptography;
using System.Text;

namespace Fathom.Text.Grammars;

/// <summary>Keeps the grammars that were used last, with the masks they have learnt: clients send the same schemas and tools again and again. Safe for use by several threads.</summary>
/// <param name="capacity">Grammars to keep.</param>
public sealed class GrammarCache(int capacity = 64)
{
    private readonly Lock gate = new();
    private readonly OrderedDictionary<string, OutputGrammar> grammars = [];

    /// <summary>The grammar of a description; made when it is not kept.</summary>
    /// <param name="description">All that the grammar depends on.</param>
    /// <param name="make">Makes it; what it throws is passed on.</param>
    public OutputGrammar Get(string description, Func<OutputGrammar> make)
    {
        ArgumentNullException.ThrowIfNull(description);
        ArgumentNullException.ThrowIfNull(make);
        string key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(description)));
        lock (gate)
        {
            if (grammars.Remove(key, out OutputGrammar? known)) return grammars[key] = known;
        }

        OutputGrammar made = make();
        lock (gate)
        {
            grammars[key] = made;
            if (grammars.Count > capacity) grammars.RemoveAt(0);
        }

        return made;
    }
}
