using System.Globalization;

namespace Fathom.Checkpoints.Transformers;

/// <summary>Where a tensor lies in a checkpoint with transformers-style names.</summary>
/// <param name="Names">Names that it may have of its own, the usual one first.</param>
/// <param name="Stacks">Names that the stack of all experts may have that it may be a part of; none for what belongs to no routed expert.</param>
/// <param name="Expert">Which expert of the stack.</param>
/// <param name="Part">Which part of the expert's rows: gate comes before up.</param>
/// <param name="Parts">How many parts an expert's rows have: two in the stack of gate and up, one in that of down.</param>
internal readonly record struct TransformersPlace(string[] Names, string[] Stacks, int Expert = -1, int Part = 0, int Parts = 1);

/// <summary>What tensors are called in copies that the transformers library wrote (checkpoint specification, section 3). The MTP block has no place there.</summary>
internal static class TransformersNames
{
    /// <summary>What stands before every name but the head's.</summary>
    public const string Prefix = "model.";

    private const string Head = "lm_head.weight";
    private const string Experts = "ffn.experts.";

    // Block scales have the weight's name and this; they multiply, whatever it says.
    private const string ScaleSuffix = "_scale_inv";

    private static readonly Dictionary<string, string> Top = new(StringComparer.Ordinal)
    {
        ["embed.weight"] = "embed_tokens.weight",
        ["head.weight"] = Head,
        ["norm.weight"] = "norm.weight",
        ["hc_head_fn"] = "hc_head.hc_fn",
        ["hc_head_base"] = "hc_head.hc_base",
        ["hc_head_scale"] = "hc_head.hc_scale",
    };

    // Within a layer; later names are of earlier versions of the library.
    private static readonly Dictionary<string, string[]> InLayer = new(StringComparer.Ordinal)
    {
        ["attn_norm.weight"] = ["input_layernorm.weight"],
        ["ffn_norm.weight"] = ["post_attention_layernorm.weight"],
        ["hc_attn_fn"] = ["attn_hc.fn"],
        ["hc_attn_base"] = ["attn_hc.base"],
        ["hc_attn_scale"] = ["attn_hc.scale"],
        ["hc_ffn_fn"] = ["ffn_hc.fn"],
        ["hc_ffn_base"] = ["ffn_hc.base"],
        ["hc_ffn_scale"] = ["ffn_hc.scale"],
        ["attn.attn_sink"] = ["self_attn.sinks"],
        ["attn.wq_a.weight"] = ["self_attn.q_a_proj.weight"],
        ["attn.q_norm.weight"] = ["self_attn.q_a_norm.weight"],
        ["attn.wq_b.weight"] = ["self_attn.q_b_proj.weight"],
        ["attn.wkv.weight"] = ["self_attn.kv_proj.weight"],
        ["attn.kv_norm.weight"] = ["self_attn.kv_norm.weight"],
        ["attn.wo_a.weight"] = ["self_attn.o_a_proj.weight"],
        ["attn.wo_b.weight"] = ["self_attn.o_b_proj.weight"],
        ["attn.compressor.wkv.weight"] = ["self_attn.compressor.kv_proj.weight"],
        ["attn.compressor.wgate.weight"] = ["self_attn.compressor.gate_proj.weight"],
        ["attn.compressor.ape"] = ["self_attn.compressor.position_bias"],
        ["attn.compressor.norm.weight"] = ["self_attn.compressor.kv_norm.weight"],
        ["attn.indexer.wq_b.weight"] = ["self_attn.compressor.indexer.q_b_proj.weight"],
        ["attn.indexer.weights_proj.weight"] = ["self_attn.compressor.indexer.scorer.weights_proj.weight", "self_attn.compressor.indexer.weights_proj.weight"],
        ["attn.indexer.compressor.wkv.weight"] = ["self_attn.compressor.indexer.kv_proj.weight"],
        ["attn.indexer.compressor.wgate.weight"] = ["self_attn.compressor.indexer.gate_proj.weight"],
        ["attn.indexer.compressor.ape"] = ["self_attn.compressor.indexer.position_bias"],
        ["attn.indexer.compressor.norm.weight"] = ["self_attn.compressor.indexer.kv_norm.weight"],
        ["ffn.gate.weight"] = ["mlp.gate.weight"],
        ["ffn.gate.bias"] = ["mlp.gate.e_score_correction_bias"],
        ["ffn.gate.tid2eid"] = ["mlp.gate.tid2eid"],
        ["ffn.shared_experts.w1.weight"] = ["mlp.shared_experts.gate_proj.weight"],
        ["ffn.shared_experts.w3.weight"] = ["mlp.shared_experts.up_proj.weight"],
        ["ffn.shared_experts.w2.weight"] = ["mlp.shared_experts.down_proj.weight"],
    };

    /// <summary>Where a tensor of the main model may lie; names are without the prefix.</summary>
    /// <param name="official">Its official name; a scale goes by the name of its weights.</param>
    /// <param name="isScale">Whether the block scales are meant.</param>
    public static TransformersPlace Of(string official, bool isScale)
    {
        string suffix = isScale ? ScaleSuffix : string.Empty;
        if (Top.TryGetValue(official, out string? top)) return new([top + suffix], []);
        string[] parts = official.Split('.', 3);
        (string layer, string rest) = ($"layers.{parts[1]}.", parts[2]);
        if (!rest.StartsWith(Experts, StringComparison.Ordinal)) return new(Array.ConvertAll(InLayer[rest], name => layer + name + suffix), []);

        string experts = layer + "mlp.experts.", number = rest[Experts.Length..rest.IndexOf('.', Experts.Length)];
        (string own, string stack, int part, int count) = rest[(Experts.Length + number.Length)..] switch
        {
            ".w1.weight" => ("gate_proj", "gate_up_proj", 0, 2),
            ".w3.weight" => ("up_proj", "gate_up_proj", 1, 2),
            _ => ("down_proj", "down_proj", 0, 1),
        };
        return new([$"{experts}{number}.{own}.weight{suffix}"], [$"{experts}{stack}{suffix}", $"{experts}{stack}.weight{suffix}"], int.Parse(number, CultureInfo.InvariantCulture), part, count);
    }

    /// <summary>The name of the weights that block scales belong to; null for other names.</summary>
    public static string? WeightsOf(string name) => name.EndsWith(ScaleSuffix, StringComparison.Ordinal) ? name[..^ScaleSuffix.Length] : null;

    /// <summary>A name as it is written.</summary>
    public static string Full(string name) => name == Head ? name : Prefix + name;

    /// <summary>A name without the prefix.</summary>
    public static string Bare(string name) => name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name;

    /// <summary>Tells the naming by one tensor's name; null for names that both have, that only the MTP block has, or that nobody knows.</summary>
    public static TensorNaming? Recognise(string name)
    {
        string bare = Bare(name);
        if (bare is Head or "embed_tokens.weight" || bare.StartsWith("hc_head.", StringComparison.Ordinal)) return TensorNaming.Transformers;
        if (bare is "embed.weight" or "head.weight" || bare.StartsWith("hc_head_", StringComparison.Ordinal)) return TensorNaming.Official;
        if (bare.Split('.', 4) is not ["layers", _, { } kind, ..]) return null;
        return kind switch
        {
            "self_attn" or "mlp" or "input_layernorm" or "post_attention_layernorm" or "attn_hc" or "ffn_hc" => TensorNaming.Transformers,
            "attn" or "ffn" or "attn_norm" or "ffn_norm" => TensorNaming.Official,
            _ => kind.StartsWith("hc_", StringComparison.Ordinal) ? TensorNaming.Official : null,
        };
    }
}
