namespace Fathom.Evaluation.Importance;

/// <summary>Sums of squared inputs of a layer's experts, and how many inputs each had.</summary>
internal sealed class ImportanceSums(int experts, int columns)
{
    /// <summary>[experts, columns].</summary>
    public float[] Sums { get; } = new float[experts * columns];

    /// <summary>[experts].</summary>
    public float[] Counts { get; } = new float[experts];
}
