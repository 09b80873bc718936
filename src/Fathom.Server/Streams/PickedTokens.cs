using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Server.Streams;

/// <summary>Gathers the tokens of one answer for its log-probabilities; markup of calls is left out (interface specification, section 1.7).</summary>
internal sealed class PickedTokens
{
    private readonly List<TokenSampled> tokens = [];
    private int shown;
    private bool isCalling;

    /// <summary>The tokens since the last <see cref="Take"/>.</summary>
    public IReadOnlyList<TokenSampled> Waiting => tokens;

    /// <summary>Takes in what happened.</summary>
    public void Read(CompletionEvent happened)
    {
        switch (happened)
        {
            case TokenSampled one when one.IsReasoning || !isCalling:
                tokens.Add(one);
                break;
            case ReasoningDelta or ContentDelta:
                shown = tokens.Count;
                break;
            case ToolCallStarted:
                // What was picked since the last text opened the call.
                isCalling = true;
                for (int i = tokens.Count - 1; i >= shown; i--)
                {
                    if (!tokens[i].IsReasoning) tokens.RemoveAt(i);
                }

                break;
        }
    }

    /// <summary>Hands out the tokens that are waiting.</summary>
    public IReadOnlyList<TokenSampled> Take()
    {
        TokenSampled[] taken = [.. tokens];
        tokens.Clear();
        shown = 0;
        return taken;
    }
}
