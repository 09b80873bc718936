using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Fathom.Checkpoints.Conversion;
using Fathom.Checkpoints.Gguf;

namespace Fathom.Checkpoints.Tests;

/// <summary>Opening reads by calls: files that are cut off or written between mapping and checking are one sentence, and tables may be of any size.</summary>
public sealed class OpeningTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_folder_that_is_cut_off_while_it_is_checked_is_one_sentence(bool isOpen)
    {
        ConversionSample.Synthesize(folder["model"]).Dispose();
        V4Config config = V4Config.Read(folder["model/config.json"]);
        var files = new List<SafetensorsFile>();
        Dictionary<string, StoredTensor> tensors = ShardSet.Open(folder["model"], files);
        using var weights = new WeightFiles(folder["model"], files);
        if (isOpen) weights.Read(tensors["embed.weight"], 0, new byte[2]);
        Mutations.CutOff(folder["model/model.safetensors"]);
        CheckpointException error = Assert.Throws<CheckpointException>(() => new CheckpointValidator(folder["model"], config, tensors, weights).Validate(hasPrediction: false));
        Assert.Equal(folder["model/model.safetensors"], error.File);
        Assert.Contains("was cut off while it was read", error.Message, StringComparison.Ordinal);
        foreach (SafetensorsFile file in files) file.Dispose();
    }

    [Fact]
    public void A_GGUF_file_that_is_cut_off_while_it_is_checked_is_one_sentence()
    {
        SyntheticCheckpoint.Write(folder["model"], new SyntheticOptions { Shape = SyntheticShape.Tiny, Layers = [0, 4], ExpertWidth = 256, Vocabulary = 300, HasMultiTokenPrediction = true }, cancellation: TestContext.Current.CancellationToken);
        using (Checkpoint original = Checkpoint.Open(folder["model"])) ConversionSample.ToGguf(original, folder["x.gguf"], new GgufOptions { MultiTokenPrediction = true });
        var files = new List<GgufFile>();
        GgufShards.Open(folder["x.gguf"], files);
        Dictionary<string, StoredTensor> found = GgufShards.Join(files);
        V4Config config = new GgufConfig(files[0], found).Read();
        Assert.Equal(1, config.MtpLayerCount);
        using var whole = new WeightFiles(folder["x.gguf"], files);
        var copies = new List<ICheckpointFile>();
        Dictionary<string, StoredTensor> tensors = GgufShards.Name(folder["x.gguf"], found, config, whole, copies);
        using ICheckpointFile copy = Assert.Single(copies);

        using (var stream = new FileStream(folder["x.gguf"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) stream.SetLength(8);
        using var cut = new WeightFiles(folder["x.gguf"], files);
        foreach (Action look in (Action[])
        [
            () => GgufShards.Name(folder["x.gguf"], found, config, cut, []),
            () => new CheckpointValidator(folder["x.gguf"], config, tensors, cut).Validate(hasPrediction: true),
            () => GgufMetadata.OthersOf(files[0], cut),
            () => GgufMetadata.OthersOf(files[0], whole),
        ])
        {
            Assert.Contains("was cut off while it was read", Assert.Throws<CheckpointException>(look).Message, StringComparison.Ordinal);
        }

        files[0].Dispose();
    }

    [Fact]
    public void A_file_that_is_written_between_mapping_and_checking_is_refused()
    {
        ConversionSample.Synthesize(folder["model"]).Dispose();
        var files = new List<SafetensorsFile>();
        Dictionary<string, StoredTensor> tensors = ShardSet.Open(folder["model"], files);
        using var weights = new WeightFiles(folder["model"], files);
        File.SetLastWriteTimeUtc(folder["model/model.safetensors"], DateTime.UtcNow.AddMinutes(1));
        Assert.Contains("was written meanwhile", Assert.Throws<CheckpointException>(() => weights.Read(tensors["embed.weight"], 0, new byte[2])).Message, StringComparison.Ordinal);
        files[0].Dispose();
    }

    [Fact]
    public void A_hash_table_of_more_than_2_GiB_is_looked_at_to_its_end()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The file has holes, and would take 20 GB there.");
        V4Config config = new SyntheticOptions { Shape = SyntheticShape.Tiny, Layers = [0, 4], Experts = 17, HasMultiTokenPrediction = false }.ToConfig() with { VocabularySize = 1 << 24, ExpertsPerToken = 17 };
        (long begin, long end) = WriteZeros(config, "layers.0.ffn.gate.tid2eid");
        Assert.InRange(end - begin, 1L + int.MaxValue, 1L << 32);
        using (Checkpoint sound = Checkpoint.Open(folder.Path))
        {
            StoredTensor table = sound["layers.0.ffn.gate.tid2eid"];
            Assert.Equal(end - begin, table.ByteLength);
            Assert.Contains($"found {end - begin}", Assert.Throws<CheckpointException>(() => table.Bytes.Length).Message, StringComparison.Ordinal);
        }

        using (var stream = new FileStream(folder["model.safetensors"], FileMode.Open))
        {
            stream.Position = end - 8;
            stream.WriteByte(17);
        }

        CheckpointException error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Path));
        Assert.Contains("expected expert ids from 0 to 16, found 17", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_scale_behind_the_first_piece_is_named_by_its_place_in_the_tensor()
    {
        var scale = new byte[WeightFiles.PieceBytes + 10];
        scale[^3] = 255;
        File.WriteAllBytes(folder["x.safetensors"], [.. SmallFile.Build($$$"""{"s":{"dtype":"F8_E8M0","shape":[{{{scale.Length}}}],"data_offsets":[0,{{{scale.Length}}}]}}""", 0), .. scale]);
        using SafetensorsFile file = SafetensorsFile.Open(folder["x.safetensors"]);
        using var weights = new WeightFiles(folder.Path, [file]);
        StoredTensor tensor = file.Tensors.Single();
        CheckpointException read = Assert.Throws<CheckpointException>(() => weights.ReadAll(tensor, (bytes, offset) => ScaleCheck.Verify(tensor, bytes, offset)));
        Assert.Contains($"index {scale.Length - 3}", read.Message, StringComparison.Ordinal);
        Assert.Equal(read.Message, Assert.Throws<CheckpointException>(() => ScaleCheck.Verify(tensor)).Message);
    }

    // A checkpoint of holes, in BF16 without scales; gives back where one of its tensors lies.
    private (long Begin, long End) WriteZeros(V4Config config, string wanted)
    {
        var header = new StringBuilder("{");
        long end = 0;
        (long, long) place = default;
        foreach (ExpectedTensor expected in TensorLayout.Of(config, hasPrediction: false))
        {
            StoredType type = expected.Role switch { TensorRole.ExpertTable => StoredType.I64, TensorRole.Small => StoredType.F32, _ => StoredType.BF16 };
            long begin = end;
            end += StoredTypes.BytesOf(type, expected.Shape);
            if (expected.Name == wanted) place = (begin, end);
            header.Append(CultureInfo.InvariantCulture, $"{(begin == 0 ? string.Empty : ",")}\"{expected.Name}\":{{\"dtype\":\"{StoredTypes.NameOf(type)}\",\"shape\":[{string.Join(',', expected.Shape)}],\"data_offsets\":[{begin},{end}]}}");
        }

        byte[] json = Encoding.UTF8.GetBytes(header.Append('}').ToString()), length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        using (FileStream stream = File.Create(folder["model.safetensors"]))
        {
            stream.Write(length);
            stream.Write(json);
            stream.SetLength(stream.Length + end);
        }

        File.WriteAllText(folder["config.json"], config.ToJson());
        return (place.Item1 + 8 + json.Length, place.Item2 + 8 + json.Length);
    }
}
