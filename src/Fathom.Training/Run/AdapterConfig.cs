namespace Fathom.Training.Run;

/// <summary>Low-rank adapters: W + (alpha / rank) · B · A with B and A trained and everything else fixed.</summary>
public sealed record AdapterConfig
{
    /// <summary>Columns of B and rows of A.</summary>
    public int Rank { get; init; } = 16;

    /// <summary>Scale of the adapters.</summary>
    public double Alpha { get; init; } = 32;

    /// <summary>Ends of the names of the matrices that get one, without <c>.weight</c>. Matrices of routed experts cannot have one.</summary>
    public IReadOnlyList<string> Modules { get; init; } = ["wq_a", "wq_b", "wkv", "wo_b", "shared_experts.w1", "shared_experts.w2", "shared_experts.w3"];
}
