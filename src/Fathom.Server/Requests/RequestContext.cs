using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Server.Requests;

/// <summary>What reading a request needs to know of the server.</summary>
/// <param name="Model">The served model.</param>
/// <param name="Options">How the server answers.</param>
/// <param name="Names">The names of the model.</param>
internal sealed record RequestContext(FathomModel Model, ServerOptions Options, ModelNames Names)
{
    /// <summary>How to answer, put together from what the dialects have in common.</summary>
    /// <param name="thinking">Whether and how hard the model thinks.</param>
    /// <param name="callPrefix">Beginning of the ids of calls.</param>
    /// <param name="form">The form that the reply must have.</param>
    /// <param name="offer">The tools.</param>
    /// <param name="generation">How tokens are picked.</param>
    public ChatOptions Answering((ThinkingMode Mode, string? Effort) thinking, string callPrefix, OutputForm form, ToolOffer offer, GenerationOptions generation) => new()
    {
        ThinkingMode = thinking.Mode,
        ReasoningEffort = thinking.Effort,
        NewCallId = () => RequestIds.New(callPrefix),
        Form = form.Grammar,
        ForcedTools = offer.Forced,
        StrictTools = offer.IsStrict,
        Generation = thinking.Mode == ThinkingMode.Thinking && Options.IgnoresSamplingWhenThinking ? generation with { Sampling = new SamplingOptions { Seed = generation.Sampling.Seed } } : generation,
    };

    /// <summary>The conversation with instructions, tools and the form of reply in their places.</summary>
    public IReadOnlyList<ChatMessage> Arrange(IEnumerable<ChatMessage> messages, ToolOffer offer, OutputForm form) =>
        Conversation.Arrange(messages, offer.Tools, Options.TellsResponseFormat ? form.Told : null);
}
