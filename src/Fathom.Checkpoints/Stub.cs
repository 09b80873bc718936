#pragma warning disable
using System.IO.MemoryMappedFiles;
using System.Text.Json;
namespace Fathom.Checkpoints;
public enum LayerKind { Window, Csa, Hca }
public enum StoredType { F32, F16, BF16, F8E4M3, F8E8M0, I8, U8, F4, I32, I64 }
public class CheckpointException : Exception { }
public sealed record V4Config {
 public int VocabularySize, HiddenSize, LayerCount, MtpLayerCount, HashLayerCount, HeadCount, HeadDim, RotaryDim, QueryRank, OutputGroups, OutputRank, Window; public IReadOnlyList<int> CompressRatios; public int IndexHeadCount, IndexHeadDim, IndexTopK, ExpertCount, ExpertsPerToken, ExpertWidth, SharedExpertCount; public float RoutedScalingFactor, SwiGluLimit; public int HyperStreams, SinkhornIterations; public float HyperEpsilon, NormEpsilon, RopeTheta, CompressRopeTheta, YarnFactor; public int YarnOriginalPositions; public float YarnBetaFast, YarnBetaSlow; public int MaxPositions, BosTokenId, EosTokenId;
 public LayerKind KindOf(int l) { int m = l < CompressRatios.Count ? CompressRatios[l] : 0; return m == 0 ? LayerKind.Window : m == 4 ? LayerKind.Csa : LayerKind.Hca; }
 public bool IsHashLayer(int l) => l < HashLayerCount;
 string json; public string ToJson() => json;
 public static V4Config Read(string p) { var j = JsonDocument.Parse(File.ReadAllText(p)).RootElement; int I(string k) => j.GetProperty(k).GetInt32(); float F(string k) => j.GetProperty(k).GetSingle(); var y = j.GetProperty("rope_scaling");
  return new V4Config { json = File.ReadAllText(p), VocabularySize = I("vocab_size"), HiddenSize = I("hidden_size"), LayerCount = I("num_hidden_layers"), MtpLayerCount = 1, HashLayerCount = I("num_hash_layers"), HeadCount = I("num_attention_heads"), HeadDim = I("head_dim"), RotaryDim = I("qk_rope_head_dim"), QueryRank = I("q_lora_rank"), OutputGroups = I("o_groups"), OutputRank = I("o_lora_rank"), Window = I("sliding_window"), CompressRatios = j.GetProperty("compress_ratios").EnumerateArray().Select(e => e.GetInt32()).ToArray(), IndexHeadCount = I("index_n_heads"), IndexHeadDim = I("index_head_dim"), IndexTopK = I("index_topk"), ExpertCount = I("n_routed_experts"), ExpertsPerToken = I("num_experts_per_tok"), ExpertWidth = I("moe_intermediate_size"), SharedExpertCount = 1, RoutedScalingFactor = F("routed_scaling_factor"), SwiGluLimit = F("swiglu_limit"), HyperStreams = I("hc_mult"), SinkhornIterations = I("hc_sinkhorn_iters"), HyperEpsilon = F("hc_eps"), NormEpsilon = F("rms_norm_eps"), RopeTheta = F("rope_theta"), CompressRopeTheta = F("compress_rope_theta"), YarnFactor = y.GetProperty("factor").GetSingle(), YarnOriginalPositions = y.GetProperty("original_max_position_embeddings").GetInt32(), YarnBetaFast = y.GetProperty("beta_fast").GetSingle(), YarnBetaSlow = y.GetProperty("beta_slow").GetSingle(), MaxPositions = I("max_position_embeddings") }; }
}
public sealed unsafe class StoredTensor { public string Name, File; public StoredType Type; public IReadOnlyList<long> Shape; public long ByteLength; public byte* Data; public ReadOnlySpan<byte> Bytes => new(Data, checked((int)ByteLength)); }
public sealed unsafe class SafetensorsFile : IDisposable {
 public Dictionary<string, StoredTensor> T = new(); MemoryMappedFile m; MemoryMappedViewAccessor v;
 public IReadOnlyCollection<StoredTensor> Tensors => T.Values; public StoredTensor this[string n] => T[n];
 public static SafetensorsFile Open(string path) { var s = new SafetensorsFile(); s.m = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read); s.v = s.m.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read); byte* p = null; s.v.SafeMemoryMappedViewHandle.AcquirePointer(ref p); long n = *(long*)p; var d = JsonDocument.Parse(new ReadOnlySpan<byte>(p + 8, (int)n).ToArray());
  foreach (var e in d.RootElement.EnumerateObject()) { if (e.Name == "__metadata__") continue; var o = e.Value.GetProperty("data_offsets"); long a = o[0].GetInt64(), b = o[1].GetInt64(); s.T[e.Name] = new StoredTensor { Name = e.Name, File = path, Type = e.Value.GetProperty("dtype").GetString() switch { "F32" => StoredType.F32, "F16" => StoredType.F16, "BF16" => StoredType.BF16, "F8_E4M3" => StoredType.F8E4M3, "F8_E8M0" => StoredType.F8E8M0, "I8" => StoredType.I8, "I64" => StoredType.I64, var q => throw new Exception(q) }, Shape = e.Value.GetProperty("shape").EnumerateArray().Select(x => x.GetInt64()).ToArray(), ByteLength = b - a, Data = p + 8 + n + a }; } return s; }
 public void Dispose() { v.Dispose(); m.Dispose(); }
}
public sealed class Checkpoint : IDisposable {
 public V4Config Config; SafetensorsFile f; public static Checkpoint Open(string d) => new() { Config = V4Config.Read(Path.Combine(d, "config.json")), f = SafetensorsFile.Open(Path.Combine(d, "model.safetensors")) };
 public bool HasMultiTokenPrediction => f.T.ContainsKey("mtp.0.enorm.weight"); public StoredTensor this[string n] => f.T[n]; public IReadOnlyCollection<StoredTensor> Tensors => f.T.Values; public void Dispose() => f.Dispose();
}
