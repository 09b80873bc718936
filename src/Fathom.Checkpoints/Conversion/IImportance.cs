namespace Fathom.Checkpoints.Conversion;

/// <summary>How much each input column of routed experts matters: the mean of its squared inputs while a text was read.</summary>
public interface IImportance
{
    /// <summary>Tells it from others: the same text for the same numbers, wherever they are.</summary>
    string Identity { get; }

    /// <summary>The files that it is read from while it is used.</summary>
    IReadOnlyList<string> Files => [];

    /// <summary>How many experts and columns of each it has of a tensor; null when it has none.</summary>
    /// <param name="tensor">The tensor's name in a GGUF file, such as <c>blk.0.ffn_up_exps.weight</c>.</param>
    (int Experts, int Columns)? SizeOf(string tensor);

    /// <summary>The mean square of each column's inputs; empty when the expert had none, or the tensor is not known.</summary>
    /// <param name="tensor">The tensor's name in a GGUF file.</param>
    /// <param name="expert">Which of its experts.</param>
    float[] ColumnsOf(string tensor, int expert);
}
