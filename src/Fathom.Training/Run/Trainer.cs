using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fathom.Text;
using Fathom.Training.Adapters;
using Fathom.Training.Data;
using Fathom.Training.Libtorch;
using Fathom.Training.Network;
using Fathom.Training.Objectives;
using Fathom.Training.Optimization;

namespace Fathom.Training.Run;

/// <summary>Runs a training from its description: stages, steps, metrics, saved states and the export at the end.</summary>
public sealed class Trainer
{
    private static readonly JsonSerializerOptions MetricsFormat = new(JsonSerializerDefaults.Web) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private readonly TrainConfig config;
    private readonly string tokenizer;
    private readonly ISampleSource samples;

    /// <summary>Prepares a run: reads its tokenizer and its data.</summary>
    /// <param name="config">The run.</param>
    /// <param name="notice">Receives what people should know about their data.</param>
    /// <exception cref="InvalidDataException">Model and tokenizer do not go together, or data cannot be read.</exception>
    public Trainer(TrainConfig config, Action<string>? notice = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        LibtorchLoader.Prepare();
        this.config = config;
        string model = config.Model ?? Path.Combine(config.StartFrom!, "config.json");
        tokenizer = config.Tokenizer ?? Path.Combine(config.StartFrom!, "tokenizer.json");
        int vocabulary = V4Config.Read(model).VocabularySize;
        Tokenizer read = Tokenizer.Load(tokenizer);
        if (read.VocabularySize > vocabulary)
            throw new InvalidDataException($"The tokenizer has {read.VocabularySize} ids, but the model only {vocabulary}; name the tokenizer that belongs to {model}, or change its vocab_size for a new model.");
        samples = SampleSources.Open(config, read, notice);
    }

    /// <summary>Where the state of the run is kept.</summary>
    public string StatePath => Path.Combine(config.Output, "state.safetensors");

    private string MetricsPath => Path.Combine(config.Output, "metrics.jsonl");

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
        using Trainable trainable = Trainable.Create(config);
        IReadOnlyList<IOptimizer> optimizers = ParameterGroups.Optimizers(trainable.Tensors, config.UsesMuon && trainable.Adapters is null);
        (long step, long sample) = resumes ? TrainingState.Load(StatePath, trainable.Tensors, trainable.Tables, optimizers) : (0, 0);
        var network = new V4Network(trainable.Config, trainable.Parameters);
        IObjective objective = Objective(trainable);
        using var disposable = objective as IDisposable;
        long total = config.Stages.Sum(stage => (long)stage.Steps);
        Write(step, () => CutMetrics(step));
        RemoveUnfinishedStates();
        while (step < total && !cancellation.IsCancellationRequested)
        {
            TrainStage stage = StageOf(step);
            trainable.See(stage.IsQuantised);
            network.Mode = stage.IsSparse ? AttentionMode.Sparse : AttentionMode.Dense;
            StepReport done = Step(network, trainable, optimizers, objective, stage, step, total, ref sample);
            step++;
            Write(step, () => File.AppendAllText(MetricsPath, JsonSerializer.Serialize(done, MetricsFormat) + "\n"));
            report?.Invoke(done);
            if (step % config.SaveEvery == 0) Save(trainable, optimizers, step, sample);
        }

        Save(trainable, optimizers, step, sample);
        if (step == total) Export(trainable);
    }

    private IObjective Objective(Trainable trainable) => config.Distill is { } distill
        ? new DistillObjective(samples, new StudentSampler(trainable.Config, trainable.Parameters, distill, tokenizer, Path.Combine(config.Output, "student"), config.Seed), distill, trainable.Config)
        : new NextTokenObjective(samples);

    private StepReport Step(V4Network network, Trainable trainable, IReadOnlyList<IOptimizer> optimizers, IObjective objective, TrainStage stage, long step, long total, ref long sample)
    {
        long started = Stopwatch.GetTimestamp(), tokens = 0;
        using QuietCollector quiet = QuietCollector.Start();
        using var scope = NewDisposeScope();
        foreach (Tensor tensor in trainable.Tensors.Values) tensor.grad?.zero_();
        double loss = 0, text = 0, index = 0, right = 0;
        var loads = new Dictionary<string, Tensor>();
        for (int i = 0; i < stage.Accumulation; i++)
        {
            using var batchScope = NewDisposeScope();
            Objective part = objective.Compute(network, stage, sample).WithOwnLosses(config.BalanceWeight, stage.IndexWeight);
            (part.Loss / stage.Accumulation).backward();
            sample = part.NextSample;
            tokens += part.Tokens;
            loss += part.Main / stage.Accumulation;
            text += part.Text / stage.Accumulation;
            right += part.Right / stage.Accumulation;
            index += (part.Forward.IndexLoss?.item<float>() ?? double.NaN) / stage.Accumulation;
            foreach ((string name, Tensor load) in part.Forward.Loads) loads[name] = (loads.TryGetValue(name, out Tensor? before) ? before + load : load).MoveToOuterDisposeScope();
        }

        double norm = ParameterGroups.Clip(trainable.Tensors, config.ClipNorm), rate = LearningRate(step, total);
        if (!double.IsFinite(norm) || (!double.IsFinite(loss) && !double.IsFinite(text)))
            throw new InvalidDataException($"At step {step + 1} the loss is {loss} and the norm of the gradient {norm}; the last good state, if one was saved, is {StatePath}. Lower learningRate and go on with --resume.");
        foreach (IOptimizer optimizer in optimizers) optimizer.Step(rate);
        MoveBiases(trainable.Tables, loads);
        trainable.HasChanged();
        return new StepReport(step + 1, total, loss, text, index, right, norm, rate, tokens / Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    // bias_e += speed · sign(mean load − load_e), after each step (architecture specification, section 9.9).
    private void MoveBiases(IReadOnlyDictionary<string, Tensor> tables, Dictionary<string, Tensor> loads)
    {
        using var noGradient = no_grad();
        foreach ((string name, Tensor load) in loads)
        {
            if (tables.TryGetValue(name, out Tensor? bias)) bias.add_((load.mean() - load).sign() * config.BiasSpeed);
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
    private void CutMetrics(long step)
    {
        string[] kept = File.Exists(MetricsPath) ? [.. File.ReadLines(MetricsPath).Take((int)step)] : [];
        AtomicFile.Write(MetricsPath, string.Concat(kept.Select(line => line + "\n")));
    }

    // A run that was killed while it saved leaves a file under a temporary name.
    private void RemoveUnfinishedStates()
    {
        foreach (string file in Directory.EnumerateFiles(config.Output, Path.GetFileName(StatePath) + ".*.tmp")) File.Delete(file);
    }

    private void Save(Trainable trainable, IReadOnlyList<IOptimizer> optimizers, long step, long sample) => Write(step, () =>
    {
        MetricsPlot.Write(MetricsPath, Path.Combine(config.Output, "metrics.svg"));
        TrainingState.Save(StatePath, trainable.Tensors, trainable.Tables, optimizers, step, sample);
    });

    private void Write(long step, Action write)
    {
        try
        {
            write();
        }
        catch (IOException exception)
        {
            throw new IOException($"What belongs to step {step} could not be written ({exception.Message}). {(File.Exists(StatePath) ? $"The last good state is still {StatePath}; make room and go on with --resume." : "Make room and start again.")}", exception);
        }
    }

    private void Export(Trainable trainable)
    {
        trainable.See(isQuantised: false);
        Exporter.Write(Path.Combine(config.Output, "export"), trainable.Config, trainable.Parameters, tokenizer);
        if (config.ExportsUnrounded) Exporter.Write(Path.Combine(config.Output, "export-unrounded"), trainable.Config, trainable.Parameters, tokenizer, isQuantised: false);
        if (trainable.Adapters is { } adapters) AdapterFiles.Write(Path.Combine(config.Output, "adapter"), adapters, config.Adapter!.Rank, config.Adapter.Alpha, config.Adapter.Modules, config.StartFrom!);
    }
}
