using Fathom.Training.Data;
using Fathom.Training.Network;
using Fathom.Training.Run;

namespace Fathom.Training.Objectives;

/// <summary>
/// On-policy distillation: the student answers prompts, and the loss is the mean over the tokens of its answers of
/// KL(student ‖ teacher) = Σ_v p_s(v) · (log p_s(v) − log p_t(v)) over the whole vocabulary (training specification, section 5).
/// </summary>
internal sealed class DistillObjective : IObjective, IDisposable
{
    private readonly ISampleSource prompts;
    private readonly StudentSampler sampler;
    private readonly Parameters teacherParameters;
    private readonly V4Network teacher;

    /// <summary>Loads the teacher.</summary>
    /// <exception cref="InvalidDataException">Its vocabulary is not the student's.</exception>
    public DistillObjective(ISampleSource prompts, StudentSampler sampler, DistillConfig config, V4Config student)
    {
        this.prompts = prompts;
        this.sampler = sampler;
        using Checkpoint checkpoint = Checkpoint.Open(config.Teacher);
        if (checkpoint.Config.VocabularySize != student.VocabularySize)
            throw new InvalidDataException($"The teacher {config.Teacher} has a vocabulary of {checkpoint.Config.VocabularySize}, the student one of {student.VocabularySize}; they must be the same.");
        teacherParameters = CheckpointParameters.Load(checkpoint);
        teacher = new V4Network(checkpoint.Config, teacherParameters) { Mode = AttentionMode.Sparse };
    }

    /// <inheritdoc/>
    public Objective Compute(V4Network network, TrainStage stage, long firstSample)
    {
        Sample[] answers = sampler.Answer([.. Enumerable.Range(0, stage.BatchTokens / stage.Length).Select(i => prompts.Create(firstSample + i, stage).Prompt)], stage, firstSample);
        TrainingBatch batch = Packer.Pack(number => answers[number], 0, answers.Length, stage.Length, 0, answers.Length);
        ForwardResult forward = network.Forward(batch.Batch, stage.IndexWeight > 0);
        Tensor places = batch.Weights.flatten().nonzero().squeeze(-1);
        Tensor ofStudent = network.Logits(forward.Streams.flatten(0, 1).index_select(0, places)).log_softmax(-1), ofTeacher;
        using (no_grad()) ofTeacher = teacher.Logits(teacher.Forward(batch.Batch).Streams.flatten(0, 1).index_select(0, places)).log_softmax(-1);
        Tensor loss = (ofStudent.exp() * (ofStudent - ofTeacher)).sum([-1]).mean();
        double agreement = (ofStudent.argmax(-1) == ofTeacher.argmax(-1)).to(ScalarType.Float32).mean().item<float>();
        return new Objective(loss, forward, loss.item<float>(), double.NaN, agreement, batch.Batch.Tokens.numel(), firstSample + answers.Length);
    }

    public void Dispose() => teacherParameters.Dispose();
}
