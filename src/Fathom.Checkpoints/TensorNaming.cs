namespace Fathom.Checkpoints;

/// <summary>What the tensors of a checkpoint folder are called in its files.</summary>
public enum TensorNaming
{
    /// <summary>As in DeepSeek's own repositories: <c>layers.0.attn.wq_a.weight</c> (checkpoint specification, section 2).</summary>
    Official,

    /// <summary>As in copies that the transformers library wrote: <c>model.layers.0.self_attn.q_a_proj.weight</c>, with the experts of a layer in stacks (section 3).</summary>
    Transformers,
}
