using Fathom.Checkpoints;
using Fathom.Compute;
using Fathom.Model.Weights;

namespace Fathom.Model.Tests;

/// <summary>Scales of experts in checkpoints too large to be read whole on opening.</summary>
public sealed class ExpertScaleTests
{
    [Fact]
    public unsafe void A_scale_that_is_no_number_is_found_at_the_first_use()
    {
        string path = Path.Combine(Path.GetTempPath(), $"fathom-{Guid.NewGuid():N}.safetensors");
        try
        {
            using (var writer = new SafetensorsWriter(path, [("good", StoredType.F8E8M0, [2]), ("bad", StoredType.F8E8M0, [2])]))
            {
                writer.Write([127, 130, 127, 255]);
                writer.Complete();
            }

            using SafetensorsFile file = SafetensorsFile.Open(path);
            Assert.True(file.TryGet("good", out StoredTensor good) && file.TryGet("bad", out StoredTensor _));
            file.TryGet("bad", out StoredTensor bad);
            var matrix = new WeightMatrix(WeightFormat.F32, 1, 1, good.Data);
            var sound = new ExpertWeights(matrix, matrix, matrix) { UncheckedScales = [good] };
            sound.CheckScalesOnce();
            Assert.Empty(sound.UncheckedScales);
            var damaged = new ExpertWeights(matrix, matrix, matrix) { UncheckedScales = [good, bad] };
            Assert.Contains("'bad'", Assert.Throws<CheckpointException>(damaged.CheckScalesOnce).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
