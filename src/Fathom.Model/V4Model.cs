using Fathom.Checkpoints;
using Fathom.Compute;
using Fathom.Compute.Cpu;
using Fathom.Compute.Memory;
using Fathom.Compute.Workers;
using Fathom.Model.Caches;
using Fathom.Model.Layers;
using Fathom.Model.Streaming;
using Fathom.Model.Weights;

namespace Fathom.Model;

/// <summary>
/// DeepSeek V4 over an opened checkpoint: one forward for rows of many sessions at different positions
/// (architecture specification, section 2). It knows token ids and numbers, never text.
/// </summary>
/// <remarks>Calls come from one thread at a time; sessions may be created, forked and disposed between forwards.</remarks>
public sealed partial class V4Model : ILanguageModel
{
    private readonly Checkpoint checkpoint;
    private readonly IDevice device;
    private readonly V4Weights weights;
    private readonly Workspace workspace = new();
    private readonly LayerContext context;
    private readonly Block block;
    private readonly RotaryTable windowRotary;
    private readonly RotaryTable compressedRotary;
    private readonly V4ModelOptions options;
    private readonly PlanBuilder planBuilder = new();
    private readonly OwnMemory? memory;
    private readonly IExpertSource experts;
    private readonly RoutingForecast? forecast;

    // The forward before, kept for the MTP block: its rows, and which of them gave logits.
    private Plan? lastPlan;
    private ReadOnlyMemory<int> lastLogitRows;
    private byte[]? fingerprint;

    private V4Model(Checkpoint checkpoint, IDevice device, V4ModelOptions options, MemoryPlan plan, Func<IReadOnlyList<string>, IExpertFiles>? openFiles)
    {
        this.checkpoint = checkpoint;
        this.device = device;
        this.options = options;
        MemoryPlan = plan;
        experts = new ResidentExperts();
        try
        {
            if (plan.IsStreaming) memory = new OwnMemory();
            using var files = new WeightFiles(checkpoint);
            weights = new WeightLoader(checkpoint, files, memory).Load();
            if (plan.IsStreaming)
            {
                memory!.CloseFiles();
                experts = ExpertStreamFactory.Create(checkpoint, weights, plan, openFiles);

                // Nothing was touched in mapped memory, and nothing is from here on.
                fingerprint = ModelFingerprint.Compute(checkpoint, options, files);
            }
        }
        catch
        {
            experts.Dispose();
            memory?.Dispose();
            throw;
        }

        context = new LayerContext(checkpoint.Config, device, workspace, options.Profile) { SeesCompressed = !options.WindowOnly, Experts = experts, Layouts = CacheLayouts.For(checkpoint.Config, options) };
        block = new Block(context);
        if (plan.IsStreaming && options.ReadsExpectedExperts) forecast = new RoutingForecast(context);
        windowRotary = RotaryTable.ForWindowLayers(checkpoint.Config);
        compressedRotary = RotaryTable.ForCompressedLayers(checkpoint.Config);
    }

    /// <summary>The checkpoint's architecture.</summary>
    public V4Config Config => checkpoint.Config;

    /// <inheritdoc/>
    public int VocabularySize => Config.VocabularySize;

    /// <inheritdoc/>
    public int MaxPositions => MemoryPlan.ContextTokens;

    /// <inheritdoc/>
    public int MaxBatchRows => MemoryPlan.Rows;

    /// <summary>Whether the checkpoint has an MTP block.</summary>
    public bool HasMultiTokenPrediction => weights.Prediction is not null;

    /// <summary>The opened checkpoint that the weights are in.</summary>
    public Checkpoint Checkpoint => checkpoint;

    /// <summary>How memory is divided, and whether experts are streamed.</summary>
    public MemoryPlan MemoryPlan { get; }

    /// <inheritdoc/>
    public ExpertStreamStatistics? Streaming => (experts as ExpertStream)?.Statistics;

    /// <summary>Where activations are rounded.</summary>
    public NumericProfile Profile => options.Profile;

    /// <summary>Threads that compute; null when the device is not the processor.</summary>
    public int? Threads => options.Workers;

    /// <summary>How sessions store compressed entries.</summary>
    public CacheStorage CacheStorage => options.CacheStorage;

    /// <summary>What that takes, for the specification's formula.</summary>
    public CacheFormat CacheFormat => context.Layouts.Format;

    /// <summary>How sessions of a model would store entries.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="options">Profile and cache storage.</param>
    public static CacheFormat CacheFormatFor(V4Config config, V4ModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(options);
        return CacheLayouts.For(config, options).Format;
    }

    /// <summary>Bytes that forwards hold as scratch at present, apart from sessions and mapped weights.</summary>
    public long WorkspaceBytes => workspace.Bytes + ((long)logits.Length * sizeof(float));

    /// <summary>Sees values inside forwards; null in normal use.</summary>
    internal IForwardObserver? Observer
    {
        get => context.Observer;
        set => context.Observer = value;
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Identity => Fingerprint;

    /// <summary>Identifies checkpoint and profile, 32 bytes: snapshots of other models are refused by it.</summary>
    internal byte[] Fingerprint => fingerprint ??= ModelFingerprint.Compute(checkpoint, options);

    /// <summary>Opens a checkpoint folder of the official layout or a GGUF file and prepares it for running. Weights stay on disk, memory-mapped; under a memory budget that they do not fit into, all but routed experts are read into memory.</summary>
    /// <param name="path">Folder with config.json and safetensors files; or a .gguf file, any part of a split one.</param>
    /// <param name="options">How to run it; null for the defaults.</param>
    /// <exception cref="CheckpointException">There is no sound V4 checkpoint.</exception>
    /// <exception cref="ArgumentException">An option is out of its range, or the memory budget is too small; the message says the least that works.</exception>
    public static V4Model Open(string path, V4ModelOptions? options = null)
    {
        Checkpoint checkpoint = Fathom.Checkpoints.Checkpoint.Open(path, looksAtExperts: options?.MemoryBudget is null);
        try
        {
            return Create(checkpoint, options ?? new V4ModelOptions());
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ISession CreateSession() => CreateV4Session();

    /// <inheritdoc/>
    public Logits Forward(Batch batch, CancellationToken cancellation = default) => Run(batch, isSliced: false, cancellation);

    /// <summary>
    /// Runs the MTP block over the rows of the forward just done (specification section 8). A session must have had
    /// its MTP pass for all earlier rows too.
    /// </summary>
    /// <param name="nextTokens">For each row of that forward the token that follows it, [n].</param>
    /// <returns>Predictions of the token after the next, for the rows that asked for logits.</returns>
    /// <exception cref="InvalidOperationException">There is no MTP block, no forward before, or a session missed a pass.</exception>
    /// <exception cref="ArgumentException">Not one token for each row, or a token outside the vocabulary.</exception>
    public Logits PredictAfterNext(ReadOnlySpan<int> nextTokens)
    {
        if (weights.Prediction is not { } prediction)
            throw new InvalidOperationException("This checkpoint has no MTP block (no mtp.0.enorm.weight), so it cannot predict the token after the next.");
        Plan plan = lastPlan ?? throw new InvalidOperationException("The MTP block works on the rows of the forward before; run a forward first.");
        PlanBuilder.CheckPrediction(this, plan, nextTokens);
        lastPlan = null;
        try
        {
            Rows embeddings = workspace.Embedded.Take(plan.RowCount, Config.HiddenSize);
            device.Embed(nextTokens, weights.Embedding, embeddings);
            Rows streams = workspace.Streams.Take(plan.RowCount, Config.HyperStreams * Config.HiddenSize);
            Rows angles = workspace.WindowAngles.Take(plan.RowCount, Config.RotaryDim);
            plan.EnterPrediction();
            experts.Begin(null, 0, CancellationToken.None);
            new MultiTokenPrediction(context, block).Run(prediction, plan, embeddings, streams, angles);
            PrepareHead(streams, prediction.HeadStreams, prediction.Norm);
            Logits result = ApplyHead(0, lastLogitRows.Length);
            foreach (Segment segment in plan.Segments) segment.Session.CommitPrediction(segment.EndPosition);
            return result;
        }
        catch
        {
            foreach (Segment segment in plan.Segments) segment.Session.Prediction?.Discard();
            throw;
        }
        finally
        {
            experts.End();
        }
    }

    /// <summary>Frees scratch and workers and closes the checkpoint. Sessions of the model are of no use afterwards.</summary>
    public void Dispose()
    {
        device.Dispose();
        workspace.Dispose();
        experts.Dispose();
        memory?.Dispose();
        checkpoint.Dispose();
    }

    /// <summary>A model over an opened checkpoint, which it then owns.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="options">How to run it.</param>
    /// <param name="device">What computes; null for the processor.</param>
    /// <param name="openFiles">Opens the files that experts are streamed from; null for the usual way.</param>
    internal static V4Model Create(Checkpoint checkpoint, V4ModelOptions options, IDevice? device = null, Func<IReadOnlyList<string>, IExpertFiles>? openFiles = null)
    {
        var sizes = WeightSizes.Of(checkpoint);
        MemoryReserve reserve = options.Reserve with { Caches = CacheFormatFor(checkpoint.Config, options) };
        MemoryPlan plan = MachineMemory.Divide(checkpoint.Config, sizes, options.MemoryBudget, options.AvailableBytes, reserve, rows: options.MaxBatchRows);
        if (device is null)
        {
            var cpu = new CpuDevice(options.Workers ?? ThreadMeasurement.Here.Threads, options.Profile == NumericProfile.Fast && CpuDevice.HasFastProducts ? Arithmetic.Fast : Arithmetic.Exact);
            (device, options) = (cpu, options with { Workers = cpu.WorkerCount });
        }

        try
        {
            return new V4Model(checkpoint, options.WrapDevice?.Invoke(device) ?? device, options, plan, openFiles);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    internal V4Session CreateV4Session()
    {
        LayerCache[] caches = Array.ConvertAll(weights.Layers, layer => new LayerCache(layer, Config, context.Layouts));
        return new V4Session(this, caches, weights.Prediction is { } prediction ? new LayerCache(prediction.Block, Config, context.Layouts) : null);
    }

    /// <summary>Runs one layer alone on given streams of a fresh session, for comparison with reference data.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="tokens">Token ids of the rows.</param>
    /// <param name="values">Streams before the layer, [n, S·hidden]; replaced by those after it.</param>
    internal unsafe void RunLayerAlone(int layer, int[] tokens, float[] values)
    {
        using ISession session = CreateSession();
        lastPlan = null;
        Plan plan = planBuilder.Build(this, new Batch().Add(session, tokens));
        Rows streams = PrepareStreams(plan);
        values.CopyTo(new Span<float>(streams.Data, values.Length));
        experts.Begin(null, tokens.Length, CancellationToken.None);
        try
        {
            RunLayer(layer, plan, streams);
        }
        finally
        {
            experts.End();
        }

        new Span<float>(streams.Data, values.Length).CopyTo(values);
    }

    private Logits Run(Batch batch, bool isSliced, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(batch);
        Plan plan = planBuilder.Build(this, batch);
        lastPlan = null;
        try
        {
            experts.Begin(plan, plan.RowCount, cancellation);
            Rows streams = RunLayers(plan, cancellation);
            lastLogitRows = planBuilder.RowsWithLogits(batch);
            PrepareHead(streams, weights.HeadStreams, weights.Norm);
            Logits result = isSliced ? default : ApplyHead(0, lastLogitRows.Length);
            foreach (Segment segment in plan.Segments) segment.Session.Commit(segment.Count);
            lastPlan = plan;
            return result;
        }
        catch
        {
            foreach (Segment segment in plan.Segments) segment.Session.Discard();
            throw;
        }
        finally
        {
            experts.End();
        }
    }

    private Rows RunLayers(Plan plan, CancellationToken cancellation)
    {
        Rows streams = PrepareStreams(plan);
        for (int layer = 0; layer < weights.Layers.Length; layer++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (layer > 0) forecast?.Run(weights.Layers[layer], streams);
            RunLayer(layer, plan, streams);
        }

        return streams;
    }

    // Embeds the tokens into identical streams and computes the angles of both tables.
    private Rows PrepareStreams(Plan plan)
    {
        int n = plan.RowCount, hidden = Config.HiddenSize;
        Rows embedded = workspace.Embedded.Take(n, hidden);
        device.Embed(plan.Tokens, weights.Embedding, embedded);
        Rows streams = workspace.Streams.Take(n, Config.HyperStreams * hidden);
        for (int i = 0; i < n; i++)
        {
            for (int s = 0; s < Config.HyperStreams; s++) embedded[i].CopyTo(streams[i][(s * hidden)..]);
        }

        windowRotary.WriteAngles(plan.Positions, workspace.WindowAngles.Take(n, Config.RotaryDim));
        compressedRotary.WriteAngles(plan.Positions, workspace.CompressedAngles.Take(n, Config.RotaryDim));
        return streams;
    }

    private void RunLayer(int index, Plan plan, Rows streams)
    {
        LayerWeights layer = weights.Layers[index];
        NativeBuffer angles = layer.Kind == LayerKind.Window ? workspace.WindowAngles : workspace.CompressedAngles;
        plan.EnterLayer(index);
        block.Run(layer, plan, streams, angles.Take(plan.RowCount, Config.RotaryDim));
    }
}
