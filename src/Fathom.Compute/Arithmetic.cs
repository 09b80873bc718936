namespace Fathom.Compute;

/// <summary>How matrix products treat their inputs. Weights are taken as they are stored in both cases, and sums of groups are 32-bit floats.</summary>
public enum Arithmetic
{
    /// <summary>Inputs stay 32-bit floats.</summary>
    Exact,

    /// <summary>
    /// Inputs of matrices that <see cref="WeightMatrix.TakesIntegers"/> become 8-bit integers in groups of 32
    /// (<see cref="Numbers.IntegerRounding"/>), whose products with the stored integers are exact.
    /// </summary>
    Fast,
}
