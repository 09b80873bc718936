namespace Fathom.Compute;

/// <summary>How matrix products treat their inputs. Sums of groups are 32-bit floats in both cases.</summary>
public enum Arithmetic
{
    /// <summary>Inputs stay 32-bit floats.</summary>
    Exact,

    /// <summary>
    /// Inputs of matrices that <see cref="WeightMatrix.TakesIntegers"/> become 8-bit integers in groups of 32
    /// (<see cref="Numbers.IntegerRounding"/>), whose products with the stored integers are exact. FP8 weights become 16-bit integers
    /// (<see cref="WeightMatrix.FastValueAt"/>), the other formats are integers.
    /// </summary>
    Fast,
}
