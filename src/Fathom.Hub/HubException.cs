namespace Fathom.Hub;

/// <summary>A model cannot be fetched or found. The message is one sentence that a user can act on.</summary>
/// <param name="problem">The kind of problem.</param>
/// <param name="message">What was wrong, where, and what to do.</param>
/// <param name="inner">The error below, when there is one.</param>
public sealed class HubException(HubProblem problem, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The kind of problem.</summary>
    public HubProblem Problem { get; } = problem;
}
