using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Fathom.Checkpoints;

/// <summary>Writes a config with the official keys, in the order of the published files.</summary>
internal static class ConfigWriter
{
    /// <summary>The text of a config.json.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="hasFp4">Whether the experts are in FP4.</param>
    /// <param name="hasFp8">Whether matrices are in FP8.</param>
    public static string ToJson(V4Config config, bool hasFp4 = true, bool hasFp8 = true)
    {
        using var stream = new MemoryStream();
        var options = new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };
        using (var json = new Utf8JsonWriter(stream, options))
        {
            json.WriteStartObject();
            json.WriteStartArray("architectures");
            json.WriteStringValue("DeepseekV4ForCausalLM");
            json.WriteEndArray();
            json.WriteString("model_type", "deepseek_v4");
            WriteSizes(json, config);
            WriteRotation(json, config);
            if (hasFp4) json.WriteString("expert_dtype", "fp4");
            if (hasFp8) WriteQuantization(json);
            if (config.HasDraftBlockKeys) json.WriteNumber("dspark_block_size", 5);
            json.WriteBoolean("tie_word_embeddings", false);
            json.WriteString("torch_dtype", "bfloat16");
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private static void WriteSizes(Utf8JsonWriter json, V4Config c)
    {
        json.WriteNumber("vocab_size", c.VocabularySize);
        json.WriteNumber("hidden_size", c.HiddenSize);
        json.WriteNumber("num_hidden_layers", c.LayerCount);
        json.WriteNumber("num_nextn_predict_layers", c.MtpLayerCount);
        json.WriteNumber("num_hash_layers", c.HashLayerCount);
        json.WriteNumber("num_attention_heads", c.HeadCount);
        json.WriteNumber("num_key_value_heads", 1);
        json.WriteNumber("head_dim", c.HeadDim);
        json.WriteNumber("qk_rope_head_dim", c.RotaryDim);
        json.WriteNumber("q_lora_rank", c.QueryRank);
        json.WriteNumber("o_groups", c.OutputGroups);
        json.WriteNumber("o_lora_rank", c.OutputRank);
        json.WriteNumber("sliding_window", c.Window);
        json.WriteStartArray("compress_ratios");
        foreach (int ratio in c.CompressRatios) json.WriteNumberValue(ratio);
        json.WriteEndArray();
        json.WriteNumber("index_n_heads", c.IndexHeadCount);
        json.WriteNumber("index_head_dim", c.IndexHeadDim);
        json.WriteNumber("index_topk", c.IndexTopK);
        json.WriteNumber("n_routed_experts", c.ExpertCount);
        json.WriteNumber("n_shared_experts", c.SharedExpertCount);
        json.WriteNumber("num_experts_per_tok", c.ExpertsPerToken);
        json.WriteNumber("moe_intermediate_size", c.ExpertWidth);
        json.WriteString("scoring_func", "sqrtsoftplus");
        json.WriteString("topk_method", "noaux_tc");
        json.WriteBoolean("norm_topk_prob", true);
        json.WriteNumber("routed_scaling_factor", c.RoutedScalingFactor);
        json.WriteNumber("swiglu_limit", c.SwiGluLimit);
        json.WriteString("hidden_act", "silu");
        json.WriteNumber("hc_mult", c.HyperStreams);
        json.WriteNumber("hc_sinkhorn_iters", c.SinkhornIterations);
        json.WriteNumber("hc_eps", c.HyperEpsilon);
        json.WriteNumber("rms_norm_eps", c.NormEpsilon);
    }

    private static void WriteRotation(Utf8JsonWriter json, V4Config c)
    {
        json.WriteNumber("rope_theta", c.RopeTheta);
        json.WriteNumber("compress_rope_theta", c.CompressRopeTheta);
        json.WriteStartObject("rope_scaling");
        json.WriteString("type", "yarn");
        json.WriteNumber("factor", c.YarnFactor);
        json.WriteNumber("original_max_position_embeddings", c.YarnOriginalPositions);
        json.WriteNumber("beta_fast", c.YarnBetaFast);
        json.WriteNumber("beta_slow", c.YarnBetaSlow);
        json.WriteEndObject();
        json.WriteNumber("max_position_embeddings", c.MaxPositions);
        json.WriteNumber("bos_token_id", c.BosTokenId);
        json.WriteNumber("eos_token_id", c.EosTokenId);
    }

    private static void WriteQuantization(Utf8JsonWriter json)
    {
        json.WriteStartObject("quantization_config");
        json.WriteString("quant_method", "fp8");
        json.WriteString("fmt", "e4m3");
        json.WriteString("scale_fmt", "ue8m0");
        json.WriteString("activation_scheme", "dynamic");
        json.WriteStartArray("weight_block_size");
        json.WriteNumberValue(128);
        json.WriteNumberValue(128);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
