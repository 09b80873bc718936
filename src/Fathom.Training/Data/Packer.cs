using Fathom.Training.Network;

namespace Fathom.Training.Data;

/// <summary>A batch for a step: rows, and what each place is to predict.</summary>
/// <param name="Batch">The rows.</param>
/// <param name="Targets">The next token of each place, int64 [B, T].</param>
/// <param name="Weights">The weight of predicting it, float [B, T].</param>
/// <param name="NextSample">The number of the first sample that was not used.</param>
internal sealed record TrainingBatch(TokenBatch Batch, Tensor Targets, Tensor Weights, long NextSample);

/// <summary>Packs samples into rows: each begins at a multiple of 128, so that its compressed blocks are its own.</summary>
internal static class Packer
{
    private const int Alignment = 128;

    /// <summary>Fills rows with samples number <paramref name="first"/> and up.</summary>
    /// <param name="sampleOf">Gives the samples.</param>
    /// <param name="first">Number of the first.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="length">Tokens of a row.</param>
    /// <param name="mostOffset">Positions begin at up to this.</param>
    /// <param name="end">There are no samples from here on.</param>
    /// <exception cref="InvalidDataException">A sample does not fit into a row.</exception>
    public static TrainingBatch Pack(Func<long, Sample> sampleOf, long first, int rows, int length, int mostOffset, long end = long.MaxValue)
    {
        var tokens = new long[rows * length];
        var targets = new long[rows * length];
        var starts = new long[rows * length];
        var positions = new long[rows * length];
        var weights = new float[rows * length];
        long number = first;
        for (int row = 0; row < rows; row++)
        {
            int place = 0;
            while (place < length && number < end)
            {
                Sample sample = sampleOf(number);
                if (place + sample.Tokens.Length > length) break;
                int at = (row * length) + place, stop = Math.Min(length, place + Align(sample.Tokens.Length));

                // Documents begin at different positions, so that the model does not count on small ones.
                long offset = mostOffset > 0 ? new Random(unchecked((int)(number * 2654435761L))).Next(mostOffset) : 0;
                for (int i = 0; i < stop - place; i++)
                {
                    starts[at + i] = place;
                    positions[at + i] = offset + i;
                    if (i < sample.Tokens.Length) tokens[at + i] = sample.Tokens[i];
                    if (i + 1 < sample.Tokens.Length) (targets[at + i], weights[at + i]) = (sample.Tokens[i + 1], sample.Weights[i + 1]);
                }

                place = stop;
                number++;
            }

            for (int i = place; i < length; i++) (starts[(row * length) + i], positions[(row * length) + i]) = (place, i - place);
            if (number == first) throw new InvalidDataException($"Sample {first} has more tokens than a row of {length}.");
        }

        Tensor Shaped(Tensor values) => values.reshape(rows, length);
        return new TrainingBatch(new TokenBatch(Shaped(tensor(tokens)), Shaped(tensor(starts)), Shaped(tensor(positions))), Shaped(tensor(targets)), Shaped(tensor(weights)), number);
    }

    private static int Align(int length) => (length + Alignment - 1) / Alignment * Alignment;
}
