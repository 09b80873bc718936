namespace Fathom.Training.Run;

/// <summary>Learning from a teacher: the student answers prompts of the data, and the teacher's distribution at each token of the answer is what it is to reach.</summary>
public sealed record DistillConfig
{
    /// <summary>The teacher's checkpoint folder, or the name of a pulled model; its vocabulary must be the student's.</summary>
    public required string Teacher { get; init; }

    /// <summary>Tokens that the student says to a prompt at most.</summary>
    public int AnswerTokens { get; init; } = 64;

    /// <summary>Temperature of the student's sampling.</summary>
    public float Temperature { get; init; } = 1f;
}
