using Fathom.Inference;
using Microsoft.Extensions.AI;

namespace Fathom.Extensions.AI;

/// <summary>The short way from a model to a chat client.</summary>
public static class FathomModelExtensions
{
    /// <summary>The model as a chat client.</summary>
    /// <param name="model">The model; disposing the client leaves it open.</param>
    /// <param name="modelId">What answers name as their model; null for nothing.</param>
    /// <param name="defaults">What holds where a request says nothing; null for Fathom's defaults.</param>
    public static IChatClient AsIChatClient(this FathomModel model, string? modelId = null, FathomChatOptions? defaults = null) => new FathomChatClient(model, modelId, defaults);
}
