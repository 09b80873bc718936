using Fathom.Checkpoints;
using Fathom.Model.Streaming;

namespace Fathom.Model.Tests;

/// <summary>What happens when the disk does not do what it should.</summary>
public sealed class StreamingFaultTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_failed_read_ends_the_forward_and_the_next_one_works()
    {
        string path = SmallStream.Write(folder);
        using V4Model resident = SmallStream.OpenResident(path), streamed = SmallStream.Open(path, files: WatchedFiles.Over(out Func<WatchedFiles> watched));
        int[] tokens = EquivalenceTests.Tokens(resident, 80, 1);
        using ISession session = streamed.CreateSession();
        streamed.Forward(new Batch().Add(session, tokens.AsMemory(0, 40)));
        foreach (int healthy in (int[])[0, 1, 5, 9])
        {
            int reads = 0;
            watched().BeforeRead = () =>
            {
                if (Interlocked.Increment(ref reads) > healthy) throw new IOException("Input/output error");
            };
            ExpertReadException failure = Assert.Throws<ExpertReadException>(() => streamed.Forward(new Batch().Add(session, tokens.AsMemory(40))));
            Assert.Contains(Path.Combine(path, "model.safetensors"), failure.Message, StringComparison.Ordinal);
            Assert.Contains("Input/output error; see that", failure.Message, StringComparison.Ordinal);
            Assert.Equal(40, session.Length);
        }

        watched().BeforeRead = null;
        float[] rest = Sequence.Continue(streamed, session, tokens[40..], [40]);
        Assert.Equal(Sequence.Logits(resident, tokens, [40, 40]).AsSpan(40 * resident.VocabularySize).ToArray(), rest);
        Assert.True(streamed.Streaming!.ReadErrors >= 4);
    }

    [Fact]
    public void A_file_that_is_cut_off_while_it_is_open_ends_the_forward_and_nothing_else()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows lets nobody cut off a mapped file.");
        string path = SmallStream.Write(folder), file = Path.Combine(path, "model.safetensors");
        byte[] whole = File.ReadAllBytes(file);
        using V4Model streamed = SmallStream.Open(path);
        using ISession session = streamed.CreateSession();
        int[] tokens = EquivalenceTests.Tokens(streamed, 80, 1);
        Logits logits = streamed.Forward(new Batch().Add(session, tokens.AsMemory(0, 40)));
        float[] before = logits[0].ToArray();

        // Not even the weights that every token needs are looked for in the file any more.
        using (FileStream cut = Writable(file)) cut.SetLength(1000);
        ExpertReadException failure = Assert.Throws<ExpertReadException>(() => streamed.Forward(new Batch().Add(session, tokens.AsMemory(40))));
        Assert.Contains("the file ends at byte", failure.Message, StringComparison.Ordinal);
        Assert.Equal(40, session.Length);

        using (FileStream restored = Writable(file)) restored.Write(whole);
        using ISession again = streamed.CreateSession();
        Assert.Equal(before, streamed.Forward(new Batch().Add(again, tokens.AsMemory(0, 40)))[0].ToArray());
        streamed.Forward(new Batch().Add(session, tokens.AsMemory(40)));
        Assert.Equal(80, session.Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_that_is_cut_off_between_opening_and_loading_is_one_sentence(bool isStreamed)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows lets nobody cut off a mapped file.");
        string path = SmallStream.Write(folder), file = Path.Combine(path, "model.safetensors");
        using Checkpoint checkpoint = Checkpoint.Open(path);
        using (var stream = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) stream.SetLength(4096);
        CheckpointException error = Assert.Throws<CheckpointException>(() => isStreamed ? SmallStream.Over(checkpoint) : V4Model.Create(checkpoint, new V4ModelOptions()));
        Assert.Equal(file, error.File);
        Assert.Contains("cut off", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_scale_that_is_no_number_is_found_after_the_read()
    {
        string path = SmallStream.Write(folder), file = Path.Combine(path, "model.safetensors");
        long[] offsets;
        using (Checkpoint checkpoint = Checkpoint.Open(path)) offsets = [.. Enumerable.Range(0, 16).Select(expert => checkpoint[$"layers.2.ffn.experts.{expert}.w2.scale"].FileOffset)];
        using (FileStream damaged = File.OpenWrite(file))
        {
            foreach (long offset in offsets)
            {
                damaged.Position = offset + 5;
                damaged.WriteByte(255);
            }
        }

        using V4Model streamed = SmallStream.Open(path);
        using ISession session = streamed.CreateSession();
        CheckpointException failure = Assert.Throws<CheckpointException>(() => streamed.Forward(new Batch().Add(session, EquivalenceTests.Tokens(streamed, 64, 1))));
        Assert.Matches(@"'layers\.2\.ffn\.experts\.\d+\.w2\.scale': expected scales", failure.Message);
        Assert.Equal(0, session.Length);
    }

    [Fact]
    public void A_forward_that_waits_can_be_cancelled_and_the_model_closed_with_reads_under_way()
    {
        string path = SmallStream.Write(folder);
        using V4Model resident = SmallStream.OpenResident(path);
        int[] tokens = EquivalenceTests.Tokens(resident, 64, 1);
        V4Model streamed = SmallStream.Open(path, moreSlots: 6, files: WatchedFiles.Over(out Func<WatchedFiles> watched));
        ISession session = streamed.CreateSession();
        using var cancellation = new CancellationTokenSource();
        using var resume = new ManualResetEventSlim();
        int reads = 0;
        watched().BeforeRead = () =>
        {
            if (Interlocked.Increment(ref reads) == 6) cancellation.Cancel();
            if (reads >= 6) resume.Wait();
        };
        Assert.Throws<OperationCanceledException>(() => streamed.Forward(new Batch().Add(session, tokens), cancellation.Token));
        Assert.Equal(0, session.Length);
        watched().BeforeRead = null;
        resume.Set();
        Assert.Equal(Sequence.Logits(resident, tokens, [64]), Sequence.Continue(streamed, session, tokens, [64]));

        resume.Reset();
        using var other = new CancellationTokenSource();
        watched().BeforeRead = () =>
        {
            other.Cancel();
            Thread.Sleep(30);
        };
        Assert.Throws<OperationCanceledException>(() => streamed.Forward(new Batch().Add(session, tokens), other.Token));
        streamed.Dispose();
    }

    // Without a lock, as other programs write.
    private static FileStream Writable(string file) => new(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
}
