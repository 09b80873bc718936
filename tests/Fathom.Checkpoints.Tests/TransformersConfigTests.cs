using System.Text;
using System.Text.Json.Nodes;
using Fathom.Checkpoints.Conversion;

namespace Fathom.Checkpoints.Tests;

/// <summary>config.json with the keys of the transformers library.</summary>
public sealed class TransformersConfigTests : IDisposable
{
    // What a copy of Flash's config looks like that the library saved; the layers are fewer.
    private const string Saved = """
        {"architectures":["DeepseekV4ForCausalLM"],"model_type":"deepseek_v4","dtype":"bfloat16","vocab_size":1280,"hidden_size":512,"num_hidden_layers":4,"num_nextn_predict_layers":1,
        "num_attention_heads":4,"num_key_value_heads":1,"head_dim":512,"partial_rotary_factor":0.125,"q_lora_rank":64,"o_groups":2,"o_lora_rank":64,"sliding_window":128,
        "layer_types":["sliding_attention","sliding_attention","compressed_sparse_attention","heavily_compressed_attention"],
        "compress_rates":{"compressed_sparse_attention":4,"heavily_compressed_attention":128},"mlp_layer_types":["hash_moe","hash_moe","hash_moe","moe"],
        "index_n_heads":4,"index_head_dim":128,"index_topk":512,"n_routed_experts":8,"n_shared_experts":1,"num_experts_per_tok":2,"moe_intermediate_size":64,"scoring_func":"sqrtsoftplus",
        "routed_scaling_factor":1.5,"swiglu_limit":10.0,"hc_mult":4,"hc_sinkhorn_iters":20,"hc_eps":1e-06,"rms_norm_eps":1e-06,"max_position_embeddings":1048576,"bos_token_id":0,"eos_token_id":1,
        "rope_parameters":{"main":{"rope_type":"default","rope_theta":10000.0,"partial_rotary_factor":0.125},
        "compress":{"rope_type":"yarn","type":"yarn","rope_theta":160000.0,"partial_rotary_factor":0.125,"factor":16,"original_max_position_embeddings":65536,"beta_fast":32,"beta_slow":1,"attention_factor":1.0}},
        "tie_word_embeddings":false,"transformers_version":"5.10.2"}
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Missing_official_keys_are_derived()
    {
        V4Config config = Parse(Saved);
        Assert.Equal([0, 0, 4, 128], config.CompressRatios);
        Assert.Equal(3, config.HashLayerCount);
        Assert.Equal(64, config.RotaryDim);
        Assert.Equal((10000f, 160000f), (config.RopeTheta, config.CompressRopeTheta));
        Assert.Equal((16f, 65536, 32f, 1f), (config.YarnFactor, config.YarnOriginalPositions, config.YarnBetaFast, config.YarnBetaSlow));
    }

    [Fact]
    public void Rotation_in_the_ways_of_earlier_versions_is_read()
    {
        JsonObject beside = Object(Saved), flat = Object(Saved);
        (JsonNode main, JsonNode compressed) = (beside["rope_parameters"]!["main"]!.DeepClone(), beside["rope_parameters"]!["compress"]!.DeepClone());
        beside["rope_parameters"] = main;
        beside["compress_rope_parameters"] = compressed.DeepClone();
        Same(Parse(Saved), Parse(beside.ToJsonString()));

        flat["rope_parameters"] = compressed;
        flat["rope_theta"] = 10000;
        flat["compress_rope_theta"] = 160000;
        Same(Parse(Saved), Parse(flat.ToJsonString()));
    }

    [Fact]
    public void Without_scaling_there_is_none()
    {
        JsonObject config = Object(Saved);
        config["rope_parameters"]!["compress"] = JsonNode.Parse("""{"rope_type":"default","rope_theta":160000}""");
        Assert.Equal(1f, Parse(config.ToJsonString()).YarnFactor);
    }

    [Fact]
    public void Both_kinds_of_keys_that_agree_are_fine()
    {
        JsonObject config = Object(Saved);
        foreach ((string key, string value) in ((string, string)[])[("compress_ratios", "[0,0,4,128,0]"), ("num_hash_layers", "3"), ("qk_rope_head_dim", "64"), ("rope_theta", "10000"), ("compress_rope_theta", "160000.0"), ("rope_scaling", """{"type":"yarn","factor":16.0,"original_max_position_embeddings":65536}""")])
            config[key] = JsonNode.Parse(value);
        Same(Parse(Saved), Parse(config.ToJsonString()) with { CompressRatios = [0, 0, 4, 128] });
        Assert.Equal(5, Parse(config.ToJsonString()).CompressRatios.Count);
    }

    [Theory]
    [InlineData("compress_ratios", "[0,0,128,128]", "layer_types[2]", "compress_ratios[2]")]
    [InlineData("num_hash_layers", "2", "mlp_layer_types", "num_hash_layers")]
    [InlineData("qk_rope_head_dim", "32", "partial_rotary_factor", "qk_rope_head_dim")]
    [InlineData("rope_theta", "50000", "rope_parameters.main.rope_theta", "50000")]
    [InlineData("compress_rope_theta", "40000", "rope_parameters.compress.rope_theta", "40000")]
    [InlineData("rope_scaling", """{"type":"yarn","factor":40,"original_max_position_embeddings":65536}""", "rope_parameters.compress.factor", "rope_scaling.factor")]
    [InlineData("layer_types", """["sliding_attention"]""", "layer_types", "4 layers")]
    [InlineData("layer_types", """["full_attention","full_attention","full_attention","full_attention"]""", "layer_types", "full_attention")]
    [InlineData("mlp_layer_types", """["moe","hash_moe","moe","moe"]""", "mlp_layer_types", "first layers")]
    [InlineData("mlp_layer_types", """["dense","moe","moe","moe"]""", "mlp_layer_types", "dense")]
    [InlineData("compress_rates", """{"compressed_sparse_attention":8}""", "compress_rates.compressed_sparse_attention", "8")]
    [InlineData("rope_parameters", """{"main":{"rope_theta":10000},"compress":{"rope_type":"linear","rope_theta":160000}}""", "rope_parameters.compress.rope_type", "linear")]
    [InlineData("rope_parameters", """{"main":{"rope_theta":10000},"compress":{"rope_type":"yarn","rope_theta":160000,"factor":16,"attention_factor":1.3}}""", "attention_factor", "1.3")]
    public void What_contradicts_or_makes_no_sense_is_named(string key, string value, params string[] expected)
    {
        JsonObject config = Object(Saved);
        config[key] = JsonNode.Parse(value);
        CheckpointException error = Assert.Throws<CheckpointException>(() => Parse(config.ToJsonString()));
        foreach (string part in expected) Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("config.json", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Values_of_the_wrong_kind_are_refused_clearly()
    {
        foreach (string key in Object(Saved).Select(pair => pair.Key))
        {
            foreach (string value in (string[])["null", "true", "-1", "1e308", "\"x\"", "[]", "[null]", "[\"\\uD800\"]", "{}", "{\"main\":1}", "{\"main\":{},\"compress\":[]}"])
            {
                JsonObject config = Object(Saved);
                config[key] = "@@mark@@";
                try
                {
                    Parse(config.ToJsonString().Replace("\"@@mark@@\"", value, StringComparison.Ordinal));
                }
                catch (CheckpointException error)
                {
                    Assert.DoesNotContain('\n', error.Message);
                }
            }
        }
    }

    [Theory]
    [InlineData("flash")]
    [InlineData("pro")]
    public void The_released_configs_go_there_and_back(string name)
    {
        // Written from a small model of the same shape of layers, whose tensors fit here.
        JsonObject config = Object(File.ReadAllText(Repository.Golden("configs", name + ".json")));
        foreach ((string key, int value) in ((string, int)[])[("vocab_size", 64), ("hidden_size", 32), ("num_attention_heads", 2), ("head_dim", 32), ("qk_rope_head_dim", 16), ("index_head_dim", 16), ("index_n_heads", 2), ("q_lora_rank", 16), ("o_groups", 2), ("o_lora_rank", 16), ("n_routed_experts", 6), ("moe_intermediate_size", 32), ("num_nextn_predict_layers", 0)])
            config[key] = value;
        config["dspark_block_size"] = 5;
        V4Config official = Parse(config.ToJsonString());
        SyntheticCheckpoint.Write(folder["official"], official);
        File.WriteAllText(folder["official/config.json"], config.ToJsonString());
        using Checkpoint source = Checkpoint.Open(folder["official"]);
        Assert.Empty(NamingConversion.Write(source, folder["named"], TensorNaming.Transformers).Notes);
        JsonObject named = Object(File.ReadAllText(folder["named/config.json"]));
        foreach (string key in (string[])["compress_ratios", "num_hash_layers", "rope_scaling", "torch_dtype"]) Assert.False(named.ContainsKey(key), key);
        Assert.Equal(official.LayerCount, named["layer_types"]!.AsArray().Count);
        Assert.Equal("bfloat16", (string?)named["dtype"]);
        Assert.Equal("fp4", (string?)named["expert_dtype"]);
        using Checkpoint copy = Checkpoint.Open(folder["named"]);
        NamingConversion.Write(copy, folder["back"], TensorNaming.Official);
        JsonObject back = Object(File.ReadAllText(folder["back/config.json"]));
        config["compress_ratios"]!.AsArray().RemoveAt(official.LayerCount);
        Assert.Equal(config.Select(pair => pair.Key).Order(StringComparer.Ordinal), back.Select(pair => pair.Key).Order(StringComparer.Ordinal));
        foreach ((string key, JsonNode? value) in config) Assert.True(JsonNode.DeepEquals(value, back[key]), key);
        Assert.True(V4Config.Read(folder["back/config.json"]).HasDraftBlockKeys);
    }

    private static JsonObject Object(string json) => JsonNode.Parse(json)!.AsObject();

    private static V4Config Parse(string json) => V4Config.Parse(Encoding.UTF8.GetBytes(json), "config.json");

    private static void Same(V4Config expected, V4Config found)
    {
        Assert.Equal(expected.CompressRatios, found.CompressRatios);
        Assert.Equal(expected with { CompressRatios = [] }, found with { CompressRatios = [] });
    }
}
