using Coppice.Foundation;

namespace Coppice.Models;

/// <summary>
/// Options that some architectures have beside those that are read here, and that change the numbers. A file that uses one is refused by its name: passed over,
/// the model would compute something else and nobody would notice.
/// </summary>
internal static class ForeignOptions
{
    // Each with the value that changes nothing.
    private static readonly (string Key, double Neutral)[] Numbers =
    [
        ("attn_logit_softcapping", 0), ("final_logit_softcapping", 0), ("embedding_multiplier", 1), ("residual_multiplier", 1), ("logits_scaling", 1),
        ("logit_scale", 1), ("num_experts", 0), ("num_local_experts", 0),
    ];

    private static readonly string[] Flags = ["rope_interleaved", "use_mrope", "use_bidirectional_attention", "qk_layernorm", "use_qk_norm"];

    /// <summary>Refuses a file that uses one.</summary>
    /// <param name="json">The file.</param>
    /// <exception cref="CoppiceException">It does.</exception>
    public static void Refuse(ConfigurationReader json)
    {
        foreach (var (key, neutral) in Numbers)
        {
            if (json.Number(key, neutral) != neutral) throw json.Error(key, "is an option of another architecture, which is not supported");
        }

        foreach (var key in Flags) json.MustBe(key, false, otherwise: false);
        if (json.Texts("layer_types").FirstOrDefault(layer => layer != "full_attention") is { } type) throw json.Error("layer_types", $"'{type}' is not supported; only 'full_attention' in all layers is");
        if (json.Has("quantization_config")) throw json.Error("quantization_config", "quantised weights are not supported; take the model in float32, float16 or bfloat16");
    }
}
