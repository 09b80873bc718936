using System.Diagnostics;
using System.Text.Json;
using Fathom.Text;
using Fathom.Training.Data;
using Fathom.Training.Libtorch;
using Fathom.Training.Network;
using Fathom.Training.Optimization;
using Fathom.Training.Quantization;

namespace Fathom.Training.Run;

/// <summary>Runs a training from its description: stages, steps, metrics, saved states and the export at the end.</summary>
public sealed class Trainer
{
    private const int MostOffset = 1024;

    private readonly TrainConfig config;
    private readonly V4Config model;
    private readonly RecallSamples samples;

    /// <summary>Prepares a run.</summary>
    /// <exception cref="InvalidDataException">Model and tokenizer do not go together.</exception>
    public Trainer(TrainConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        LibtorchLoader.Prepare();
        this.config = config;
        model = V4Config.Read(config.Model);
        Tokenizer tokenizer = Tokenizer.Load(config.Tokenizer);
        if (tokenizer.VocabularySize > model.VocabularySize)
            throw new InvalidDataException($"The tokenizer has {tokenizer.VocabularySize} ids, but the model only {model.VocabularySize}; change vocab_size in {config.Model}.");
        samples = new RecallSamples(tokenizer, config.Seed, config.TextWeight);
    }

    /// <summary>Where the state of the run is kept.</summary>
    public string StatePath => Path.Combine(config.Output, "state.safetensors");

    /// <summary>Trains to the end, or until it is cancelled; either way the state is saved.</summary>
    /// <param name="resumes">Go on with a saved state; otherwise the output folder must not hold one.</param>
    /// <param name="report">Receives the figures of each step.</param>
    /// <param name="cancellation">Saves and stops.</param>
    /// <exception cref="InvalidDataException">There is no state to go on with, or one that would be lost, or the loss is no number any more.</exception>
    public void Run(bool resumes, Action<StepReport>? report = null, CancellationToken cancellation = default)
    {
        if (resumes != File.Exists(StatePath))
            throw new InvalidDataException(resumes ? $"There is no state {StatePath} to go on with." : $"{StatePath} exists; add --resume to go on with it, or name another output folder.");
        Directory.CreateDirectory(config.Output);
        using Parameters parameters = Initializer.Create(model, config.Seed);
        IReadOnlyList<IOptimizer> optimizers = ParameterGroups.Optimizers(parameters, config.UsesMuon);
        (long step, long sample) = resumes ? TrainingState.Load(StatePath, parameters, optimizers) : (0, 0);
        var network = new V4Network(model, parameters);
        var rounding = new StraightThrough(model);
        long total = config.Stages.Sum(stage => (long)stage.Steps);
        using StreamWriter metrics = OpenMetrics(step);
        while (step < total && !cancellation.IsCancellationRequested)
        {
            TrainStage stage = StageOf(step);
            parameters.View = stage.IsQuantised ? rounding.View : (_, tensor) => tensor;
            network.Mode = stage.IsSparse ? AttentionMode.Sparse : AttentionMode.Dense;
            StepReport done = Step(network, parameters, optimizers, stage, step, total, ref sample);
            rounding.Forget();
            if (!double.IsFinite(done.AnswerLoss))
                throw new InvalidDataException($"The loss of step {step + 1} is {done.AnswerLoss}; the last good state is {StatePath}. Lower learningRate and go on with --resume.");
            step++;
            metrics.WriteLine(JsonSerializer.Serialize(done, Metrics));
            report?.Invoke(done);
            if (step % config.SaveEvery == 0) Save(parameters, optimizers, step, sample, metrics);
        }

        Save(parameters, optimizers, step, sample, metrics);
        if (step == total) Exporter.Write(Path.Combine(config.Output, "export"), model, parameters, config.Tokenizer);
    }

    private static readonly JsonSerializerOptions Metrics = new(JsonSerializerDefaults.Web) { NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private StepReport Step(V4Network network, Parameters parameters, IReadOnlyList<IOptimizer> optimizers, TrainStage stage, long step, long total, ref long sample)
    {
        long started = Stopwatch.GetTimestamp();
        using QuietCollector quiet = QuietCollector.Start();
        using var scope = NewDisposeScope();
        int documentLength = stage.DocumentLength > 0 ? stage.DocumentLength : stage.Length;
        TrainingBatch batch = Packer.Pack(number => samples.Create(number, documentLength, stage.Questions), sample, stage.BatchTokens / stage.Length, stage.Length, MostOffset);
        sample = batch.NextSample;

        ForwardResult forward = network.Forward(batch.Batch, stage.IndexWeight > 0);
        Tensor places = batch.Weights.flatten().nonzero().squeeze(-1);
        Tensor weights = batch.Weights.flatten().index_select(0, places), targets = batch.Targets.flatten().index_select(0, places);
        Tensor logits = network.Logits(forward.Streams.flatten(0, 1).index_select(0, places));
        Tensor losses = nn.functional.cross_entropy(logits, targets, reduction: nn.Reduction.None);
        Tensor loss = (losses * weights).sum() / weights.sum();
        if (model.MtpLayerCount > 0 && config.PredictionWeight > 0) loss = loss + (PredictionLoss(network, forward, batch) * config.PredictionWeight);
        if (forward.BalanceLoss is { } balance) loss = loss + (balance * config.BalanceWeight);
        if (forward.IndexLoss is { } index) loss = loss + (index * stage.IndexWeight);

        foreach (Tensor tensor in parameters.All.Values) tensor.grad?.zero_();
        loss.backward();
        double norm = ParameterGroups.Clip(parameters, config.ClipNorm), rate = LearningRate(step, total);
        foreach (IOptimizer optimizer in optimizers) optimizer.Step(rate);
        MoveBiases(parameters, forward);

        Tensor isAnswer = weights >= 1, right = logits.argmax(-1) == targets;
        double answers = isAnswer.sum().item<long>();
        return new StepReport(
            step + 1,
            total,
            losses.masked_select(isAnswer).mean().item<float>(),
            answers < weights.numel() ? losses.masked_select(isAnswer.logical_not()).mean().item<float>() : double.NaN,
            forward.IndexLoss?.item<float>() ?? double.NaN,
            right.logical_and(isAnswer).sum().item<long>() / answers,
            norm,
            rate,
            batch.Batch.Tokens.numel() / Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    // The prediction block sees the next token and predicts the one after it; documents end before their last two places.
    private static Tensor PredictionLoss(V4Network network, ForwardResult forward, TrainingBatch batch)
    {
        Tensor after = batch.Targets.roll(-1, 1), weights = batch.Weights * batch.Weights.roll(-1, 1).gt(0).to(ScalarType.Float32);
        Tensor logits = network.PredictAfterNext(forward.Streams, batch.Targets, batch.Batch);
        Tensor places = weights.flatten().nonzero().squeeze(-1);
        Tensor used = weights.flatten().index_select(0, places);
        Tensor losses = nn.functional.cross_entropy(logits.flatten(0, 1).index_select(0, places), after.flatten().index_select(0, places), reduction: nn.Reduction.None);
        return (losses * used).sum() / used.sum();
    }

    // bias_e += speed · sign(mean load − load_e), after each step (architecture specification, section 9.9).
    private void MoveBiases(Parameters parameters, ForwardResult forward)
    {
        using var noGradient = no_grad();
        foreach ((string name, Tensor load) in forward.Loads)
        {
            if (parameters.Tables.TryGetValue(name, out Tensor? bias)) bias.add_((load.mean() - load).sign() * config.BiasSpeed);
        }
    }

    private double LearningRate(long step, long total)
    {
        double warm = Math.Min(1, (step + 1.0) / Math.Max(1, config.WarmupSteps));
        double late = Math.Clamp(((2.0 * step) / total) - 1, 0, 1);
        return config.LearningRate * warm * (config.FinalShare + ((1 - config.FinalShare) * 0.5 * (1 + Math.Cos(Math.PI * late))));
    }

    private TrainStage StageOf(long step)
    {
        foreach (TrainStage stage in config.Stages)
        {
            if (step < stage.Steps) return stage;
            step -= stage.Steps;
        }

        return config.Stages[^1];
    }

    // Steps after the saved state are done again, so what was written about them goes.
    private StreamWriter OpenMetrics(long step)
    {
        string path = Path.Combine(config.Output, "metrics.jsonl");
        string[] kept = File.Exists(path) ? [.. File.ReadLines(path).Take((int)step)] : [];
        AtomicFile.Write(path, string.Concat(kept.Select(line => line + "\n")));
        return new StreamWriter(path, append: true, new System.Text.UTF8Encoding(false)) { NewLine = "\n" };
    }

    private void Save(Parameters parameters, IReadOnlyList<IOptimizer> optimizers, long step, long sample, StreamWriter metrics)
    {
        metrics.Flush();
        MetricsPlot.Write(Path.Combine(config.Output, "metrics.jsonl"), Path.Combine(config.Output, "metrics.svg"));
        TrainingState.Save(StatePath, parameters, optimizers, step, sample);
    }
}
